/** Draws what somebody wrote: their words only ever become text nodes and checked addresses. */
import { parse } from './markup.js';
import { calls } from './mentions.js';
import { make } from './nodes.js';
import { t } from './texts.js';

/**
 * @typedef {import('./markup.js').Block} Block
 * @typedef {import('./inline.js').Inline} Inline
 * @typedef {import('./inline.js').Link} Link
 */

const copied_ms = 2500;
const tags = /** @type {const} */ ({ bold: 'strong', italic: 'em', strike: 's' });

/** @param {Link} link @param {string} me */
function draw_link({ href, children, typed, real }, me) {
  const node = make('a', {
    ...{ href, target: '_blank', rel: 'noopener noreferrer', referrerpolicy: 'no-referrer' },
    // Its own direction, so that what stands before cannot turn it.
    dir: typed ? 'ltr' : 'auto',
  });
  if (!typed) node.title = href;
  node.append(...draw_inline(children, me));
  if (real) node.append(' ', make('bdi', { class: 'real', dir: 'ltr' }, `(${real})`));
  return node;
}

/** @param {Inline[]} nodes @param {string} me @returns {(Node|string)[]} */
const draw_inline = (nodes, me) =>
  nodes.map((node) => {
    if (typeof node === 'string') return node;
    if (node.type === 'code') return make('code', {}, node.text);
    if (node.type === 'link') return draw_link(node, me);
    if (node.type !== 'call') return make(tags[node.type], {}, ...draw_inline(node.children, me));
    return make('span', { class: calls(node.text, me) ? 'called mine' : 'called' }, node.text);
  });

/** @param {import('./markup.js').Fence} fence */
function draw_fence({ language, text }) {
  const label = language ? t('words.code.in', { language }) : t('words.code');
  // Whoever has no pointer scrolls it by the arrow keys.
  const lines = make('pre', { role: 'group', 'aria-label': label, tabindex: '0', dir: 'ltr' });
  lines.append(make('code', {}, text));
  const copy = make('button', { type: 'button', class: 'quiet', 'data-action': 'copy-code' });
  copy.append(t('words.copy'));
  const top = make('div', { class: 'code-top' }, make('span', {}, language), copy);
  return make('div', { class: 'code' }, top, lines);
}

/** @param {import('./markup.js').List} list @param {string} me */
function draw_list({ ordered, items }, me) {
  const list = make(ordered ? 'ol' : 'ul', { class: 'points' });
  for (const { number, children } of items) {
    const item = make('li', { dir: 'auto' }, ...draw_blocks(children, me));
    if (ordered) item.setAttribute('value', String(number));
    list.append(item);
  }
  return list;
}

/** @param {Block[]} blocks @param {string} me @returns {HTMLElement[]} */
const draw_blocks = (blocks, me) =>
  blocks.map((block) => {
    if (block.type === 'fence') return draw_fence(block);
    if (block.type === 'list') return draw_list(block, me);
    if (block.type === 'quote') return make('blockquote', {}, ...draw_blocks(block.children, me));
    return make('p', { dir: 'auto' }, ...draw_inline(block.children, me));
  });

/**
 * @param {string} text
 * @param {string} me user name of the reader
 * @param {string} name class of the node
 * @returns {HTMLElement} a paragraph, or where it is more than that a box of blocks
 */
export function draw_words(text, me, name) {
  const nodes = draw_blocks(parse(text), me);
  const [only] = nodes;
  const node = nodes.length === 1 && only.tagName === 'P' ? only : make('div', {}, ...nodes);
  node.classList.add(name);
  return node;
}

/** Says for a moment that it has been copied. @param {HTMLElement} button */
export function show_copied(button) {
  button.textContent = t('copy.done');
  setTimeout(() => (button.textContent = t('words.copy')), copied_ms);
}

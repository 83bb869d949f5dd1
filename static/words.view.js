/**
 * Draws what somebody wrote. What reads markup is loaded for the first message that may hold some,
 * which stands there as it was typed until then; the event `words` tells that it is drawn anew.
 *
 * @typedef {typeof import('./markup.js') & typeof import('./markup.view.js')} Markup
 */
import { part } from './late.js';
import { make } from './nodes.js';
import { at_rest } from './rest.js';
import { is_bare } from './words.js';

/** @type {Markup|null} */
let markup = null;
/** What draws anew that which stands there as it was typed. @type {((markup: Markup) => void)[]} */
const waiting = [];

const load = () => Promise.all([import('./markup.js'), import('./markup.view.js')]);

/** @param {Awaited<ReturnType<typeof load>>} loaded */
function take([reads, draws]) {
  markup = { ...reads, ...draws };
  if (!waiting.length) return;
  for (const draw of waiting.splice(0)) draw(markup);
  dispatchEvent(new Event('words'));
}

/** @param {(markup: Markup) => void} draw_anew */
function wait(draw_anew) {
  waiting.push(draw_anew);
  read_again();
}

/** Where it failed, the next connection or the next message tries again. */
export function read_again() {
  if (!markup && waiting.length) part(load).then(take, () => {});
}
at_rest(() => part(load).then(take)).catch(() => {});

/** @param {string} text @param {string} me @param {string} name class @returns {HTMLElement} */
export function draw_words(text, me, name) {
  if (markup) return markup.draw_words(text, me, name);
  const node = make('p', { class: name, dir: 'auto' }, text);
  if (!is_bare(text)) wait(({ draw_words: draw }) => node.replaceWith(draw(text, me, name)));
  return node;
}

/** @param {string} text @returns {string} without its markers, once they can be read */
export const plain = (text) => (markup && !is_bare(text) ? markup.plain(text) : text);

/** @param {HTMLElement} node @param {string} text @param {(plain: string) => string} shown */
export function draw_plain(node, text, shown) {
  node.textContent = shown(plain(text));
  if (!markup && !is_bare(text)) wait(({ plain: read }) => (node.textContent = shown(read(text))));
}

/** Says for a moment that it has been copied. @param {HTMLElement} button of a block of code */
export const show_copied = (button) => markup?.show_copied(button);

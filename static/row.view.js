/** Draws one row of the timeline as DOM nodes. */
import { calls } from './mentions.js';
import { make } from './nodes.js';
import { all_joined, reported, sentence } from './notices.js';
import { reason_of } from './refusals.js';
import { hash_of } from './rooms.js';
import { listed, t } from './texts.js';
import { clock, day_name, full } from './times.js';
import { draw_plain, draw_words } from './words.view.js';

/**
 * @typedef {import('./timeline.js').Row} Row
 * @typedef {import('./timeline.js').MessageRow} MessageRow
 * @typedef {import('./timeline.js').LetterRow} LetterRow
 * @typedef {import('./message.js').Message} Message
 * @typedef {object} Sight what is needed to draw, beside the row
 * @property {(id: string) => string} name_of
 * @property {(id: string) => string} handle_of how nobody else is called, or ''
 * @property {(message: Message) => {name: string, author: string}|null} report the room of a
 *   reported message and who wrote it, or ''; null where the reader is not in that room
 * @property {{id: string, username: string}} me
 * @property {import('./annotations.js').Annotations} annotations
 * @property {(seq: number) => Message|null|undefined} quoted null: not here yet; undefined: deleted
 */

const causes = {
  damaged: t('message.damaged'),
  misplaced: t('message.misplaced'),
  no_key: t('message.no_key'),
};
/** @type {Record<NonNullable<import('./outbox.js').Letter['kind']>, import('./texts.js').Key>} */
const fates = {
  reply: 'letter.failed',
  edit: 'letter.failed.edit',
  reaction: 'letter.failed.reaction',
};
const hues = 8;
const quote_characters = 140;
/** Surely has as many characters of words, whatever the markers. */
const quoted_characters = 1000;
const most_reactions = 20;

/** @param {string} name @returns {string} up to two initials */
export function initials(name) {
  const words = name.split(/\s+/u).filter(Boolean);
  const picked = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return picked
    .map((word) => [...word][0])
    .join('')
    .toUpperCase();
}

/** @param {string} id @returns {string} the same hue for the same person, everywhere */
export function hue(id) {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return String(sum % hues);
}

/** @param {string} id @param {string} name */
export const face = (id, name) =>
  make('span', { class: 'face', 'data-hue': hue(id), 'aria-hidden': 'true' }, initials(name));

/** @param {number} time */
function time_node(time) {
  const iso = new Date(time).toISOString();
  return make('time', { datetime: iso, title: full(time) }, clock(time));
}

/** @param {string} author @param {boolean} own @param {number} time @param {Sight} sight */
function head(author, own, time, { name_of, handle_of }) {
  const line = make('div', { class: 'message-head' });
  if (own) line.append(make('span', { class: 'author' }, t('people.you')));
  else {
    const name = name_of(author);
    const handle = handle_of(author);
    line.append(face(author, name), make('span', { class: 'author', dir: 'auto' }, name));
    // Names are free to choose: this one nobody else has.
    if (handle) line.append(make('span', { class: 'handle' }, `@${handle}`));
  }
  line.append(time_node(time));
  return line;
}

/** @param {string} text @param {Sight} sight */
const body = (text, { me }) => draw_words(text, me.username, 'body');

/** @param {string} label @param {string} action @param {Record<string, string>} [more] */
const button = (label, action, more = {}) =>
  make('button', { type: 'button', class: 'quiet', 'data-action': action, ...more }, label);

/** @param {number} target @param {Sight} sight */
function quote(target, { quoted, name_of, annotations, me }) {
  const message = quoted(target);
  const node = button('', 'jump', { class: 'quote', 'data-target': String(target) });
  if (!message || message.refused) {
    const gone = message === undefined ? 'message.deleted' : 'message.beyond';
    node.append(make('span', { class: 'quote-text' }, t(gone)));
    return node;
  }
  const text = annotations.text(message);
  const start = (/** @type {string} */ plain) => {
    const words = plain.replace(/\s+/g, ' ');
    const cut = text.length > quoted_characters || words.length > quote_characters;
    return cut ? `${words.slice(0, quote_characters)}…` : words;
  };
  const name = message.from === me.id ? t('people.you') : name_of(message.from);
  node.append(make('span', { class: 'quote-name', dir: 'auto' }, name));
  const said = make('span', { class: 'quote-text', dir: 'auto' });
  draw_plain(said, text.slice(0, quoted_characters), start);
  node.append(' ', said);
  return node;
}

/** @param {number} seq @param {Sight} sight @returns {Node[]} */
function reactions(seq, { annotations, name_of, me }) {
  const all = annotations.reactions(seq);
  /** @type {Node[]} */
  const chips = all.slice(0, most_reactions).map(({ emoji, by }) => {
    const called = (/** @type {string} */ id) => (id === me.id ? t('people.you') : name_of(id));
    const names = listed([...by.keys()].map(called));
    const label = `${emoji} ${by.size}`;
    return button(label, 'react', {
      ...{ class: 'reaction', 'data-emoji': emoji, tabindex: '-1', title: names },
      ...{ 'aria-pressed': String(by.has(me.id)), 'aria-label': `${label}: ${names}` },
    });
  });
  const more = all.length - chips.length;
  if (more > 0) chips.push(make('span', { class: 'hint' }, `+${more}`));
  return chips.length ? [make('div', { class: 'reactions' }, ...chips)] : [];
}

/** @param {Message} message @param {Sight} sight */
function draw_refused({ seq, refused = 'damaged' }, { annotations, name_of, me }) {
  const item = make('li', { class: 'message refused', 'data-seq': String(seq) });
  const by = annotations.deleted_by(seq);
  if (by !== undefined) {
    item.classList.add('deleted');
    const name = name_of(by);
    /** @type {import('./texts.js').Key} */
    let said = by === me.id ? 'message.deleted_by_you' : 'message.deleted_by';
    // With its author's account, or by somebody who is nobody now.
    if (name === t('people.deleted')) said = 'message.deleted';
    item.append(make('p', { class: 'body' }, t(said, { name })));
    return item;
  }
  const help =
    refused === 'no_key'
      ? button(t('message.reopen'), 'reopen')
      : button(t('message.copy_details'), 'report');
  item.append(make('p', { class: 'body' }, `${causes[refused]} `, help));
  return item;
}

/** @param {MessageRow} row @param {Sight} sight */
function draw_message({ message, own, head: with_head }, sight) {
  if (message.refused) return draw_refused(message, sight);
  const { seq, from, time, target } = message;
  const item = make('li', { class: 'message', 'data-seq': String(seq), tabindex: '-1' });
  if (own) item.classList.add('own');
  if (with_head) item.classList.add('first');
  if (with_head) item.append(head(from, own, time, sight));
  else item.append(make('span', { class: 'aside' }, time_node(time)));
  if (target) item.append(quote(target, sight));
  const text = sight.annotations.text(message);
  if (!own && calls(text, sight.me.username)) item.classList.add('calls-me');
  item.append(body(text, sight));
  if (sight.annotations.edits(message).length)
    item.append(button(t('message.edited'), 'edits', { class: 'edited', tabindex: '-1' }));
  item.append(...reactions(seq, sight));
  return item;
}

/** @param {LetterRow} row @param {Sight} sight */
function draw_letter({ letter, head: with_head }, sight) {
  const item = make('li', { class: 'message own letter', 'data-mid': letter.id });
  item.dataset.state = letter.state;
  if (with_head) item.classList.add('first');
  if (with_head) item.append(head('', true, letter.made_ms, sight));
  if (letter.target && letter.kind === 'reply') item.append(quote(letter.target, sight));
  item.append(body(letter.body, sight));
  if (letter.state === 'failed') {
    const { kind = 'reply', code = '', text = '' } = letter;
    const why = make('p', { class: 'fate' }, `${t(fates[kind])} ${reason_of({ code, text })} `);
    why.append(
      button(t('letter.retry'), 'retry'),
      button(t('letter.copy'), 'copy'),
      button(t('letter.delete'), 'discard'),
    );
    item.append(why);
  } else {
    const word = letter.state === 'posted' ? t('letter.sent') : t('letter.sending');
    item.append(make('span', { class: 'fate' }, word));
  }
  return item;
}

/** @param {Message} message @param {string} words @param {Sight} sight */
function draw_notice(message, words, { report }) {
  const item = make('li', { class: 'notice-line', 'data-notice': String(message.seq) });
  item.append(make('span', {}, words), ' ');
  if (message.kind === 'report') {
    const { room, seq } = reported(message);
    const found = report(message);
    const link = { href: hash_of(room, seq), dir: 'auto' };
    if (found) item.append(make('a', link, where_reported(found)), ' ');
    else item.append(`${t('notice.report.elsewhere', { seq: String(seq), room })} `);
  }
  item.append(time_node(message.time));
  return item;
}

/** @param {{name: string, author: string}} found */
const where_reported = ({ name, author }) =>
  t(author ? 'notice.report.show_of' : 'notice.report.show', { name: author, room: name });

/** @param {Message[]} messages @param {Sight} sight */
const run_of = (messages, { name_of }) => all_joined(messages.map(({ from }) => name_of(from)));

/** @param {Row} row @param {Sight} sight @returns {HTMLLIElement} */
export function draw(row, sight) {
  if (row.type === 'message') return draw_message(row, sight);
  if (row.type === 'letter') return draw_letter(row, sight);
  if (row.type === 'notice')
    return draw_notice(row.message, sentence(row.message, sight.name_of), sight);
  if (row.type === 'joined')
    return draw_notice(row.messages[0], run_of(row.messages, sight), sight);
  if (row.type === 'new')
    return make('li', { class: 'day new' }, make('span', {}, t('timeline.new')));
  const label = make('span', {}, day_name(row.time, Date.now()));
  return make('li', { class: 'day' }, label);
}

/** @param {Row} row @param {Sight} sight @returns {string} changes when the row must be drawn anew */
export function signature(row, sight) {
  const { name_of, annotations } = sight;
  if (row.type === 'day') return day_name(row.time, Date.now());
  if (row.type === 'new') return '';
  if (row.type === 'letter') return `${row.head} ${row.letter.state}`;
  if (row.type === 'joined') return run_of(row.messages, sight);
  if (row.type === 'notice')
    return sentence(row.message, name_of) + JSON.stringify(sight.report(row.message));
  const { message, head: with_head } = row;
  const { seq, target, refused = '', from } = message;
  const parts = [
    with_head,
    refused,
    annotations.stamp(seq),
    with_head ? name_of(from) + sight.handle_of(from) : '',
    ...annotations.reactions(seq).flatMap(({ by }) => [...by.keys()].map(name_of)),
  ];
  if (target) {
    const quoted = sight.quoted(target);
    parts.push(annotations.stamp(target), quoted === null ? '?' : (quoted?.refused ?? 'x'));
    parts.push(quoted ? name_of(quoted.from) : '');
  }
  const by = annotations.deleted_by(seq);
  if (by !== undefined) parts.push(name_of(by));
  return parts.join(' ');
}

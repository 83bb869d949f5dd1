/** Draws one row of the timeline as DOM nodes. */
import { make } from './nodes.js';
import { clock, day_name, full } from './times.js';

/**
 * @typedef {import('./timeline.js').Row} Row
 * @typedef {import('./timeline.js').MessageRow} MessageRow
 * @typedef {import('./timeline.js').LetterRow} LetterRow
 * @typedef {(id: string) => string} NameOf
 */

const causes = {
  damaged: 'This message cannot be opened: it is damaged.',
  misplaced: 'This message cannot be opened: it does not belong in this place.',
  no_key: 'This message cannot be opened: its key is not here.',
};
const hues = 8;

/** @param {string} name @returns {string} up to two initials */
function initials(name) {
  const words = name.split(/\s+/u).filter(Boolean);
  const picked = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return picked
    .map((word) => [...word][0])
    .join('')
    .toUpperCase();
}

/** @param {string} id @returns {string} the same hue for the same person, everywhere */
function hue(id) {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return String(sum % hues);
}

/** @param {number} time */
function time_node(time) {
  const iso = new Date(time).toISOString();
  return make('time', { datetime: iso, title: full(time) }, clock(time));
}

/** @param {string} author @param {string} name @param {boolean} own @param {number} time */
function head(author, name, own, time) {
  const line = make('div', { class: 'message-head' });
  if (!own) {
    const face = { class: 'face', 'data-hue': hue(author), 'aria-hidden': 'true' };
    line.append(make('span', face, initials(name)));
  }
  line.append(make('span', { class: 'author', dir: 'auto' }, own ? 'You' : name), time_node(time));
  return line;
}

/** @param {string} text */
const body = (text) => make('p', { class: 'body', dir: 'auto' }, text);

/** @param {string} label @param {string} action */
const button = (label, action) =>
  make('button', { type: 'button', class: 'quiet', 'data-action': action }, label);

/** @param {MessageRow} row @param {NameOf} name_of */
function draw_message({ message, own, head: with_head }, name_of) {
  const item = make('li', { class: 'message', 'data-seq': String(message.seq) });
  if (message.refused) {
    item.classList.add('refused');
    const action =
      message.refused === 'no_key' ? ['Try again', 'reopen'] : ['Copy details', 'report'];
    item.append(
      make('p', { class: 'body' }, `${causes[message.refused]} `, button(action[0], action[1])),
    );
    return item;
  }
  if (own) item.classList.add('own');
  if (with_head) item.classList.add('first');
  if (with_head) item.append(head(message.from, name_of(message.from), own, message.time));
  else item.append(make('span', { class: 'aside' }, time_node(message.time)));
  item.append(body(message.body));
  return item;
}

/** @param {LetterRow} row */
function draw_letter({ letter, head: with_head }) {
  const item = make('li', { class: 'message own letter', 'data-mid': letter.id });
  item.dataset.state = letter.state;
  if (with_head) item.classList.add('first');
  if (with_head) item.append(head('', '', true, letter.made_ms));
  item.append(body(letter.body));
  if (letter.state === 'failed') {
    const why = make('p', { class: 'fate' }, `Not sent. ${letter.text ?? ''} `);
    why.append(button('Retry', 'retry'), button('Copy', 'copy'), button('Delete', 'discard'));
    item.append(why);
  } else {
    const word = letter.state === 'posted' ? 'Sent' : 'Sending …';
    item.append(make('span', { class: 'fate' }, word));
  }
  return item;
}

/** @param {Row} row @param {NameOf} name_of @returns {HTMLLIElement} */
export function draw(row, name_of) {
  if (row.type === 'message') return draw_message(row, name_of);
  if (row.type === 'letter') return draw_letter(row);
  const label = make('span', {}, day_name(row.time, Date.now()));
  return make('li', { class: 'day' }, label);
}

/** @param {Row} row @param {NameOf} name_of @returns {string} changes when the row must be drawn anew */
export function signature(row, name_of) {
  if (row.type === 'day') return day_name(row.time, Date.now());
  if (row.type === 'letter') return `${row.head} ${row.letter.state}`;
  const { message, head: with_head } = row;
  return `${with_head} ${message.refused ?? ''} ${with_head ? name_of(message.from) : ''}`;
}

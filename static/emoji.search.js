/**
 * Finding emoji by their names, and those that were used last. Pure.
 *
 * @typedef {{emoji: string, names: string[], words: string[]}} Emoji
 *   names: English, as typed between colons; words: German
 * @typedef {{key: 'recent'|keyof typeof lists, all: Emoji[]}} Group
 */
import * as lists from './emoji.js';
import { fold } from './fold.js';

const line = /^(\S+) (.+?): (.+)$/;
const most_recent = 24;
const no_match = 4;

/** @param {string} text @returns {Emoji[]} */
const read = (text) =>
  text
    .trim()
    .split('\n')
    .map((one) => {
      const [, emoji, names, words] = /** @type {string[]} */ (line.exec(one));
      return { emoji, names: names.split(' '), words: words.split(' ') };
    });

/** In the order in which a picker shows them; exports of a module come sorted by name. */
const order = /** @type {const} */ ([
  ...['smileys', 'people', 'nature', 'food'],
  ...['activities', 'places', 'objects', 'symbols'],
]);

/** @type {Group[]} */
export const groups = order.map((key) => ({
  key,
  all: read(lists[/** @type {keyof typeof lists} */ (key)]),
}));
const everything = groups.flatMap(({ all }) => all);
const named = new Map(everything.flatMap((one) => one.names.map((name) => [name, one.emoji])));
const known = new Map(everything.map((one) => [one.emoji, one]));

/** @param {string} name as between the colons @returns {string|undefined} */
export const by_name = (name) => named.get(name.toLowerCase());

/** @param {Emoji} one @param {string} language @returns {string} what it is called */
export const label = ({ names, words }, language) =>
  language === 'de' ? words[0] : names[0].replaceAll('_', ' ');

/**
 * @param {Emoji} one
 * @param {string} part folded
 * @param {string} language whose names come first
 * @returns {number} 0 is the name itself, `no_match` none
 */
function rank({ names, words }, part, language) {
  const [own, other] = language === 'de' ? [words, names] : [names, words];
  /** @param {string[]} all */
  const begins = (all) => all.some((name) => fold(name).startsWith(part));
  if ([...names, ...words].some((name) => fold(name) === part)) return 0;
  if (begins(own.slice(0, 1))) return 1;
  if (begins(own)) return 2;
  return begins(other) || begins(names.flatMap((name) => name.split('_'))) ? 3 : no_match;
}

/**
 * @param {string} typed some words, in any language that there are names in
 * @param {string} language of the reader
 * @returns {Emoji[]} the best first
 */
export function search(typed, language) {
  const parts = fold(typed.replaceAll(':', ' ')).split(/\s+/).filter(Boolean);
  const whole = parts.join('_');
  /** @type {Emoji[][]} */
  const found = Array.from({ length: no_match }, () => []);
  for (const one of everything) {
    const worst = Math.max(...parts.map((part) => rank(one, part, language)), 0);
    found[Math.min(worst, rank(one, whole, language))]?.push(one);
  }
  return found.flat();
}

const is_emoji =
  /^(?:\p{Extended_Pictographic}|\p{RI}|\p{Emoji_Modifier}|[0-9#*]\uFE0F?\u20E3|\uFE0F|\u200D|[\u{E0020}-\u{E007F}]){1,16}$/u;

/** @param {string} typed @returns {Emoji[]} what was typed, where it is an emoji itself */
export function typed_itself(typed) {
  const text = typed.trim();
  if (!is_emoji.test(text)) return [];
  return [known.get(text) ?? { emoji: text, names: [text], words: [text] }];
}

/** @param {string[]} before @param {string} emoji @returns {string[]} with it at the front */
export const with_recent = (before, emoji) =>
  [emoji, ...before.filter((one) => one !== emoji)].slice(0, most_recent);

/** @param {string[]} recent @returns {Group[]} */
export const groups_with = (recent) => {
  const all = recent.flatMap((emoji) => known.get(emoji) ?? typed_itself(emoji));
  return all.length ? [{ key: 'recent', all }, ...groups] : groups;
};

/**
 * Where an arrow leads in grids of so many columns that stand below each other.
 * @param {string} key
 * @param {number} at position over all grids
 * @param {number[]} counts how many stand in each grid
 * @param {number} columns
 * @returns {number} the same where it leads nowhere
 */
export function move(key, at, counts, columns) {
  const last = counts.reduce((sum, count) => sum + count, 0) - 1;
  if (key === 'Home') return 0;
  if (key === 'End') return last;
  if (key === 'ArrowLeft' || key === 'ArrowRight')
    return Math.min(last, Math.max(0, at + (key === 'ArrowRight' ? 1 : -1)));
  /** @type {number[][]} first and length of each row */
  const rows = [];
  let first = 0;
  for (const count of counts) {
    for (let row = 0; row < count; row += columns)
      rows.push([first + row, Math.min(columns, count - row)]);
    first += count;
  }
  const row = rows.findIndex(([start, length]) => at < start + length);
  const column = at - rows[row][0];
  const to = rows[row + (key === 'ArrowDown' ? 1 : -1)];
  return to ? to[0] + Math.min(column, to[1] - 1) : at;
}

/**
 * From messages to rows: which part of the log is drawn, grouping, day separators. Pure.
 *
 * @typedef {import('./log.js').Message} Message
 * @typedef {import('./outbox.js').Letter} Letter
 * @typedef {{key: string, type: 'day', time: number}} DayRow
 * @typedef {{key: string, type: 'message', message: Message, own: boolean, head: boolean}} MessageRow
 * @typedef {{key: string, type: 'letter', letter: Letter, own: true, head: boolean}} LetterRow
 * @typedef {DayRow|MessageRow|LetterRow} Row
 * @typedef {{from: number, to: number}} Span numbers drawn, both ends included
 */

export const group_ms = 5 * 60_000;
export const most_drawn = 200;
const step = 50;

/** Kinds that have a row; others are for newer clients and are passed over. */
const drawn_kinds = new Set(['text']);

/** @param {number} time ms since 1970 @returns {string} the local day */
export function day_of(time) {
  const date = new Date(time);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

/** @param {Message} message */
const is_drawn = (message) => Boolean(message.refused) || drawn_kinds.has(message.kind);

/**
 * @param {Message[]} messages ascending
 * @param {Letter[]} letters not yet in the log, in the order they were written
 * @param {string} me user id
 * @returns {Row[]}
 */
export function rows(messages, letters, me) {
  /** @type {Row[]} */
  const list = [];
  /** @type {{from: string, time: number}|null} */
  let before = null;
  /** @param {string} from @param {number} time whether a header is due; may add the day first */
  const begin = (from, time) => {
    const new_day = before === null || day_of(before.time) !== day_of(time);
    if (new_day) list.push({ key: `day ${day_of(time)}`, type: 'day', time });
    const head = new_day || before?.from !== from || time - before.time > group_ms;
    before = { from, time };
    return head;
  };
  for (const message of messages.filter(is_drawn)) {
    // Nothing of a message that does not open can be trusted, its author and time included.
    const head = !message.refused && begin(message.from, message.time);
    const own = !message.refused && message.from === me;
    list.push({ key: `seq ${message.seq}`, type: 'message', message, own, head });
  }
  for (const letter of letters) {
    const head = begin(me, Math.max(letter.made_ms, latest_time(before)));
    list.push({ key: `mid ${letter.id}`, type: 'letter', letter, own: true, head });
  }
  return list;
}

/** A clock behind the server's must not open an earlier day below a later one. @param {{time: number}|null} before */
const latest_time = (before) => before?.time ?? 0;

/**
 * The span after something arrived or was dropped.
 * @param {Span|null} span what was drawn
 * @param {{first: number|null, last: number|null}} log
 * @param {boolean} follow the reader is at the end
 * @returns {Span|null}
 */
export function settle(span, { first, last }, follow) {
  if (first === null || last === null) return null;
  const lost = !span || span.from > last || span.to < first;
  if (follow || lost) return { from: Math.max(first, last - most_drawn + 1), to: last };
  const from = Math.max(first, span.from);
  return { from, to: Math.min(last, Math.max(span.to, from + most_drawn - 1)) };
}

/** @param {Span} span @param {number} first @returns {Span} one step towards the past */
export function earlier(span, first) {
  const from = Math.max(first, span.from - step);
  return { from, to: Math.min(span.to, from + most_drawn - 1) };
}

/** @param {Span} span @param {number} last @returns {Span} one step towards now */
export function later(span, last) {
  const to = Math.min(last, span.to + step);
  return { from: Math.max(span.from, to - most_drawn + 1), to };
}

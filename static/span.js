/**
 * Which part of the log is drawn, counted in rows: many numbers, such as reactions, have none. Pure.
 *
 * @typedef {{from: number, to: number}} Span numbers drawn, both ends included
 * @typedef {object} Run what is here
 * @property {number|null} first
 * @property {number|null} last
 * @property {(seq: number) => boolean} shows whether this number has a row
 * @typedef {Run & {first: number, last: number}} Held
 */

export const most_drawn = 200;
const step = 50;

/**
 * @param {number} seq
 * @param {number} end before or behind it, or the same
 * @param {number} count
 * @param {Run} run
 * @returns {number} where so many rows are passed on the way from `seq` to `end`, or `end`
 */
function walk(seq, end, count, { shows }) {
  const way = Math.sign(end - seq);
  let at = seq;
  for (let found = 0; at !== end; at += way) if (shows(at) && ++found >= count) return at;
  return at;
}

/** @param {Run} run @returns {run is Held} */
const holds = (run) => run.first !== null && run.last !== null;

/**
 * The span after something arrived or was dropped.
 * @param {Span|null} span what was drawn
 * @param {Run} run
 * @param {boolean} follow the reader is at the end
 * @param {number} [most] rows
 * @returns {Span|null}
 */
export function settle(span, run, follow, most = most_drawn) {
  if (!holds(run)) return null;
  const { first, last } = run;
  const lost = !span || span.from > last || span.to < first;
  if (follow || lost) return { from: walk(last, first, most, run), to: last };
  const from = Math.max(first, span.from);
  return { from, to: Math.max(Math.min(last, span.to), walk(from, last, most_drawn, run)) };
}

/** @param {Span} span @param {Held} run @returns {Span} one step towards the past */
export function earlier(span, run) {
  const from = walk(Math.max(run.first, span.from - 1), run.first, step, run);
  return { from, to: Math.min(span.to, walk(from, run.last, most_drawn, run)) };
}

/** @param {Span} span @param {Held} run @returns {Span} one step towards now */
export function later(span, run) {
  const to = walk(Math.min(run.last, span.to + 1), run.last, step, run);
  return { from: Math.max(span.from, walk(to, run.first, most_drawn, run)), to };
}

/** @param {number} seq @param {Held} run @returns {Span} with it in the middle */
export function around(seq, run) {
  const end = walk(seq, run.last, most_drawn / 2, run);
  const from = walk(end, run.first, most_drawn, run);
  return { from, to: walk(from, run.last, most_drawn, run) };
}

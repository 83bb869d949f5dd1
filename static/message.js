/**
 * One event of a room as this page keeps it. Pure.
 *
 * @typedef {{seq: number, mid: string, from: string, time: number, kind: string, body: string,
 *   target?: number, about?: Record<string, any>, refused?: import('./envelope.js').Cause}} Message
 *   `about`: what an event of the server says, unread and unchecked
 * @typedef {import('./vault.js').Opened|import('./vault.js').NotOpened} Outcome
 */

/** Kinds that are messages of their own: they have a row, count as unread, can be answered. */
export const spoken = new Set(['text', 'reply']);
const with_body = new Set(['text', 'reply', 'edit', 'reaction']);
const with_target = new Set(['reply', 'edit', 'reaction', 'deleted']);

/** What stands for a number whose message cannot be had. @param {number} seq @returns {Message} */
export const damaged = (seq) => ({
  ...{ seq, mid: '', from: '', time: 0, kind: '', body: '' },
  refused: 'damaged',
});

/** @param {number} seq @param {Outcome} outcome @returns {Message} */
export function to_message(seq, outcome) {
  if ('refused' in outcome) return { ...damaged(seq), refused: outcome.refused };
  const { mid, from, time } = outcome.header;
  const { kind, ...about } = outcome.content;
  const { body = '', target } = about;
  const earlier = Number.isSafeInteger(target) && Number(target) > 0 && Number(target) < seq;
  if (with_body.has(kind) && (typeof body !== 'string' || !body)) return damaged(seq);
  if (with_target.has(kind) && !earlier) return damaged(seq);
  const message = { seq, mid, from, time, kind, body: with_body.has(kind) ? String(body) : '' };
  if (with_target.has(kind)) Object.assign(message, { target });
  return with_body.has(kind) ? message : { ...message, about };
}

/** Words that would be lost with a room. Pure. */

/**
 * @param {string} room
 * @param {import('./outbox.js').Outbox} outbox
 * @param {import('./drafts.js').Drafts} drafts
 * @returns {string} what one wrote for it and did not send
 */
export function unsent(room, outbox, drafts) {
  const letters = outbox
    .of(room)
    .filter(({ kind, state }) => kind !== 'reaction' && state !== 'posted');
  const words = [...letters.map(({ body }) => body), drafts.subject(room)?.text, drafts.of(room)];
  return words.filter(Boolean).join('\n\n');
}

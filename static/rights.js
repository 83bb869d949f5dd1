/**
 * What to offer to whom: the server's own table decides, this only keeps buttons away that it
 * would refuse. Pure.
 *
 * @typedef {import('./frames.js').RoomFacts} RoomFacts
 * @typedef {'post'|'rename'|'topic'|'archive'|'retention'|'erase'|'leave'|'invite'|'revoke'|'people'|'mute'|'role'|'moderate'} Deed
 */
const ranks = { member: 1, moderator: 2, owner: 3 };
const administrator = 4;

/** @type {Record<Deed, {rank: number, public_rank?: number, archived?: boolean, direct?: boolean}>} */
const rules = {
  post: { rank: 1, direct: true },
  rename: { rank: 3 },
  topic: { rank: 2 },
  archive: { rank: 3, archived: true },
  retention: { rank: 3, archived: true },
  erase: { rank: 3, archived: true },
  leave: { rank: 1, archived: true },
  invite: { rank: 2, public_rank: 1 },
  revoke: { rank: 2, archived: true },
  people: { rank: 2, archived: true },
  moderate: { rank: 2 },
  mute: { rank: 2 },
  role: { rank: 3 },
};

/** What nobody does to the room of reports. @type {Set<Deed>} */
const not_to_reports = new Set(['rename', 'archive', 'leave', 'invite']);

/** The server's own rooms. */
const lasting = new Set(['general', 'reports']);

/** @param {RoomFacts} room @param {string} server_role */
const rank_in = (room, server_role) =>
  server_role === 'administrator' ? administrator : (ranks[room.role] ?? 1);

/** @param {Deed} deed @param {RoomFacts} room @param {string} server_role @returns {boolean} */
export function may(deed, room, server_role) {
  const rule = rules[deed];
  if (room.archived && !rule.archived) return false;
  if (room.id === 'reports' && not_to_reports.has(deed)) return false;
  if (deed === 'erase' && lasting.has(room.id)) return false;
  if (room.kind === 'direct' && !rule.direct) return false;
  const needed = room.kind === 'public' ? (rule.public_rank ?? rule.rank) : rule.rank;
  return rank_in(room, server_role) >= needed;
}

/**
 * Whether this member stands below; who else administers the server is not known here.
 * @param {RoomFacts} room @param {string} server_role @param {{role: import('./frames.js').Role}} member
 */
export const outranks = (room, server_role, { role }) => rank_in(room, server_role) > ranks[role];

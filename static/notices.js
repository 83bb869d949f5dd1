/**
 * What happened in a room, in one sentence: events that nobody wrote. Pure.
 *
 * @typedef {import('./message.js').Message} Message
 */

/** @param {unknown} value */
const text = (value) => (typeof value === 'string' ? value : '');
/** @type {Record<string, string>} */
const roles = { member: 'a member', moderator: 'a moderator', owner: 'an owner' };

/** @type {Record<string, (who: string, whom: string, about: Record<string, any>, same: boolean) => string>} */
const sentences = {
  created: (who) => `${who} created this room.`,
  joined: (who, whom, _, same) => (same ? `${whom} joined.` : `${who} added ${whom}.`),
  left: (_, whom) => `${whom} left.`,
  removed: (who, whom) => `${who} removed ${whom}.`,
  banned: (who, whom) => `${who} banned ${whom}.`,
  unbanned: (who, whom) => `${who} lifted the ban of ${whom}.`,
  muted: (who, whom) => `${who} muted ${whom}.`,
  unmuted: (who, whom) => `${who} unmuted ${whom}.`,
  role: (who, whom, { role }) => `${who} made ${whom} ${roles[text(role)] ?? 'something new'}.`,
  renamed: (who, _, { name }) => `${who} renamed the room to “${text(name)}”.`,
  topic: (who, _, about) =>
    text(about.topic) ? `${who} set the topic: ${text(about.topic)}` : `${who} cleared the topic.`,
  archived: (who, _, about) =>
    about.archived === false ? `${who} reopened this room.` : `${who} archived this room.`,
  report: (who, _, { body }) => `${who} reported a message: ${text(body) || 'no reason given'}`,
};

/** @param {string} kind */
export const is_notice = (kind) => Object.hasOwn(sentences, kind);

/** Whether somebody came of their own accord. @param {Message} message */
export const joined_alone = ({ kind, from, about = {} }) =>
  kind === 'joined' && (text(about.user) || from) === from;

/** @param {string[]} names three or more @returns {string} */
export const all_joined = ([one, two, ...others]) =>
  `${one}, ${two} and ${others.length === 1 ? others[0] : `${others.length} others`} joined.`;

/** Where a reported message is. @param {Message} message @returns {{room: string, seq: number}} */
export const reported = ({ about = {} }) => ({ room: text(about.room), seq: Number(about.target) });

/** Whether it changes who is in the room, or as what. @param {string} kind */
export const is_about_members = (kind) =>
  ['joined', 'left', 'removed', 'banned', 'unbanned', 'muted', 'unmuted', 'role'].includes(kind);

/** @param {Message} message @param {(id: string) => string} name_of @returns {string} */
export function sentence({ kind, from, about = {} }, name_of) {
  const user = text(about.user) || from;
  return sentences[kind](name_of(from), name_of(user), about, user === from);
}

/** What a room is called after such an event. @param {Message} message @returns {Partial<import('./frames.js').RoomFacts>} */
export function facts_after({ kind, about = {} }) {
  if (kind === 'renamed' && text(about.name)) return { name: about.name };
  if (kind === 'topic') return { topic: text(about.topic) };
  if (kind === 'archived') return { archived: about.archived !== false };
  return {};
}

/**
 * What happened in a room, in one sentence: events that nobody wrote. Pure.
 *
 * @typedef {import('./message.js').Message} Message
 */
import { t } from './texts.js';

/** @param {unknown} value */
const text = (value) => (typeof value === 'string' ? value : '');
/** @type {Record<string, import('./texts.js').Key>} */
const roles = {
  member: 'notice.role.member',
  moderator: 'notice.role.moderator',
  owner: 'notice.role.owner',
};

/** @type {Record<string, (people: {who: string, whom: string}, about: Record<string, any>, same: boolean) => string>} */
const sentences = {
  created: (people) => t('notice.created', people),
  joined: (people, _, same) => t(same ? 'notice.joined' : 'notice.added', people),
  left: (people) => t('notice.left', people),
  removed: (people) => t('notice.removed', people),
  banned: (people) => t('notice.banned', people),
  unbanned: (people) => t('notice.unbanned', people),
  muted: (people) => t('notice.muted', people),
  unmuted: (people) => t('notice.unmuted', people),
  role: (people, { role }) => t(roles[text(role)] ?? 'notice.role.other', people),
  renamed: (people, { name }) => t('notice.renamed', { ...people, name: text(name) }),
  topic: (people, { topic }) =>
    t(text(topic) ? 'notice.topic' : 'notice.topic_cleared', { ...people, topic: text(topic) }),
  archived: (people, about) =>
    t(about.archived === false ? 'notice.reopened' : 'notice.archived', people),
  retention: (people, { days }) =>
    Number.isSafeInteger(days)
      ? t('notice.retention', { ...people, n: days })
      : t('notice.retention_off', people),
  report: (people, { body }) =>
    t('notice.report', { ...people, reason: text(body) || t('notice.report.no_reason') }),
};

/** @param {string} kind */
export const is_notice = (kind) => Object.hasOwn(sentences, kind);

/** Whether somebody came of their own accord. @param {Message} message */
export const joined_alone = ({ kind, from, about = {} }) =>
  kind === 'joined' && (text(about.user) || from) === from;

/** @param {string[]} names three or more @returns {string} */
export const all_joined = ([one, two, three, ...others]) =>
  others.length
    ? t('notice.joined_many', { one, two, n: others.length + 1 })
    : t('notice.joined_three', { one, two, three });

/** Where a reported message is. @param {Message} message @returns {{room: string, seq: number}} */
export const reported = ({ about = {} }) => ({ room: text(about.room), seq: Number(about.target) });

/**
 * @param {Message} message a report
 * @param {import('./rooms.js').Rooms} rooms
 * @param {(facts: import('./frames.js').RoomFacts) => string} title
 * @param {(id: string) => string} name_of
 * @returns {{name: string, author: string}|null} the room of the message and who wrote it, or '';
 *   null where the reader is not in that room
 */
export function reported_in(message, rooms, title, name_of) {
  const { room: id, seq } = reported(message);
  const room = rooms.get(id)?.room;
  const author = room?.log.at(seq)?.from;
  return room ? { name: title(room.facts), author: author ? name_of(author) : '' } : null;
}

/** Whether it changes who is in the room, or as what. @param {string} kind */
export const is_about_members = (kind) =>
  ['joined', 'left', 'removed', 'banned', 'unbanned', 'muted', 'unmuted', 'role'].includes(kind);

/** @param {Message} message @param {(id: string) => string} name_of @returns {string} */
export function sentence({ kind, from, about = {} }, name_of) {
  const user = text(about.user) || from;
  return sentences[kind]({ who: name_of(from), whom: name_of(user) }, about, user === from);
}

/** What a room is called after such an event. @param {Message} message @returns {Partial<import('./frames.js').RoomFacts>} */
export function facts_after({ kind, about = {} }) {
  if (kind === 'renamed' && text(about.name)) return { name: about.name };
  if (kind === 'topic') return { topic: text(about.topic) };
  if (kind === 'archived') return { archived: about.archived !== false };
  if (kind === 'retention') return { retention: about.days ?? null };
  return {};
}

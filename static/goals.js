/**
 * Where one can go: rooms, direct conversations, and people to begin one with. Pure.
 *
 * @typedef {import('./rooms.js').Place} Place
 * @typedef {import('./frames.js').RoomFacts} RoomFacts
 * @typedef {import('./frames.js').Person} Person
 * @typedef {object} Goal
 * @property {'room'|'person'} kind
 * @property {string} id of the room or the person
 * @property {string} name
 * @property {string} handle user name of whom one talks to there, or ''
 * @property {number} unread
 * @property {number} mentions
 * @property {RoomFacts|null} facts
 *
 * @typedef {object} Names
 * @property {(facts: RoomFacts) => string} title
 * @property {(id: string) => string} handle_of
 * @property {string} me user id
 */
import { fold } from './fold.js';

/**
 * @param {{name: string, handle: string}} goal
 * @param {string} typed
 * @returns {number|null} 0 the name begins so, 1 the user name or a word of the name, 2 it occurs
 *   somewhere; null where it does not
 */
export function rank({ name, handle }, typed) {
  const wanted = fold(typed.trim()).replace(/^[#@]/, '');
  const [whole, user] = [fold(name), fold(handle)];
  if (whole.startsWith(wanted)) return 0;
  if (user.startsWith(wanted) || whole.includes(` ${wanted}`)) return 1;
  return whole.includes(wanted) || user.includes(wanted) ? 2 : null;
}

/** @param {RoomFacts} facts @param {string} me @returns {string} whom one talks to there alone, or '' */
export function partner({ kind, people = [] }, me) {
  const others = people.filter((id) => id !== me);
  return kind === 'direct' && others.length === 1 ? others[0] : '';
}

/** @param {Place} place @param {Names} names @returns {Goal} */
export function room_goal({ room: { facts }, tally }, { title, handle_of, me }) {
  const other = partner(facts, me);
  const { unread, mentions } = tally;
  const shared = { unread, mentions, facts, handle: other ? handle_of(other) : '' };
  return { kind: 'room', id: facts.id, name: title(facts), ...shared };
}

/**
 * Whom one does not yet talk to alone: the others are found by the conversation.
 * @param {Place[]} places
 * @param {Person[]} people
 * @param {string} me user id
 * @returns {Goal[]}
 */
export function person_goals(places, people, me) {
  const met = new Set([me, ...places.map(({ room }) => partner(room.facts, me))]);
  return people
    .filter(({ id }) => !met.has(id))
    .map(({ id, full_name, username }) => ({
      ...{ kind: 'person', id, name: full_name, handle: username },
      ...{ unread: 0, mentions: 0, facts: null },
    }));
}

/**
 * @param {Goal[]} goals
 * @param {string} typed
 * @returns {Goal[]} the best first, among equals as they came; nothing typed: what is unread first,
 *   mentions before all, and no person whom one has never talked to
 */
export function found(goals, typed) {
  if (!typed.trim()) {
    const weight = (/** @type {Goal} */ { unread, mentions }) => (mentions ? 2 : unread ? 1 : 0);
    return goals.filter(({ kind }) => kind === 'room').sort((a, b) => weight(b) - weight(a));
  }
  return goals
    .map((goal) => ({ goal, rank: rank(goal, typed) }))
    .filter((one) => one.rank !== null)
    .sort((a, b) => Number(a.rank) - Number(b.rank))
    .map(({ goal }) => goal);
}

/**
 * The next of these rooms, or the one before; around the ends.
 * @param {Place[]} places as the sidebar shows them
 * @param {string} open id of the open room, or ''
 * @param {1|-1} way
 * @param {(place: Place) => boolean} [fits]
 * @returns {Place|null} null where no other fits
 */
export function neighbour(places, open, way, fits = () => true) {
  const at = places.findIndex(({ room }) => room.facts.id === open);
  const start = at < 0 && way < 0 ? 0 : at;
  for (let step = 1; step <= places.length; step++) {
    const place = places[(start + way * step + places.length) % places.length];
    if (place.room.facts.id !== open && fits(place)) return place;
  }
  return null;
}

/** Draws the sidebar's rooms, the head of the open room, and the page's title. */
import { element, make } from './nodes.js';
import { face } from './row.view.js';
import { hash_of } from './rooms.js';
import { most_unread } from './tally.js';

/**
 * @typedef {import('./rooms.js').Place} Place
 * @typedef {import('./frames.js').RoomFacts} RoomFacts
 * @typedef {(facts: RoomFacts) => string} Title
 */

/** What the list says, to leave it alone while it says the same. */
let drawn = '';

/** @param {number} n */
const count = (n) => (n >= most_unread ? `${most_unread - 1}+` : n.toLocaleString('en'));

/** @param {import('./tally.js').Tally} tally @returns {Node[]} */
function badges({ unread, mentions }) {
  const nodes = [];
  if (mentions)
    nodes.push(
      make('span', { class: 'badge mention' }, `@${count(mentions)}`),
      make('span', { class: 'hidden' }, ` (${count(mentions)} mentions of you)`),
    );
  if (unread)
    nodes.push(
      make('span', { class: 'badge' }, count(unread)),
      make('span', { class: 'hidden' }, ' unread'),
    );
  return nodes;
}

/** @param {Place} place @param {Title} title @param {string} open @param {string} me */
function draw_place({ room: { facts }, tally }, title, open, me) {
  const { id, kind, people = [] } = facts;
  const name = title(facts);
  const link = make('a', { href: hash_of(id) });
  if (kind === 'direct') link.append(face(people.find((one) => one !== me) ?? me, name));
  else link.append(make('span', { class: 'hash', 'aria-hidden': 'true' }, '#'));
  link.append(make('span', { class: 'room-label', dir: 'auto' }, name), ...badges(tally));
  if (tally.unread) link.classList.add('unread');
  if (id === open) link.setAttribute('aria-current', 'page');
  return make('li', {}, link);
}

/**
 * @param {{name: string, places: Place[]}[]} groups
 * @param {Title} title
 * @param {string} open room id
 * @param {string} me
 */
export function draw_rooms(groups, title, open, me) {
  const told = groups.map(({ name, places }) => [
    name,
    places.map(({ room: { facts }, tally: { unread, mentions } }) => [
      ...[facts.id, title(facts), facts.kind, unread, mentions],
    ]),
  ]);
  // A node that is replaced between press and release swallows the click.
  const drawing = JSON.stringify([told, open]);
  if (drawing === drawn) return;
  drawn = drawing;
  const nodes = groups.flatMap(({ name, places }) => {
    const items = places.map((place) => draw_place(place, title, open, me));
    return [make('h2', {}, name), make('ul', { 'aria-label': name }, ...items)];
  });
  const list = element('room-groups');
  const at = /** @type {HTMLElement|null} */ (document.activeElement)?.closest('#room-groups a');
  const href = at?.getAttribute('href');
  list.replaceChildren(...nodes);
  // Drawn anew under the reader's hands: the focus stays on its room.
  if (href) list.querySelector(`a[href="${href}"]`)?.focus();
}

/** @param {RoomFacts} facts @returns {string} */
export function about_room({ kind, members, archived }) {
  const people = `${members.toLocaleString('en')} ${members === 1 ? 'member' : 'members'}`;
  const what = kind === 'private' ? ['Private'] : kind === 'direct' ? ['Direct messages'] : [];
  return [...(archived ? ['Archived'] : []), ...what, people].join(' · ');
}

/** @param {RoomFacts} facts @param {Title} title */
export function draw_head(facts, title) {
  element('room-name').textContent = title(facts);
  element('room-topic').textContent = facts.topic;
  element('room-topic').hidden = !facts.topic;
  element('room-members').textContent = about_room(facts);
}

/** @param {number} unread @param {string} name of the open room, as a person writes it */
export function draw_title(unread, name) {
  const badge = element('rooms-unread');
  badge.textContent = count(unread);
  badge.hidden = !unread;
  const title = `${unread ? `(${count(unread)}) ` : ''}${name ? `${name} · ` : ''}SecureChat`;
  if (document.title !== title) document.title = title;
}

/** Draws the sidebar's rooms, the head of the open room, and the page's title. */
import { element, lay, make } from './nodes.js';
import { face } from './row.view.js';
import { hash_of } from './rooms.js';
import { most_unread } from './tally.js';
import { locale, t } from './texts.js';

/**
 * @typedef {import('./rooms.js').Place} Place
 * @typedef {import('./frames.js').RoomFacts} RoomFacts
 * @typedef {(facts: RoomFacts) => string} Title
 */

/**
 * What stands for a room; nodes stay while the room does: one that is replaced between press and
 * release swallows the click, and drops the focus.
 * @typedef {{item: HTMLElement, link: HTMLElement, label: HTMLElement, badges: HTMLElement, drawn: string}} Entry
 */
/** @type {Map<string, Entry>} */
const entries = new Map();
/** @type {Map<string, {head: HTMLElement, list: HTMLElement}>} */
const groups_drawn = new Map();
export const private_mark = '◆';

/** @param {number} n */
const count = (n) => (n >= most_unread ? `${most_unread - 1}+` : n.toLocaleString(locale));

/** @param {{unread: number, mentions: number}} tally @returns {Node[]} */
export function badges_of({ unread, mentions }) {
  const nodes = [];
  if (mentions) {
    const said = t('rooms.mentions', { n: mentions, count: count(mentions) });
    nodes.push(
      make('span', { class: 'badge mention' }, `@${count(mentions)}`),
      make('span', { class: 'hidden' }, ` ${said}`),
    );
  }
  if (unread)
    nodes.push(
      make('span', { class: 'badge' }, count(unread)),
      make('span', { class: 'hidden' }, ` ${t('rooms.unread')}`),
    );
  return nodes;
}

/** @param {RoomFacts} facts @param {string} name @param {string} me @returns {Node[]} */
export function mark({ kind, people = [] }, name, me) {
  if (kind === 'direct') return [face(people.find((one) => one !== me) ?? me, name)];
  const sign = kind === 'private' ? private_mark : '#';
  return [make('span', { class: 'hash', 'aria-hidden': 'true' }, sign)];
}

/** @param {string} id @returns {Entry} */
function new_entry(id) {
  const label = make('span', { class: 'room-label', dir: 'auto' });
  const badges = make('span', { class: 'badges' });
  const link = make('a', { href: hash_of(id) });
  return { item: make('li', {}, link), link, label, badges, drawn: '' };
}

/** @param {Place} place @param {Title} title @param {string} open @param {string} me @returns {HTMLElement} */
function draw_place({ room: { facts }, tally }, title, open, me) {
  const { id, kind } = facts;
  const entry = entries.get(id) ?? new_entry(id);
  entries.set(id, entry);
  const { item, link, label, badges, drawn } = entry;
  const name = title(facts);
  const says = JSON.stringify([name, kind, tally.unread, tally.mentions, id === open]);
  if (says === drawn) return item;
  entry.drawn = says;
  label.textContent = name;
  const kinds =
    kind === 'private' ? [make('span', { class: 'hidden' }, ` ${t('rooms.private')}`)] : [];
  badges.replaceChildren(...badges_of(tally));
  link.replaceChildren(...mark(facts, name, me), label, ...kinds, badges);
  link.classList.toggle('unread', tally.unread > 0);
  if (id === open) link.setAttribute('aria-current', 'page');
  else link.removeAttribute('aria-current');
  return item;
}

/**
 * @param {{name: string, places: Place[]}[]} groups
 * @param {Title} title
 * @param {string} open room id
 * @param {string} me
 */
export function draw_rooms(groups, title, open, me) {
  const nodes = groups.flatMap(({ name, places }) => {
    const known = groups_drawn.get(name);
    const { head, list } = known ?? {
      head: make('h2', {}, name),
      list: make('ul', { 'aria-label': name }),
    };
    groups_drawn.set(name, { head, list });
    lay(
      list,
      places.map((place) => draw_place(place, title, open, me)),
    );
    return [head, list];
  });
  lay(element('room-groups'), nodes);
  const ids = new Set(groups.flatMap(({ places }) => places.map(({ room }) => room.facts.id)));
  for (const id of entries.keys()) if (!ids.has(id)) entries.delete(id);
}

/** @param {RoomFacts} facts @returns {string} */
export function about_room({ kind, members, archived }) {
  const people = t('room.members', { n: members });
  const what =
    kind === 'private' ? [t('room.private')] : kind === 'direct' ? [t('room.direct')] : [];
  return [...(archived ? [t('room.archived')] : []), ...what, people].join(' · ');
}

/** @param {RoomFacts} facts @param {Title} title */
export function draw_head(facts, title) {
  element('room-name').textContent = title(facts);
  element('room-name').dataset.kind = facts.kind;
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

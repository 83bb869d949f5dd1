/** The list of rooms in the sidebar, and which one is open (its id is in the address after `#`). */
import { element, make } from './nodes.js';

/**
 * @typedef {import('./wire.js').RoomFacts} RoomFacts
 */

/** @param {string} hash of the address @returns {string} room id, or '' */
export const room_in = (hash) => /^#room=([A-Za-z0-9_-]{1,32})$/.exec(hash)?.[1] ?? '';

/**
 * @param {RoomFacts[]} rooms
 * @param {string} open room id
 */
export function draw_rooms(rooms, open) {
  const items = rooms.map(({ id, name }) => {
    const link = make('a', { href: `#room=${id}` });
    link.append(make('span', { class: 'hash', 'aria-hidden': 'true' }, '#'));
    link.append(make('span', { class: 'room-label', dir: 'auto' }, name));
    if (id === open) link.setAttribute('aria-current', 'page');
    return make('li', {}, link);
  });
  element('room-list').replaceChildren(...items);
}

/** @param {RoomFacts} room @param {number} unseen */
export function draw_head({ name, topic, members }, unseen) {
  element('room-name').textContent = name;
  element('room-topic').textContent = topic;
  element('room-topic').hidden = !topic;
  element('room-members').textContent =
    `${members.toLocaleString('en')} ${members === 1 ? 'member' : 'members'}`;
  document.title = `${unseen ? `(${unseen}) ` : ''}#${name} · SecureChat`;
}

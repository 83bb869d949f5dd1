/** The list of rooms and the page's title, drawn soon: once for many changes. */
import { draw_rooms, draw_title } from './rooms.view.js';

/** @typedef {{name: string, places: import('./rooms.js').Place[]}} Group */

export class Sidebar {
  #ports;
  #due = false;

  /**
   * @param {object} ports
   * @param {import('./rooms.js').Rooms} ports.rooms
   * @param {(facts: import('./frames.js').RoomFacts) => string} ports.title
   * @param {() => import('./frames.js').RoomFacts|undefined} ports.open
   * @param {(groups: Group[]) => Group[]} ports.narrow to what is being looked for
   * @param {(unread: number) => void} ports.mark for when the page is out of sight
   * @param {string} ports.me
   */
  constructor(ports) {
    this.#ports = ports;
  }

  changed() {
    if (this.#due) return;
    this.#due = true;
    setTimeout(() => this.draw(), 0);
  }

  /** At once: what is typed next is for what is found now. */
  draw() {
    const { rooms, title, open, me, narrow, mark } = this.#ports;
    this.#due = false;
    const facts = open();
    draw_rooms(narrow(rooms.groups(title)), title, facts?.id ?? '', me);
    draw_title(rooms.unread, facts ? called(facts, title) : '');
    mark(rooms.unread);
  }
}

/**
 * @param {import('./frames.js').RoomFacts} facts
 * @param {(facts: import('./frames.js').RoomFacts) => string} title
 * @returns {string} the room as people write it
 */
export const called = (facts, title) => `${facts.kind === 'public' ? '#' : ''}${title(facts)}`;

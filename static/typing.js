/** Who is typing, and telling that one is. Pure. */
import { t } from './texts.js';

export const pause_ms = 3000;
export const shown_ms = 5000;

export class Typing {
  /** Until when, by room and person. @type {Map<string, Map<string, number>>} */
  #until_ms = new Map();
  #told_ms = -Infinity;
  #told_room = '';
  #now;

  /** @param {() => number} now ms */
  constructor(now) {
    this.#now = now;
  }

  /** @param {string} room @returns {boolean} whether to tell the others now */
  typed(room) {
    const now = this.#now();
    if (room === this.#told_room && now - this.#told_ms < pause_ms) return false;
    this.#told_ms = now;
    this.#told_room = room;
    return true;
  }

  /** A message went out: the next key is news again. */
  sent() {
    this.#told_ms = -Infinity;
  }

  /** @param {string} room @param {string} user */
  heard(room, user) {
    const people = this.#until_ms.get(room) ?? new Map();
    this.#until_ms.set(room, people.set(user, this.#now() + shown_ms));
  }

  /** What was being typed has come. @param {string} room @param {string} user */
  came(room, user) {
    this.#until_ms.get(room)?.delete(user);
  }

  /** @param {string} room @returns {string[]} user ids */
  in(room) {
    const now = this.#now();
    return [...(this.#until_ms.get(room) ?? [])]
      .filter(([, until_ms]) => until_ms > now)
      .map(([user]) => user);
  }

  /** @param {string} room @param {(id: string) => string} name_of @returns {string} or '' */
  sentence(room, name_of) {
    const [one, two, ...others] = this.in(room).map(name_of);
    if (others.length) return t('typing.several');
    if (two) return t('typing.two', { one, two });
    return one ? t('typing.one', { name: one }) : '';
  }
}

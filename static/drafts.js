/** Unsent words, one draft a room and person, kept over reloads and a log-in that ran out. Pure. */
export class Drafts {
  #shelf;
  #user;

  /** @param {import('./outbox.js').Shelf} shelf @param {string} user */
  constructor(shelf, user) {
    this.#shelf = shelf;
    this.#user = user;
  }

  /** @param {string} room */
  #key(room) {
    return `securechat.draft.${this.#user}.${room}`;
  }

  /** @param {string} room @returns {string} */
  of(room) {
    try {
      return this.#shelf.getItem(this.#key(room)) ?? '';
    } catch {
      return '';
    }
  }

  /** @param {string} room @param {string} text */
  keep(room, text) {
    try {
      if (text) this.#shelf.setItem(this.#key(room), text);
      else this.#shelf.removeItem(this.#key(room));
    } catch {
      // A full or forbidden storage: the text is still in the composer.
    }
  }
}

/**
 * Unsent words, one draft a room and person, kept over reloads and a log-in that ran out. What a
 * draft is about is kept in memory alone: it names the words of others. Pure.
 *
 * @typedef {import('./composer.js').About} About
 * @typedef {About & {text?: string}} Subject with `text` the words of an edit that is under way
 */
export class Drafts {
  #shelf;
  #user;
  /** @type {Map<string, Subject>} */
  #subjects = new Map();

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

  /** @param {string} room @returns {Subject|null} */
  subject(room) {
    return this.#subjects.get(room) ?? null;
  }

  /** @param {string} room @param {string} text @param {Subject|null} [subject] */
  keep(room, text, subject = null) {
    if (subject) this.#subjects.set(room, subject);
    else this.#subjects.delete(room);
    try {
      if (text) this.#shelf.setItem(this.#key(room), text);
      else this.#shelf.removeItem(this.#key(room));
    } catch {
      // A full or forbidden storage: the text is still in the composer.
    }
  }

  /** A message is no more. @param {string} room @param {number} seq */
  forget(room, seq) {
    if (this.subject(room)?.target === seq) this.#subjects.delete(room);
  }
}

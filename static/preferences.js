/**
 * What somebody has chosen for this browser, kept in its local storage. Nothing secret.
 *
 * @typedef {object} Choices
 * @property {boolean} shortcuts whether single keys act in the timeline
 * @property {boolean} notify whether this browser shows notifications
 * @property {boolean} offered whether notifications were offered, and the offer answered
 * @property {boolean} hide_words whether notifications leave out what was said
 * @property {boolean} sound whether a notification makes a sound
 * @property {Record<string, 'all'|'mentions'|'none'>} rooms by room id; left out: 'all' in direct
 *   rooms, 'mentions' elsewhere
 * @property {string[]} emoji that were used last, the newest first
 */
const shelf_key = 'securechat.preferences';

/** @type {Choices} */
const defaults = {
  shortcuts: true,
  ...{ notify: false, offered: false, hide_words: false, sound: false },
  rooms: {},
  emoji: [],
};

export class Preferences {
  #shelf;

  /** @param {Pick<Storage, 'getItem'|'setItem'>} shelf */
  constructor(shelf) {
    this.#shelf = shelf;
  }

  /** @returns {Choices} as any of this browser's pages chose last */
  get all() {
    try {
      return { ...defaults, ...JSON.parse(this.#shelf.getItem(shelf_key) ?? '{}') };
    } catch {
      return { ...defaults };
    }
  }

  /** @param {Partial<Choices>} chosen */
  choose(chosen) {
    try {
      this.#shelf.setItem(shelf_key, JSON.stringify({ ...this.all, ...chosen }));
    } catch {
      // Without storage everything stays as it is by default.
    }
  }
}

/**
 * Who is in a room, page by page as the server lists them: by user name. Pure.
 *
 * @typedef {import('./frames.js').Member} Member
 */
import { locale } from './texts.js';
import { command } from './wire.js';

/** The room of everybody who has an account. */
export const everybody = 'general';

export class Members {
  /** @type {Member[]} */
  list = [];
  more = false;
  #room;
  #send;
  #banned;
  #turn = 0;
  /** Who was said to be online since the last question. @type {Set<string>|null} */
  #present = null;

  /**
   * @param {string} room
   * @param {(command: any) => Promise<import('./frames.js').Members>} send
   * @param {boolean} [banned] the people who are kept out instead
   */
  constructor(room, send, banned = false) {
    this.#room = room;
    this.#send = send;
    this.#banned = banned;
  }

  /** Reads as much as was here, from the start. @returns {Promise<void>} */
  async load() {
    const wanted = Math.max(1, this.list.length);
    const turn = ++this.#turn;
    this.#present = null;
    /** @type {Member[]} */
    let list = [];
    let more = true;
    while (more && list.length < wanted) {
      const page = await this.#page(list);
      // A later question overtook this one.
      if (turn !== this.#turn) return;
      list = [...list, ...page.members];
      more = page.more && page.members.length > 0;
    }
    Object.assign(this, { list, more });
    this.#show_present();
  }

  /** @returns {Promise<void>} */
  async load_more() {
    const turn = ++this.#turn;
    this.#present = null;
    const page = await this.#page(this.list);
    if (turn !== this.#turn) return;
    this.list = [...this.list, ...page.members];
    this.more = page.more && page.members.length > 0;
    this.#show_present();
  }

  /** Reads to the end. @param {() => void} on_page after each page @returns {Promise<void>} */
  async load_all(on_page) {
    await this.load();
    on_page();
    while (this.more) {
      await this.load_more();
      on_page();
    }
  }

  /** @param {Member[]} before */
  #page(before) {
    const after = before.at(-1)?.username ?? '';
    const fields = { room: this.#room, after, ...(this.#banned ? { banned: true } : {}) };
    return this.#send(command('members', fields));
  }

  /** @param {string[]} ids */
  online(ids) {
    this.#present = new Set(ids);
    this.#show_present();
  }

  /** What was said while an answer was on its way is newer than the answer. */
  #show_present() {
    const present = this.#present;
    if (present)
      this.list = this.list.map((member) => ({ ...member, online: present.has(member.id) }));
  }

  /** Owners first, then moderators, then by name; deleted accounts last. @returns {Member[]} */
  get sorted() {
    const order = { owner: 0, moderator: 1, member: 2 };
    return [...this.list].sort(
      (a, b) =>
        Number(!a.username) - Number(!b.username) ||
        (order[a.role] ?? 2) - (order[b.role] ?? 2) ||
        a.full_name.localeCompare(b.full_name, locale),
    );
  }
}

/** @param {Member} member @param {string} typed @returns {boolean} */
export function matches({ username, full_name }, typed) {
  const words = typed.toLowerCase().replace(/^@/, '').split(/\s+/).filter(Boolean);
  const text = `${full_name} ${username}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

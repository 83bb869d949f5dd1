/**
 * Who can be called in the open room: read when it is first asked for, and anew when the room has
 * more or fewer people. Pure.
 *
 * @typedef {import('./frames.js').Member} Member
 * @typedef {Pick<import('./frames.js').RoomFacts, 'id'|'members'>} RoomFacts
 */
import { Members } from './members.js';

/** Of more people than these, only so many are suggested. */
const most_people = 500;

export class Roommates {
  #room;
  #ask;
  #of = '';
  /** @type {Promise<Member[]>} */
  #list = Promise.resolve([]);

  /**
   * @param {() => RoomFacts|undefined} room that is open
   * @param {(command: any) => Promise<any>} ask
   */
  constructor(room, ask) {
    this.#room = room;
    this.#ask = ask;
  }

  /** @returns {Promise<Member[]>} */
  list() {
    const { id = '', members = 0 } = this.#room() ?? {};
    if (!id) return Promise.resolve([]);
    const of = `${id} ${members}`;
    if (this.#of !== of) {
      this.#of = of;
      this.#list = this.#read(id);
      // The next one who asks may have more luck.
      this.#list.catch(() => (this.#of = ''));
    }
    return this.#list;
  }

  /** @param {string} room */
  async #read(room) {
    const members = new Members(room, this.#ask);
    await members.load();
    while (members.more && members.list.length < most_people) await members.load_more();
    return members.list;
  }
}

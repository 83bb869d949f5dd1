/**
 * The rooms that one is in: one connection follows them all. Pure.
 *
 * @typedef {import('./frames.js').RoomFacts} RoomFacts
 * @typedef {import('./room.js').Room} Room
 * @typedef {import('./tally.js').Tally} Tally
 * @typedef {{room: Room, tally: Tally}} Place a room and what is unread there
 * @typedef {object} RoomsPorts
 * @property {(facts: RoomFacts) => Place} make
 * @property {(place: Place, erased: boolean) => void} on_gone after the room was forgotten
 */
import { listed, locale, t } from './texts.js';

/** @param {any} facts @returns {RoomFacts} what an older server leaves out is added */
const whole = (facts) => ({
  ...{ topic: '', last_seq: 0, read_seq: 0, members: 0, role: 'member', history: 'all' },
  ...{ archived: false, since_seq: 0, unread: 0, mentions: 0, retention: null },
  ...facts,
});

const address_form = /^#room=([A-Za-z0-9_-]{1,32})(?:&message=(\d{1,15}))?$/;

/** @param {string} hash of the address @returns {string} room id, or '' */
export const room_in = (hash) => address_form.exec(hash)?.[1] ?? '';

/** @param {string} hash of the address @returns {number} of a message in that room, or 0 */
export const message_in = (hash) => Number(address_form.exec(hash)?.[2] ?? 0);

/** @param {string} id @param {number} [seq] of a message there */
export const hash_of = (id, seq) => `#room=${id}${seq ? `&message=${seq}` : ''}`;

/**
 * @param {RoomFacts} facts
 * @param {string} me
 * @param {(id: string) => string} name_of
 * @returns {string} what to call the room: direct ones have the names of the others
 */
export function title_of({ kind, name, people = [] }, me, name_of) {
  if (kind !== 'direct') return name;
  const others = people.filter((id) => id !== me).map(name_of);
  return listed(others) || t('room.only_you');
}

export class Rooms {
  /** @type {Map<string, Place>} */
  #places = new Map();
  #ports;

  /** @param {RoomsPorts} ports */
  constructor(ports) {
    this.#ports = ports;
  }

  /** @returns {Place[]} */
  get all() {
    return [...this.#places.values()];
  }

  /** @param {string} id @returns {Place|undefined} */
  get(id) {
    return this.#places.get(id);
  }

  /** A new connection: these are all. @param {RoomFacts[]} list */
  welcome(list) {
    const ids = new Set(list.map(({ id }) => id));
    for (const id of [...this.#places.keys()]) if (!ids.has(id)) this.remove(id);
    for (const facts of list) {
      const { room, tally } = this.learn(facts);
      room.facts = whole(facts);
      tally.start(room.facts);
    }
  }

  /** A room that is new here, or changed. @param {RoomFacts} facts @returns {Place} */
  learn(facts) {
    const known = this.#places.get(facts.id);
    if (known) {
      known.room.facts = { ...known.room.facts, ...facts };
      return known;
    }
    const place = this.#ports.make(whole(facts));
    place.tally.start(place.room.facts);
    this.#places.set(facts.id, place);
    return place;
  }

  /** One is no member any more. @param {string} id @param {boolean} [erased] nobody is */
  remove(id, erased = false) {
    const place = this.#places.get(id);
    if (!place) return;
    this.#places.delete(id);
    place.room.forget();
    this.#ports.on_gone(place, erased);
  }

  /** The connection is gone. */
  close() {
    for (const { room } of this.#places.values()) room.close();
  }

  /** @param {import('./frames.js').Frame} frame @returns {boolean} whether a room took it */
  receive(frame) {
    if (frame.type === 'room') return false;
    if ('room' in frame) return this.get(frame.room)?.room.receive(frame) ?? false;
    return this.all.some(({ room }) => room.receive(frame));
  }

  /** Messages unread, everywhere. */
  get unread() {
    return this.all.reduce((sum, { tally }) => sum + tally.unread, 0);
  }

  /**
   * @param {(facts: RoomFacts) => string} title
   * @returns {{name: string, places: Place[]}[]} groups as the sidebar shows them, none empty
   */
  groups(title) {
    const sorted = this.all
      .map((place) => ({ place, title: title(place.room.facts) }))
      .sort((a, b) => a.title.localeCompare(b.title, locale))
      .map(({ place }) => place);
    /** @param {(facts: RoomFacts) => boolean} fits */
    const of = (fits) => sorted.filter(({ room }) => fits(room.facts));
    return [
      {
        name: t('shell.rooms'),
        places: of(({ kind, archived }) => kind !== 'direct' && !archived),
      },
      { name: t('rooms.direct'), places: of(({ kind }) => kind === 'direct') },
      {
        name: t('rooms.archived'),
        places: of(({ kind, archived }) => kind !== 'direct' && archived),
      },
    ].filter(({ places }) => places.length);
  }
}

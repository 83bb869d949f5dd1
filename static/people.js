/**
 * Who is who: names come from the server, by user id, never from a message. Pure.
 *
 * @typedef {import('./frames.js').Person} Person
 * @typedef {object} PeoplePorts
 * @property {(ids: string[]) => boolean} ask sends `people`; false: no connection
 * @property {(task: () => void, wait_ms: number) => any} later
 * @property {() => void} on_change
 */
import { t } from './texts.js';
import { max_people } from './wire.js';

const gather_ms = 20;

export class Directory {
  /** @type {Map<string, Person>} */
  #known = new Map();
  /** Those whose name was shown somewhere; others were only learned. @type {Set<string>} */
  #shown = new Set();
  /** @type {Set<string>} */
  #wanted = new Set();
  /** @type {Set<string>} */
  #asked = new Set();
  /** @type {any} */
  #timer = null;
  #ports;

  /** @param {PeoplePorts} ports */
  constructor(ports) {
    this.#ports = ports;
  }

  /** @param {string} id @returns {Person|undefined} unknown ones are asked for */
  find(id) {
    const person = this.#known.get(id);
    this.#shown.add(id);
    if (!person && !this.#asked.has(id)) this.#want(id);
    return person;
  }

  /** @param {string} id @returns {boolean} without asking */
  has(id) {
    return this.#known.has(id);
  }

  /** @param {string} id @returns {string} what to show as the author */
  name(id) {
    const person = this.find(id);
    return person ? person.full_name || t('people.deleted') : t('people.someone');
  }

  /** @param {string} id */
  #want(id) {
    this.#wanted.add(id);
    if (this.#timer === null) this.#timer = this.#ports.later(() => this.#ask(), gather_ms);
  }

  #ask() {
    this.#timer = null;
    while (this.#wanted.size) {
      const ids = [...this.#wanted].slice(0, max_people);
      if (!this.#ports.ask(ids)) return;
      for (const id of ids) {
        this.#wanted.delete(id);
        this.#asked.add(id);
      }
    }
  }

  /** @param {Person[]} people */
  learn(people) {
    for (const person of people) {
      this.#known.set(person.id, person);
      this.#asked.delete(person.id);
    }
    this.#ports.on_change();
  }

  /**
   * A new connection: names that are known may have changed since. Those that stand somewhere are
   * asked for; of those that were learned in a search, which may be everybody, once they are shown.
   */
  open() {
    for (const id of this.#known.keys())
      if (this.#shown.has(id)) this.#wanted.add(id);
      else this.#known.delete(id);
    this.again();
  }

  /** Questions without an answer are put again. */
  again() {
    for (const id of this.#asked) this.#wanted.add(id);
    this.#asked.clear();
    this.#ask();
  }
}

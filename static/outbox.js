/**
 * What was written and is not yet in the log. Every letter keeps its client id over resends,
 * reconnects and reloads, so that no retry makes a second message. Pure.
 *
 * @typedef {{id: string, room: string, body: string, made_ms: number,
 *   kind?: 'reply'|'edit'|'reaction', target?: number, state: 'waiting'|'sent'|'posted'|'failed', seq?: number, code?: string, text?: string}} Letter
 * @typedef {Pick<Storage, 'getItem'|'setItem'|'removeItem'>} Shelf
 * @typedef {object} OutboxPorts
 * @property {Shelf} shelf where letters survive a reload
 * @property {string} user its letters only
 * @property {(letter: Letter) => boolean} send false: no connection
 * @property {() => string} make_id
 * @property {() => number} now
 * @property {(task: () => void, wait_ms: number) => any} later
 * @property {(timer: any) => void} cancel
 * @property {() => number} random
 * @property {() => void} on_change
 */
import { delay_ms } from './backoff.js';

/** Letters under way at once; after a refusal it starts at one again, so that refusals stay few. */
const most_under_way = 8;
const least_pause_ms = 1000;

/** @param {string} user */
const shelf_key = (user) => `securechat.outbox.${user}`;

export class Outbox {
  /** @type {Letter[]} */
  letters = [];
  #ports;
  #open = false;
  #halted = false;
  #allowed = most_under_way;
  #refusals = 0;
  #pause_ms = 0;
  /** @type {any} */
  #timer = null;

  /** @param {OutboxPorts} ports */
  constructor(ports) {
    this.#ports = ports;
    this.letters = this.#read();
  }

  /** @returns {Letter[]} */
  #read() {
    try {
      const kept = JSON.parse(this.#ports.shelf.getItem(shelf_key(this.#ports.user)) ?? '[]');
      return kept.map((/** @type {Letter} */ letter) => ({
        ...letter,
        state: letter.state === 'failed' ? 'failed' : 'waiting',
      }));
    } catch {
      return [];
    }
  }

  #changed() {
    this.keep();
    this.#ports.on_change();
  }

  /** Writes down what must survive a reload. */
  keep() {
    const kept = this.letters.filter((letter) => letter.state !== 'posted');
    const { shelf, user } = this.#ports;
    try {
      if (kept.length) shelf.setItem(shelf_key(user), JSON.stringify(kept));
      else shelf.removeItem(shelf_key(user));
    } catch {
      // A full or forbidden storage loses only the safety net, not the letters in memory.
    }
  }

  /** @param {string} room @returns {Letter[]} */
  of(room) {
    return this.letters.filter((letter) => letter.room === room);
  }

  /** Whether just this is under way. @param {string} room @param {string} body @param {Pick<Letter, 'kind'|'target'>} about */
  has(room, body, { kind, target }) {
    return this.of(room).some(
      (one) =>
        one.body === body && one.kind === kind && one.target === target && one.state !== 'failed',
    );
  }

  /** Whether leaving now would lose something. */
  get unsent() {
    return this.letters.some(({ state }) => state === 'waiting' || state === 'sent');
  }

  /**
   * @param {string} room
   * @param {string} body
   * @param {Pick<Letter, 'kind'|'target'>} [about] left out: a message of its own
   * @returns {Letter}
   */
  add(room, body, about = {}) {
    const { make_id, now } = this.#ports;
    /** @type {Letter} */
    const letter = { id: make_id(), room, body, made_ms: now(), ...about, state: 'waiting' };
    this.letters.push(letter);
    this.#pump();
    this.#changed();
    return letter;
  }

  /** The connection stands: what has no answer goes out again, in order, under its old id. */
  open() {
    this.#open = true;
    this.#resume();
  }

  /** The connection is gone: what was under way has an unknown outcome. */
  close() {
    this.#open = false;
    this.#ports.cancel(this.#timer);
    this.#timer = null;
    for (const letter of this.letters) if (letter.state === 'sent') letter.state = 'waiting';
    this.#changed();
  }

  #resume() {
    this.#halted = false;
    this.#timer = null;
    this.#pump();
    this.#changed();
  }

  #under_way() {
    return this.letters.filter(({ state }) => state === 'sent').length;
  }

  #pump() {
    if (!this.#open || this.#halted) return;
    let under_way = this.#under_way();
    for (const letter of this.letters) {
      if (under_way >= this.#allowed) return;
      if (letter.state !== 'waiting') continue;
      if (!this.#ports.send(letter)) return;
      letter.state = 'sent';
      under_way++;
    }
  }

  /** @param {{id: string, seq: number}} posted */
  posted({ id, seq }) {
    const letter = this.letters.find((one) => one.id === id);
    if (!letter) return;
    Object.assign(letter, { state: 'posted', seq });
    this.#refusals = 0;
    this.#allowed = Math.min(most_under_way, this.#allowed + 1);
    this.#settle();
  }

  /**
   * @param {{id: string|null, code: string, text: string, retry: boolean, retry_ms?: number}} error
   * @returns {boolean} whether it was about a letter
   */
  refused({ id, code, text, retry, retry_ms }) {
    const letter = this.letters.find((one) => one.id === id && one.state === 'sent');
    if (!letter) return false;
    if (retry) this.#halt(letter, retry_ms ?? 0);
    else Object.assign(letter, { state: 'failed', code, text });
    this.#settle();
    return true;
  }

  /** Later posts may overtake a refused one: nothing more is sent until all under way are answered.
   * @param {Letter} letter @param {number} pause_ms */
  #halt(letter, pause_ms) {
    letter.state = 'waiting';
    if (!this.#halted) this.#refusals++;
    this.#halted = true;
    this.#allowed = 1;
    this.#pause_ms = Math.max(pause_ms, this.#pause_ms);
  }

  #settle() {
    if (this.#halted && this.#timer === null && this.#under_way() === 0) {
      const jitter_ms = delay_ms(Math.min(this.#refusals - 1, 2), this.#ports.random);
      const wait_ms = Math.max(least_pause_ms, this.#pause_ms + jitter_ms);
      this.#pause_ms = 0;
      this.#timer = this.#ports.later(() => this.#resume(), wait_ms);
    } else this.#pump();
    this.#changed();
  }

  /** The author's own event is in the log. @param {string} id */
  arrived(id) {
    this.#keep((letter) => letter.id !== id);
  }

  /** The log has all numbers up to `last`. @param {string} room @param {number} last */
  reached(room, last) {
    this.#keep(
      ({ room: of, state, seq }) => !(of === room && state === 'posted' && Number(seq) <= last),
    );
  }

  /** The room is gone, and all that was written for it. @param {string} room */
  forget(room) {
    this.#keep((letter) => letter.room !== room);
  }

  /** @param {(letter: Letter) => boolean} stays */
  #keep(stays) {
    const kept = this.letters.filter(stays);
    if (kept.length === this.letters.length) return;
    this.letters = kept;
    this.#settle();
  }

  /** Tries a failed letter again, as the last. @param {string} id */
  retry(id) {
    const letter = this.letters.find((one) => one.id === id && one.state === 'failed');
    if (!letter) return;
    // The old id is taken by other words; any other refusal keeps it.
    const fresh = letter.code === 'id_conflict' ? this.#ports.make_id() : letter.id;
    this.letters = this.letters.filter((one) => one !== letter);
    const { room, body, made_ms, kind, target } = letter;
    this.letters.push({ id: fresh, room, body, made_ms, kind, target, state: 'waiting' });
    this.#pump();
    this.#changed();
  }

  /** @param {string} id a failed or waiting letter that the author gives up */
  discard(id) {
    this.#keep(
      (letter) => letter.id !== id || letter.state === 'sent' || letter.state === 'posted',
    );
  }
}

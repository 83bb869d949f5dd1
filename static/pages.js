/**
 * Older events of one room, asked for page by page or one by one. Pure.
 *
 * @typedef {import('./message.js').Message} Message
 * @typedef {object} PagesPorts
 * @property {string} room id
 * @property {(command: import('./frames.js').Command) => boolean} send
 * @property {(seq: number, envelope: import('./frames.js').Envelope) => Promise<Message>} open
 * @property {(keys: import('./frames.js').WrappedKey[]) => void} keys
 * @property {import('./log.js').Log} log
 * @property {(task: () => void, wait_ms: number) => any} later
 * @property {(older: Message[]) => void} on_older
 * @property {() => void} on_change
 */
import { ask_history } from './wire.js';

/** Quoted messages that are not in the log are kept apart, this many: more than can be drawn. */
const most_quotes = 400;
/** Quoted messages asked for at once; whatever is still drawn then asks again. */
const most_asked = 4;
const least_pause_ms = 2000;
/** Jumping back asks for larger pages, and gives up after so many. */
export const large_page = 200;
const most_jumps = 25;

/** @typedef {(message: Message|null) => void} Take null: not there, or it could not be had now */

export class Pages {
  /** @type {'idle'|'loading'|'failed'} */
  state = 'idle';
  size = 50;
  #ports;
  /** The page that is asked for, and the log it was for. @type {{id: string, generation: number}|null} */
  #page = null;
  /** Requests for one event. @type {Map<string, {take: Take, seq: number}>} */
  #single = new Map();
  /** The least recently seen first. @type {Map<number, Message>} */
  #quotes = new Map();
  /** Quoted numbers under way. @type {Set<number>} */
  #asked = new Set();
  /** Quoted numbers that this connection does not give us. @type {Set<number>} */
  #missing = new Set();
  #paused = false;
  /** The number that the reader wants to see. */
  #wanted = 0;
  #jumps = 0;

  /** @param {PagesPorts} ports */
  constructor(ports) {
    this.#ports = ports;
  }

  /** The connection is gone. */
  close() {
    this.#page = null;
    this.#wanted = 0;
    if (this.state === 'loading') this.state = 'idle';
    this.#single.clear();
    this.#asked.clear();
    this.#missing.clear();
  }

  /**
   * Asks for the page before the run, unless that is under way.
   * @param {number} [limit]
   * @returns {boolean} whether it was asked for
   */
  load(limit = this.size) {
    const { log, room, send, on_change } = this.#ports;
    if (log.start === null || !log.more || this.state === 'loading') return false;
    const command = ask_history(room, log.start, limit);
    if (!send(command)) return false;
    this.#page = { id: command.id, generation: log.generation };
    this.state = 'loading';
    on_change();
    return true;
  }

  /** Loads until `seq` is here. @param {number} seq @returns {boolean} whether it is here already */
  reach(seq) {
    const { log } = this.#ports;
    if (log.first !== null && seq >= log.first) return true;
    this.#wanted = seq;
    this.#jumps = 0;
    this.load(large_page);
    return false;
  }

  /** @param {number} seq @param {Take} take */
  #one(seq, take) {
    const command = ask_history(this.#ports.room, seq + 1, 1);
    const sent = this.#ports.send(command);
    if (sent) this.#single.set(command.id, { take, seq });
    return sent;
  }

  /** Asks once more for a message whose key was missing. @param {number} seq */
  reopen(seq) {
    this.#one(seq, (message) => message && this.#ports.log.replace(message));
  }

  /** @param {number} seq @returns {Message|null} null: not here yet, asked for when its turn comes */
  quoted(seq) {
    const known = this.#ports.log.at(seq);
    if (known) return known;
    const quote = this.#quotes.get(seq);
    if (quote) this.#keep(seq, quote);
    else if (this.#may_ask(seq) && this.#one(seq, (message) => this.#quote(seq, message)))
      this.#asked.add(seq);
    return quote ?? null;
  }

  /** @param {number} seq */
  #may_ask(seq) {
    const here = this.#asked.has(seq) || this.#missing.has(seq);
    return !here && !this.#paused && this.#asked.size < most_asked;
  }

  /** @param {number} seq @param {Message} quote */
  #keep(seq, quote) {
    this.#quotes.delete(seq);
    this.#quotes.set(seq, quote);
    if (this.#quotes.size <= most_quotes) return;
    const [oldest] = this.#quotes.keys();
    this.#quotes.delete(oldest);
  }

  /** @param {number} seq @param {Message|null} message */
  #quote(seq, message) {
    // Another answer overtook this one: its words may be gone for good.
    if (!this.#asked.delete(seq)) return;
    if (message?.seq === seq) this.#keep(seq, message);
    else this.#missing.add(seq);
  }

  /** Asks for no quotes for a while. @param {number} wait_ms */
  #pause(wait_ms) {
    if (this.#paused) return;
    this.#paused = true;
    this.#ports.later(() => {
      this.#paused = false;
      this.#ports.on_change();
    }, wait_ms);
  }

  /** What is erased by its age. @param {number} seq the last of it */
  forget_to(seq) {
    for (const one of [...this.#quotes.keys(), ...this.#asked]) if (one <= seq) this.forget(one);
  }

  /** @param {number} seq */
  forget(seq) {
    this.#quotes.delete(seq);
    this.#asked.delete(seq);
  }

  /** @param {import('./frames.js').History} frame */
  async receive({ id, events, keys, more }) {
    const single = this.#single.get(id);
    this.#single.delete(id);
    if (!single && id !== this.#page?.id) return;
    const { open, on_change } = this.#ports;
    this.#ports.keys(keys);
    const messages = await Promise.all(events.map((e) => open(e.seq, e.envelope)));
    if (single) single.take(messages[0] ?? null);
    else if (id === this.#page?.id) this.#take(messages, more);
    on_change();
  }

  /** @param {Message[]} messages @param {boolean} more */
  #take(messages, more) {
    const { log, on_older } = this.#ports;
    const { generation } = /** @type {{generation: number}} */ (this.#page);
    this.#page = null;
    this.state = 'idle';
    // Everything was dropped meanwhile: this page has no place any more.
    if (generation !== log.generation) return;
    if (!log.prepend(messages, more)) return void (this.state = 'failed');
    on_older(messages);
    this.#jump_on();
  }

  #jump_on() {
    const { log } = this.#ports;
    const there = this.#wanted >= (log.start ?? 0) || !log.more;
    if (there || ++this.#jumps > most_jumps) this.#wanted = 0;
    if (this.#wanted) this.load(large_page);
  }

  /**
   * @param {string} id
   * @param {boolean} retry whether asking again may help
   * @param {number} [retry_ms]
   * @returns {boolean} whether the refusal is about one of these
   */
  refused(id, retry, retry_ms = 0) {
    const single = this.#single.get(id);
    this.#single.delete(id);
    if (single && retry) {
      this.#asked.delete(single.seq);
      this.#pause(Math.max(retry_ms, least_pause_ms));
    } else if (single) single.take(null);
    if (single || id !== this.#page?.id) return Boolean(single);
    this.#page = null;
    this.#wanted = 0;
    this.state = 'failed';
    this.#ports.on_change();
    return true;
  }
}

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
 * @property {(older: Message[]) => void} on_older
 * @property {() => void} on_change
 */
import { ask_history } from './wire.js';

/** Quoted messages that are not in the log are kept apart, this many. */
const most_quotes = 200;
/** Jumping back asks for larger pages, and gives up after so many. */
const jump_page = 200;
const most_jumps = 25;

export class Pages {
  /** @type {'idle'|'loading'|'failed'} */
  state = 'idle';
  size = 50;
  #ports;
  /** @type {string|null} */
  #page_id = null;
  /** Requests for one event. @type {Map<string, (message: Message|null) => void>} */
  #single = new Map();
  /** null: asked for. @type {Map<number, Message|null>} */
  #quotes = new Map();
  /** The number that the reader wants to see. */
  #wanted = 0;
  #jumps = 0;

  /** @param {PagesPorts} ports */
  constructor(ports) {
    this.#ports = ports;
  }

  /** The connection is gone. */
  close() {
    this.#page_id = null;
    this.#wanted = 0;
    if (this.state === 'loading') this.state = 'idle';
    this.#single.clear();
    for (const [seq, quote] of this.#quotes) if (!quote) this.#quotes.delete(seq);
  }

  /** Asks for the page before the run, unless that is under way. @param {number} [limit] */
  load(limit = this.size) {
    const { log, room, send, on_change } = this.#ports;
    if (log.start === null || !log.more || this.state === 'loading') return;
    const command = ask_history(room, log.start, limit);
    if (!send(command)) return;
    this.#page_id = command.id;
    this.state = 'loading';
    on_change();
  }

  /** Loads until `seq` is here. @param {number} seq @returns {boolean} whether it is here already */
  reach(seq) {
    const { log } = this.#ports;
    if (log.first !== null && seq >= log.first) return true;
    this.#wanted = seq;
    this.#jumps = 0;
    this.load(jump_page);
    return false;
  }

  /** @param {number} seq @param {(message: Message|null) => void} take */
  #one(seq, take) {
    const command = ask_history(this.#ports.room, seq + 1, 1);
    const sent = this.#ports.send(command);
    if (sent) this.#single.set(command.id, take);
    return sent;
  }

  /** Asks once more for a message whose key was missing. @param {number} seq */
  reopen(seq) {
    this.#one(seq, (message) => message && this.#ports.log.replace(message));
  }

  /** @param {number} seq @returns {Message|null} null: not here yet, asked for */
  quoted(seq) {
    const known = this.#ports.log.at(seq) ?? this.#quotes.get(seq);
    if (known !== undefined) return known;
    if (this.#quotes.size >= most_quotes) this.#quotes.clear();
    if (this.#one(seq, (message) => this.#quote(seq, message))) this.#quotes.set(seq, null);
    return null;
  }

  /** @param {number} seq @param {Message|null} message */
  #quote(seq, message) {
    if (message?.seq === seq) this.#quotes.set(seq, message);
  }

  /** @param {number} seq */
  forget(seq) {
    this.#quotes.delete(seq);
  }

  /** @param {import('./frames.js').History} frame */
  async receive({ id, events, keys, more }) {
    const take = this.#single.get(id);
    this.#single.delete(id);
    if (!take && id !== this.#page_id) return;
    const { log, open, on_change, on_older } = this.#ports;
    const { generation } = log;
    this.#ports.keys(keys);
    const messages = await Promise.all(events.map((e) => open(e.seq, e.envelope)));
    if (generation !== log.generation) return;
    if (take) take(messages[0] ?? null);
    else {
      this.#page_id = null;
      const fits = log.prepend(messages, more);
      this.state = fits ? 'idle' : 'failed';
      if (fits) on_older(messages);
      if (fits) this.#jump_on();
    }
    on_change();
  }

  #jump_on() {
    const { log } = this.#ports;
    const there = this.#wanted >= (log.start ?? 0) || !log.more;
    if (there || ++this.#jumps > most_jumps) this.#wanted = 0;
    if (this.#wanted) this.load(jump_page);
  }

  /** @param {string} id @returns {boolean} whether the refusal is about one of these */
  refused(id) {
    if (this.#single.delete(id)) return true;
    if (id !== this.#page_id) return false;
    this.#page_id = null;
    this.#wanted = 0;
    this.state = 'failed';
    this.#ports.on_change();
    return true;
  }
}

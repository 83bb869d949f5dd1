/**
 * One room as this page follows it: subscribes, keeps the run of numbers whole, pages history. Pure.
 *
 * @typedef {import('./wire.js').Frame} Frame
 * @typedef {import('./wire.js').RoomFacts} RoomFacts
 * @typedef {import('./log.js').Message} Message
 * @typedef {import('./vault.js').Opened|import('./vault.js').NotOpened} Outcome
 * @typedef {object} RoomPorts
 * @property {(command: import('./wire.js').Command) => boolean} send
 * @property {{open: (room: string, seq: number, envelope: import('./wire.js').Envelope) => Promise<Outcome>,
 *   keys: (keys: import('./wire.js').WrappedKey[]) => Promise<void>}} vault
 * @property {(task: () => void, wait_ms: number) => any} later
 * @property {() => number} random
 * @property {() => void} on_change
 * @property {(message: Message, live: boolean) => void} on_message
 * @property {(missed: number) => void} on_caught_up
 * @property {(error: unknown) => void} report a mistake of ours, for the console
 *
 * @typedef {{id: string, since: number|null, quiet: boolean}} Asked quiet: the connection never
 *   broke, so that what comes is as new as if it had come by itself
 */
import { delay_ms } from './backoff.js';
import { damaged, Log, most_kept } from './log.js';
import { ask_history, subscribe } from './wire.js';

const recount_ms = 60_000;

/** @param {number} seq @param {Outcome} outcome @returns {Message} */
function to_message(seq, outcome) {
  if ('refused' in outcome) return { ...damaged(seq), refused: outcome.refused };
  const { header, content } = outcome;
  const { mid, from, time } = header;
  if (content.kind === 'text' && typeof content.body !== 'string') return damaged(seq);
  return { seq, mid, from, time, kind: content.kind, body: String(content.body ?? '') };
}

export class Room {
  log = new Log();
  /** Whether the newest page has been asked for and answered. */
  ready = false;
  /** @type {'idle'|'loading'|'failed'} */
  history = 'idle';
  /** Set when the log begins after a gap that history fills. */
  gap = false;
  /** Why the server will not let this room be read, if so. */
  refusal = '';
  page = 50;
  #ports;
  #tail = Promise.resolve();
  /** What is asked and not answered; all that comes before the answer will come again behind it.
   * @type {Asked|null} */
  #asked = null;
  /** The question whose answer we live on: it can still fail while it replays. @type {Asked|null} */
  #answered = null;
  #failures = 0;
  #recounted = false;
  /** @type {string|null} */
  #history_id = null;
  /** Requests for one event again. @type {Set<string>} */
  #reopening = new Set();
  /** @type {number|null} */
  #last_hole = null;
  /** Numbers up to here are replay, beyond it live. */
  #replay_to = 0;

  /** @param {RoomFacts} facts @param {RoomPorts} ports */
  constructor(facts, ports) {
    this.facts = facts;
    this.#ports = ports;
  }

  /** Whether older messages may be asked for without being told: all newer ones are here. */
  get settled() {
    return this.ready && this.history === 'idle' && (this.log.last ?? 0) >= this.#replay_to;
  }

  /** A connection stands: asks for all after what is here. */
  open() {
    this.#ask(false);
  }

  /** @param {boolean} quiet */
  #ask(quiet) {
    const since = this.ready ? this.log.claimed : null;
    const command = subscribe(this.facts.id, since);
    this.#asked = { id: command.id, since, quiet };
    this.#answered = null;
    this.#ports.send(command);
  }

  /** The connection is gone. */
  close() {
    this.#asked = this.#answered = null;
    this.#history_id = null;
    if (this.history === 'loading') this.history = 'idle';
    this.#reopening.clear();
  }

  /** Somebody new speaks, so the room has grown: asks how many are here, once a minute at most. */
  recount() {
    if (this.#recounted || this.#asked) return;
    this.#recounted = true;
    this.#ports.later(() => (this.#recounted = false), recount_ms);
    this.#ask(true);
  }

  /** @param {Frame} frame @returns {boolean} whether it was about this room */
  receive(frame) {
    if (frame.type === 'error') return this.#refused(frame);
    if (!('room' in frame) || frame.room !== this.facts.id) return false;
    if (frame.type === 'subscribed') this.#subscribed(frame);
    else if (frame.type === 'event') this.#event(frame);
    else if (frame.type === 'key') this.#ports.vault.keys([frame]);
    else if (frame.type === 'gap') this.#gap(frame);
    else if (frame.type === 'history') this.#older(frame);
    return true;
  }

  /** @param {import('./wire.js').Subscribed} frame */
  #subscribed({ id, last_seq, keys, members }) {
    if (id !== this.#asked?.id) return;
    const { since, quiet } = this.#asked;
    this.#answered = this.#asked;
    this.#asked = null;
    this.#failures = 0;
    this.#ports.vault.keys(keys);
    this.facts = { ...this.facts, members };
    this.refusal = '';
    if (since !== null && last_seq < since) return this.#start_over();
    this.ready = true;
    if (since === null || !quiet) this.#replay_to = last_seq;
    if (last_seq === 0) this.log.claimed = 0;
    if (since !== null && !quiet) this.#ports.on_caught_up(last_seq - since);
    this.#ports.on_change();
  }

  /** What is here is more than the server has: an older backup was put back. */
  #start_over() {
    this.log.drop();
    this.ready = false;
    this.gap = false;
    this.#last_hole = null;
    this.#ports.on_change();
    this.#ask(true);
  }

  /** @param {import('./wire.js').EventFrame} frame */
  #event({ seq, envelope }) {
    if (this.#asked) return;
    let place = this.log.claim(seq);
    if (place === 'hole' && this.#bridge(seq)) place = this.log.claim(seq);
    if (place === 'next') this.#take(seq, this.#opened(seq, envelope));
  }

  /**
   * Numbers are missing before `seq`: asks again from the last good one, and where that did not
   * help shows them as damaged.
   * @param {number} seq
   * @returns {boolean} whether `seq` is the next one now
   */
  #bridge(seq) {
    const { claimed } = this.log;
    if (this.#last_hole !== claimed) {
      this.#last_hole = claimed;
      this.#ask(true);
      return false;
    }
    if (seq - Number(claimed) > most_kept) this.#gap({ to: seq - 1 });
    for (let lost = Number(this.log.claimed) + 1; lost < seq; lost++) {
      this.log.claim(lost);
      this.#take(lost, Promise.resolve(damaged(lost)));
    }
    return true;
  }

  /** @param {{to: number}} frame */
  #gap({ to }) {
    if (this.#asked) return;
    this.log.drop(to);
    this.gap = true;
    this.#ports.on_change();
  }

  /** @param {number} seq @param {import('./wire.js').Envelope} envelope @returns {Promise<Message>} */
  async #opened(seq, envelope) {
    try {
      return to_message(seq, await this.#ports.vault.open(this.facts.id, seq, envelope));
    } catch {
      return to_message(seq, { refused: 'no_key' });
    }
  }

  /** Puts a claimed number into its place when all before it are. @param {number} seq @param {Promise<Message>} opening */
  #take(seq, opening) {
    const { generation } = this.log;
    const live = seq > this.#replay_to;
    this.#tail = this.#tail
      .then(() => opening)
      .then((message) => {
        if (generation !== this.log.generation) return;
        // One message that trips must not hold up all that follow.
        this.#try(() => {
          this.log.place(message);
          this.#ports.on_message(message, live);
        });
        this.#try(() => this.#ports.on_change());
      });
  }

  /** @param {() => void} task */
  #try(task) {
    try {
      task();
    } catch (error) {
      this.#ports.report(error);
    }
  }

  /** Asks for the page before the first message, unless that is under way. */
  load_older() {
    const { first, more } = this.log;
    if (first === null || !more || this.history === 'loading') return;
    const command = ask_history(this.facts.id, first, this.page);
    if (!this.#ports.send(command)) return;
    this.#history_id = command.id;
    this.history = 'loading';
    this.#ports.on_change();
  }

  /** Asks once more for a message whose key was missing. @param {number} seq */
  reopen(seq) {
    const command = ask_history(this.facts.id, seq + 1, 1);
    if (this.#ports.send(command)) this.#reopening.add(command.id);
  }

  /** @param {import('./wire.js').History} frame */
  async #older({ id, events, keys, more }) {
    const again = this.#reopening.delete(id);
    if (!again && id !== this.#history_id) return;
    const { generation } = this.log;
    this.#ports.vault.keys(keys);
    const messages = await Promise.all(events.map((e) => this.#opened(e.seq, e.envelope)));
    if (generation !== this.log.generation) return;
    if (again) messages.forEach((message) => this.log.replace(message));
    else {
      this.#history_id = null;
      this.history = this.log.prepend(messages, more) ? 'idle' : 'failed';
    }
    this.#ports.on_change();
  }

  /** @param {import('./wire.js').ErrorFrame} error @returns {boolean} */
  #refused({ id, text, retry, retry_ms }) {
    if (id === null) return false;
    if (id === this.#history_id) {
      this.#history_id = null;
      this.history = 'failed';
      this.#ports.on_change();
      return true;
    }
    if (this.#reopening.delete(id)) return true;
    const asked = this.#asked ?? this.#answered;
    if (id !== asked?.id) return false;
    this.#asked = asked;
    if (retry) this.#ask_again(asked, retry_ms ?? 0);
    else this.refusal = text;
    this.#ports.on_change();
    return true;
  }

  /** @param {Asked} asked @param {number} least_ms */
  #ask_again(asked, least_ms) {
    const wait_ms = least_ms + delay_ms(Math.min(this.#failures++, 2), this.#ports.random);
    // A new connection has asked anew in the meantime.
    this.#ports.later(() => this.#asked === asked && this.#ask(asked.quiet), wait_ms);
  }
}

/**
 * One room as this page follows it: subscribes, keeps the run of numbers whole. Pure.
 *
 * @typedef {import('./frames.js').Frame} Frame
 * @typedef {import('./frames.js').RoomFacts} RoomFacts
 * @typedef {import('./message.js').Message} Message
 * @typedef {import('./message.js').Outcome} Outcome
 * @typedef {object} RoomPorts
 * @property {(command: import('./frames.js').Command) => boolean} send
 * @property {{open: (room: string, seq: number, envelope: import('./frames.js').Envelope) => Promise<Outcome>,
 *   keys: (keys: import('./frames.js').WrappedKey[]) => Promise<void>}} vault
 * @property {(task: () => void, wait_ms: number) => any} later
 * @property {() => number} random
 * @property {() => void} on_change
 * @property {(message: Message, live: boolean) => void} on_message
 * @property {() => void} on_gone the server knows no such room of ours
 * @property {(missed: number) => void} on_caught_up
 * @property {(error: unknown) => void} report a mistake of ours, for the console
 *
 * @typedef {{id: string, since: number|null, quiet: boolean}} Asked quiet: the connection never
 *   broke, so that what comes is as new as if it had come by itself
 */
import { Annotations } from './annotations.js';
import { delay_ms } from './backoff.js';
import { Log, most_kept } from './log.js';
import { damaged, to_message } from './message.js';
import { Pages } from './pages.js';
import { reason_of } from './refusals.js';
import { subscribe } from './wire.js';

export class Room {
  log = new Log();
  annotations = new Annotations();
  /** Whether the subscription has been answered once. */
  ready = false;
  /** Set when the log begins after a gap that history fills. */
  gap = false;
  /** The newest epoch of the room's keys that was heard of; 0 before the first. */
  epoch = 0;
  /** Why the server will not let this room be read, if so. */
  refusal = '';
  pages;
  #ports;
  #tail = Promise.resolve();
  /** What is asked and not answered; all that comes before the answer will come again behind it.
   * @type {Asked|null} */
  #asked = null;
  /** The question whose answer we live on: it can still fail while it replays. @type {Asked|null} */
  #answered = null;
  #failures = 0;
  #forgotten = false;
  /** @type {number|null} */
  #last_hole = null;
  /** Numbers up to here are replay, beyond it live. */
  #replay_to = 0;

  /** @param {RoomFacts} facts @param {RoomPorts} ports */
  constructor(facts, ports) {
    this.facts = facts;
    this.#ports = ports;
    this.pages = new Pages({
      room: facts.id,
      send: ports.send,
      open: (seq, envelope) => this.#opened(seq, envelope),
      keys: (keys) => this.#keys(keys),
      log: this.log,
      later: ports.later,
      on_older: (older) => older.forEach((message) => this.#annotate(message)),
      on_change: ports.on_change,
    });
  }

  /** Whether older messages may be asked for without being told: all newer ones are here. */
  get settled() {
    const reached = this.log.last ?? this.log.claimed ?? 0;
    return this.ready && this.pages.state === 'idle' && reached >= this.#replay_to;
  }

  /** A connection stands: asks for all after what is here, and where nothing is, for the newest page. */
  open() {
    this.#ask(false);
  }

  /** A connection stands: hears what is new; what was said before is left to history. */
  watch() {
    const { last_seq, since_seq } = this.facts;
    if (Number(this.log.claimed) + this.pages.size < last_seq || this.log.claimed === null) {
      this.log.drop(last_seq);
      this.annotations = new Annotations();
      this.log.more = last_seq > since_seq;
    }
    this.#ask(false);
  }

  /** The reader came: the newest page is wanted, where nothing older than the watch is here. */
  look() {
    if (this.settled && this.log.first === null) this.pages.load();
  }

  /** @param {number} seq @returns {Message|null|undefined} null: not here yet; undefined: deleted */
  quoted(seq) {
    const gone = seq <= this.log.floor || this.annotations.deleted_by(seq) !== undefined;
    return gone ? undefined : this.pages.quoted(seq);
  }

  /** @param {boolean} quiet */
  #ask(quiet) {
    const since = this.log.claimed;
    const command = subscribe(this.facts.id, since);
    this.#asked = { id: command.id, since, quiet };
    this.#answered = null;
    this.#ports.send(command);
  }

  /** The connection is gone. */
  close() {
    this.#asked = this.#answered = null;
    this.pages.close();
  }

  /** The reader is no member any more: nothing of what was said stays here. */
  forget() {
    this.#forgotten = true;
    this.close();
    this.log.drop();
    this.annotations = new Annotations();
    this.ready = false;
  }

  /** @param {Frame} frame @returns {boolean} whether it was about this room */
  receive(frame) {
    if (this.#forgotten) return false;
    if (frame.type === 'error') return this.#refused(frame);
    if (!('room' in frame) || frame.room !== this.facts.id) return false;
    if (frame.type === 'subscribed') this.#subscribed(frame);
    else if (frame.type === 'event') this.#event(frame);
    else if (frame.type === 'key') this.#keys([frame]);
    else if (frame.type === 'gap') this.#gap(frame);
    else if (frame.type === 'history') this.pages.receive(frame);
    else if (frame.type === 'member') this.#count(frame.members);
    return true;
  }

  /** @param {import('./frames.js').Subscribed} frame */
  #subscribed({ id, last_seq, keys, members }) {
    if (id !== this.#asked?.id) return;
    const { since, quiet } = this.#asked;
    this.#answered = this.#asked;
    this.#asked = null;
    this.#failures = 0;
    this.#keys(keys);
    this.facts = { ...this.facts, members };
    this.refusal = '';
    if (since !== null && last_seq < since) return this.#start_over();
    this.ready = true;
    if (since === null || !quiet) this.#replay_to = last_seq;
    if (last_seq === 0 && since === null) this.log.drop(0);
    if (since !== null && !quiet) this.#ports.on_caught_up(last_seq - since);
    this.#ports.on_change();
  }

  /** @param {import('./frames.js').WrappedKey[]} keys */
  #keys(keys) {
    const epochs = keys.map(({ kid }) => Number(kid.slice(kid.lastIndexOf('.') + 1)));
    this.epoch = Math.max(this.epoch, ...epochs);
    this.#ports.vault.keys(keys);
  }

  /** @param {number} members */
  #count(members) {
    this.facts = { ...this.facts, members };
    this.#ports.on_change();
  }

  /** What is here is more than the server has: an older backup was put back. */
  #start_over() {
    this.log.drop();
    this.annotations = new Annotations();
    this.ready = false;
    this.gap = false;
    this.#last_hole = null;
    this.#ports.on_change();
    this.#ask(true);
  }

  /** @param {import('./frames.js').EventFrame} frame */
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
    this.annotations = new Annotations();
    this.gap = true;
    this.#ports.on_change();
  }

  /** @param {number} seq @param {import('./frames.js').Envelope} envelope @returns {Promise<Message>} */
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
          const { first } = this.log;
          this.log.place(message);
          this.#annotate(message);
          if (first !== null && Number(this.log.first) > first)
            this.annotations.trim(Number(this.log.first));
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

  /** @param {Message} message */
  #annotate(message) {
    if (message.kind === 'expired') this.#expire(Number(message.about?.up_to), message.seq);
    // A page that was read before the deletion may come behind it.
    if (this.annotations.deleted_by(message.seq) !== undefined) this.log.erase(message.seq);
    for (const seq of this.annotations.add(message)) {
      this.log.erase(seq);
      this.pages.forget(seq);
    }
  }

  /** What is older than the room keeps is gone. @param {number} seq the last of it @param {number} before */
  #expire(seq, before) {
    if (!(seq < before)) return;
    this.log.raise(seq);
    this.annotations.trim(seq + 1);
    this.pages.forget_to(seq);
  }

  /** @param {import('./frames.js').ErrorFrame} error @returns {boolean} */
  #refused(error) {
    const { id, code, retry, retry_ms } = error;
    if (id === null) return false;
    if (this.pages.refused(id, retry, retry_ms)) return true;
    const asked = this.#asked ?? this.#answered;
    if (id !== asked?.id) return false;
    this.#asked = asked;
    if (retry) this.#ask_again(asked, retry_ms ?? 0);
    else if (code === 'not_a_member') this.#ports.on_gone();
    else this.refusal = reason_of(error);
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

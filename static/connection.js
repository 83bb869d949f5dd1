/**
 * One lasting connection to `/ws` out of many short ones: connects, greets, comes back.
 *
 * All that touches the world is handed in as `Surroundings`, so that tests own time and sockets.
 *
 * @typedef {import('./frames.js').Frame} Frame
 * @typedef {import('./frames.js').Command} Command
 * @typedef {import('./frames.js').Welcome} Welcome
 * @typedef {{send: (text: string) => void, close: (code?: number) => void,
 *   readyState: number, onopen: any, onmessage: any, onclose: any, onerror: any}} Socket
 * @typedef {object} Surroundings
 * @property {() => Socket} open
 * @property {() => Promise<{status: number, retry_after_ms: number|null}>} session asks `GET /session`
 * @property {() => Promise<{key: string, nonce: string}>} offer our half of a fresh channel key
 * @property {(welcome: Welcome) => Promise<void>} agree takes the server's half
 * @property {() => number} now milliseconds
 * @property {(task: () => void, wait_ms: number) => any} later
 * @property {(timer: any) => void} cancel
 * @property {() => number} random
 * @property {() => boolean} offline true while connecting is pointless
 * @property {() => boolean} hidden true while nobody looks at the page
 *
 * @typedef {{name: 'idle'}
 *   | {name: 'connecting', since_ms: number, again: boolean, asking?: boolean}
 *   | {name: 'open', again: boolean}
 *   | {name: 'waiting', until_ms: number, reason: 'lost'|'restarting'|'busy'}
 *   | {name: 'offline'}
 *   | {name: 'ended'}
 *   | {name: 'stopped', text: string}} State
 */
import { delay_ms } from './backoff.js';
import { Pulse } from './pulse.js';
import { reason_of } from './refusals.js';
import { ask_people, hello, parse } from './wire.js';

export const welcome_timeout_ms = 10_000;
/** A connection that lasted so long counts as a success, and the waits start small again. */
const settled_ms = 5_000;
const socket_open = 1;
const session_ended = 4401;
/** What the server or Autobahn says when it could not read our frames: trying again is no use. */
const not_understood = new Set([4400, 1002, 1007, 1009]);
/** Silence after these says nothing about the other end. */
const unanswered = new Set(['read', 'typing', 'unsubscribe']);
const restarting = 1012;
const flooding = 4429;

export class Connection {
  /** @type {State} */
  state = { name: 'idle' };
  #around;
  #listener;
  /** @type {Socket|null} */
  #socket = null;
  #failures = 0;
  #welcomed = false;
  #welcomed_before = false;
  #welcomed_at_ms = 0;
  /** @type {number|null} */
  #retry_ms = null;
  /** Why the server refused us, told before it closes. */
  #refusal = '';
  /** @type {any} */
  #timer = null;
  #pulse;
  #me = '';
  /** The question that shows whether anybody is there; its answer is nobody else's. */
  #probe_id = '';

  /**
   * @param {Surroundings} around
   * @param {{on_state: (state: State) => void, on_welcome: (welcome: Welcome) => void,
   *   on_frame: (frame: Frame) => void, on_complaint: (text: string) => void}} listener
   *   a complaint is what the server has against us without naming a command
   */
  constructor(around, listener) {
    this.#around = around;
    this.#listener = listener;
    const { later, cancel, hidden } = around;
    const ask = () => this.#probe();
    this.#pulse = new Pulse({ later, cancel, hidden, ask, on_silence: () => this.#lose() });
  }

  /** Connects, unless that is happening already or can do no good any more. */
  start() {
    const { state } = this;
    // A question that hangs must not stand in the way of another try.
    const asking = state.name === 'connecting' && state.asking;
    if (asking || ['idle', 'waiting', 'offline'].includes(state.name)) this.#connect();
  }

  /** The page may have slept, or the network changed: a socket that looks open is put to the test. */
  wake() {
    if (this.state.name === 'open') this.#pulse.check();
    else this.start();
  }

  /** Ends it for good, as before leaving the page. */
  stop() {
    this.#drop();
    this.#enter({ name: 'idle' });
  }

  /** The network went away: nothing is tried until `start`. */
  pause() {
    if (!['connecting', 'open', 'waiting'].includes(this.state.name)) return;
    this.#drop();
    this.#enter({ name: 'offline' });
  }

  /**
   * @param {Command} command
   * @returns {boolean} false when there is no open connection; nothing is queued here
   */
  send(command) {
    if (this.state.name !== 'open' || this.#socket?.readyState !== socket_open) return false;
    this.#socket.send(JSON.stringify(command));
    if (!unanswered.has(command.type)) this.#pulse.sent();
    return true;
  }

  /** Sends the cheapest command that must be answered. */
  #probe() {
    const command = ask_people([this.#me]);
    this.#probe_id = command.id;
    this.send(command);
  }

  /** @param {State} state */
  #enter(state) {
    this.state = state;
    this.#listener.on_state(state);
  }

  #connect() {
    this.#drop();
    if (this.#around.offline()) return this.#enter({ name: 'offline' });
    const { now, later } = this.#around;
    this.#enter({ name: 'connecting', since_ms: now(), again: this.#welcomed_before });
    this.#timer = later(() => this.#lose(), welcome_timeout_ms);
    const socket = this.#around.open();
    this.#socket = socket;
    let opened = false;
    /** @param {(event: any) => unknown} act */
    const current = (act) => (/** @type {any} */ event) => this.#socket === socket && act(event);
    socket.onopen = current(() => {
      opened = true;
      this.#greet(socket);
    });
    socket.onmessage = current((event) => this.#receive(event.data, socket));
    socket.onclose = current((event) => this.#closed(event.code, opened));
  }

  /** @param {Socket} socket */
  async #greet(socket) {
    try {
      const half = await this.#around.offer();
      if (this.#socket === socket) socket.send(JSON.stringify(hello(half)));
    } catch (error) {
      if (this.#socket === socket) this.#give_up(String(error));
    }
  }

  /** @param {unknown} text @param {Socket} socket */
  #receive(text, socket) {
    this.#pulse.heard();
    const frame = parse(text);
    if (!frame || ('id' in frame && frame.id === this.#probe_id)) return;
    if (frame.type === 'goodbye') this.#retry_ms = frame.retry_ms ?? 0;
    else if (frame.type === 'welcome') this.#welcome(frame, socket);
    else if (frame.type === 'error' && frame.code === 'bad_frame') this.#refusal = frame.text;
    else if (frame.type === 'error' && frame.id === null)
      this.#listener.on_complaint(reason_of(frame));
    else if (this.#welcomed) this.#listener.on_frame(frame);
  }

  /** @param {Welcome} welcome @param {Socket} socket */
  async #welcome(welcome, socket) {
    try {
      await this.#around.agree(welcome);
    } catch {
      return this.#socket === socket && this.#lose();
    }
    if (this.#socket !== socket) return undefined;
    this.#around.cancel(this.#timer);
    this.#welcomed = true;
    this.#welcomed_at_ms = this.#around.now();
    this.#me = welcome.user.id;
    const again = this.#welcomed_before;
    this.#welcomed_before = true;
    this.#enter({ name: 'open', again });
    return this.#listener.on_welcome(welcome);
  }

  /** @param {number} code @param {boolean} opened */
  #closed(code, opened) {
    const goodbye_ms = this.#retry_ms;
    this.#forget_failures();
    this.#drop();
    if (code === session_ended) return this.#enter({ name: 'ended' });
    if (not_understood.has(code)) return this.#give_up(this.#refusal);
    if (!opened) return this.#ask_session();
    const least_ms = goodbye_ms ?? (code === flooding ? 5000 : 0);
    const leaving = goodbye_ms !== null || code === restarting;
    return this.#wait(least_ms, leaving ? 'restarting' : 'lost');
  }

  /** A browser cannot tell why an upgrade was refused, so the page asks. */
  async #ask_session() {
    const again = this.#welcomed_before;
    this.#enter({ name: 'connecting', since_ms: this.#around.now(), again, asking: true });
    const mine = this.state;
    const answer = await this.#around.session().catch(() => ({ status: 0, retry_after_ms: null }));
    if (this.state !== mine) return;
    if (answer.status === 401) this.#enter({ name: 'ended' });
    else this.#wait(answer.retry_after_ms ?? 0, answer.status === 503 ? 'busy' : 'lost');
  }

  /** Waits with full jitter, at least `least_ms`. @param {number} least_ms @param {'lost'|'restarting'|'busy'} reason */
  #wait(least_ms, reason) {
    if (this.#around.offline()) return this.#enter({ name: 'offline' });
    const wait_ms = least_ms + delay_ms(this.#failures++, this.#around.random);
    this.#timer = this.#around.later(() => this.#connect(), wait_ms);
    return this.#enter({ name: 'waiting', until_ms: this.#around.now() + wait_ms, reason });
  }

  /** The socket is dead or mute: leave it and come back. */
  #lose() {
    this.#forget_failures();
    this.#drop();
    this.#wait(0, 'lost');
  }

  #forget_failures() {
    const lasted_ms = this.#around.now() - this.#welcomed_at_ms;
    if (this.#welcomed && lasted_ms >= settled_ms) this.#failures = 0;
  }

  /** @param {string} text */
  #give_up(text) {
    this.#drop();
    this.#enter({ name: 'stopped', text });
  }

  #drop() {
    this.#around.cancel(this.#timer);
    this.#pulse.stop();
    const socket = this.#socket;
    this.#timer = this.#socket = this.#retry_ms = null;
    this.#welcomed = false;
    socket?.close();
  }
}

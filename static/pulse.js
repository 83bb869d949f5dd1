/**
 * Whether the other end is still there. A socket whose network has vanished stays "open" for
 * hours, and a page sees none of the server's pings: so silence is met with a question, and a
 * question without an answer is an end. Pure.
 *
 * @typedef {object} PulsePorts
 * @property {() => void} ask sends something that must be answered
 * @property {() => void} on_silence nothing came in time
 * @property {(task: () => void, wait_ms: number) => any} later
 * @property {(timer: any) => void} cancel
 * @property {() => boolean} hidden nobody looks at the page
 */

/** Every command is answered; silence for so long after one means that the socket is dead. */
export const silence_timeout_ms = 15_000;
/** So long without any frame, and the other end is asked. */
export const idle_ms = 45_000;
/** The same while nobody looks: a radio that wakes costs more than a late notice. */
export const hidden_idle_ms = 300_000;

export class Pulse {
  #ports;
  /** @type {any} */
  #deadline = null;
  /** @type {any} */
  #beat = null;

  /** @param {PulsePorts} ports */
  constructor(ports) {
    this.#ports = ports;
  }

  /** A frame came, of whatever kind. */
  heard() {
    this.#ports.cancel(this.#deadline);
    this.#deadline = null;
    this.#rest(idle_ms);
  }

  /** A command went out: an answer is due. */
  sent() {
    this.#deadline ??= this.#ports.later(this.#ports.on_silence, silence_timeout_ms);
  }

  /** Asks now, as when the page may have slept, unless an answer is due already. */
  check() {
    if (this.#deadline === null) this.#ports.ask();
  }

  /** The socket is gone. */
  stop() {
    this.#ports.cancel(this.#deadline);
    this.#ports.cancel(this.#beat);
    this.#deadline = this.#beat = null;
  }

  /** Timers alone, no clock: a clock that is set back must not stop the questions. @param {number} wait_ms */
  #rest(wait_ms) {
    this.#ports.cancel(this.#beat);
    this.#beat = this.#ports.later(() => {
      if (this.#ports.hidden() && wait_ms === idle_ms) return this.#rest(hidden_idle_ms - idle_ms);
      this.#rest(idle_ms);
      return this.check();
    }, wait_ms);
  }
}

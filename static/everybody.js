/** Everybody on this server, read when somebody is looked for. Pure. */
import { everybody, Members } from './members.js';

const stale_ms = 60_000;

export class Everybody {
  #members;
  #now;
  #read_ms = -Infinity;
  #ports;

  /**
   * @param {object} ports
   * @param {(command: any) => Promise<any>} ports.send
   * @param {() => number} ports.now
   * @param {(people: import('./frames.js').Person[]) => void} ports.on_change more are known now
   */
  constructor(ports) {
    this.#ports = ports;
    this.#now = ports.now;
    this.#members = new Members(everybody, ports.send);
  }

  /** Those known until now. @returns {import('./frames.js').Member[]} */
  get list() {
    return this.#members.list;
  }

  /** Reads the list, unless it was read just now; what cannot be had is asked for the next time. */
  async read() {
    const now_ms = this.#now();
    if (now_ms - this.#read_ms < stale_ms) return;
    this.#read_ms = now_ms;
    try {
      await this.#members.load_all(() => this.#ports.on_change(this.list));
    } catch {
      // No connection, or too many questions: rooms are found without it.
      this.#read_ms = -Infinity;
    }
  }
}

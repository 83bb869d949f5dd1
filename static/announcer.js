/**
 * Says to screen readers what arrived: at most one sentence a second, so that a busy room stays
 * bearable. Pure: where it is said is handed in.
 */
const pause_ms = 1000;
const longest = 200;

export class Announcer {
  /** @type {string[]} */
  #waiting = [];
  /** @type {any} */
  #timer = null;
  #say;
  #later;

  /**
   * @param {(text: string) => void} say
   * @param {(task: () => void, wait_ms: number) => any} later
   */
  constructor(say, later) {
    this.#say = say;
    this.#later = later;
  }

  /** @param {string} author @param {string} body */
  message(author, body) {
    const text = `${author}: ${body}`;
    this.#waiting.push(text.length > longest ? `${text.slice(0, longest)} …` : text);
    if (this.#timer === null) this.#timer = this.#later(() => this.#flush(), pause_ms);
  }

  /** Said at once: a change that the reader caused or must know. @param {string} text */
  now(text) {
    this.#say(text);
  }

  #flush() {
    this.#timer = null;
    const [first, ...others] = this.#waiting.splice(0);
    this.#say(others.length ? `${others.length + 1} new messages` : first);
  }
}

/** Does many things one after the other, so that the server's limits are never met. Pure. */
const at_once = 30;
const pause_ms = 200;

/** @template T */
export class Pace {
  /** @type {T[]} */
  #waiting = [];
  #turn = 0;
  #act;
  #later;

  /**
   * @param {(thing: T) => void} act
   * @param {(task: () => void, wait_ms: number) => any} later
   */
  constructor(act, later) {
    this.#act = act;
    this.#later = later;
  }

  /** These instead of what is left of others: the first at once, the rest one by one. @param {T[]} things */
  begin(things) {
    this.#waiting = things.slice(at_once);
    const turn = ++this.#turn;
    things.slice(0, at_once).forEach(this.#act);
    if (this.#waiting.length) this.#later(() => this.#next(turn), pause_ms);
  }

  /** @param {number} turn */
  #next(turn) {
    if (turn !== this.#turn) return;
    const [first, ...rest] = this.#waiting;
    this.#waiting = rest;
    if (rest.length) this.#later(() => this.#next(turn), pause_ms);
    if (first !== undefined) this.#act(first);
  }

  /** Does it now, if it waits. @param {T} thing @returns {boolean} whether it waited */
  hurry(thing) {
    if (!this.#waiting.includes(thing)) return false;
    this.#waiting = this.#waiting.filter((one) => one !== thing);
    this.#act(thing);
    return true;
  }
}

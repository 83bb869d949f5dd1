import './webcrypto.js';

/** Time that moves only when told. */
export class Clock {
  now_ms = 0;
  #timers = new Map();
  #next = 1;

  now = () => this.now_ms;
  later = (task, wait_ms) => {
    this.#timers.set(this.#next, { task, due_ms: this.now_ms + wait_ms });
    return this.#next++;
  };
  cancel = (timer) => this.#timers.delete(timer);

  /** Moves on, running what falls due, with room for promises between. */
  async advance(ms) {
    const end_ms = this.now_ms + ms;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter(([, { due_ms }]) => due_ms <= end_ms);
      if (!due.length) break;
      due.sort((a, b) => a[1].due_ms - b[1].due_ms);
      const [id, { task, due_ms }] = due[0];
      this.#timers.delete(id);
      this.now_ms = Math.max(this.now_ms, due_ms);
      task();
      await settle();
    }
    this.now_ms = end_ms;
  }
}

/** Lets promises run. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

/** The browser's end of a socket whose server is the test. */
export class FakeSocket {
  sent = [];
  closed = false;
  readyState = 1;
  onopen = null;
  onmessage = null;
  onclose = null;
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.closed = true;
  }
  open() {
    this.onopen?.({});
  }
  say(frame) {
    this.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) });
  }
  end(code) {
    this.onclose?.({ code });
  }
}

/** A shelf in memory, as sessionStorage. */
export class FakeShelf {
  kept = new Map();
  getItem = (key) => this.kept.get(key) ?? null;
  setItem = (key, value) => this.kept.set(key, value);
  removeItem = (key) => this.kept.delete(key);
}

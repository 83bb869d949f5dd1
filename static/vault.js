/**
 * The page's side of the envelope worker: asks it to agree on keys and to open envelopes.
 *
 * @typedef {import('./envelope.js').Header} Header
 * @typedef {import('./envelope.js').Cause} Cause
 * @typedef {{header: Header, content: {kind: string, [field: string]: unknown}}} Opened
 * @typedef {{refused: Cause}} NotOpened
 * @typedef {Pick<Worker, 'postMessage'|'addEventListener'>} Port
 */

export class Vault {
  #next = 1;
  /** @type {Map<number, {resolve: (value: any) => void, reject: (reason: Error) => void}>} */
  #waiting = new Map();
  #port;
  #failed = false;

  /**
   * @param {Port} worker
   * @param {() => void} on_failure the worker cannot run here: no WebCrypto, or it did not load
   */
  constructor(worker, on_failure) {
    this.#port = worker;
    worker.addEventListener('message', ({ data }) => {
      if ('ready' in data) return data.ready || this.#fail(on_failure);
      const asked = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if ('error' in data) asked?.reject(new Error(data.error));
      else asked?.resolve(data.value);
    });
    worker.addEventListener('error', () => this.#fail(on_failure));
  }

  /** @param {() => void} on_failure */
  #fail(on_failure) {
    if (this.#failed) return;
    this.#failed = true;
    for (const { reject } of this.#waiting.values()) reject(new Error('the worker failed'));
    this.#waiting.clear();
    on_failure();
  }

  /** @param {object} request @returns {Promise<any>} */
  #ask(request) {
    if (this.#failed) return Promise.reject(new Error('the worker failed'));
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#port.postMessage({ id, ...request });
    });
  }

  /** @returns {Promise<{key: string, nonce: string}>} */
  offer() {
    return this.#ask({ op: 'offer' });
  }

  /** @param {{key: string, nonce: string}} answer @returns {Promise<void>} */
  agree({ key, nonce }) {
    return this.#ask({ op: 'agree', key, nonce });
  }

  /** @param {import('./frames.js').WrappedKey[]} keys @returns {Promise<void>} */
  keys(keys) {
    return this.#ask({ op: 'keys', keys });
  }

  /**
   * @param {string} room
   * @param {number} seq
   * @param {import('./frames.js').Envelope} envelope
   * @returns {Promise<Opened|NotOpened>}
   */
  open(room, seq, envelope) {
    return this.#ask({ op: 'open', room, seq, envelope });
  }

  /** Drops the room's keys. @param {string} room @returns {Promise<void>} */
  forget(room) {
    return this.#ask({ op: 'forget', room });
  }
}

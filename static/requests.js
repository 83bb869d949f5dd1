/**
 * Commands that wait for an answer of their own. One whose connection broke is sent again under
 * its id on the next, so that it is done once. Pure.
 *
 * @typedef {import('./frames.js').Command & {id: string}} Asked
 */
import { reason_of } from './refusals.js';
import { t } from './texts.js';

/** What the server, or the lack of one, says no with; the message is a sentence for people. */
export class Refusal extends Error {
  /** @param {string} code @param {string} text */
  constructor(code, text) {
    super(text);
    this.code = code;
  }
}

export class Requests {
  #send;
  /** @type {Map<string, {command: Asked, resolve: (frame: any) => void, reject: (error: Refusal) => void}>} */
  #waiting = new Map();

  /** @param {(command: Asked) => boolean} send false: no connection */
  constructor(send) {
    this.#send = send;
  }

  /** @param {Asked} command @returns {Promise<any>} the frame that answers; rejects with Refusal */
  ask(command) {
    if (!this.#send(command)) return Promise.reject(new Refusal('offline', t('error.offline')));
    return new Promise((resolve, reject) =>
      this.#waiting.set(command.id, { command, resolve, reject }),
    );
  }

  /** @param {import('./frames.js').Frame} frame @returns {boolean} whether it answers one of these */
  receive(frame) {
    if (!('id' in frame) || frame.id === null) return false;
    const asked = this.#waiting.get(frame.id);
    if (!asked) return false;
    this.#waiting.delete(frame.id);
    if (frame.type === 'error') asked.reject(new Refusal(frame.code, reason_of(frame)));
    else asked.resolve(frame);
    return true;
  }

  /** A new connection: what has no answer is asked again. */
  open() {
    for (const { command } of this.#waiting.values()) this.#send(command);
  }
}

/**
 * Says to screen readers what arrived: at most one sentence a second, so that a busy room stays
 * bearable. Pure: where it is said is handed in.
 */
import { t } from './texts.js';
import { plain } from './words.view.js';

/** @typedef {{author: string, body: string, key: string}} Said */

const pause_ms = 1000;
const longest = 200;

export class Announcer {
  /** @type {Said[]} */
  #waiting = [];
  /** The message whose words were said last. */
  #said = '';
  /** @type {any} */
  #timer = null;
  #say;
  #later;
  #name_of;

  /**
   * @param {(text: string) => void} say
   * @param {(task: () => void, wait_ms: number) => any} later
   * @param {(author: string) => string} [name_of] asked when it is said: names may come later
   */
  constructor(say, later, name_of = (author) => author) {
    this.#say = say;
    this.#later = later;
    this.#name_of = name_of;
  }

  /** @param {string} author as `name_of` knows them @param {string} body @param {string} [key] names the message */
  message(author, body, key = '') {
    this.#waiting.push({ author, body, key });
    if (this.#timer === null) this.#timer = this.#later(() => this.#flush(), pause_ms);
  }

  /** Said at once: a change that the reader caused or must know. @param {string} text */
  now(text) {
    this.#said = '';
    this.#say(text);
  }

  /** What was said may be no longer: a room is gone. */
  silence() {
    this.#waiting = [];
    this.now('');
  }

  /** A message was deleted: its words are said no more. @param {string} key */
  forget(key) {
    this.#waiting = this.#waiting.filter((one) => one.key !== key);
    if (this.#said === key) this.now('');
  }

  #flush() {
    this.#timer = null;
    const [first, ...others] = this.#waiting.splice(0);
    if (!first) return;
    this.#said = others.length ? '' : first.key;
    const n = others.length + 1;
    this.#say(n > 1 ? t('timeline.new_messages', { n }) : this.#sentence(first));
  }

  /** @param {Said} message */
  #sentence({ author, body }) {
    const text = `${this.#name_of(author)}: ${plain(body)}`;
    return text.length > longest ? `${text.slice(0, longest)} …` : text;
  }
}

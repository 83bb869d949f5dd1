/**
 * Help with writing, each loaded when it is first wanted: suggestions while one types, and the
 * picker of emoji.
 *
 * @typedef {object} WritingPorts
 * @property {() => import('./frames.js').RoomFacts|undefined} room that is open
 * @property {(command: any) => Promise<any>} ask
 * @property {string} me user id
 */
import { late, part } from './late.js';
import { element } from './nodes.js';
import { t } from './texts.js';

export class Writing {
  #ports;
  /** @type {HTMLTextAreaElement} */
  #text = element('composer-text');

  /** @param {WritingPorts} ports */
  constructor(ports) {
    this.#ports = ports;
    const first = (/** @type {Event} */ event) => {
      if (!/[:@]/.test(this.#text.value)) return;
      this.#text.removeEventListener('input', first);
      this.#suggest(/** @type {InputEvent} */ (event)).catch((error) => {
        // The next key tries again.
        this.#text.addEventListener('input', first);
        reportError(error);
      });
    };
    this.#text.addEventListener('input', first);
    element('composer-emoji').addEventListener('click', () => this.#choose());
  }

  /** @param {InputEvent} event that asked for it */
  async #suggest(event) {
    const [{ Suggestions }, { Roommates }] = await part(() =>
      Promise.all([import('./suggest.view.js'), import('./roommates.js')]),
    );
    const { room, ask, me } = this.#ports;
    const roommates = new Roommates(room, ask);
    new Suggestions({ members: () => roommates.list(), me }).typed(event);
  }

  #choose() {
    late(
      () => Promise.all([import('./emoji.dialog.js'), import('./suggest.view.js')]),
      ([{ open_emoji }, { put }]) =>
        open_emoji(t('emoji.choose'), (emoji) => put(this.#text, this.#text.selectionStart, emoji)),
    );
  }
}

/** Draws the connection banner, and counts down while a next try is due. */
import { words } from './banner.js';

export class BannerView {
  #element;
  #text;
  #actions;
  #announce;
  #said = '';
  /** @type {import('./connection.js').State} */
  #state = { name: 'idle' };
  /** @type {{missed: number, until_ms: number}|null} */
  #caught_up = null;
  /** @type {{text: string, until_ms: number}|null} */
  #complaint = null;
  #outdated = false;

  /**
   * @param {HTMLElement} element holds `.banner-text` and one `[data-action]` a possible action
   * @param {{on_retry: () => void, on_reload: () => void, announce: (text: string) => void}} ports
   */
  constructor(element, { on_retry, on_reload, announce }) {
    this.#element = element;
    this.#announce = announce;
    this.#text = /** @type {HTMLElement} */ (element.querySelector('.banner-text'));
    this.#actions = /** @type {NodeListOf<HTMLElement>} */ (
      element.querySelectorAll('[data-action]')
    );
    element.querySelector('[data-action=retry]')?.addEventListener('click', on_retry);
    element.querySelector('[data-action=reload]')?.addEventListener('click', on_reload);
    setInterval(() => this.#draw(), 500);
  }

  /** @param {import('./connection.js').State} state */
  show(state) {
    this.#state = state;
    if (state.name !== 'open') this.#caught_up = null;
    this.#draw();
  }

  /** @param {number} missed @param {number} for_ms */
  caught_up(missed, for_ms) {
    this.#caught_up = { missed, until_ms: Date.now() + for_ms };
    this.#draw();
  }

  /** @param {string} text @param {number} for_ms */
  complain(text, for_ms) {
    this.#complaint = { text, until_ms: Date.now() + for_ms };
    this.#draw();
  }

  /** Whether the server has a newer page than this. @param {boolean} is */
  outdated(is) {
    this.#outdated = is;
    this.#draw();
  }

  #draw() {
    const now = Date.now();
    const said = words(this.#state, now, this.#caught_up, this.#complaint, this.#outdated);
    this.#element.hidden = !said;
    if (!said) {
      this.#said = '';
      return;
    }
    if (this.#text.textContent !== said.text) this.#text.textContent = said.text;
    this.#element.dataset.tone = said.tone;
    for (const action of this.#actions) action.hidden = action.dataset.action !== said.action;
    // The countdown must not be read out every second, only what changed in kind.
    const { lasting = said.text } = said;
    if (lasting !== this.#said) this.#announce(lasting);
    this.#said = lasting;
  }
}

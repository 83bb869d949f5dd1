/** Which parts of the page are in sight: rooms (a view of its own when narrow) and details. */
import { element } from './nodes.js';

const wide = matchMedia('(min-width: 960px)');
const shelf_key = 'securechat.details';

export class Panes {
  #on_details;

  /**
   * @param {{on_details: (open: boolean, asked: boolean) => Promise<unknown>}} ports the panel may
   *   have to load, at once where somebody asked for it
   */
  constructor({ on_details }) {
    this.#on_details = on_details;
    element('rooms-show').hidden = false;
    element('rooms-show').addEventListener('click', () => {
      this.rooms(true);
      element('rooms-back').focus();
    });
    element('rooms-back').addEventListener('click', () => {
      this.rooms(false);
      element('rooms-show').focus();
    });
    document.querySelector('nav')?.addEventListener('keydown', ({ key, defaultPrevented }) => {
      const narrow = element('rooms-back').offsetParent !== null;
      if (key === 'Escape' && narrow && !defaultPrevented) element('rooms-back').click();
    });
    const button = element('details-show');
    button.addEventListener('click', () => {
      const open = element('details').hidden;
      this.details(open);
      this.#keep(open);
      if (open && !wide.matches) element('details-close').focus();
    });
    element('security-show').addEventListener('click', async () => {
      await this.details(true);
      element('details-security').focus();
    });
    element('details').addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
      if (event.key === 'Escape' && !wide.matches) this.details(false);
    });
    // Beside the timeline it is there from the start, over it only when asked for.
    wide.addEventListener('change', () => this.#fit());
  }

  /** Whether there is a room that has details. @param {boolean} is */
  room(is) {
    const button = element('details-show');
    if (button.hidden === !is) return;
    button.hidden = !is;
    element('security-show').disabled = !is;
    this.#fit();
  }

  #fit() {
    this.details(!element('details-show').hidden && wide.matches && this.#kept(), false);
  }

  /** @param {boolean} open */
  rooms(open) {
    document.body.classList.toggle('rooms-open', open);
  }

  /** @param {boolean} open @param {boolean} [asked] @returns {Promise<unknown>} when it is drawn */
  details(open, asked = true) {
    const had_focus = element('details').contains(document.activeElement);
    document.body.classList.toggle('details-open', open);
    element('details-show').setAttribute('aria-expanded', String(open));
    const drawn = this.#on_details(open, asked);
    if (!open && had_focus) element('details-show').focus();
    return drawn;
  }

  /** @param {boolean} open */
  #keep(open) {
    try {
      localStorage.setItem(shelf_key, open ? '' : 'closed');
    } catch {
      // A forbidden storage: the next page begins as ever.
    }
  }

  #kept() {
    try {
      return localStorage.getItem(shelf_key) !== 'closed';
    } catch {
      return true;
    }
  }
}

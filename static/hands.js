/**
 * What keys and pointers do in the timeline is loaded when the first of them comes there, or the
 * page has come to rest.
 *
 * @typedef {import('./reach.js').Reach} Reach
 */
import { late, part } from './late.js';
import { at_rest } from './rest.js';

const load = () => import('./reach.js');
const begins = ['focusin', 'keydown', 'pointerdown', 'pointerover'];

export class Hands {
  /** @type {Reach|null} */
  #reach = null;
  #make;
  #area;
  #waits = new AbortController();

  /** @param {HTMLElement} area @param {(part: typeof import('./reach.js')) => Reach} make */
  constructor(area, make) {
    this.#make = make;
    this.#area = area;
    const { signal } = this.#waits;
    for (const type of begins)
      area.addEventListener(type, (event) => this.#first(event), { signal });
    // Where that fails, whoever comes first is told.
    at_rest(() => part(load).then((loaded) => this.#take(loaded))).catch(() => {});
  }

  /** The list was drawn. @param {boolean} following */
  settle(following) {
    this.#reach?.settle(following);
  }

  /** @param {typeof import('./reach.js')} loaded */
  #take(loaded) {
    if (this.#reach) return;
    this.#waits.abort();
    this.#reach = this.#make(loaded);
  }

  /** @param {Event} event it comes once more when there is somebody to take it */
  #first(event) {
    const { target, type } = event;
    /** @param {typeof import('./reach.js')} loaded */
    const use = (loaded) => {
      this.#take(loaded);
      const { defaultPrevented } = event;
      // Rows are drawn anew, and the focus goes along.
      const gone = !this.#area.contains(/** @type {Node} */ (target));
      const at = /** @type {Element} */ (gone ? document.activeElement : target);
      // A finger may have been lifted by now.
      if (type === 'pointerdown' || defaultPrevented || !this.#area.contains(at)) return undefined;
      if (at === this.#area && type === 'focusin') return this.#to_row();
      const Again = /** @type {new (type: string, from: Event) => Event} */ (event.constructor);
      return at.dispatchEvent(new Again(type, event));
    };
    if (type === 'keydown') late(load, use);
    // Nobody asked for anything yet.
    else part(load).then(use, () => {});
  }

  /** Who came by Tab comes to a message, now that one of them takes it. */
  #to_row() {
    if (document.activeElement !== this.#area) return;
    const row = /** @type {HTMLElement|null} */ (this.#area.querySelector('li[tabindex="0"]'));
    row?.focus({ preventScroll: true });
  }
}

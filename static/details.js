/**
 * The details panel; what draws it is loaded when somebody opens it, or the page has come to rest.
 *
 * @typedef {import('./details.view.js').DetailsView} DetailsView
 * @typedef {import('./frames.js').RoomFacts} RoomFacts
 */
import { late } from './late.js';
import { element } from './nodes.js';
import { at_rest } from './rest.js';

export class Details {
  #ports;
  /** @type {DetailsView|null} */
  #view = null;
  /** @type {RoomFacts|null} */
  #room = null;
  #epoch = 0;
  #wanted = false;

  /** @param {import('./details.view.js').Ports} ports */
  constructor(ports) {
    this.#ports = ports;
    element('details-close').addEventListener('click', () => ports.on_close());
  }

  /**
   * @param {boolean} open as wanted last, once it is loaded
   * @param {boolean} [asked] by somebody who waits for it
   */
  async open(open, asked = true) {
    this.#wanted = open;
    // Its place is there at once: nothing moves when what fills it comes.
    if (!this.#view) element('details').hidden = !open;
    if (open && !asked) await at_rest();
    if (this.#wanted && !this.#view)
      await late(
        () => import('./details.view.js'),
        ({ DetailsView }) => (this.#view ??= new DetailsView(this.#ports)),
      );
    if (!this.#view) return;
    this.#view.show(this.#room, this.#epoch);
    this.#view.open = this.#wanted;
  }

  /** @param {RoomFacts|null} room @param {number} [epoch] of its newest key */
  show(room, epoch = 0) {
    this.#room = room;
    this.#epoch = epoch;
    this.#view?.show(room, epoch);
  }

  /** Somebody came, went, or is something else now. */
  stir() {
    this.#view?.stir();
  }

  /** @param {string} room @param {string[]} ids */
  online(room, ids) {
    this.#view?.online(room, ids);
  }
}

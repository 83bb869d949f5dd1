/**
 * The details panel; what draws it is loaded when somebody opens it, or the page has come to rest.
 *
 * @typedef {import('./details.view.js').DetailsView} DetailsView
 * @typedef {import('./frames.js').RoomFacts} RoomFacts
 */
import { late, part } from './late.js';
import { element } from './nodes.js';
import { at_rest } from './rest.js';

const load = () => import('./details.view.js');

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
    if (this.#wanted && !this.#view) {
      // Whoever did not ask need not be told that it failed.
      if (asked) await late(load, (loaded) => this.#take(loaded));
      else
        await part(load).then(
          (loaded) => this.#take(loaded),
          () => {},
        );
    }
    if (!this.#view) return;
    this.#view.show(this.#room, this.#epoch);
    this.#view.open = this.#wanted;
  }

  /** @param {Awaited<ReturnType<typeof load>>} loaded */
  #take({ DetailsView }) {
    this.#view ??= new DetailsView(this.#ports);
  }

  /** @param {RoomFacts|null} room @param {number} [epoch] of its newest key */
  show(room, epoch = 0) {
    this.#room = room;
    this.#epoch = epoch;
    this.#view?.show(room, epoch);
  }

  /** Somebody came, went, or is something else now. */
  stir() {
    if (this.#view) this.#view.stir();
    else if (this.#wanted) this.open(true, false);
  }

  /** @param {string} room @param {string[]} ids */
  online(room, ids) {
    this.#view?.online(room, ids);
  }
}

/**
 * The details panel; what draws it is loaded when it is first opened.
 *
 * @typedef {import('./details.view.js').DetailsView} DetailsView
 * @typedef {import('./frames.js').RoomFacts} RoomFacts
 */
export class Details {
  #ports;
  /** @type {DetailsView|null} */
  #view = null;
  /** @type {RoomFacts|null} */
  #room = null;
  #epoch = 0;

  /** @param {import('./details.view.js').Ports} ports */
  constructor(ports) {
    this.#ports = ports;
  }

  /** @param {boolean} open */
  async open(open) {
    if (open && !this.#view) {
      const { DetailsView } = await import('./details.view.js');
      this.#view ??= new DetailsView(this.#ports);
    }
    this.#view?.show(this.#room, this.#epoch);
    if (this.#view) this.#view.open = open;
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

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
    this.#view?.show(this.#room);
    if (this.#view) this.#view.open = open;
  }

  /** @param {RoomFacts|null} room */
  show(room) {
    this.#room = room;
    this.#view?.show(room);
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

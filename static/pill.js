/** The pill over the timeline's end: how much arrived unseen, and the way there. */
import { element } from './nodes.js';

export class Pill {
  /** Messages that arrived below what the reader sees. */
  unseen = 0;
  #pill = element('pill');
  #text = element('pill-text');

  /** @param {() => void} on_press */
  constructor(on_press) {
    this.#pill.addEventListener('click', on_press);
  }

  /** @param {boolean} at_end the reader is there already */
  draw(at_end) {
    const { unseen } = this;
    this.#pill.hidden = at_end;
    const count = `${unseen.toLocaleString('en')} new ${unseen === 1 ? 'message' : 'messages'}`;
    this.#text.textContent = unseen ? count : 'Newest messages';
  }
}

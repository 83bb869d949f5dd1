/** The pill over the timeline's end: how much arrived unseen, and the way there. */
import { element } from './nodes.js';
import { t } from './texts.js';

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
    const count = t('timeline.new_messages', { n: unseen });
    this.#text.textContent = unseen ? count : t('timeline.newest');
  }
}

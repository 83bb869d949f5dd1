/** All that keys and pointers do in the timeline: they come together. */
import { element } from './nodes.js';
import { Roving } from './roving.js';
import { label_of, TimelineKeys } from './timeline.keys.js';
import { Toolbar } from './toolbar.js';

/**
 * @typedef {import('./timeline.keys.js').TimelineKeysPorts} KeysPorts
 * @typedef {Omit<KeysPorts, 'roving'> & {name_of: (id: string) => string}} ReachPorts
 */

export class Reach {
  #ports;
  #roving = new Roving(element('timeline'), element('rows'), (seq) => this.#label(seq));

  /** @param {ReachPorts} ports `name_of` people as the reader is told of them */
  constructor(ports) {
    this.#ports = ports;
    new Toolbar(element('rows'));
    new TimelineKeys(element('timeline'), { ...ports, roving: this.#roving });
  }

  /** The list was drawn. @param {boolean} following the reader is at the end */
  settle(following) {
    this.#roving.settle(following);
  }

  /** @param {number} seq @returns {string} what is said of the message when it has the focus */
  #label(seq) {
    const { room, name_of } = this.#ports;
    const { log, annotations } = /** @type {import('./room.js').Room} */ (room());
    const message = log.at(seq);
    return message ? label_of(message, annotations, name_of) : '';
  }
}

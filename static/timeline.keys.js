/**
 * What keys do while the focus is in the timeline, and what a finger does that stays on a message.
 *
 * @typedef {import('./message.js').Message} Message
 * @typedef {object} TimelineKeysPorts
 * @property {import('./roving.js').Roving} roving
 * @property {import('./frames.js').Person} me
 * @property {() => import('./room.js').Room|undefined} room the open one
 * @property {() => boolean} shortcuts whether single characters act
 * @property {() => void} to_end shows the newest message
 * @property {(message: Message) => void} reply
 * @property {(message: Message) => void} edit
 * @property {(message: Message, from: HTMLElement, reactions: boolean) => void} menu of everything,
 *   or of reactions alone
 * @property {() => void} composer goes there
 * @property {() => void} find goes to the field in the sidebar
 * @property {() => void} help shows the keys
 * @property {(text: string) => void} announce
 */
import { deed_in_timeline } from './keys.js';
import { plain } from './markup.js';
import { on_long_press } from './press.js';
import { may } from './rights.js';
import { t } from './texts.js';
import { clock } from './times.js';

/**
 * @param {Message} message
 * @param {import('./annotations.js').Annotations} annotations
 * @param {(id: string) => string} name_of
 * @returns {string} the message as it is said to who comes to it
 */
export function label_of(message, annotations, name_of) {
  const { seq, from, time } = message;
  const said = { name: name_of(from), time: clock(time), text: plain(annotations.text(message)) };
  const more = annotations.reactions(seq).map(({ emoji, by }) => `${emoji} ${by.size}`);
  if (annotations.edits(message).length) more.unshift(t('message.edited'));
  return [t('message.label', said), ...more].join(' · ');
}

export class TimelineKeys {
  #ports;

  /** @param {HTMLElement} scroller @param {TimelineKeysPorts} ports */
  constructor(scroller, ports) {
    this.#ports = ports;
    scroller.addEventListener('keydown', (event) => {
      if (!event.isComposing && this.#pressed(event)) event.preventDefault();
    });
    on_long_press(scroller, (target) => {
      // A link has a menu of the browser's own.
      const row = target.closest('a, button') ? null : ports.roving.row_of(target);
      if (row) this.#act('menu', row);
      return row !== null;
    });
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether it was for us */
  #pressed(event) {
    const { roving, shortcuts, to_end, composer, find, help } = this.#ports;
    const deed = deed_in_timeline(event, shortcuts());
    const row = roving.row_of(event.target);
    if (deed === 'find') find();
    else if (deed === 'help') help();
    else if (deed === 'composer') composer();
    else if (deed === 'menu' || deed === 'reply' || deed === 'edit' || deed === 'react') {
      // Enter on a button within the row presses that.
      if (!row || (deed === 'menu' && event.target !== row)) return false;
      this.#act(deed, row);
    } else if (deed) {
      if (deed === 'last') to_end();
      return roving.move(deed, event.target);
    } else return false;
    return true;
  }

  /** @param {'menu'|'reply'|'edit'|'react'} deed @param {HTMLElement} row */
  #act(deed, row) {
    const { me, announce, reply, edit, menu } = this.#ports;
    const room = this.#ports.room();
    const message = room?.log.at(Number(row.dataset.seq));
    if (!room || !message) return undefined;
    const own = message.from === me.id;
    const may_write = may('post', room.facts, me.role ?? 'member');
    if (deed !== 'menu' && !(may_write && (own || deed !== 'edit')))
      return announce(t('message.not_possible'));
    if (deed === 'reply') return reply(message);
    if (deed === 'edit') return edit(message);
    const button = row.querySelector('.toolbar [data-action=menu]');
    return menu(message, /** @type {HTMLElement} */ (button ?? row), deed === 'react');
  }
}

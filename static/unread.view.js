/**
 * The bar over a timeline that was entered with more unread than is in sight: how much, since when,
 * and the way there. Until the reader was there, or says so, nothing of it counts as read.
 *
 * @typedef {import('./rooms.js').Place} Place
 * @typedef {object} UnreadPorts
 * @property {(seq: number) => void} on_jump
 * @property {() => void} on_read all of it is to be marked as read
 * @property {() => void} on_reached
 */
import { element } from './nodes.js';
import { most_unread } from './tally.js';
import { t } from './texts.js';
import { moment } from './times.js';

export class Unread {
  #ports;
  #bar = element('unread');
  #text = element('unread-text');
  #scroller = element('timeline');
  /** What the room was entered with. @type {{place: Place, read_seq: number, n: number}|null} */
  #entered = null;

  /** @param {UnreadPorts} ports */
  constructor(ports) {
    this.#ports = ports;
    element('unread-jump').addEventListener(
      'click',
      () => this.#entered && ports.on_jump(this.#entered.read_seq + 1),
    );
    element('unread-read').addEventListener('click', ports.on_read);
    this.#scroller.addEventListener('scroll', () => this.look(), { passive: true });
  }

  /** Whether there is something that the reader has not reached. */
  get pending() {
    return this.#entered !== null;
  }

  /** @param {Place|null} place */
  enter(place) {
    const { read_seq, unread: n } = place?.tally ?? { read_seq: 0, unread: 0 };
    this.#entered = place && n ? { place, read_seq, n } : null;
    this.#bar.hidden = true;
  }

  /** The reader was there. */
  done() {
    if (!this.#entered) return;
    this.#entered = null;
    const had_focus = this.#bar.contains(document.activeElement);
    this.#bar.hidden = true;
    if (had_focus) this.#scroller.focus({ preventScroll: true });
    this.#ports.on_reached();
  }

  /** After drawing and scrolling. */
  look() {
    if (!this.#entered) return;
    const { place, read_seq, n } = this.#entered;
    const { log, ready, pages } = place.room;
    if (!place.tally.unread) return this.done();
    if (log.first === null || !ready || pages.state === 'loading') return undefined;
    const all_here = !log.more || log.first <= read_seq + 1;
    if (all_here && this.#divider_in_sight()) return this.done();
    const first = place.room.quoted(read_seq + 1);
    const time = first && !first.refused ? moment(first.time, Date.now()) : '';
    const words = this.#words(n, time);
    if (this.#text.textContent !== words) this.#text.textContent = words;
    this.#bar.hidden = false;
    return undefined;
  }

  /** Where nothing is divided there is nothing to be reached. */
  #divider_in_sight() {
    /** @type {HTMLElement|null} */
    const divider = this.#scroller.querySelector('#rows > .new');
    return !divider || divider.offsetTop + divider.offsetHeight > this.#scroller.scrollTop;
  }

  /** @param {number} n @param {string} time */
  #words(n, time) {
    if (n >= most_unread)
      return time ? t('unread.many_since', { n: n - 1, time }) : t('unread.many', { n: n - 1 });
    return time ? t('unread.since', { n, time }) : t('unread.count', { n });
  }
}

/**
 * The timeline on the page: draws a bounded part of the log, holds the reader's place, follows the
 * end only when the reader is there.
 *
 * @typedef {import('./room.js').Room} Room
 * @typedef {import('./outbox.js').Letter} Letter
 * @typedef {object} TimelinePorts
 * @property {string} me user id
 * @property {(id: string) => string} name_of
 * @property {(room: string) => Letter[]} letters_of
 * @property {(action: string, item: HTMLElement) => void} on_action
 * @property {() => void} on_end the reader reached the end
 */
import { element } from './nodes.js';
import { draw, signature } from './row.view.js';
import { earlier, later, rows, settle } from './timeline.js';

const at_end_px = 80;
const near_px = 400;

export class TimelineView {
  /** Whether the reader is at the end. */
  following = true;
  #ports;
  #scroller = element('timeline');
  #list = element('rows');
  #older = element('older');
  /** @type {Room|null} */
  #room = null;
  /** @type {import('./timeline.js').Span|null} */
  #span = null;
  /** @type {Map<string, {node: HTMLElement, drawn: string}>} */
  #drawn = new Map();
  #scheduled = false;
  /** Where the scroller was last seen. */
  #top = 0;

  /** @param {TimelinePorts} ports */
  constructor(ports) {
    this.#ports = ports;
    this.#scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.#scroller.addEventListener('click', (/** @type {any} */ event) => {
      const { action } = event.target.dataset;
      if (action === 'older') this.#room?.load_older();
      else if (action) ports.on_action(action, event.target.closest('li'));
    });
    new ResizeObserver(() => this.following && this.#to_end()).observe(this.#scroller);
  }

  /** @param {Room} room */
  show(room) {
    if (this.#room !== room) this.#span = null;
    this.#room = room;
    this.follow();
  }

  /** Goes to the newest message and stays there. */
  follow() {
    this.following = true;
    this.#render();
    this.#ports.on_end();
  }

  /** Draws soon: many changes in one frame are drawn once. */
  changed() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const render = () => {
      this.#scheduled = false;
      this.#render();
    };
    // A hidden page gets no frames, yet must be right when it is shown again.
    if (document.hidden) setTimeout(render, 100);
    else requestAnimationFrame(render);
  }

  #render() {
    const room = this.#room;
    if (!room) return;
    this.#span = settle(this.#span, room.log, this.following);
    const anchor = this.following ? null : this.#anchor();
    this.#lay(this.#rows(room));
    this.#say_older(room);
    if (this.following) this.#to_end();
    else if (anchor) this.#hold(anchor);
    this.#reach();
  }

  /** @param {Room} room */
  #rows(room) {
    const { log } = room;
    const { me, letters_of } = this.#ports;
    const span = this.#span;
    const start = span && log.first !== null ? span.from - log.first : 0;
    const messages = span ? log.messages.slice(start, start + span.to - span.from + 1) : [];
    const at_end = !span || span.to === log.last;
    return rows(messages, at_end ? letters_of(room.facts.id) : [], me);
  }

  /** Puts exactly these rows into the list, touching as few nodes as can be. @param {import('./timeline.js').Row[]} list */
  #lay(list) {
    const { name_of } = this.#ports;
    const before = this.#drawn;
    this.#drawn = new Map();
    let next = this.#list.firstChild;
    for (const row of list) {
      const drawn = signature(row, name_of);
      const old = before.get(row.key);
      const node = old?.drawn === drawn ? old.node : draw(row, name_of);
      this.#drawn.set(row.key, { node, drawn });
      if (node === next) next = next.nextSibling;
      else this.#list.insertBefore(node, next);
    }
    while (next) {
      const gone = next;
      next = next.nextSibling;
      gone.remove();
    }
  }

  /**
   * The first row in sight, and where it ends: older rows above may take its header away or have
   * it drawn anew, but its last line stays its last line.
   */
  #anchor() {
    const top = this.#scroller.scrollTop;
    for (const [key, { node }] of this.#drawn) {
      const end = node.offsetTop + node.offsetHeight;
      if (end > top && node.classList.contains('message')) return { key, end };
    }
    return null;
  }

  /** @param {{key: string, end: number}} anchor */
  #hold({ key, end }) {
    const node = this.#drawn.get(key)?.node;
    if (!node) return;
    this.#move(this.#scroller.scrollTop + node.offsetTop + node.offsetHeight - end);
  }

  #to_end() {
    this.#move(this.#scroller.scrollHeight);
  }

  /** @param {number} top */
  #move(top) {
    this.#scroller.scrollTop = top;
    this.#top = this.#scroller.scrollTop;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const was = this.following;
    const newest_drawn = !this.#span || this.#span.to === this.#room?.log.last;
    const at_end = newest_drawn && scrollHeight - scrollTop - clientHeight <= at_end_px;
    // Only the reader leaves the end, by going up: content that grows below is no reason.
    const went_up = scrollTop < this.#top - 1;
    this.#top = scrollTop;
    this.following = at_end || (was && !went_up);
    if (this.following && !at_end) this.#to_end();
    if (this.following !== was) this.#ports.on_end();
    this.#reach();
  }

  /** Draws or loads more when the reader is near an edge of what is drawn. */
  #reach() {
    const room = this.#room;
    const span = this.#span;
    if (!room || !span || room.log.first === null || room.log.last === null) return;
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const near_end = scrollHeight - scrollTop - clientHeight < near_px;
    if (scrollTop < near_px && !this.following && span.from > room.log.first) {
      this.#span = earlier(span, room.log.first);
      this.changed();
    } else if (scrollTop < near_px && span.from === room.log.first && room.settled) {
      room.load_older();
    } else if (near_end && !this.following && span.to < room.log.last) {
      this.#span = later(span, room.log.last);
      this.changed();
    }
  }

  /** @param {Room} room */
  #say_older(room) {
    const { log, history, ready, gap, refusal } = room;
    let state = '';
    if (refusal) state = 'refused';
    else if (!ready && log.first === null) state = 'opening';
    else if (history !== 'idle') state = history;
    else if (log.more) state = gap ? 'gap' : 'more';
    // Older ones are here and not drawn: the first drawn is no beginning.
    else if (log.first !== null) state = this.#span?.from === log.first ? 'beginning' : 'more';
    else state = this.#drawn.size ? '' : 'empty';
    if (this.#older.dataset.state !== state) this.#older.dataset.state = state;
    element('refusal').textContent = refusal;
  }
}

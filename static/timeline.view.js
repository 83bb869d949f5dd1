/**
 * The timeline on the page: draws a bounded part of the log, holds the reader's place, follows the
 * end only when the reader is there.
 *
 * @typedef {import('./room.js').Room} Room
 * @typedef {import('./outbox.js').Letter} Letter
 * @typedef {object} TimelinePorts
 * @property {{id: string, username: string}} me
 * @property {(id: string) => string} name_of
 * @property {(id: string) => string} handle_of
 * @property {import('./row.view.js').Sight['report']} report
 * @property {(room: string) => Letter[]} letters_of
 * @property {(action: string, item: HTMLElement, from: HTMLElement) => void} on_action
 * @property {() => void} on_end the reader reached the end
 * @property {() => void} on_drawn
 */
import { Annotations } from './annotations.js';
import { element, lay } from './nodes.js';
import { large_page } from './pages.js';
import { draw, signature } from './row.view.js';
import { around, earlier, later, most_drawn, settle } from './span.js';
import { has_row, rows } from './timeline.js';

const at_end_px = 80;
const near_px = 400;
/** So many pages are loaded of themselves while the reader does not move. */
const most_unasked = 10;

export class TimelineView {
  /** Whether the reader is at the end. */
  following = true;
  #ports;
  #scroller = element('timeline');
  #list = element('rows');
  #older = element('older');
  /** @type {Room|null} */
  #room = null;
  /** @type {import('./span.js').Span|null} */
  #span = null;
  /** @type {Map<string, {node: HTMLElement, drawn: string}>} */
  #drawn = new Map();
  #scheduled = false;
  /** Where the scroller was last seen. */
  #top = 0;
  /** @type {number|null} */
  #new_after = null;
  /** A number to be shown as soon as it is here. */
  #wanted = 0;
  /** Rows drawn at the end; more where so many fill no page. */
  #most = most_drawn;
  /** Pages loaded since the reader last moved. */
  #unasked = 0;

  /** @param {TimelinePorts} ports */
  constructor(ports) {
    this.#ports = ports;
    this.#scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.#scroller.addEventListener('click', (/** @type {any} */ event) => {
      const from = event.target.closest('[data-action]');
      const action = from?.dataset.action;
      if (action === 'older') this.#load_older();
      else if (action === 'jump') this.jump(Number(from.dataset.target));
      else if (action) ports.on_action(action, from.closest('li'), from);
    });
    new ResizeObserver(() => this.following && this.#to_end()).observe(this.#scroller);
  }

  /** @param {Room} room @param {number|null} new_after where the reader had read to, if not to the end */
  show(room, new_after) {
    this.#span = null;
    this.#wanted = this.#unasked = 0;
    this.#most = most_drawn;
    this.#new_after = new_after;
    this.#room = room;
    this.follow();
  }

  /** The room is gone, and every word of it. @param {string} words in its place */
  clear(words) {
    this.#room = null;
    this.#lay([]);
    this.#older.dataset.state = 'gone';
    element('gone').textContent = words;
  }

  /** The reader asks for more, by the button. */
  #load_older() {
    this.#unasked = 0;
    this.#room?.pages.load();
    // The button goes.
    this.#scroller.focus({ preventScroll: true });
  }

  /** @param {Room} room @returns {import('./span.js').Held} */
  #run({ log, annotations }) {
    const drawn = has_row(annotations);
    const shows = (/** @type {number} */ seq) => {
      const message = log.at(seq);
      return message !== undefined && drawn(message);
    };
    // Whoever asks for a part of it has seen to it that there is something.
    return /** @type {any} */ ({ first: log.first, last: log.last, shows });
  }

  /** Shows one message, loading what lies between. @param {number} seq */
  jump(seq) {
    const room = this.#room;
    if (!room) return;
    this.#wanted = seq;
    if (!room.pages.reach(seq)) return;
    this.#wanted = 0;
    if (room.log.first === null || seq > Number(room.log.last)) return;
    this.following = false;
    this.#span = around(seq, this.#run(room));
    this.#draw(room);
    const node = this.#row_from(seq);
    node?.scrollIntoView({ block: 'center' });
    node?.focus({ preventScroll: true });
    // Where nothing can be scrolled, nothing will tell that the end is in sight.
    const { scrollHeight, clientHeight } = this.#scroller;
    this.following = scrollHeight <= clientHeight && this.#span.to === room.log.last;
    this.#ports.on_end();
  }

  /** Its row, or where it has none, the one after. @param {number} seq */
  #row_from(seq) {
    for (const [key, { node }] of this.#drawn)
      if (key.startsWith('seq ') && Number(key.slice(4)) >= seq) return node;
    return undefined;
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
    if (this.#wanted && this.#wanted >= (room.log.first ?? Infinity)) this.jump(this.#wanted);
    this.#draw(room);
    this.#reach();
  }

  /** Whoever draws goes to the right place before more is drawn or loaded. @param {Room} room */
  #draw(room) {
    this.#span = settle(this.#span, this.#run(room), this.following, this.#most);
    const anchor = this.following ? null : this.#anchor();
    this.#lay(this.#rows(room));
    this.#say_older(room);
    if (this.following) this.#to_end();
    else if (anchor) this.#hold(anchor);
    this.#ports.on_drawn();
  }

  /** @param {Room} room */
  #rows(room) {
    const { log } = room;
    const { me, letters_of } = this.#ports;
    const reading = { me: me.id, annotations: room.annotations, new_after: this.#new_after };
    const span = this.#span;
    const start = span && log.first !== null ? span.from - log.first : 0;
    const messages = span ? log.messages.slice(start, start + span.to - span.from + 1) : [];
    const at_end = !span || span.to === log.last;
    return rows(messages, at_end ? letters_of(room.facts.id) : [], reading);
  }

  /** Puts exactly these rows into the list, touching as few nodes as can be. @param {import('./timeline.js').Row[]} list */
  #lay(list) {
    const { name_of, handle_of, report, me } = this.#ports;
    const room = this.#room;
    /** @type {import('./row.view.js').Sight} */
    const sight = {
      ...{ name_of, handle_of, report, me },
      annotations: room?.annotations ?? new Annotations(),
      quoted: (seq) => room?.quoted(seq),
    };
    const before = this.#drawn;
    this.#drawn = new Map();
    for (const row of list) {
      const drawn = signature(row, sight);
      const old = before.get(row.key);
      const node = old?.drawn === drawn ? old.node : draw(row, sight);
      this.#drawn.set(row.key, { node, drawn });
    }
    const focused = document.activeElement?.closest('#rows > li');
    lay(
      this.#list,
      [...this.#drawn.values()].map(({ node }) => node),
    );
    if (focused && !focused.isConnected) this.#refocus(before, focused);
  }

  /** The row that had the focus is gone or drawn anew. @param {Map<string, {node: HTMLElement}>} before @param {Element} focused */
  #refocus(before, focused) {
    const [key = ''] = [...before].find(([, { node }]) => node === focused) ?? [];
    const anew = this.#drawn.get(key)?.node;
    (anew?.hasAttribute('tabindex') ? anew : this.#scroller).focus({ preventScroll: true });
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
    if (Math.abs(scrollTop - this.#top) > 1) this.#unasked = 0;
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
    room?.look();
    if (!room || !span || room.log.first === null || room.log.last === null) return;
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const near_end = scrollHeight - scrollTop - clientHeight < near_px;
    const near_start = scrollTop < near_px;
    const short = scrollHeight <= clientHeight;
    if (near_start && span.from > room.log.first && (short || !this.following)) {
      if (this.following) this.#most += most_drawn;
      else this.#span = earlier(span, this.#run(room));
      this.changed();
    } else if (near_start && span.from === room.log.first && room.settled) {
      // Pages without a row to see must not be asked for without end.
      const may = this.#unasked < most_unasked;
      if (may && room.pages.load(short ? large_page : undefined)) this.#unasked++;
    } else if (near_end && !this.following && span.to < room.log.last) {
      this.#span = later(span, this.#run(room));
      this.changed();
    }
  }

  /** @param {Room} room */
  #say_older(room) {
    const { log, pages, ready, gap, refusal, facts } = room;
    const reading = !ready || pages.state === 'loading';
    let state = '';
    if (refusal) state = 'refused';
    else if (reading && log.first === null) state = 'opening';
    else if (pages.state !== 'idle') state = pages.state;
    else if (log.more && this.#unasked >= most_unasked) state = 'stopped';
    else if (log.more) state = gap ? 'gap' : 'more';
    // Older ones are here and not drawn: the first drawn is no beginning.
    else if (log.first !== null && this.#span?.from !== log.first) state = 'more';
    else if (log.floor) state = 'expired';
    else if (log.first !== null) state = facts.since_seq ? 'joined' : 'beginning';
    else state = this.#drawn.size ? '' : 'empty';
    if (this.#older.dataset.state !== state) this.#older.dataset.state = state;
    element('refusal').textContent = refusal;
  }
}

/**
 * What this page has of one room's log: a contiguous run of numbers, first … last. Pure.
 *
 * Numbers are claimed as frames arrive, contents are placed as envelopes open (in order), so that
 * a slow opening never looks like a hole.
 *
 * @typedef {import('./message.js').Message} Message
 */
import { damaged } from './message.js';

/** More than this and the oldest are forgotten: history brings them back. */
export const most_kept = 5000;

export class Log {
  /** Placed messages, ascending and contiguous. @type {Message[]} */
  messages = [];
  /** The newest number claimed. @type {number|null} */
  claimed = null;
  /** Where the run begins, placed or not. @type {number|null} */
  start = null;
  /** Whether the server has older ones. */
  more = false;
  /** Up to this number every word is erased: for the reader the room begins behind it. */
  floor = 0;
  /** Changes whenever everything here was dropped, so that late answers are recognised. */
  generation = 0;

  /** @returns {number|null} */
  get first() {
    return this.messages.length ? this.messages[0].seq : null;
  }

  /** @returns {number|null} */
  get last() {
    return this.messages.length ? this.messages[this.messages.length - 1].seq : null;
  }

  /** Forgets everything. @param {number|null} claimed where the next run begins, if known */
  drop(claimed = null) {
    this.messages = [];
    this.claimed = claimed;
    this.start = claimed === null ? null : claimed + 1;
    this.more = claimed !== null && claimed > this.floor;
    this.generation++;
  }

  /**
   * Takes note of a number that arrived.
   * @param {number} seq
   * @returns {'next'|'known'|'hole'}
   */
  claim(seq) {
    if (this.claimed !== null && seq <= this.claimed) return 'known';
    if (this.claimed !== null && seq > this.claimed + 1) return 'hole';
    if (this.claimed === null) {
      this.more = seq > this.floor + 1;
      this.start = seq;
    }
    this.claimed = seq;
    return 'next';
  }

  /**
   * Numbers that were claimed and never placed are shown as damaged: the run stays whole.
   * @param {Message} message the next one, opened
   */
  place(message) {
    const { last } = this;
    if (last !== null && message.seq <= last) throw new RangeError('placed out of order');
    for (let seq = (last ?? message.seq) + 1; seq < message.seq; seq++)
      this.messages.push(damaged(seq));
    this.messages.push(message);
    const beyond = this.messages.length - most_kept;
    if (beyond > most_kept / 10) {
      this.messages.splice(0, beyond);
      this.start = this.messages[0].seq;
      this.more = true;
    }
  }

  /**
   * @param {Message[]} page ascending
   * @param {boolean} more
   * @returns {boolean} false when they do not end right before our start: nothing is taken then
   */
  prepend(page, more) {
    const { start, floor } = this;
    if (start === null) return false;
    const older = page.filter(({ seq }) => seq > floor);
    const fits = older.every((message, i) => message.seq === start - older.length + i);
    if (!fits) return false;
    this.messages.unshift(...older);
    this.start = start - older.length;
    this.more = more && this.start > floor + 1;
    return true;
  }

  /** @param {number} seq @returns {Message|undefined} */
  at(seq) {
    return this.first === null ? undefined : this.messages[seq - this.first];
  }

  /** Forgets what is erased, up to this number. @param {number} seq */
  raise(seq) {
    if (seq <= this.floor) return;
    this.floor = seq;
    this.messages = this.messages.filter((message) => message.seq > seq);
    if (this.start === null || this.start > seq + 1) return;
    this.start = seq + 1;
    this.more = false;
  }

  /** Forgets the words of a number. @param {number} seq */
  erase(seq) {
    if (this.at(seq)) this.replace(damaged(seq));
  }

  /** Puts another message in the place of one, as when a missing key came. @param {Message} message */
  replace(message) {
    if (this.first !== null && this.at(message.seq)) {
      this.messages[message.seq - this.first] = message;
    }
  }
}

/**
 * What is unread in a room: the server's counts, and what arrived live since. Pure.
 *
 * @typedef {{seq: number, unread: number, mentions: number}} Mark
 */
import { calls } from './mentions.js';
import { spoken } from './message.js';

/** The server counts no further: so many means, or more. */
export const most_unread = 100;

export class Tally {
  read_seq = 0;
  unread = 0;
  mentions = 0;
  /** Up to here everything is counted. */
  #counted = 0;
  /** What the server had counted at the beginning; above it all comes to us. */
  #from = 0;
  /** The newest unread messages above that. @type {{seq: number, calls_me: boolean}[]} */
  #since = [];
  #me;

  /** @param {{id: string, username: string}} me */
  constructor(me) {
    this.#me = me;
  }

  /** What a welcome says. @param {import('./frames.js').RoomFacts} facts */
  start({ last_seq, read_seq, unread, mentions }) {
    Object.assign(this, { read_seq, unread, mentions });
    this.#counted = this.#from = last_seq;
    this.#since = [];
  }

  /** @param {import('./message.js').Message} message in ascending order */
  arrived({ seq, from, kind, body }) {
    if (seq <= this.#counted) return;
    this.#counted = seq;
    if (!spoken.has(kind) || from === this.#me.id || seq <= this.read_seq) return;
    const calls_me = calls(body, this.#me.username);
    this.#since = [...this.#since, { seq, calls_me }].slice(-most_unread);
    this.unread = Math.min(most_unread, this.unread + 1);
    if (calls_me) this.mentions++;
  }

  /**
   * Somebody read here, on this page or another; never moves back. The server's counts are as old
   * as its answer: where we know all that is above the mark, we count ourselves.
   * @param {Mark} mark
   */
  read({ seq, unread, mentions }) {
    if (seq < this.read_seq) return;
    this.#since = this.#since.filter((one) => one.seq > seq);
    const ours = {
      unread: this.#since.length,
      mentions: this.#since.filter(({ calls_me }) => calls_me).length,
    };
    const counts = seq < this.#from ? { unread, mentions } : ours;
    Object.assign(this, { read_seq: seq, ...counts });
  }
}

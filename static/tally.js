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
  #me;

  /** @param {{id: string, username: string}} me */
  constructor(me) {
    this.#me = me;
  }

  /** What a welcome says. @param {import('./frames.js').RoomFacts} facts */
  start({ last_seq, read_seq, unread, mentions }) {
    Object.assign(this, { read_seq, unread, mentions });
    this.#counted = last_seq;
  }

  /** @param {import('./message.js').Message} message in ascending order */
  arrived({ seq, from, kind, body }) {
    if (seq <= this.#counted) return;
    this.#counted = seq;
    if (!spoken.has(kind) || from === this.#me.id || seq <= this.read_seq) return;
    this.unread = Math.min(most_unread, this.unread + 1);
    if (calls(body, this.#me.username)) this.mentions++;
  }

  /** Somebody read here, on this page or another; never moves back. @param {Mark} mark */
  read({ seq, unread, mentions }) {
    if (seq < this.read_seq) return;
    Object.assign(this, { read_seq: seq, unread, mentions });
  }
}

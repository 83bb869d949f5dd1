/**
 * Which messages are worth a notification while nobody looks, and what it says: one a room, which
 * counts. Keeps the words of the newest message only, in memory. Pure: who shows it is handed in.
 *
 * @typedef {import('./frames.js').RoomFacts} RoomFacts
 * @typedef {import('./message.js').Message} Message
 * @typedef {{room: string, title: string, body: string, address: string, again: boolean,
 *   silent: boolean}} Alert `again`: it comes up anew, else it only changes
 * @typedef {{seqs: number[], newest: Message, told_ms: number, due: boolean, fresh: boolean}} Told
 *   the messages that one room's notification is about; `fresh`: one came since it was told
 * @typedef {object} AlertPorts
 * @property {{id: string, username: string}} me
 * @property {() => import('./preferences.js').Choices} choices
 * @property {() => boolean} looking whether the page is in front of its reader
 * @property {(id: string) => string} name_of
 * @property {(facts: RoomFacts) => string} called what people call the room
 * @property {() => number} now milliseconds
 * @property {(task: () => void, wait_ms: number) => any} later
 * @property {(alert: Alert) => void} show in place of the room's last one
 * @property {(room: string) => void} close the room's, also one that an earlier page had shown
 * @property {() => void} close_all
 */
import { plain } from './markup.js';
import { calls } from './mentions.js';
import { spoken } from './message.js';
import { hash_of } from './rooms.js';
import { t } from './texts.js';

/** Messages gather for so long: whatever was read elsewhere meanwhile needs no notification. */
export const gather_ms = 400;
/** A room that goes on talking comes up no sooner than this after it came up last. */
export const calm_ms = 30_000;
const longest = 200;

/**
 * @param {import('./preferences.js').Choices} choices
 * @param {Pick<RoomFacts, 'id'|'kind'>} room
 */
export const choice_for = ({ rooms }, { id, kind }) =>
  rooms[id] ?? (kind === 'direct' ? 'all' : 'mentions');

export class Alerts {
  #ports;
  /** Up to here a room was told before this page followed it. @type {Map<string, number>} */
  #before = new Map();
  /** @type {Map<string, Told>} */
  #told = new Map();

  /** @param {AlertPorts} ports */
  constructor(ports) {
    this.#ports = ports;
  }

  /** A room that the page follows from now on. @param {Pick<RoomFacts, 'id'|'last_seq'>} facts */
  follow({ id, last_seq }) {
    this.#before.set(id, last_seq);
  }

  /** @param {import('./rooms.js').Place} place @param {Message} message */
  arrived({ room: { facts }, tally }, message) {
    const { seq, from, kind, target, body } = message;
    const { me, looking, choices } = this.#ports;
    const before = this.#before.get(facts.id) ?? seq;
    if (kind === 'deleted') return this.#forget(facts.id, Number(target), seq > before);
    if (kind === 'edit') return this.#reword(facts, message);
    const is_new = seq > Math.max(before, tally.read_seq);
    if (!is_new || !spoken.has(kind) || from === me.id || looking()) return undefined;
    const chosen = choices();
    const choice = choice_for(chosen, facts);
    const wanted = choice === 'all' || (choice === 'mentions' && calls(body, me.username));
    if (chosen.notify && wanted) this.#add(facts, message);
    return undefined;
  }

  /** @param {RoomFacts} facts @param {Message} message */
  #add(facts, message) {
    const told = this.#told.get(facts.id) ?? {
      ...{ seqs: [], newest: message, told_ms: -calm_ms, due: false, fresh: true },
    };
    this.#told.set(facts.id, told);
    told.seqs.push(message.seq);
    Object.assign(told, { newest: message, fresh: true });
    this.#gather(facts, told);
  }

  /** @param {RoomFacts} facts @param {Told} told */
  #gather(facts, told) {
    if (told.due) return;
    told.due = true;
    // Whoever is not known yet is asked for: by then they are.
    this.#ports.name_of(told.newest.from);
    this.#ports.later(() => this.#tell(facts, told), gather_ms);
  }

  /** @param {RoomFacts} facts @param {Told} told */
  #tell(facts, told) {
    told.due = false;
    if (this.#told.get(facts.id) !== told) return;
    const { now, show, choices } = this.#ports;
    const { hide_words, sound } = choices();
    const again = told.fresh && now() - told.told_ms >= calm_ms;
    if (again) told.told_ms = now();
    told.fresh = false;
    show({
      room: facts.id,
      ...(hide_words ? this.#bare(facts, told) : this.#words(facts, told)),
      address: hash_of(facts.id, told.seqs[0]),
      ...{ again, silent: !sound },
    });
  }

  /** @param {RoomFacts} facts @param {Told} told */
  #bare(facts, { seqs: { length: n } }) {
    const room = this.#ports.called(facts);
    const title =
      facts.kind === 'direct'
        ? t('alerts.from_people', { n, room })
        : t('alerts.in_room', { n, room });
    return { title, body: '' };
  }

  /** @param {RoomFacts} facts @param {Told} told */
  #words(facts, told) {
    const { from, body } = told.newest;
    const { called, name_of } = this.#ports;
    const author = name_of(from);
    const said = plain(body);
    const text = said.length > longest ? `${said.slice(0, longest)} …` : said;
    if (told.seqs.length > 1) {
      const { title } = this.#bare(facts, told);
      return { title, body: t('alerts.said', { author, text }) };
    }
    const alone = facts.kind === 'direct' && (facts.people?.length ?? 0) <= 2;
    const title = alone ? author : t('alerts.author', { author, room: called(facts) });
    return { title, body: text };
  }

  /** Somebody read the room, here or on another connection. @param {string} room @param {number} seq */
  read(room, seq) {
    const told = this.#told.get(room);
    if (told) told.seqs = told.seqs.filter((one) => one > seq);
    if (!told?.seqs.length) this.close(room);
  }

  /**
   * A message was deleted: its words stand nowhere any more.
   * @param {string} room
   * @param {number} seq
   * @param {boolean} is_new whether this came to pass since the page follows the room
   */
  #forget(room, seq, is_new) {
    const told = this.#told.get(room);
    // What an earlier page has shown may be these words.
    if (!told) return is_new ? this.close(room) : undefined;
    told.seqs = told.seqs.filter((one) => one !== seq);
    if (told.newest.seq === seq || !told.seqs.length) this.close(room);
    return undefined;
  }

  /** Whoever wrote a message has changed it: the old words go. @param {RoomFacts} facts @param {Message} edit */
  #reword(facts, { from, target, body }) {
    const told = this.#told.get(facts.id);
    if (!told || told.newest.seq !== target || told.newest.from !== from) return;
    told.newest = { ...told.newest, body };
    const { notify, hide_words } = this.#ports.choices();
    if (!notify) this.close(facts.id);
    else if (!hide_words) this.#gather(facts, told);
  }

  /** @param {string} room */
  close(room) {
    this.#told.delete(room);
    this.#ports.close(room);
  }

  /** Whoever was told is here no more: the session has ended. */
  close_all() {
    this.#told.clear();
    this.#ports.close_all();
  }
}

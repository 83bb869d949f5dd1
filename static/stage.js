/**
 * The open room on the page: its timeline, composer and head, and how far it has been read.
 *
 * @typedef {import('./rooms.js').Place} Place
 * @typedef {import('./message.js').Message} Message
 * @typedef {typeof import('./message.menu.js')} Menu
 * @typedef {object} StagePorts
 * @property {import('./frames.js').Person} me
 * @property {import('./outbox.js').Outbox} outbox
 * @property {import('./drafts.js').Drafts} drafts
 * @property {import('./people.js').Directory} people
 * @property {(command: import('./frames.js').Command) => boolean} send
 * @property {(command: any) => Promise<any>} ask
 * @property {(facts: import('./frames.js').RoomFacts) => string} title
 * @property {(text: string) => void} announce
 * @property {import('./row.view.js').Sight['report']} report
 * @property {() => void} on_read the counts have changed
 * @property {() => boolean} shortcuts whether single keys act in the timeline
 * @property {() => void} find
 * @property {() => void} help
 */
import { close_edits } from './asking.js';
import { Composer } from './composer.js';
import { Hands } from './hands.js';
import { late } from './late.js';
import { spoken } from './message.js';
import { element } from './nodes.js';
import { Pill } from './pill.js';
import { shows_messages } from './rest.js';
import { hash_of } from './rooms.js';
import { draw_head } from './rooms.view.js';
import { called } from './sidebar.js';
import { t } from './texts.js';
import { TimelineView } from './timeline.view.js';
import { Typing } from './typing.js';
import { Unread } from './unread.view.js';
import { looking } from './wake.js';
import { command } from './wire.js';
import { plain, show_copied } from './words.view.js';

const message_menu = () => import('./message.menu.js');

const read_pause_ms = 1000;
const words_of_quote = 80;

export class Stage {
  /** @type {Place|null} */
  place = null;
  typing = new Typing(() => Date.now());
  composer;
  timeline;
  #ports;
  #pill;
  #unread;
  #hands;
  /** @type {any} */
  #reading = null;
  /** Reactions being taken back. @type {Set<string>} */
  #leaving = new Set();

  /** @param {StagePorts} ports */
  constructor(ports) {
    this.#ports = ports;
    const { me, outbox, people, report } = ports;
    this.timeline = new TimelineView({
      ...{ me, report },
      name_of: (id) => people.name(id),
      handle_of: (id) => people.find(id)?.username ?? '',
      letters_of: (room) => outbox.of(room),
      on_action: (action, item, from) => this.#act(action, item, from),
      on_end: () => this.seen(),
      on_drawn: () => {
        this.#hands.settle(this.timeline.following);
        this.#unread.look();
        if (this.place?.room.log.last) shows_messages();
      },
    });
    this.#pill = new Pill(() => {
      this.timeline.follow();
      this.composer.focus();
    });
    this.composer = new Composer({
      on_kept: (text, subject, typed) => this.#kept(text, subject, typed),
      on_submit: (body, about) => this.#submit(body, about),
      on_up: () => this.#edit_last(),
    });
    this.#unread = new Unread({
      on_jump: (seq) => this.timeline.jump(seq),
      on_read: () => this.#mark_read(),
      on_reached: () => this.seen(),
    });
    this.#hands = new Hands(element('timeline'), (part) => this.#reached_by(part));
    element('gone-copy').addEventListener('click', () =>
      this.#copy(element('gone-words').textContent),
    );
    addEventListener('words', () => this.timeline.changed());
    setInterval(() => this.#draw_typing(), 500);
  }

  /** @param {typeof import('./reach.js')} part */
  #reached_by({ Reach }) {
    const { me, people, announce, shortcuts, find, help } = this.#ports;
    const reach = new Reach({
      ...{ me, announce, shortcuts, find, help },
      name_of: (id) => (id === me.id ? t('people.you') : people.name(id)),
      room: () => this.place?.room,
      to_end: () => this.timeline.follow(),
      composer: () => this.composer.focus(),
      reply: (message) => this.#reply(message),
      edit: (message) => this.#edit(message),
      menu: (message, from, reactions) => this.#menu(message, from, reactions),
    });
    reach.settle(this.timeline.following);
    return reach;
  }

  /** @returns {string} id of the open room, or '' */
  get id() {
    return this.place?.room.facts.id ?? '';
  }

  /** @param {Place} place */
  show(place) {
    const { room, tally } = place;
    const { drafts, title } = this.#ports;
    this.place = place;
    this.#pill.unseen = 0;
    const { facts } = room;
    this.#keep_words('');
    this.composer.show(called(facts, title), drafts.of(facts.id), drafts.subject(facts.id));
    this.#unread.enter(place);
    this.timeline.show(room, tally.unread ? tally.read_seq : null);
    room.look();
    this.redraw();
  }

  /**
   * The open room is none of ours any more.
   * @param {string} words in its place
   * @param {string} own what the reader wrote for it and did not send
   */
  clear(words, own) {
    const had_focus = Boolean(document.activeElement?.closest('main, aside'));
    this.place = null;
    this.#pill.unseen = 0;
    this.#unread.enter(null);
    close_edits();
    this.composer.show('', '');
    this.timeline.clear(words);
    this.#keep_words(own);
    for (const id of ['composer', 'closed', 'pill']) element(id).hidden = true;
    element('room-topic').hidden = true;
    element('room-topic').textContent = element('room-members').textContent = '';
    if (had_focus) element('timeline').focus();
    this.#draw_typing();
  }

  /** @param {string} own */
  #keep_words(own) {
    element('gone-own').hidden = !own;
    element('gone-words').textContent = own;
  }

  redraw() {
    if (!this.place) return;
    const { facts, refusal } = this.place.room;
    draw_head(facts, this.#ports.title);
    element('composer').hidden = facts.archived || Boolean(refusal);
    element('closed').hidden = !facts.archived;
    this.timeline.changed();
    this.#draw_typing();
  }

  /** Something new in the open room. @param {Message} message @param {boolean} live */
  arrived(message, live) {
    this.typing.came(this.id, message.from);
    if (message.kind === 'deleted') {
      this.composer.cancel(message.target);
      close_edits(message.target);
    }
    if (['expired', 'erased'].includes(message.kind)) close_edits();
    const others = spoken.has(message.kind) && message.from !== this.#ports.me.id;
    if (live && others && (!this.timeline.following || document.hidden)) this.#pill.unseen++;
    this.seen();
  }

  /** The reader may have seen more. */
  seen() {
    const at_end = this.timeline.following;
    if (at_end && !document.hidden) this.#pill.unseen = 0;
    this.#pill.draw(at_end || !this.place);
    if (this.#is_read() && this.#reading === null)
      this.#reading = setTimeout(() => {
        this.#reading = null;
        if (this.#is_read()) this.#read();
      }, read_pause_ms);
  }

  /** Whether the newest message is in sight and not yet told to be read. */
  #is_read() {
    const { room, tally } = this.place ?? {};
    const last = room?.log.last ?? 0;
    return (
      looking() &&
      !this.#unread.pending &&
      this.timeline.following &&
      last > (tally?.read_seq ?? last)
    );
  }

  #read() {
    const { room, tally } = /** @type {Place} */ (this.place);
    const seq = Number(room.log.last);
    // The server's own word may be lost: what was seen is read.
    if (!this.#ports.send({ type: 'read', room: room.facts.id, seq })) return;
    tally.read({ seq, unread: 0, mentions: 0 });
    this.#ports.on_read();
  }

  #mark_read() {
    if (this.place?.room.log.last) this.#read();
    this.#unread.done();
    this.composer.focus();
    this.#ports.announce(t('unread.marked'));
  }

  /** @param {string} text @param {import('./drafts.js').Subject|null} subject @param {boolean} typed */
  #kept(text, subject, typed) {
    const { drafts, send } = this.#ports;
    if (!this.place) return;
    drafts.keep(this.id, text, subject);
    if (typed && text && subject?.kind !== 'edit' && this.typing.typed(this.id))
      send({ type: 'typing', room: this.id });
  }

  /** Writes down again what is unsent. */
  keep() {
    this.#ports.outbox.keep();
    if (this.place) this.composer.keep();
  }

  #draw_typing() {
    const { people } = this.#ports;
    const words = this.id ? this.typing.sentence(this.id, (id) => people.name(id)) : '';
    const line = element('typing');
    if (line.textContent !== words) line.textContent = words;
  }

  /** @param {string} body @param {import('./composer.js').About|null} about */
  #submit(body, about) {
    if (!this.place) return false;
    this.#ports.outbox.add(this.id, body, about ? { kind: about.kind, target: about.target } : {});
    this.typing.sent();
    this.#unread.done();
    if (about?.kind !== 'edit') this.timeline.follow();
    return true;
  }

  /** @param {Message} message */
  #edit(message) {
    const text = this.place?.room.annotations.text(message);
    const about = { target: message.seq, words: t('composer.editing') };
    this.composer.begin({ kind: 'edit', ...about }, text);
  }

  #edit_last() {
    const { me } = this.#ports;
    const last = [...(this.place?.room.log.messages ?? [])]
      .reverse()
      .find(({ from, kind, refused }) => from === me.id && spoken.has(kind) && !refused);
    if (last) this.#edit(last);
  }

  /** @param {Message} message */
  #reply(message) {
    const { people, me } = this.#ports;
    const text = plain(this.place?.room.annotations.text(message) ?? '').replace(/\s+/g, ' ');
    const said = { name: people.name(message.from), text: text.slice(0, words_of_quote) };
    const own = message.from === me.id;
    const words = t(own ? 'composer.replying_yourself' : 'composer.replying', said);
    this.composer.begin({ kind: 'reply', target: message.seq, words });
  }

  /** Adds a reaction, or takes one's own back. @param {Message} message @param {string} emoji */
  #react({ seq }, emoji) {
    const { outbox, me } = this.#ports;
    const { annotations } = /** @type {Place} */ (this.place).room;
    const own = annotations
      .reactions(seq)
      .find((one) => one.emoji === emoji)
      ?.by.get(me.id);
    if (own !== undefined) return this.#take_back(own);
    const said = { kind: /** @type {const} */ ('reaction'), target: seq };
    // What is under way must not be said twice.
    if (!outbox.has(this.id, emoji, said)) outbox.add(this.id, emoji, said);
  }

  /** @param {number} seq of a reaction */
  #take_back(seq) {
    const { ask, announce } = this.#ports;
    const key = `${this.id} ${seq}`;
    if (this.#leaving.has(key)) return;
    this.#leaving.add(key);
    ask(command('delete', { room: this.id, seq }))
      .catch((error) => announce(error.message))
      .finally(() => this.#leaving.delete(key));
  }

  /** @param {Message} message @param {HTMLElement} from @param {boolean} [reactions] nothing else */
  #menu(message, from, reactions) {
    late(message_menu, (menu) => this.#open_menu(menu, message, from, reactions));
  }

  /** @param {Menu} menu @param {Message} message @param {HTMLElement} from @param {boolean} [reactions] nothing else */
  #open_menu(menu, message, from, reactions = false) {
    const { me, people, ask } = this.#ports;
    const { room } = /** @type {Place} */ (this.place);
    // The button is gone when nothing points at it: the focus returns to the message.
    from.closest('li')?.focus({ preventScroll: true });
    /** @type {import('./message.menu.js').Ports} */
    const ports = {
      me,
      name_of: (id) => people.name(id),
      send: ask,
      reply: (one) => this.#reply(one),
      edit: (one) => this.#edit(one),
      react: (one, emoji) => this.#react(one, emoji),
      copy: (text) => this.#copy(text),
      link_to: (seq) => new URL(`/${hash_of(this.id, seq)}`, location.href).href,
    };
    if (reactions) menu.open_reactions(from, message, ports);
    else menu.open_message_menu(from, room, message, ports);
  }

  /** @param {string} action @param {HTMLElement} item @param {HTMLElement} from */
  #act(action, item, from) {
    const { outbox } = this.#ports;
    const { mid = '', seq = '' } = item.dataset;
    const room = this.place?.room;
    const message = room?.log.at(Number(seq));
    const letter = outbox.letters.find(({ id }) => id === mid);
    if (action === 'copy-code') this.#copy_code(from);
    else if (action === 'retry') outbox.retry(mid);
    else if (action === 'discard') outbox.discard(mid);
    else if (action === 'copy' && letter) this.#copy(letter.body);
    else if (action === 'reopen') room?.pages.reopen(Number(seq));
    else if (message) this.#act_on(action, message, from);
    if (action === 'retry' || action === 'discard') this.composer.focus();
  }

  /** @param {string} action @param {Message} message @param {HTMLElement} from */
  #act_on(action, message, from) {
    const { room } = /** @type {Place} */ (this.place);
    if (action === 'menu') this.#menu(message, from);
    else if (action === 'reply') this.#reply(message);
    else if (action === 'react') this.#react(message, from.dataset.emoji ?? '👍');
    else if (action === 'edits')
      late(message_menu, ({ show_edits }) => show_edits(room, message, this.#ports.me));
    else if (action === 'report') {
      const { seq, refused = '' } = message;
      const said = { seq: String(seq), room: this.id, cause: refused };
      this.#copy(t('message.not_opened', said));
    }
  }

  /** @param {HTMLElement} button of a block of code */
  async #copy_code(button) {
    const code = button.closest('.code')?.querySelector('pre')?.textContent ?? '';
    if (await this.#copy(code)) show_copied(button);
  }

  /** @param {string} text @returns {Promise<boolean>} whether the browser allowed it */
  async #copy(text) {
    const { announce } = this.#ports;
    try {
      await navigator.clipboard.writeText(text);
      announce(t('copy.done'));
      return true;
    } catch {
      announce(t('copy.refused'));
      return false;
    }
  }
}

/**
 * The panel beside the timeline: what the room is, who is in it, and what one may change.
 *
 * @typedef {import('./frames.js').RoomFacts} RoomFacts
 * @typedef {import('./frames.js').Member} Member
 * @typedef {object} Ports
 * @property {(command: any) => Promise<any>} send
 * @property {() => import('./frames.js').Person} me
 * @property {(people: import('./frames.js').Person[]) => void} learn
 * @property {() => void} on_close
 * @property {import('./preferences.js').Preferences} preferences
 */
import { RoomChoice } from './alerts.choice.js';
import { late } from './late.js';
import { deeds, role_name } from './member.menu.js';
import { Members } from './members.js';
import { element, lay, make } from './nodes.js';
import { may } from './rights.js';
import { offers } from './room.deeds.js';
import { about_room } from './rooms.view.js';
import { face } from './row.view.js';
import { t } from './texts.js';
import { clock } from './times.js';
import { command } from './wire.js';

const settle_ms = 400;

/** @param {string} label @param {() => unknown} act */
function button(label, act) {
  const node = make('button', { type: 'button', class: 'quiet' }, label);
  node.addEventListener('click', act);
  return node;
}

/** @param {Member} member @returns {string} of a deleted account there is nothing to say */
function standing({ username, role, muted_until, online }) {
  if (!username) return '';
  const words = [t(online ? 'member.online' : 'member.away')];
  if (role !== 'member') words.unshift(role_name(role));
  words.unshift(`@${username}`);
  if (muted_until === null) words.push(t('member.muted'));
  else if (muted_until > Date.now())
    words.push(t('member.muted_until', { time: clock(muted_until) }));
  return words.join(' · ');
}

/** @typedef {{item: HTMLElement, portrait: HTMLElement, words: HTMLElement, drawn: string}} Entry */

export class DetailsView {
  #ports;
  #panel = element('details');
  #about = element('details-about');
  #choice;
  #list = element('details-members');
  #told = element('details-told');
  #banned = element('details-banned');
  /** @type {RoomFacts|null} */
  #room = null;
  #members = new Members('', () => Promise.reject(new Error('no room')));
  /** @type {any} */
  #timer = null;
  /** What stands for each member, by id. @type {Map<string, Entry>} */
  #drawn = new Map();
  #about_drawn = '';

  /** How many members the room had when it was last shown. */
  #counted = 0;

  /** @param {Ports} ports */
  constructor(ports) {
    this.#ports = ports;
    this.#choice = new RoomChoice(element('details-alerts'), ports.preferences);
    element('details-more').addEventListener('click', () => this.#fill((m) => m.load_more()));
    this.#banned.addEventListener('toggle', () => this.#banned.open && this.#draw_banned());
  }

  get open() {
    return !this.#panel.hidden;
  }

  set open(open) {
    const opens = open && !this.open;
    this.#panel.hidden = !open;
    if (opens && this.#room) this.#fill((members) => members.load());
  }

  /** @param {RoomFacts|null} room @param {number} epoch */
  show(room, epoch) {
    const other = room?.id !== this.#room?.id;
    this.#room = room;
    if (other) {
      this.#members = new Members(room?.id ?? '', this.#ports.send);
      for (const part of [this.#about, this.#list, element('details-banned-list')])
        part.replaceChildren();
      this.#banned.open = false;
      this.#drawn.clear();
      this.#about_drawn = '';
    }
    if (!room) return;
    if (other && this.open) this.#fill((members) => members.load());
    // Whoever registers comes into general without an event: only the count tells.
    if (!other && room.members !== this.#counted) this.stir();
    this.#counted = room.members;
    element('details-epoch').textContent = epoch ? t('details.security.epoch', { epoch }) : '';
    this.#draw_about(room);
    this.#choice.show(room);
    this.#draw_members();
  }

  /** Somebody came, went, or is something else now: asks soon, once for many. */
  stir() {
    if (!this.open || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#fill((members) => members.load());
      if (this.#banned.open) this.#draw_banned();
    }, settle_ms);
  }

  /** @param {string} room @param {string[]} ids */
  online(room, ids) {
    if (room !== this.#room?.id) return;
    this.#members.online(ids);
    this.#draw_members();
  }

  /** @param {(members: Members) => Promise<void>} read */
  async #fill(read) {
    const members = this.#members;
    try {
      await read(members);
      if (members !== this.#members) return;
      this.#told.textContent = '';
      this.#ports.learn(members.list);
    } catch (error) {
      if (members !== this.#members) return;
      this.#told.textContent = error instanceof Error ? error.message : String(error);
    }
    this.#draw_members();
  }

  #draw_members() {
    const room = this.#room;
    if (!room) return;
    const me = this.#ports.me();
    const { sorted, more } = this.#members;
    const before = this.#drawn;
    this.#drawn = new Map();
    for (const member of sorted) {
      const { id, full_name, role, muted_until } = member;
      const room_says = [room.name, room.kind, room.role, room.archived, me.role];
      const drawn = JSON.stringify([full_name, role, muted_until, ...room_says]);
      const old = before.get(id);
      const entry = old?.drawn === drawn ? old : { ...this.#draw_member(room, member), drawn };
      // Menus and the focus live on these nodes: who comes and goes changes words alone.
      entry.portrait.classList.toggle('online', member.online);
      entry.words.textContent = standing(member);
      this.#drawn.set(id, entry);
    }
    const at = document.activeElement?.getAttribute('data-member');
    lay(
      this.#list,
      [...this.#drawn.values()].map(({ item }) => item),
    );
    if (at && document.activeElement === document.body)
      this.#list.querySelector(`[data-member="${at}"]`)?.focus();
    element('details-more').hidden = !more;
  }

  /** @param {RoomFacts} room @param {Member} member */
  #draw_member(room, member) {
    const { id } = member;
    const full_name = member.full_name || t('people.deleted');
    const me = this.#ports.me();
    const portrait = face(id, full_name);
    const name = make('span', { class: 'member-name', dir: 'auto' }, full_name);
    if (id === me.id) name.append(` ${t('member.you')}`);
    const words = make('span', { class: 'hint' });
    const item = make('li', {}, portrait, make('span', { class: 'member-words' }, name, words));
    const items = deeds(room, member, { send: this.#ports.send, me });
    if (!items.length) return { item, portrait, words };
    const menu = make('button', { type: 'button', class: 'quiet', 'data-member': id }, '⋯');
    menu.setAttribute('aria-label', t('member.change', { name: full_name }));
    menu.addEventListener('click', () =>
      late(
        () => import('./menu.js'),
        ({ open_menu }) => open_menu(menu, full_name, items),
      ),
    );
    item.append(menu);
    return { item, portrait, words };
  }

  /** @param {RoomFacts} room */
  #draw_about(room) {
    const { id, kind, topic, history, name, archived, role, members, retention } = room;
    const server_role = this.#ports.me().role ?? 'member';
    const said = [
      id,
      kind,
      topic,
      history,
      name,
      archived,
      role,
      members,
      retention,
      server_role,
    ].join();
    if (said === this.#about_drawn) return;
    this.#about_drawn = said;
    const facts = [about_room(room)];
    if (kind !== 'direct')
      facts.push(t(history === 'joined' ? 'details.history.joined' : 'details.history.all'));
    if (retention) facts.push(t('details.retention', { n: retention }));
    const lines = facts.map((line) => make('p', { class: 'hint' }, line));
    if (topic) lines.unshift(make('p', { class: 'details-topic', dir: 'auto' }, topic));
    const focused = this.#about.contains(document.activeElement)
      ? document.activeElement?.textContent
      : '';
    const { send, me } = this.#ports;
    const ports = { send, role: me().role ?? 'member', here: () => this.#members.list };
    const buttons = offers(room, ports).map(({ label, act }) => button(label, act));
    this.#about.replaceChildren(...lines, make('div', { class: 'details-deeds' }, ...buttons));
    if (focused) buttons.find(({ textContent }) => textContent === focused)?.focus();
    this.#banned.hidden = !may('people', room, me().role ?? 'member');
  }

  async #draw_banned() {
    const room = this.#room;
    if (!room) return;
    const list = element('details-banned-list');
    const { send } = this.#ports;
    const banned = new Members(room.id, send, true);
    try {
      await banned.load();
      const items = banned.list.map(({ id, full_name }) => {
        const unban = () =>
          send(command('unban', { room: room.id, user: id })).then(
            () => this.#draw_banned(),
            (error) => (this.#told.textContent = error.message),
          );
        const lift = button(t('details.lift'), unban);
        lift.setAttribute('aria-label', t('details.lift_of', { name: full_name }));
        return make(
          'li',
          {},
          make('span', { class: 'member-words', dir: 'auto' }, full_name),
          lift,
        );
      });
      const nobody = make('li', { class: 'hint' }, t('details.banned_nobody'));
      list.replaceChildren(...(items.length ? items : [nobody]));
    } catch (error) {
      list.replaceChildren(
        make('li', { class: 'hint' }, error instanceof Error ? error.message : String(error)),
      );
    }
  }
}

/**
 * The ways around the chat: by the field in the sidebar, by the switcher, by keys.
 *
 * @typedef {import('./goals.js').Goal} Goal
 * @typedef {import('./rooms.js').Place} Place
 * @typedef {object} WaysPorts
 * @property {import('./rooms.js').Rooms} rooms
 * @property {() => import('./goals.js').Names} names
 * @property {() => string} open id of the open room, or ''
 * @property {(command: any) => Promise<any>} ask
 * @property {(room: {id: string}) => void} go shows a room, known already or on its way
 * @property {(people: import('./frames.js').Person[]) => void} learn
 * @property {(text: string) => void} announce
 * @property {() => void} on_change the sidebar must be drawn anew
 * @property {() => void} to_composer
 * @property {(text: string) => void} browse
 * @property {import('./preferences.js').Preferences} preferences
 */
import { Everybody } from './everybody.js';
import { Finder } from './finder.view.js';
import { neighbour, person_goals, room_goal } from './goals.js';
import { t } from './texts.js';
import { command } from './wire.js';

export class Ways {
  finder;
  #ports;
  #everybody;
  /** @type {ReturnType<typeof import('./switcher.js').open_switcher>|null} */
  #switcher = null;

  /** @param {WaysPorts} ports */
  constructor(ports) {
    this.#ports = ports;
    const { ask, learn, names, on_change, browse, to_composer } = ports;
    this.#everybody = new Everybody({
      send: ask,
      now: () => performance.now(),
      on_change: (people) => {
        learn(people);
        on_change();
        if (this.#switcher?.open) this.#switcher.draw(true);
      },
    });
    this.finder = new Finder({
      ...{ names, on_change, browse, on_leave: to_composer },
      people: () => this.#people(),
      on_start: () => this.#everybody.read(),
      go: (goal) => this.#go(goal),
    });
  }

  begin() {
    this.finder.begin();
  }

  /** Loads what is needed at once when it is needed. */
  prepare() {
    return import('./switcher.js');
  }

  /** @param {import('./keys.js').Deed} deed */
  take(deed) {
    if (deed === 'help') return this.#help();
    if (deed === 'switch') return this.#switch();
    // The switcher's field has arrows of its own.
    return this.#switcher?.open ? undefined : this.#step(deed);
  }

  async #help() {
    const { open_help } = await import('./help.js');
    open_help(this.#ports.preferences);
  }

  #people() {
    const { rooms, names } = this.#ports;
    return person_goals(rooms.all, this.#everybody.list, names().me);
  }

  /** @returns {Place[]} as the sidebar shows them */
  get #places() {
    const { rooms, names } = this.#ports;
    return rooms.groups(names().title).flatMap(({ places }) => places);
  }

  /** @returns {Goal[]} where one is already comes last */
  #goals() {
    const names = this.#ports.names();
    const here = this.#ports.open();
    const rooms = this.#places.map((place) => room_goal(place, names));
    const is_here = (/** @type {Goal} */ { id }) => id === here;
    const others = rooms.filter((goal) => !is_here(goal));
    return [...others, ...this.#people(), ...rooms.filter(is_here)];
  }

  /** @param {Goal} goal */
  async #go({ kind, id }) {
    const { ask, go } = this.#ports;
    const made = { kind: 'direct', people: [id] };
    const room = kind === 'room' ? { id } : (await ask(command('create_room', made))).room;
    go(room);
  }

  async #switch() {
    if (this.#switcher?.open) return this.#switcher.close();
    this.#everybody.read();
    const { open_switcher } = await import('./switcher.js');
    // Pressed twice while it loaded.
    if (this.#switcher?.open) return undefined;
    this.#switcher = open_switcher({
      goals: () => this.#goals(),
      go: (goal) => this.#go(goal),
      ...{ me: this.#ports.names().me, browse: this.#ports.browse },
    });
    return undefined;
  }

  /** @param {import('./keys.js').Deed} deed */
  #step(deed) {
    const { open, go, announce } = this.#ports;
    const unread = deed === 'previous_unread' || deed === 'next_unread';
    const way = deed === 'next' || deed === 'next_unread' ? 1 : -1;
    const fits = (/** @type {Place} */ { tally }) => !unread || tally.unread > 0;
    const place = neighbour(this.#places, open(), way, fits);
    if (place) go({ id: place.room.facts.id });
    else announce(t(unread ? 'rooms.none_unread' : 'rooms.no_other'));
  }
}

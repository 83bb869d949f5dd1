/**
 * The ways around the chat, and to new conversations, are loaded when somebody takes the first of
 * them: this hears of it.
 *
 * @typedef {import('./ways.js').Ways} Ways
 * @typedef {import('./keys.js').Deed} Deed
 * @typedef {object} EntrancesPorts
 * @property {import('./rooms.js').Rooms} rooms
 * @property {import('./people.js').Directory} people
 * @property {import('./stage.js').Stage} stage
 * @property {(facts: import('./frames.js').RoomFacts) => string} title
 * @property {{id: string}} me
 * @property {(command: any) => Promise<any>} ask
 * @property {(text: string) => void} announce
 * @property {import('./preferences.js').Preferences} preferences
 * @property {(room: {id: string}) => void} go shows a room, known already or on its way
 * @property {() => void} again shows the room of the address
 * @property {() => void} draw the sidebar, at once
 * @property {(open: boolean) => void} show_rooms where they are a view of their own
 */
import { deed_anywhere } from './keys.anywhere.js';
import { late, part } from './late.js';
import { element } from './nodes.js';
import { at_rest } from './rest.js';

export class Entrances {
  /** Once they are here. @type {Ways|null} */
  ways = null;
  /** @type {Promise<Ways>|null} */
  #coming = null;
  #ports;
  /** @type {HTMLInputElement} */
  #field = element('find');

  /** @param {EntrancesPorts} ports */
  constructor(ports) {
    this.#ports = ports;
    element('help').hidden = element('new').hidden = this.#field.hidden = false;
    element('new').addEventListener('click', () => this.#open_new(''));
    element('help').addEventListener('click', () => this.take('help'));
    this.#field.addEventListener('focus', () => this.#with_ways(() => {}));
    document.addEventListener('keydown', (event) => this.#pressed(event));
    // The address may be the room's already, as after coming back into it.
    element('room-groups').addEventListener('click', (/** @type {any} */ { target }) => {
      if (target.closest('a')) setTimeout(ports.again, 0);
    });
    const prepare = async () => (await this.#here()).prepare();
    // Who takes one later does not wait; where that fails, they are told.
    at_rest(prepare).catch(() => {});
  }

  /** The field in the sidebar: at once, because the next keys are for it. */
  find() {
    this.#ports.show_rooms(true);
    this.#field.focus();
    this.#field.select();
  }

  /** @param {string} text what is looked for among the public rooms */
  #open_new(text) {
    const { ask, go, me } = this.#ports;
    late(
      () => import('./new.dialog.js'),
      ({ open_new }) => open_new({ send: ask, on_room: go, me: me.id }, text),
    );
  }

  async #load() {
    const { rooms, people, stage, title, me, ask, announce, preferences, ...others } = this.#ports;
    const { Ways } = await part(() => import('./ways.js'));
    return new Ways({
      ...{ rooms, ask, announce, preferences, go: others.go },
      browse: (text) => this.#open_new(text),
      names: () => ({ title, handle_of: (id) => people.find(id)?.username ?? '', me: me.id }),
      open: () => stage.id,
      learn: (found) => people.learn(found),
      on_change: others.draw,
      to_composer: () => {
        others.show_rooms(false);
        stage.composer.focus();
      },
    });
  }

  async #here() {
    this.#coming ??= this.#load();
    try {
      const ways = await this.#coming;
      const known = this.ways === ways;
      this.ways = ways;
      if (!known) ways.begin();
      return ways;
    } catch (error) {
      this.#coming = null;
      throw error;
    }
  }

  /** @param {(ways: Ways) => unknown} use */
  #with_ways(use) {
    late(() => this.#here(), use);
  }

  /** @param {Deed} deed */
  take(deed) {
    this.#with_ways((ways) => ways.take(deed));
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const deed = deed_anywhere(event);
    // What is in front must be answered first; the switcher's own key closes it.
    const busy = document.querySelector('dialog[open]:not(.switcher), [role=menu]');
    // Such a field opens by Alt and an arrow.
    const opens = event.target instanceof HTMLSelectElement;
    if (!deed || busy || opens || event.isComposing) return;
    event.preventDefault();
    this.take(deed);
  }
}

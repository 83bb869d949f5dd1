/** What one room may notify of, as its details let one choose. */
import { choice_for } from './alerts.js';
import { make } from './nodes.js';
import { permission, switch_on } from './permission.js';
import { t } from './texts.js';

/**
 * @typedef {import('./preferences.js').Preferences} Preferences
 * @typedef {import('./frames.js').RoomFacts} RoomFacts
 */

/** @returns {[import('./preferences.js').Choices['rooms'][string], string][]} */
const offered = () => [
  ['all', t('alerts.room.all')],
  ['mentions', t('alerts.room.mentions')],
  ['none', t('alerts.room.none')],
];

export class RoomChoice {
  #place;
  #preferences;
  /** What is drawn. */
  #drawn = '';

  /** @param {HTMLElement} place @param {Preferences} preferences */
  constructor(place, preferences) {
    this.#place = place;
    this.#preferences = preferences;
  }

  /** @param {RoomFacts} room */
  show(room) {
    // Anything else that is chosen here draws itself.
    const drawn = [room.id, permission(), this.#preferences.all.notify].join();
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#draw(room);
  }

  /** @param {RoomFacts} room */
  #draw(room) {
    const select = make('select', { id: 'details-alerts-choice' });
    for (const [value, words] of offered()) select.append(make('option', { value }, words));
    select.value = choice_for(this.#preferences.all, room);
    select.addEventListener('change', () => {
      const { rooms } = this.#preferences.all;
      const chosen = /** @type {typeof rooms[string]} */ (select.value);
      this.#preferences.choose({ rooms: { ...rooms, [room.id]: chosen } });
    });
    const label = make('label', { for: select.id }, t('alerts.room'));
    this.#place.replaceChildren(label, select, ...this.#state(room));
  }

  /** Why nothing will come all the same, and the way out. @param {RoomFacts} room */
  #state(room) {
    const allowed = permission();
    if (allowed === 'missing' || allowed === 'denied')
      return [make('p', { class: 'hint' }, t(`alerts.${allowed}`))];
    if (this.#preferences.all.notify && allowed === 'granted') return [];
    const button = make('button', { type: 'button', class: 'quiet' }, t('alerts.switch_on'));
    button.addEventListener('click', async () => {
      await switch_on(this.#preferences);
      this.show(room);
      this.#place.querySelector('select')?.focus();
    });
    return [make('p', { class: 'hint' }, t('alerts.off')), button];
  }
}

/**
 * The field over the sidebar's rooms: what is typed leaves only those that fit, and adds people.
 *
 * @typedef {import('./goals.js').Goal} Goal
 * @typedef {{name: string, places: import('./rooms.js').Place[]}} Group
 * @typedef {object} FinderPorts
 * @property {() => import('./goals.js').Names} names
 * @property {() => Goal[]} people whom one has no conversation with yet
 * @property {() => void} on_change the sidebar must be drawn anew
 * @property {() => void} on_start somebody is being looked for
 * @property {() => void} on_leave the field has done its duty
 * @property {(goal: Goal) => Promise<void>} go
 * @property {(text: string) => void} browse looks for it among the public rooms
 */
import { found, rank, room_goal } from './goals.js';
import { element, lay, make } from './nodes.js';
import { face } from './row.view.js';
import { t } from './texts.js';

const most_people = 20;

export class Finder {
  #ports;
  /** @type {HTMLInputElement} */
  #field = element('find');
  #more = element('find-more');
  #told = element('find-told');
  /** By what is seen of them. @type {Map<string, HTMLElement>} */
  #drawn = new Map();

  /** @param {FinderPorts} ports */
  constructor(ports) {
    this.#ports = ports;
    this.#field.addEventListener('focus', ports.on_start);
    this.#field.addEventListener('input', ports.on_change);
    element('find-browse').addEventListener('click', () => ports.browse(this.#text));
    const nav = /** @type {HTMLElement} */ (this.#field.closest('nav'));
    nav.addEventListener('keydown', (event) => this.#pressed(event));
    // The click has to find its target before the list is whole again.
    nav.addEventListener('click', (event) => {
      if (/** @type {Element} */ (event.target).closest('#room-groups a'))
        setTimeout(() => this.clear(), 0);
    });
  }

  /** Somebody may have typed before this was here. */
  begin() {
    if (document.activeElement === this.#field) this.#ports.on_start();
    this.#ports.on_change();
  }

  get #text() {
    return this.#field.value.trim();
  }

  clear() {
    if (!this.#field.value) return;
    this.#field.value = '';
    this.#ports.on_change();
  }

  /** @param {Group[]} groups @returns {Group[]} those that fit, none empty; draws what else was found */
  narrow(groups) {
    const typed = this.#text;
    if (!typed) {
      this.#draw([], '');
      element('find-browse').hidden = true;
      return groups;
    }
    const names = this.#ports.names();
    const left = groups
      .map(({ name, places }) => ({
        name,
        places: places.filter((place) => rank(room_goal(place, names), typed) !== null),
      }))
      .filter(({ places }) => places.length);
    const people = found(this.#ports.people(), typed).slice(0, most_people);
    const n = left.reduce((sum, { places }) => sum + places.length, people.length);
    this.#draw(people, n ? t('find.found', { n }) : t('find.nothing', { text: typed }));
    this.#told.classList.toggle('hidden', n > 0);
    element('find-browse').hidden = n > 0;
    return left;
  }

  /** @param {Goal[]} people @param {string} told */
  #draw(people, told) {
    if (this.#told.textContent !== told) this.#told.textContent = told;
    this.#more.hidden = !people.length;
    const keys = people.map(({ id, name }) => `${id} ${name}`);
    const items = people.map((goal, i) => this.#drawn.get(keys[i]) ?? this.#draw_person(goal));
    this.#drawn = new Map(keys.map((key, i) => [key, items[i]]));
    lay(element('find-people'), items);
  }

  /** @param {Goal} goal */
  #draw_person(goal) {
    const names = make('span', { class: 'room-label' });
    names.append(make('span', { dir: 'auto' }, goal.name));
    names.append(' ', make('span', { class: 'hint' }, `@${goal.handle}`));
    const button = make(
      'button',
      { type: 'button', class: 'goal' },
      face(goal.id, goal.name),
      names,
    );
    button.addEventListener('click', async () => {
      try {
        await this.#ports.go(goal);
        this.clear();
      } catch (error) {
        this.#told.classList.remove('hidden');
        this.#told.textContent = error instanceof Error ? error.message : String(error);
      }
    });
    return make('li', {}, button);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const { key, altKey, ctrlKey, metaKey, isComposing } = event;
    const target = /** @type {HTMLElement} */ (event.target);
    const nav = /** @type {HTMLElement} */ (event.currentTarget);
    const hits = /** @type {HTMLElement[]} */ ([
      ...nav.querySelectorAll('#room-groups a, #find-people button'),
    ]);
    const at = hits.indexOf(target);
    if (altKey || ctrlKey || metaKey || isComposing) return;
    if (at < 0 && target !== this.#field) return;
    if (key === 'Escape' && (at < 0 || this.#text)) this.#escape(target);
    else if (key === 'Enter' && at < 0 && this.#text) hits[0]?.click();
    else if (key === 'ArrowDown') hits[at + 1]?.focus();
    else if (key === 'ArrowUp' && at >= 0) (hits[at - 1] ?? this.#field).focus();
    else return;
    event.preventDefault();
  }

  /** @param {HTMLElement} target */
  #escape(target) {
    const typed = this.#field.value;
    this.clear();
    if (target !== this.#field) this.#field.focus();
    else if (!typed) this.#ports.on_leave();
  }
}

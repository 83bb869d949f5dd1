/**
 * Going somewhere by its name: a field over a list, in a dialog.
 *
 * @typedef {import('./goals.js').Goal} Goal
 * @typedef {object} SwitcherPorts
 * @property {() => Goal[]} goals all there are
 * @property {string} me user id
 * @property {(goal: Goal) => Promise<void>} go
 * @property {(text: string) => void} browse looks for it among the public rooms
 */
import { open_dialog } from './dialog.js';
import { found } from './goals.js';
import { make } from './nodes.js';
import { badges_of, mark } from './rooms.view.js';
import { face } from './row.view.js';
import { t } from './texts.js';

const most_shown = 50;

/** @param {Goal} goal @param {string} id @param {string} me */
function draw_goal({ kind, id: who, name, handle, facts, unread, mentions }, id, me) {
  const item = make('li', { class: 'goal', role: 'option', id, 'aria-selected': 'false' });
  item.append(...(facts ? mark(facts, name, me) : [face(who, name)]));
  const names = make('span', { class: 'room-label' }, make('span', { dir: 'auto' }, name));
  if (handle) names.append(' ', make('span', { class: 'hint' }, `@${handle}`));
  if (kind === 'person') names.append(' ', make('span', { class: 'hint' }, t('switch.begin')));
  if (facts?.archived) names.append(' ', make('span', { class: 'hint' }, t('switch.archived')));
  item.append(names, make('span', { class: 'badges' }, ...badges_of({ unread, mentions })));
  return item;
}

class Switcher {
  #ports;
  #field = make('input', {
    ...{ type: 'text', role: 'combobox', 'aria-expanded': 'false', 'aria-controls': 'switch-list' },
    ...{ 'aria-autocomplete': 'list', 'aria-label': t('switch.field') },
    ...{ placeholder: t('switch.field'), autocomplete: 'off', spellcheck: 'false' },
  });
  #list = make('ul', {
    ...{ class: 'goals', id: 'switch-list', role: 'listbox', 'aria-label': t('switch.list') },
  });
  #told = make('p', { class: 'hint', role: 'status' });
  #browse = make('button', { type: 'button', class: 'quiet' }, t('find.browse'));
  /** @type {HTMLDialogElement} */
  #dialog;
  /** @type {Goal[]} */
  #shown = [];
  #at = 0;

  /** @param {SwitcherPorts} ports */
  constructor(ports) {
    this.#ports = ports;
    const form = make('div', { class: 'dialog-form' });
    form.append(this.#field, this.#list, this.#told, this.#browse);
    this.#dialog = open_dialog(t('switch.title'), form);
    this.#dialog.classList.add('switcher');
    this.#field.addEventListener('input', () => this.draw());
    this.#field.addEventListener('keydown', (event) => this.#pressed(event));
    this.#list.addEventListener('click', (event) => {
      const item = /** @type {Element} */ (event.target).closest('li');
      if (item) this.#pick([...this.#list.children].indexOf(item));
    });
    this.#browse.addEventListener('click', () => {
      this.#dialog.close();
      ports.browse(this.#field.value.trim());
    });
    this.draw();
    this.#field.focus();
  }

  get open() {
    return this.#dialog.open;
  }

  close() {
    this.#dialog.close();
  }

  /** What can be found has changed, or what is looked for; the choice stays where it can. @param {boolean} [stay] */
  draw(stay = false) {
    const chosen = stay ? this.#shown[this.#at]?.id : undefined;
    const typed = this.#field.value.trim();
    const all = found(this.#ports.goals(), typed);
    this.#shown = all.slice(0, most_shown);
    const { me } = this.#ports;
    this.#list.replaceChildren(...this.#shown.map((goal, i) => draw_goal(goal, `goal-${i}`, me)));
    this.#list.hidden = this.#browse.hidden = !all.length;
    this.#browse.hidden = all.length > 0;
    this.#field.setAttribute('aria-expanded', String(all.length > 0));
    const n = all.length;
    const some = n > most_shown ? t('switch.more', { n: n - most_shown }) : t('find.found', { n });
    const told = n ? some : t('find.nothing', { text: typed });
    if (this.#told.textContent !== told) this.#told.textContent = told;
    this.#told.classList.toggle('hidden', n > 0 && n <= most_shown);
    this.#choose(
      Math.max(
        0,
        this.#shown.findIndex(({ id }) => id === chosen),
      ),
    );
  }

  /** @param {number} at */
  #choose(at) {
    this.#at = at;
    [...this.#list.children].forEach((item, i) =>
      item.setAttribute('aria-selected', String(i === at)),
    );
    const item = this.#list.children[at];
    if (item) this.#field.setAttribute('aria-activedescendant', item.id);
    else this.#field.removeAttribute('aria-activedescendant');
    item?.scrollIntoView({ block: 'nearest' });
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const { key, altKey, isComposing } = event;
    const count = this.#shown.length;
    if (altKey || isComposing || event.keyCode === 229) return;
    if (key === 'Enter') this.#pick(this.#at);
    else if (key === 'ArrowDown' && count) this.#choose((this.#at + 1) % count);
    else if (key === 'ArrowUp' && count) this.#choose((this.#at + count - 1) % count);
    else return;
    event.preventDefault();
  }

  /** @param {number} at */
  async #pick(at) {
    const goal = this.#shown[at];
    if (!goal) return;
    try {
      // A conversation that begins has to be made first: until then the dialog says what goes wrong.
      await this.#ports.go(goal);
    } catch (error) {
      this.#told.classList.remove('hidden');
      this.#told.textContent = error instanceof Error ? error.message : String(error);
    }
  }
}

/** @param {SwitcherPorts} ports */
export const open_switcher = (ports) => new Switcher(ports);

/** Choosing an emoji out of all, by its name or by looking. */
import { open_dialog } from './dialog.js';
import { groups_with, label, move, search, typed_itself, with_recent } from './emoji.search.js';
import { make } from './nodes.js';
import { Preferences } from './preferences.js';
import { lasting } from './shelf.js';
import { language, t } from './texts.js';

/** @typedef {import('./emoji.search.js').Emoji} Emoji */

const preferences = new Preferences(lasting);

/** @returns {string[]} whatever somebody else may have stored there */
function recent() {
  const { emoji } = preferences.all;
  return Array.isArray(emoji) ? emoji.filter((one) => typeof one === 'string') : [];
}

/** It was used. @param {string} emoji */
export const remember = (emoji) => preferences.choose({ emoji: with_recent(recent(), emoji) });

/** @param {Emoji} one */
function draw_emoji(one) {
  const name = label(one, language);
  const button = make('button', { type: 'button', tabindex: '-1', title: name }, one.emoji);
  button.setAttribute('aria-label', name);
  button.dataset.emoji = one.emoji;
  return button;
}

/** @param {string} title @param {Emoji[]} all */
function draw_group(title, all) {
  const grid = make('div', { class: 'emoji-grid', role: 'group', 'aria-label': title });
  grid.append(...all.map(draw_emoji));
  return [make('h3', { 'aria-hidden': 'true' }, title), grid];
}

class EmojiGrids {
  /** What holds them; scrolls. */
  node = make('div', { class: 'emoji-groups' });

  /** @param {[title: string, all: Emoji[]][]} list */
  show(list) {
    this.node.replaceChildren(...list.flatMap(([title, all]) => draw_group(title, all)));
    this.node.scrollTop = 0;
    this.#buttons[0]?.setAttribute('tabindex', '0');
  }

  get #buttons() {
    return /** @type {HTMLElement[]} */ ([...this.node.querySelectorAll('button')]);
  }

  /** The first, or the one where the focus was last. */
  focus() {
    /** @type {HTMLElement|null} */ (this.node.querySelector('[tabindex="0"]'))?.focus();
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const buttons = this.#buttons;
    const at = buttons.indexOf(/** @type {HTMLElement} */ (event.target));
    if (at < 0 || !/^(?:Arrow|Home$|End$)/.test(event.key)) return;
    event.preventDefault();
    const grids = [...this.node.querySelectorAll('.emoji-grid')];
    const columns = getComputedStyle(grids[0]).gridTemplateColumns.split(' ').length;
    const counts = grids.map((grid) => grid.childElementCount);
    const to = buttons[move(event.key, at, counts, columns)];
    buttons[at].setAttribute('tabindex', '-1');
    to.setAttribute('tabindex', '0');
    to.focus();
  }
}

/** @param {string} typed @returns {[title: string, all: Emoji[]][]} */
function found_for(typed) {
  if (!typed) return groups_with(recent()).map(({ key, all }) => [t(`emoji.${key}`), all]);
  const itself = typed_itself(typed);
  const all = itself.length ? itself : search(typed, language);
  return all.length ? [[t('emoji.found', { n: all.length }), all]] : [];
}

/**
 * @param {string} title
 * @param {(emoji: string) => void} on_choose the dialog is closed then
 */
export function open_emoji(title, on_choose) {
  const field = make('input', { type: 'search', autocomplete: 'off', dir: 'auto' });
  field.placeholder = t('emoji.search');
  field.setAttribute('aria-label', t('emoji.search'));
  const told = make('p', { class: 'hint', role: 'status' });
  const grids = new EmojiGrids();
  const draw = () => {
    const typed = field.value.trim();
    const list = found_for(typed);
    grids.show(list);
    if (!list.length) told.textContent = t('emoji.none');
    else told.textContent = typed ? list[0][0] : '';
  };
  const dialog = open_dialog(title, field, told, grids.node);
  dialog.classList.add('emoji-dialog');
  const choose = (/** @type {string|undefined} */ emoji) => {
    if (!emoji) return;
    dialog.close();
    remember(emoji);
    on_choose(emoji);
  };
  field.addEventListener('input', draw);
  field.addEventListener('keydown', (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === 'ArrowDown') grids.focus();
    else if (event.key === 'Enter')
      choose(/** @type {HTMLElement|null} */ (grids.node.querySelector('button'))?.dataset.emoji);
    else return;
    event.preventDefault();
  });
  grids.node.addEventListener('keydown', (event) => grids.pressed(event));
  grids.node.addEventListener('click', ({ target }) =>
    choose(/** @type {HTMLElement} */ (target).closest('button')?.dataset.emoji),
  );
  draw();
  field.focus();
}

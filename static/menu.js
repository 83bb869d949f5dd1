/**
 * A menu of actions at a button: a popover, so that Escape and a click elsewhere close it.
 *
 * @typedef {{label: string, act: () => unknown, danger?: boolean, short?: boolean}} Item
 *   short ones stand side by side
 */
import { make } from './nodes.js';
import { keep_open } from './press.js';

/** @param {HTMLElement} menu @param {KeyboardEvent} event */
function move(menu, event) {
  const items = /** @type {HTMLElement[]} */ ([...menu.querySelectorAll('[role=menuitem]')]);
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  /** @type {Record<string, number>} */
  const steps = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1 };
  const to = { ...steps, Home: 0, End: -1 }[event.key];
  if (event.key === 'Tab') menu.hidePopover();
  if (to === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  items.at(to % items.length)?.focus();
}

/** @param {HTMLElement} anchor @param {string} label @param {Item[]} items */
export function open_menu(anchor, label, items) {
  const button = anchor instanceof HTMLButtonElement ? anchor : null;
  const menu = make('div', { class: 'menu', role: 'menu', 'aria-label': label, popover: 'auto' });
  const row = make('div', { class: 'menu-row', role: 'none' });
  if (items.some(({ short }) => short)) menu.append(row);
  for (const { label: text, act, danger, short } of items) {
    const item = make('button', { type: 'button', role: 'menuitem', tabindex: '-1' }, text);
    if (danger) item.classList.add('danger');
    item.addEventListener('click', () => {
      menu.hidePopover();
      act();
    });
    (short ? row : menu).append(item);
  }
  menu.addEventListener('keydown', (event) => move(menu, event));
  menu.addEventListener('toggle', (event) => {
    const open = /** @type {ToggleEvent} */ (event).newState === 'open';
    if (button) button.setAttribute('aria-expanded', String(open));
    if (!open) menu.remove();
  });
  button?.setAttribute('aria-expanded', 'true');
  // In the top layer wherever it stands, so it stays within its landmark.
  (anchor.closest('main, aside') ?? document.body).append(menu);
  // Browsers that know it put the menu beside the button; others in the middle.
  /** @type {any} */ (menu).showPopover({ source: anchor });
  keep_open(menu);
  /** @type {HTMLElement|null} */ (menu.querySelector('[role=menuitem]'))?.focus();
}

/**
 * One row of buttons that goes to whichever message the reader points at or has focused, and the
 * keys that lead from message to message. (Buttons in every row would be a thousand tab stops.)
 */
import { make } from './nodes.js';
import { t } from './texts.js';

const coarse = matchMedia('(pointer: coarse)');

/** @param {string} text @param {string} label @param {Record<string, string>} data */
function button(text, label, data) {
  const node = make('button', { type: 'button', tabindex: '-1', ...data }, text);
  node.setAttribute('aria-label', label);
  node.title = label;
  return node;
}

export class Toolbar {
  #node = make(
    'div',
    { class: 'toolbar' },
    button('👍', t('menu.react.with', { emoji: '👍' }), {
      'data-action': 'react',
      'data-emoji': '👍',
    }),
    button('↩', t('menu.reply'), { 'data-action': 'reply' }),
    button('⋯', t('menu.more'), { 'data-action': 'menu', 'aria-haspopup': 'menu' }),
  );
  #rows;

  /** @param {HTMLElement} rows the list of messages, within what scrolls and takes the focus */
  constructor(rows) {
    this.#rows = rows;
    for (const event of ['pointerover', 'focusin'])
      rows.addEventListener(event, (e) => this.#go(/** @type {Element} */ (e.target)));
    // Where the bar has a place of its own, it may be out of sight there.
    rows.addEventListener('click', () => {
      if (coarse.matches) this.#node.scrollIntoView({ block: 'nearest' });
    });
    const scroller = /** @type {HTMLElement} */ (rows.parentElement);
    scroller.addEventListener('keydown', (event) => this.#pressed(event));
  }

  /** @param {Element} target */
  #go(target) {
    const row = target.closest('.message[data-seq]:not(.refused)');
    const busy = this.#node.querySelector('[aria-expanded=true]');
    if (row && !busy && this.#node.parentElement !== row) row.append(this.#node);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const target = /** @type {Element} */ (event.target);
    const rows = /** @type {HTMLElement[]} */ ([...this.#rows.querySelectorAll('li[tabindex]')]);
    const at = rows.indexOf(/** @type {HTMLElement} */ (target));
    const on_list = target === this.#rows.parentElement;
    if (event.altKey || event.ctrlKey || event.metaKey || (at < 0 && !on_list)) return;
    if (event.key === 'Enter' && at >= 0) {
      event.preventDefault();
      return this.#more();
    }
    const from = at < 0 ? rows.length : at;
    /** @type {Record<string, number>} */
    const steps = { ArrowUp: from - 1, k: from - 1, ArrowDown: from + 1, j: from + 1 };
    const to = { ...steps, Home: 0, End: rows.length - 1 }[event.key];
    if (to === undefined || !rows[to]) return;
    event.preventDefault();
    rows[to].focus();
  }

  #more() {
    /** @type {HTMLElement|null} */ (this.#node.querySelector('[data-action=menu]'))?.click();
  }
}

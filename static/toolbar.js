/**
 * One row of buttons that goes to whichever message the reader points at or has focused. (Buttons
 * in every row would be a thousand tab stops.)
 */
import { make } from './nodes.js';
import { t } from './texts.js';

const coarse = matchMedia('(pointer: coarse)');

/** @param {string} text @param {string} label @param {Record<string, string>} data */
function button(text, label, data) {
  const node = make('button', { type: 'button', ...data }, text);
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
  /** @param {HTMLElement} rows the list of messages, */
  constructor(rows) {
    for (const event of ['pointerover', 'focusin'])
      rows.addEventListener(event, (e) => this.#go(/** @type {Element} */ (e.target)));
    // Where the bar has a place of its own, it may be out of sight there.
    rows.addEventListener('click', () => {
      if (coarse.matches) this.#node.scrollIntoView({ block: 'nearest' });
    });
  }

  /** @param {Element} target */
  #go(target) {
    const row = target.closest('.message[data-seq]:not(.refused)');
    const busy = this.#node.querySelector('[aria-expanded=true]');
    if (row && !busy && this.#node.parentElement !== row) row.append(this.#node);
  }
}

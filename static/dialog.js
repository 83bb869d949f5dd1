/** A modal window of the browser's own: focus goes in, stays, and returns where it was. */
import { make } from './nodes.js';
import { t } from './texts.js';

let count = 0;

/**
 * @param {string} title
 * @param {...(Node|string)} content
 * @returns {HTMLDialogElement} open; it leaves the page when it is closed
 */
export function open_dialog(title, ...content) {
  const id = `dialog-${++count}`;
  const close = make('button', { type: 'button', class: 'quiet' }, t('dialog.close'));
  const top = make('div', { class: 'dialog-top' }, make('h2', { id }, title), close);
  const node = make('dialog', { class: 'dialog', 'aria-labelledby': id }, top, ...content);
  close.addEventListener('click', () => node.close());
  node.addEventListener('close', () => {
    node.remove();
    // Where it was opened from may be gone by now.
    if (document.activeElement === document.body) document.getElementById('timeline')?.focus();
  });
  // Only the backdrop is the dialog itself: its content fills it.
  node.addEventListener('click', (event) => event.target === node && node.close());
  document.body.append(node);
  node.showModal();
  return node;
}

/** Closes whatever dialog holds this node. @param {Node} node */
export const close_around = (node) =>
  /** @type {HTMLDialogElement|null} */ (/** @type {Element} */ (node).closest('dialog'))?.close();

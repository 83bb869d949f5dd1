/**
 * The keys that act wherever the focus is. Pure.
 *
 * @typedef {import('./keys.js').Deed} Deed
 * @typedef {import('./keys.js').Press} Press
 */
export const is_mac = /^Mac/.test(globalThis.navigator?.platform ?? '');

/** @type {Record<string, Deed>} */
const with_alt = { ArrowUp: 'previous', ArrowDown: 'next' };
/** @type {Record<string, Deed>} */
const with_alt_shift = { ArrowUp: 'previous_unread', ArrowDown: 'next_unread' };

/** @param {Press} press @returns {Deed|undefined} */
export function deed_anywhere({ key, altKey, ctrlKey, metaKey, shiftKey }) {
  const main = is_mac ? metaKey && !ctrlKey : ctrlKey && !metaKey;
  if (main && !altKey && !shiftKey && key.toLowerCase() === 'k') return 'switch';
  if (!altKey || ctrlKey || metaKey) return undefined;
  return (shiftKey ? with_alt_shift : with_alt)[key];
}

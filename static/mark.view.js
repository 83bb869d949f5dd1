/** Where the page itself is out of sight: a dot on its icon, a count on that of the installed app. */
const icon = /** @type {HTMLLinkElement|null} */ (document.querySelector('link[rel=icon]'));
const plain = icon?.href ?? '';
const dotted = new URL('./favicon.unread.svg', import.meta.url).href;
let drawn = 0;

/** @param {number} unread messages, in all rooms */
export function draw_mark(unread) {
  if (unread === drawn) return;
  drawn = unread;
  const address = unread ? dotted : plain;
  if (icon && icon.href !== address) icon.href = address;
  // Installed or not, a browser may refuse; the title says it too.
  navigator.setAppBadge?.(unread).catch(() => {});
}

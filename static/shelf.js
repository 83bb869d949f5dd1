const nothing = { getItem: () => null, setItem() {}, removeItem() {} };

/**
 * Where words survive a reload: this tab's own storage, which ends with the tab. Two tabs never
 * resend each other's letters, and nothing stays on a shared computer.
 *
 * @type {import('./outbox.js').Shelf}
 */
export const shelf = reachable(() => sessionStorage) ?? nothing;

/**
 * Where choices outlive the tab: this browser's own storage.
 *
 * @type {import('./outbox.js').Shelf}
 */
export const lasting = reachable(() => localStorage) ?? nothing;

/** @param {() => Storage} find @returns {Storage|null} null where the browser forbids storage */
function reachable(find) {
  try {
    return find();
  } catch {
    return null;
  }
}

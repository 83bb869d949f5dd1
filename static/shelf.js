/**
 * Where words survive a reload: this tab's own storage, which ends with the tab. Two tabs never
 * resend each other's letters, and nothing stays on a shared computer.
 *
 * @type {import('./outbox.js').Shelf}
 */
export const shelf = reachable() ?? { getItem: () => null, setItem() {}, removeItem() {} };

/** @returns {Storage|null} null where the browser forbids storage */
function reachable() {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}

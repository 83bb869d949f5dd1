/**
 * When the page has come to rest: what its first sight does not need is loaded only then, so that
 * the first messages come alone over a slow line.
 */
const settle_ms = 1000;
/** Where there is nothing to be shown, or it does not come. */
const longest_ms = 3000;

/** @type {() => void} */
let settle = () => {};
const settled = new Promise((/** @type {(value: void) => void} */ resolve) => (settle = resolve));
let shown = false;

const idle = async () => {
  if (!globalThis.requestIdleCallback) return;
  await new Promise((resolve) => requestIdleCallback(resolve, { timeout: longest_ms }));
};
const rest = settled.then(idle);

/** The first page of messages stands there. */
export function shows_messages() {
  if (shown) return;
  shown = true;
  setTimeout(settle, settle_ms);
}

/** The page begins: it comes to rest in any case. */
export const begin = () => void setTimeout(settle, longest_ms);

/** @param {() => unknown} [task] @returns {Promise<unknown>} when it is done */
export const at_rest = (task = () => {}) => rest.then(task);

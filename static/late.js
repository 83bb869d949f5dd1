/**
 * Parts that are loaded when they are first asked for. One that cannot be loaded, because the
 * server is away, is told to the page as the event `missing`: it says so in the banner.
 */

/**
 * @template T
 * @param {() => Promise<T>} load
 * @param {(part: T) => unknown} use
 */
export async function late(load, use) {
  /** @type {T} */
  let part;
  try {
    part = await load();
  } catch {
    dispatchEvent(new Event('missing'));
    return;
  }
  use(part);
}

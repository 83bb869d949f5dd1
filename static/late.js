/**
 * Parts that are loaded when they are first asked for. One that cannot be loaded, because the
 * server is away, is told to the page as the event `missing`: it says so in the banner.
 */
import { prepare } from './refusals.js';
import { all_texts } from './texts.js';

/** What opens beside or over the talk, and what words are made of beside words. */
const sheets = ['panels.css', 'words.css'];
/** @type {Promise<unknown>|null} */
let styles = null;

/** @param {string} name @returns {Promise<unknown>} */
function style(name) {
  const link = document.createElement('link');
  const href = new URL(`./${name}`, import.meta.url).href;
  Object.assign(link, { rel: 'stylesheet', href });
  return new Promise((resolve, reject) => {
    link.addEventListener('load', resolve);
    link.addEventListener('error', () => {
      link.remove();
      styles = null;
      reject(new Error(`no ${name}`));
    });
    document.head.append(link);
  });
}

/**
 * With the texts and styles that the first sight of the page went without.
 * @template T
 * @param {() => Promise<T>} load
 * @returns {Promise<T>}
 */
export async function part(load) {
  if (globalThis.document?.head) styles ??= Promise.all(sheets.map(style));
  await Promise.all([all_texts(), styles, prepare()]);
  return load();
}

/**
 * @template T
 * @param {() => Promise<T>} load
 * @param {(part: T) => unknown} use
 */
export async function late(load, use) {
  /** @type {T} */
  let loaded;
  try {
    loaded = await part(load);
  } catch {
    dispatchEvent(new Event('missing'));
    return;
  }
  use(loaded);
}

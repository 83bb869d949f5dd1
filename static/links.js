/**
 * Which addresses become links, and when a link must say where it goes. Pure.
 *
 * Only http, https and mailto; never with a user name before the host, never with characters that
 * turn the direction of writing, since both make an address look like another one.
 */
const begins = /^(?:https?:\/\/|mailto:)/i;
const turning = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/;
const most_characters = 2048;
/** What ends a sentence, a quotation or a marker rather than an address. */
const trailing = /[.,;:!?'"*_~»«“”„‘’‚…、。，！？]/;
/** @type {Record<string, string>} */
const pairs = { ')': '(', ']': '[', '}': '{', '）': '（' };

/** @param {string} typed @returns {URL|null} */
export function link_to(typed) {
  if (typed.length > most_characters || !begins.test(typed) || turning.test(typed)) return null;
  try {
    const url = new URL(typed);
    if (url.username || url.password) return null;
    return url.protocol !== 'mailto:' || /^[^\s@]+@[^\s@]+$/.test(url.pathname) ? url : null;
  } catch {
    return null;
  }
}

/**
 * An address in running text, without what follows it: `(see https://a.example/b_(c))` ends with
 * its own bracket only.
 * @param {string} typed without spaces
 * @returns {string} its start
 */
export function without_trailing(typed) {
  /** @type {Record<string, number>} */
  const left = {};
  for (const sign of typed) left[sign] = (left[sign] ?? 0) + 1;
  let end = typed.length;
  for (; end > 0; end--) {
    const sign = typed[end - 1];
    const opens = pairs[sign];
    if (opens ? left[sign] <= (left[opens] ?? 0) : !trailing.test(sign)) break;
    left[sign]--;
  }
  return typed.slice(0, end);
}

/** Signs that nobody sees: they would split a host in two, or name a link with nothing. */
const unseen = /\p{Default_Ignorable_Code_Point}/gu;

/** @param {string} words @returns {string} as a browser reads them in an address */
const folded = (words) =>
  words.replace(unseen, '').normalize('NFKC').toLowerCase().replaceAll('。', '.');

/** Words that look like a host: `example.com`, `10.0.0.1`. @param {string} words @returns {string[]} */
const hosts_in = (words) =>
  folded(words)
    .split(/[^\p{L}\p{M}\p{N}.-]+/u)
    .map((word) => word.replace(/^\.+/, ''))
    .map((word) => (word.endsWith('.') ? word.slice(0, -1) : word))
    .filter((word) => /\.\p{L}[\p{L}\p{M}\p{N}-]+$/u.test(word) || /^\d+(?:\.\d+){3}$/.test(word));

/** @param {string} host */
const bare = (host) => host.replace(/^www\./, '');

/**
 * @param {URL} url
 * @param {string} words that are shown for it
 * @param {boolean} typed whether they are the address as it was typed
 * @returns {string} the address that must be shown beside the words; '' where they are honest
 */
export function real_address(url, words, typed) {
  if (url.protocol === 'mailto:') {
    const address = url.pathname;
    const honest = typed || folded(words) === folded(address) || !/[@.]/.test(folded(words));
    return honest ? '' : address;
  }
  // As a person reads it: up to the first slash or what browsers take for one.
  const said = typed ? [words.split(/[/?#\\]/, 3)[2].toLowerCase()] : hosts_in(words);
  const honest = said.every((host) => bare(host) === bare(url.host) || host === url.hostname);
  return honest ? '' : url.host;
}

/** @param {string} words @returns {boolean} whether they can be the words of a link */
export const may_name = (words) =>
  !turning.test(words) && /[\p{L}\p{N}\p{P}\p{S}]/u.test(words.replace(unseen, ''));

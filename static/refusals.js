/**
 * Why the server refused something, in the reader's language. A frame says it by a code and an
 * English sentence; sentences that the catalogue knows are translated, others say more than the
 * code and stay as they are. Pure.
 *
 * @typedef {import('./texts.js').Key} Key
 */
import { all_texts, language, t } from './texts.js';

/** @type {Map<unknown, Key>} */
let known = new Map();

/** Loads the sentences as the server writes them. */
export async function learn() {
  await all_texts();
  known = (await import('./sentences.js')).sentences;
}

/** With the parts that do what may be refused. Without them it is told in English. */
export async function prepare() {
  // What reads as it came needs no second catalogue.
  if (language !== 'en' && !known.size) await learn().catch(() => {});
}

/** @param {{code: string, text: string, retry_ms?: number}} error @returns {string} */
export function reason_of({ code, text, retry_ms }) {
  if (code === 'rate_limited' && retry_ms)
    return t('error.rate_limited.wait', { n: Math.ceil(retry_ms / 1000) });
  const key = known.get(text);
  return key ? t(key) : text;
}

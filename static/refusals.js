/**
 * Why the server refused something, in the reader's language. A frame says it by a code and an
 * English sentence; sentences that the catalogue knows are translated, others say more than the
 * code and stay as they are. Pure.
 *
 * @typedef {import('./texts.js').Key} Key
 */
import en from './texts/en.json' with { type: 'json' };
import { t } from './texts.js';

/** @type {Map<unknown, Key>} */
const known = new Map();
for (const [key, text] of Object.entries(en))
  if (key.startsWith('error.')) known.set(text, /** @type {Key} */ (key));

/** @param {{code: string, text: string, retry_ms?: number}} error @returns {string} */
export function reason_of({ code, text, retry_ms }) {
  if (code === 'rate_limited' && retry_ms)
    return t('error.rate_limited.wait', { n: Math.ceil(retry_ms / 1000) });
  const key = known.get(text);
  return key ? t(key) : text;
}

/**
 * Why the server refused something, in the reader's language. A frame says it by a code and an
 * English sentence; sentences that the catalogue knows are translated, others say more than the
 * code and stay as they are. Pure.
 *
 * @typedef {import('./texts.js').Key} Key
 */
import { language, t } from './texts.js';

/** @type {Map<unknown, Key>} */
const known = new Map();
/** The first sight of the chat does not wait for it, and no refusal comes sooner. */
const patience_ms = 3000;

/** Loads the sentences as the server writes them. */
export async function learn() {
  const { default: en } = await import('./texts/en.json', { with: { type: 'json' } });
  for (const [key, text] of Object.entries(en))
    if (key.startsWith('error.')) known.set(text, /** @type {Key} */ (key));
}

// What reads as it came needs no second catalogue. Without one it is told in English.
if (language !== 'en') setTimeout(() => learn().catch(() => {}), patience_ms);

/** @param {{code: string, text: string, retry_ms?: number}} error @returns {string} */
export function reason_of({ code, text, retry_ms }) {
  if (code === 'rate_limited' && retry_ms)
    return t('error.rate_limited.wait', { n: Math.ceil(retry_ms / 1000) });
  const key = known.get(text);
  return key ? t(key) : text;
}

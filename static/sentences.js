/** The sentences by which the server refuses, as it writes them: in English. */
import en from './texts/en.json' with { type: 'json' };

/** @typedef {import('./texts.js').Key} Key */

/** @type {Map<unknown, Key>} */
export const sentences = new Map();
for (const [key, text] of Object.entries(en))
  if (key.startsWith('error.')) sentences.set(text, /** @type {Key} */ (key));

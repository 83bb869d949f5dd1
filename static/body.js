/** What may be sent as a body, measured as the server measures it. Pure. */
import { t } from './texts.js';

const encoder = new TextEncoder();
/** The counter appears when so little is left. */
const near_bytes = 2048;

/**
 * @param {string} typed
 * @returns {string} what is sent: without blank lines before and blanks after; an unpaired
 *   surrogate is not Unicode and becomes U+FFFD
 */
export function prepare(typed) {
  const trimmed = typed.replace(/^(?:[^\S\n]*\n)+/, '').trimEnd();
  return trimmed.replace(/\p{Surrogate}/gu, '\uFFFD');
}

/**
 * @param {string} typed
 * @param {number} limit_bytes of UTF-8
 * @returns {{empty: boolean, over: boolean, sentence: string}} `sentence` is empty far from the limit
 */
export function measure(typed, limit_bytes) {
  const body = prepare(typed);
  const left = limit_bytes - encoder.encode(body).length;
  const over = left < 0;
  let sentence = '';
  if (over) sentence = t('composer.too_long', { n: -left });
  else if (left < near_bytes) sentence = t('composer.left', { n: left });
  return { empty: body === '', over, sentence };
}

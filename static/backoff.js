/**
 * How long to wait before the next try: full jitter between 0.5 s and a ceiling that doubles
 * from 2 s to 30 s, so that many clients coming back at once spread out. Pure.
 */
export const least_ms = 500;
export const most_ms = 30_000;

/**
 * @param {number} failures in a row, 0 for the first
 * @param {() => number} random 0 ≤ n < 1
 * @returns {number} milliseconds
 */
export function delay_ms(failures, random) {
  const ceiling_ms = Math.min(most_ms, 2000 * 2 ** Math.min(failures, 10));
  return Math.round(least_ms + random() * (ceiling_ms - least_ms));
}

/** Times as the reader's own language and clock write them; server time only. Pure. */
import { locale, t } from './texts.js';

const hours = new Intl.DateTimeFormat(locale, {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
const full_date = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'medium' });
const short_date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
const day = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' });
const day_with_year = new Intl.DateTimeFormat(locale, { dateStyle: 'full' });

/** @param {number} time ms since 1970 */
export const clock = (time) => hours.format(time);

/** @param {number} time ms since 1970 */
export const full = (time) => full_date.format(time);

/** @param {number} time ms since 1970 */
export const short = (time) => short_date.format(time);

/** @param {number} time ms since 1970 */
const midnight = (time) => new Date(time).setHours(0, 0, 0, 0);

/** @param {number} time @param {number} now ms since 1970 @returns {string} without the day where that is today */
export const moment = (time, now) =>
  (midnight(time) === midnight(now) ? hours : short_date).format(time);

/** @param {number} time @param {number} now ms since 1970 @returns {string} */
export function day_name(time, now) {
  const days = Math.round((midnight(now) - midnight(time)) / 86_400_000);
  if (days === 0) return t('day.today');
  if (days === 1) return t('day.yesterday');
  const same_year = new Date(time).getFullYear() === new Date(now).getFullYear();
  return (same_year ? day : day_with_year).format(time);
}

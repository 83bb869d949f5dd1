/** Times as the reader's own language and clock write them; server time only. Pure. */
const hours = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
const full_date = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const day_with_year = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });

/** @param {number} time ms since 1970 */
export const clock = (time) => hours.format(time);

/** @param {number} time ms since 1970 */
export const full = (time) => full_date.format(time);

/** @param {number} time ms since 1970 */
const midnight = (time) => new Date(time).setHours(0, 0, 0, 0);

/** @param {number} time @param {number} now ms since 1970 @returns {string} */
export function day_name(time, now) {
  const days = Math.round((midnight(now) - midnight(time)) / 86_400_000);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  const same_year = new Date(time).getFullYear() === new Date(now).getFullYear();
  return (same_year ? day : day_with_year).format(time);
}

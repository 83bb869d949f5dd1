/**
 * Whether this browser shows notifications of ours. It is asked only by `switch_on`, which belongs
 * behind a button: browsers punish pages that ask unasked.
 *
 * @returns {'missing'|NotificationPermission}
 */
export const permission = () =>
  'Notification' in globalThis ? Notification.permission : 'missing';

/** @typedef {import('./preferences.js').Preferences} Preferences */

/** @param {Preferences} preferences @returns {boolean} whether nobody has decided yet */
export const may_be_offered = ({ all: { notify, offered } }) =>
  !notify && !offered && ['default', 'granted'].includes(permission());

/**
 * @param {Preferences} preferences
 * @returns {Promise<boolean>} whether notifications are on now
 */
export async function switch_on(preferences) {
  const notify = (await Notification.requestPermission()) === 'granted';
  preferences.choose({ notify, offered: true });
  return notify;
}

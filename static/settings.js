/** What scripts add to the settings, most of which work without: choices for this browser, times. */
import { fill as notifications } from './notifications.settings.js';
import { Preferences } from './preferences.js';
import { lasting } from './shelf.js';
import './times.page.js';

/** @typedef {(section: HTMLElement, preferences: Preferences) => void} Part fills a section */

/** Its one control belongs to theme.js. @type {Part} */
const appearance = () => {};

/** @type {Part} */
function keyboard(section, preferences) {
  const box = /** @type {HTMLInputElement} */ (section.querySelector('input'));
  box.checked = preferences.all.shortcuts;
  box.addEventListener('change', () => preferences.choose({ shortcuts: box.checked }));
}

/** What fills each section that needs scripts. */
const parts = {
  'settings-notifications': notifications,
  'settings-appearance': appearance,
  'settings-keyboard': keyboard,
};

const preferences = new Preferences(lasting);
for (const [id, fill] of Object.entries(parts)) {
  const section = /** @type {HTMLElement} */ (document.getElementById(id));
  fill(section, preferences);
  section.hidden = false;
}

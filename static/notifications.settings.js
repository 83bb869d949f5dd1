/** The section of the settings about notifications: for this browser, and at once. */
import { make } from './nodes.js';
import { permission, switch_on } from './permission.js';
import { t } from './texts.js';

/** @typedef {import('./preferences.js').Preferences} Preferences */

/** @param {string} words @param {boolean} checked @param {(box: HTMLInputElement) => unknown} act */
function choice(words, checked, act) {
  const box = make('input', { type: 'checkbox' });
  box.checked = checked;
  box.addEventListener('change', () => act(box));
  return { box, line: make('label', { class: 'choice' }, box, make('span', {}, words)) };
}

/** @param {Preferences} preferences @param {HTMLElement} told where a refusal is told */
function show_choice(preferences, told) {
  const allowed = permission();
  const is_on = preferences.all.notify && allowed === 'granted';
  const { box, line } = choice(t('settings.notifications.show'), is_on, async () => {
    if (box.checked) box.checked = await switch_on(preferences);
    else preferences.choose({ notify: false });
    told.textContent = permission() === 'denied' ? t('alerts.denied') : '';
  });
  box.disabled = allowed === 'missing' || allowed === 'denied';
  if (allowed === 'missing' || allowed === 'denied') told.textContent = t(`alerts.${allowed}`);
  return line;
}

/**
 * Fills the section and shows it.
 * @param {HTMLElement} section
 * @param {Preferences} preferences
 */
export function fill(section, preferences) {
  const { hide_words, sound } = preferences.all;
  const told = make('p', { class: 'hint', role: 'status' });
  const hide = choice(t('settings.notifications.hide_words'), hide_words, ({ checked }) =>
    preferences.choose({ hide_words: checked }),
  );
  const hint = make(
    'p',
    { class: 'hint', id: `${section.id}-hide` },
    t('settings.notifications.hide_words.hint'),
  );
  hide.box.setAttribute('aria-describedby', hint.id);
  const loud = choice(t('settings.notifications.sound'), sound, ({ checked }) =>
    preferences.choose({ sound: checked }),
  );
  const head = make('h2', { id: `${section.id}-title` }, t('settings.notifications.title'));
  section.setAttribute('aria-labelledby', head.id);
  section.replaceChildren(
    head,
    make('p', { class: 'lead' }, t('settings.notifications.lead')),
    show_choice(preferences, told),
    told,
    ...[hide.line, hint, loud.line],
    make('p', { class: 'hint' }, t('settings.notifications.logout')),
  );
  section.hidden = false;
}

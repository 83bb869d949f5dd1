/** Which keys there are, and the switch for those that are single characters. */
import { open_dialog } from './dialog.js';
import { table } from './keys.js';
import { make } from './nodes.js';
import { t } from './texts.js';

/** Keys that are not called the same everywhere. @type {Record<string, import('./texts.js').Key>} */
const called = {
  ...{ Ctrl: 'keys.name.ctrl', Shift: 'keys.name.shift', Enter: 'keys.name.enter' },
  ...{ Home: 'keys.name.home', End: 'keys.name.end', Esc: 'keys.name.esc' },
};

/** @param {string} combination its parts joined by +, unless it is that key */
function draw_keys(combination) {
  const parts = combination === '+' ? ['+'] : combination.split('+');
  const nodes = parts.map((part) => make('kbd', {}, called[part] ? t(called[part]) : part));
  return nodes.flatMap((node, i) => (i ? ['+', node] : [node]));
}

/** @param {typeof table[number]['list'][number]} line */
function draw_line({ keys, says }) {
  const all = keys.map((key) => make('span', { class: 'keys' }, ...draw_keys(key)));
  const words = all.flatMap((node, i) => (i ? [` ${t('keys.or')} `, node] : [node]));
  return make('div', { class: 'key' }, make('dt', {}, ...words), make('dd', {}, t(says)));
}

/** @param {import('./preferences.js').Preferences} preferences */
function draw_switch(preferences) {
  const box = make('input', { type: 'checkbox', id: 'single-keys' });
  box.setAttribute('aria-describedby', 'single-keys-hint');
  box.checked = preferences.all.shortcuts;
  box.addEventListener('change', () => preferences.choose({ shortcuts: box.checked }));
  const label = make('label', { class: 'switch' }, box, make('span', {}, t('keys.single')));
  const hint = make('p', { class: 'hint', id: 'single-keys-hint' }, t('keys.single.hint'));
  return make('div', { class: 'field' }, label, hint);
}

/** @param {import('./preferences.js').Preferences} preferences */
export function open_help(preferences) {
  const parts = table.flatMap(({ name, list }) => [
    make('h3', {}, t(name)),
    make('dl', { class: 'key-list' }, ...list.map(draw_line)),
  ]);
  open_dialog(t('keys.title'), draw_switch(preferences), ...parts).classList.add('help');
}

/** What scripts add to the forms, which work without: show password, live rules, one submit. */
import { met_rules } from './rules.js';

/** @param {HTMLElement} field a `.password` with its input and a button that knows its other words */
function offer_showing(field) {
  const input = /** @type {HTMLInputElement} */ (field.querySelector('input'));
  const button = /** @type {HTMLButtonElement} */ (field.querySelector('button'));
  button.hidden = false;
  button.addEventListener('click', () => {
    input.type = input.type === 'password' ? 'text' : 'password';
    const { textContent: word, ariaLabel: label } = button;
    button.textContent = button.dataset.other ?? word;
    button.ariaLabel = button.dataset.otherLabel ?? label;
    button.dataset.other = word;
    button.dataset.otherLabel = label ?? '';
  });
}

/** @param {HTMLFormElement} form @param {HTMLElement} list */
function tick_rules(form, list) {
  const least = Number(list.dataset.passwordMin);
  /** @param {string} name */
  const value = (name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value;
  const tick = () => {
    const met = met_rules(value('password'), value('confirm'), value('username'), least);
    for (const [name, is_met] of Object.entries(met)) {
      const item = /** @type {HTMLElement} */ (list.querySelector(`[data-rule=${name}]`));
      item.dataset.met = String(is_met);
      const word = /** @type {HTMLElement} */ (item.querySelector('.state'));
      word.textContent = (is_met ? list.dataset.met : list.dataset.notYet) ?? '';
    }
  };
  form.addEventListener('input', tick);
  tick();
}

/** @param {HTMLFormElement} form */
function submit_once(form) {
  const button = /** @type {HTMLButtonElement} */ (form.querySelector('button[type=submit]'));
  const label = button.textContent;
  form.addEventListener('submit', (event) => {
    if (form.dataset.busy) return event.preventDefault();
    form.dataset.busy = 'true';
    button.setAttribute('aria-disabled', 'true');
    button.textContent = button.dataset.busyLabel ?? label;
    return undefined;
  });
  // The page may come back from the browser's cache by Back.
  addEventListener('pageshow', () => {
    delete form.dataset.busy;
    button.removeAttribute('aria-disabled');
    button.textContent = label;
  });
}

for (const field of document.querySelectorAll('.password'))
  offer_showing(/** @type {HTMLElement} */ (field));
for (const form of document.forms) {
  submit_once(form);
  const list = /** @type {HTMLElement|null} */ (form.querySelector('.rules'));
  if (list) tick_rules(form, list);
}

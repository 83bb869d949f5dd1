/**
 * A form in a dialog: fields, one action, and the server's refusal in place.
 *
 * @typedef {{name: string, label: string, value?: string, hint?: string, most?: number,
 *   required?: boolean, rows?: number, choices?: [value: string, label: string, hint?: string][]}} Field
 *   with `rows` a text of several lines, with `choices` one of these
 * @typedef {Record<string, string>} Values
 * @typedef {object} Task
 * @property {Field[]} [fields]
 * @property {string} [words] said above the fields
 * @property {Node} [first] stands above them too
 * @property {string} action what the button says
 * @property {boolean} [danger]
 * @property {(values: Values) => Promise<unknown>} perform a rejection is told in words; when it
 *   is done the dialog closes, unless a node to show instead is given back
 */
import { close_around, open_dialog } from './dialog.js';
import { make } from './nodes.js';

let count = 0;

/** @param {Field} field @param {string} id */
function control({ name, value = '', most, rows, required }, id) {
  /** @type {Record<string, string>} */
  const attributes = { id, name, dir: 'auto', autocomplete: 'off' };
  if (most) attributes.maxlength = String(most);
  if (required) attributes.required = '';
  const node = rows
    ? make('textarea', { ...attributes, rows: String(rows) })
    : make('input', attributes);
  node.value = value;
  return node;
}

/** @param {Field} field */
function draw_choices({ name, label, value, choices = [] }) {
  const group = make('fieldset', { class: 'choices' }, make('legend', {}, label));
  choices.forEach(([choice, text, hint], i) => {
    const input = make('input', { type: 'radio', name, value: choice });
    input.checked = value ? choice === value : i === 0;
    const words = make('span', {}, text);
    if (hint) words.append(make('span', { class: 'hint' }, hint));
    group.append(make('label', {}, input, words));
  });
  return group;
}

/** @param {Field} field */
function draw_field(field) {
  if (field.choices) return draw_choices(field);
  const id = `field-${++count}`;
  const node = make('div', { class: 'field' }, make('label', { for: id }, field.label));
  const input = control(field, id);
  node.append(input);
  if (field.hint) {
    node.append(make('p', { class: 'hint', id: `${id}-hint` }, field.hint));
    input.setAttribute('aria-describedby', `${id}-hint`);
  }
  return node;
}

/** @param {unknown} error */
const words_of = (error) => (error instanceof Error ? error.message : String(error));

/** @param {Task} task @returns {HTMLFormElement} */
export function make_form({ fields = [], words, first, action, danger, perform }) {
  const refusal = make('p', { class: 'refusal', role: 'alert' });
  const submit = make('button', { type: 'submit', class: danger ? 'primary danger' : 'primary' });
  submit.textContent = action;
  const form = make('form', { class: 'dialog-form' });
  if (words) form.append(make('p', {}, words));
  if (first) form.append(first);
  form.append(...fields.map(draw_field), refusal, make('div', { class: 'dialog-end' }, submit));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (submit.getAttribute('aria-disabled') === 'true') return;
    submit.setAttribute('aria-disabled', 'true');
    refusal.textContent = '';
    try {
      const values = /** @type {Values} */ (Object.fromEntries(new FormData(form).entries()));
      const instead = await perform(values);
      if (instead instanceof Element) form.replaceWith(instead);
      else close_around(form);
      if (instead instanceof HTMLElement) (instead.querySelector('input') ?? instead).focus();
      if (instead instanceof HTMLElement) instead.querySelector('input')?.select();
    } catch (error) {
      refusal.textContent = words_of(error);
    }
    submit.removeAttribute('aria-disabled');
  });
  return form;
}

/** Asks in a dialog. @param {string} title @param {Task} task */
export function ask(title, task) {
  const form = make_form(task);
  open_dialog(title, form);
  /** @type {HTMLElement|null} */ (
    form.querySelector('input:checked, input:not([type=radio]), textarea, button[type=submit]')
  )?.focus();
}

/** Choosing people out of everybody: a search field over a list of boxes. */
import { make } from './nodes.js';
import { everybody, Members, matches } from './members.js';
import { face } from './row.view.js';
import { t } from './texts.js';

const most_shown = 50;

/**
 * @param {object} options
 * @param {(command: any) => Promise<any>} options.send
 * @param {string} options.name of the boxes in the form
 * @param {string} options.label
 * @param {(id: string) => boolean} options.leave_out
 * @param {boolean} [options.one] only one can be chosen
 * @returns {{node: HTMLElement, chosen: () => string[]}}
 */
export function make_picker({ send, name, label, leave_out, one }) {
  const search = make('input', { type: 'search', 'aria-label': label, placeholder: label });
  const list = make('ul', { class: 'people' });
  const told = make('p', { class: 'hint', role: 'status' }, t('people.loading'));
  const node = make('div', { class: 'field' }, search, list, told);
  const people = new Members(everybody, send);
  /** @type {Set<string>} */
  const chosen = new Set();

  /** @param {import('./frames.js').Member} person */
  const draw_person = ({ id, username, full_name }) => {
    const box = make('input', { type: one ? 'radio' : 'checkbox', name, value: id });
    box.checked = chosen.has(id);
    box.addEventListener('change', () => {
      if (one) chosen.clear();
      if (box.checked) chosen.add(id);
      else chosen.delete(id);
    });
    const names = make('span', { class: 'member-words' });
    names.append(make('span', { dir: 'auto' }, full_name));
    names.append(make('span', { class: 'hint' }, `@${username}`));
    return make('li', {}, make('label', {}, box, face(id, full_name), names));
  };
  const draw = () => {
    const found = people.list.filter(
      (one_of) => !leave_out(one_of.id) && (chosen.has(one_of.id) || matches(one_of, search.value)),
    );
    list.replaceChildren(...found.slice(0, most_shown).map(draw_person));
    told.textContent = found.length ? '' : t('people.none');
    const more = found.length - most_shown;
    if (more > 0) told.textContent = t('people.more', { n: more });
  };
  search.addEventListener('input', draw);
  search.addEventListener('keydown', (event) => event.key === 'Enter' && event.preventDefault());
  people.load_all(draw).catch((error) => (told.textContent = error.message));
  return { node, chosen: () => [...chosen] };
}

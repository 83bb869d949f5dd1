/**
 * The ways to another conversation: find a room, make one, write to people.
 *
 * @typedef {object} Ports
 * @property {(command: any) => Promise<any>} send
 * @property {(room: any) => void} on_room the room to show
 * @property {string} me
 */
import { close_around, open_dialog } from './dialog.js';
import { make_form } from './dialog.form.js';
import { make } from './nodes.js';
import { make_picker } from './picker.js';
import { t } from './texts.js';
import { command } from './wire.js';

const search_pause_ms = 250;

/** @param {Ports} ports */
function create({ send, on_room }) {
  return make_form({
    fields: [
      { name: 'name', label: t('new.name'), most: 64, required: true },
      { name: 'topic', label: t('new.topic'), most: 250, hint: t('new.topic.hint') },
      {
        ...{ name: 'kind', label: t('new.kind') },
        choices: [
          ['private', t('new.kind.private'), t('new.kind.private_hint')],
          ['public', t('new.kind.public'), t('new.kind.public_hint')],
        ],
      },
      {
        ...{ name: 'history', label: t('new.history') },
        choices: [
          ['all', t('new.history.all'), t('new.history.all_hint')],
          ['joined', t('new.history.joined'), t('new.history.joined_hint')],
        ],
      },
    ],
    action: t('new.create.action'),
    perform: async (values) => on_room((await send(command('create_room', values))).room),
  });
}

/** @param {Ports} ports */
function direct({ send, on_room, me }) {
  const leave_out = (/** @type {string} */ id) => id === me;
  const label = t('people.search');
  const { node, chosen } = make_picker({ send, name: 'person', label, leave_out });
  return make_form({
    words: t('new.direct.words'),
    first: node,
    action: t('new.direct.action'),
    perform: async () => {
      const people = chosen();
      if (!people.length) throw new Error(t('new.choose_first'));
      if (people.length > 7) throw new Error(t('new.direct.too_many'));
      on_room((await send(command('create_room', { kind: 'direct', people }))).room);
    },
  });
}

/** @param {import('./frames.js').PublicRoom} room @param {Ports} ports @param {HTMLElement} told */
function draw_found({ id, name, topic, members, joined }, { send, on_room }, told) {
  const facts = t('room.members', { n: members });
  const words = make('span', { class: 'found-words' });
  words.append(make('span', { class: 'found-name', dir: 'auto' }, `#${name}`));
  words.append(make('span', { class: 'hint', dir: 'auto' }, topic ? `${facts} · ${topic}` : facts));
  const enter = make('button', { type: 'button', class: 'quiet' });
  enter.textContent = t(joined ? 'new.open' : 'new.join');
  enter.setAttribute('aria-label', t(joined ? 'new.open_room' : 'new.join_room', { name }));
  enter.addEventListener('click', async () => {
    try {
      on_room(joined ? { id } : (await send(command('join_room', { room: id }))).room);
      close_around(enter);
    } catch (error) {
      told.textContent = error instanceof Error ? error.message : String(error);
    }
  });
  return make('li', {}, words, enter);
}

/** @param {Ports} ports @param {string} [text] looked for at first */
function find(ports, text = '') {
  const label = t('new.find.search');
  const search = make('input', { type: 'search', 'aria-label': label, placeholder: label });
  search.value = text;
  const list = make('ul', { class: 'found' });
  const told = make('p', { class: 'hint', role: 'status' });
  const more = make('button', { type: 'button', class: 'quiet', hidden: '' }, t('new.find.more'));
  let after = '';
  let turn = 0;
  const look = async (/** @type {boolean} */ further) => {
    const mine = ++turn;
    const typed = search.value.trim();
    try {
      const asked = command('find_rooms', { text: typed, after: further ? after : '' });
      const answer = await ports.send(asked);
      if (mine !== turn) return;
      const rooms = /** @type {import('./frames.js').PublicRoom[]} */ (answer.rooms);
      const items = rooms.map((room) => draw_found(room, ports, told));
      if (further) list.append(...items);
      else list.replaceChildren(...items);
      after = rooms.at(-1)?.id ?? '';
      more.hidden = !answer.more;
      told.textContent = '';
      if (!list.children.length && typed) told.textContent = t('new.find.none', { text: typed });
    } catch (error) {
      told.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  /** @type {any} */
  let timer = null;
  search.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => look(false), search_pause_ms);
  });
  more.addEventListener('click', () => look(true));
  look(false);
  return make('div', { class: 'dialog-form' }, search, list, told, more);
}

/** @type {[name: string, label: string, draw: (ports: Ports) => HTMLElement][]} */
const ways = [
  ['find', t('new.find'), find],
  ['create', t('new.create'), create],
  ['direct', t('new.direct'), direct],
];

/** @param {Ports} ports @param {string} [text] a public room is looked for by this */
export function open_new(ports, text = '') {
  const tabs = make('fieldset', { class: 'tabs' });
  tabs.append(make('legend', { class: 'hidden' }, t('new.ways')));
  const place = make('div');
  for (const [name, label, draw] of ways) {
    const input = make('input', { type: 'radio', name: 'way', value: name });
    input.addEventListener('change', () => place.replaceChildren(draw(ports)));
    tabs.append(make('label', {}, input, make('span', {}, label)));
  }
  open_dialog(t('shell.new'), tabs, place);
  const first = /** @type {HTMLInputElement} */ (tabs.querySelector('input'));
  first.checked = true;
  place.replaceChildren(find(ports, text));
  /** @type {HTMLElement} */ ((text && place.querySelector('input')) || first).focus();
}

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
import { command } from './wire.js';

const search_pause_ms = 250;

/** @param {Ports} ports */
function create({ send, on_room }) {
  return make_form({
    fields: [
      { name: 'name', label: 'Name', most: 64, required: true },
      { name: 'topic', label: 'Topic', most: 250, hint: 'What it is about; may stay empty.' },
      {
        ...{ name: 'kind', label: 'Who can come in' },
        choices: [
          ['private', 'Private', 'only who is invited'],
          ['public', 'Public', 'everybody on this server'],
        ],
      },
      {
        ...{ name: 'history', label: 'What newcomers can read' },
        choices: [
          ['all', 'Everything', 'also what was said before'],
          ['joined', 'Only what comes later', 'keys to what was said before are not given out'],
        ],
      },
    ],
    action: 'Create the room',
    perform: async (values) => on_room((await send(command('create_room', values))).room),
  });
}

/** @param {Ports} ports */
function direct({ send, on_room, me }) {
  const leave_out = (/** @type {string} */ id) => id === me;
  const label = 'Search by name';
  const { node, chosen } = make_picker({ send, name: 'person', label, leave_out });
  return make_form({
    words: 'Choose one to seven people.',
    first: node,
    action: 'Write to them',
    perform: async () => {
      const people = chosen();
      if (!people.length) throw new Error('Choose somebody first.');
      if (people.length > 7) throw new Error('At most seven people beside you.');
      on_room((await send(command('create_room', { kind: 'direct', people }))).room);
    },
  });
}

/** @param {import('./frames.js').PublicRoom} room @param {Ports} ports @param {HTMLElement} told */
function draw_found({ id, name, topic, members, joined }, { send, on_room }, told) {
  const facts = `${members.toLocaleString('en')} ${members === 1 ? 'member' : 'members'}`;
  const words = make('span', { class: 'found-words' });
  words.append(make('span', { class: 'found-name', dir: 'auto' }, `#${name}`));
  words.append(make('span', { class: 'hint', dir: 'auto' }, topic ? `${facts} · ${topic}` : facts));
  const enter = make('button', { type: 'button', class: 'quiet' }, joined ? 'Open' : 'Join');
  enter.setAttribute('aria-label', `${joined ? 'Open' : 'Join'} ${name}`);
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

/** @param {Ports} ports */
function find(ports) {
  const label = 'Search public rooms';
  const search = make('input', { type: 'search', 'aria-label': label, placeholder: label });
  const list = make('ul', { class: 'found' });
  const told = make('p', { class: 'hint', role: 'status' });
  const more = make('button', { type: 'button', class: 'quiet', hidden: '' }, 'More rooms');
  let after = '';
  let turn = 0;
  const look = async (/** @type {boolean} */ further) => {
    const mine = ++turn;
    const text = search.value.trim();
    try {
      const asked = command('find_rooms', { text, after: further ? after : '' });
      const answer = await ports.send(asked);
      if (mine !== turn) return;
      const rooms = /** @type {import('./frames.js').PublicRoom[]} */ (answer.rooms);
      const items = rooms.map((room) => draw_found(room, ports, told));
      if (further) list.append(...items);
      else list.replaceChildren(...items);
      after = rooms.at(-1)?.id ?? '';
      more.hidden = !answer.more;
      told.textContent = '';
      if (!list.children.length && text) told.textContent = `No public room is called “${text}”.`;
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
  ['find', 'Find a room', find],
  ['create', 'New room', create],
  ['direct', 'Message people', direct],
];

/** @param {Ports} ports */
export function open_new(ports) {
  const tabs = make('fieldset', { class: 'tabs' });
  tabs.append(make('legend', { class: 'hidden' }, 'What would you like?'));
  const place = make('div');
  for (const [name, label, draw] of ways) {
    const input = make('input', { type: 'radio', name: 'way', value: name });
    input.addEventListener('change', () => place.replaceChildren(draw(ports)));
    tabs.append(make('label', {}, input, make('span', {}, label)));
  }
  open_dialog('New conversation', tabs, place);
  const first = /** @type {HTMLInputElement} */ (tabs.querySelector('input'));
  first.checked = true;
  place.replaceChildren(find(ports));
  first.focus();
}

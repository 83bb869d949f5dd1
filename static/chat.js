/** Where the parts of the chat page meet. */
import { address } from './addresses.js';
import { Announcer } from './announcer.js';
import { caught_up_ms, complaint_ms } from './banner.js';
import { BannerView } from './banner.view.js';
import { Composer } from './composer.js';
import { Connection } from './connection.js';
import { Drafts } from './drafts.js';
import { element } from './nodes.js';
import { Outbox } from './outbox.js';
import { Directory } from './people.js';
import { Pill } from './pill.js';
import { Room } from './room.js';
import { draw_head, draw_rooms, room_in } from './rooms.js';
import { shelf } from './shelf.js';
import { offline, surroundings } from './surroundings.js';
import { TimelineView } from './timeline.view.js';
import { Vault } from './vault.js';
import { on_wake } from './wake.js';
import * as wire from './wire.js';

const me = document.body.dataset.userId ?? '';
/** @param {() => void} task @param {number} wait_ms */
const later = (task, wait_ms) => setTimeout(task, wait_ms);
const { random } = Math;

/** @type {Map<string, Room>} */
const rooms = new Map();
/** @type {Room|null} */
let shown = null;
/** Set until the reader has been told that the connection is back. */
let reconnected = false;

const announcer = new Announcer(
  (text) => (element('announcer').textContent = text),
  later,
  (id) => people.name(id),
);
const vault = new Vault(
  new Worker(address('envelope_worker'), { type: 'module' }),
  () => (element('no-crypto').hidden = false),
);
const connection = new Connection(surroundings(vault), {
  on_state,
  on_welcome,
  on_frame,
  on_complaint: (text) => banner.complain(text, complaint_ms),
});
const banner = new BannerView(element('banner'), {
  on_retry: () => connection.start(),
  on_reload: () => location.reload(),
  announce: (text) => announcer.now(text),
});
const drafts = new Drafts(shelf, me);
const people = new Directory({
  ask: (ids) => connection.send(wire.ask_people(ids)),
  later,
  on_change: () => timeline.changed(),
});
const outbox = new Outbox({
  shelf,
  user: me,
  send: (letter) => connection.send(wire.post(letter)),
  make_id: wire.make_id,
  now: () => Date.now(),
  later,
  cancel: (timer) => clearTimeout(timer),
  random,
  on_change: () => timeline.changed(),
});
const timeline = new TimelineView({
  me,
  name_of: (id) => people.name(id),
  letters_of: (room) => outbox.of(room),
  on_action,
  on_end: seen,
});
const pill = new Pill(() => {
  timeline.follow();
  composer.focus();
});
const composer = new Composer({
  on_typed: (text) => shown && drafts.keep(shown.facts.id, text),
  on_submit: (body) => {
    if (!shown) return false;
    outbox.add(shown.facts.id, body);
    timeline.follow();
    return true;
  },
});

/** @param {import('./connection.js').State} state */
function on_state(state) {
  if (state.name !== 'open') {
    outbox.close();
    for (const room of rooms.values()) room.close();
  }
  banner.show(state);
}

/** @param {wire.Welcome} welcome */
function on_welcome({ rooms: facts, limits, user }) {
  reconnected = connection.state.name === 'open' && connection.state.again;
  composer.limit_bytes = limits.body_bytes ?? wire.default_limits.body_bytes;
  people.learn([user]);
  people.open();
  for (const one of facts) {
    const room = rooms.get(one.id) ?? make_room(one);
    room.facts = one;
    room.page = limits.page ?? wire.default_limits.page;
    room.open();
  }
  for (const id of rooms.keys()) if (!facts.some((one) => one.id === id)) rooms.delete(id);
  outbox.open();
  show_room();
}

/** @param {wire.RoomFacts} facts @returns {Room} */
function make_room(facts) {
  /** @type {Room} */
  const room = new Room(facts, {
    send: (command) => connection.send(command),
    vault,
    later,
    random,
    on_change: () => room === shown && redraw(),
    on_message: (message, live) => on_message(room, message, live),
    on_caught_up: (missed) => {
      if (room !== shown || !(missed || reconnected)) return;
      reconnected = false;
      banner.caught_up(missed, caught_up_ms);
    },
    report: (error) => reportError(error),
  });
  rooms.set(facts.id, room);
  return room;
}

/** @param {wire.Frame} frame */
function on_frame(frame) {
  if (frame.type === 'posted') outbox.posted(frame);
  else if (frame.type === 'people') people.learn(frame.people);
  else if (frame.type === 'error' && outbox.refused(frame)) return;
  else {
    for (const room of rooms.values()) if (room.receive(frame)) return;
    // No letter and no room was meant: a question about people, which may be put again.
    if (frame.type === 'error' && frame.retry) later(() => people.open(), frame.retry_ms ?? 2000);
  }
}

/** @param {Room} room @param {import('./log.js').Message} message @param {boolean} live */
function on_message(room, message, live) {
  if (message.from === me) outbox.arrived(message.mid);
  outbox.reached(room.facts.id, message.seq);
  if (live && message.from && !people.has(message.from)) room.recount();
  if (room !== shown || !live || message.from === me || message.kind !== 'text') return;
  announcer.message(message.from, message.body);
  if (timeline.following && !document.hidden) return;
  pill.unseen++;
  show_unseen();
}

function seen() {
  if (timeline.following && !document.hidden) pill.unseen = 0;
  show_unseen();
}

function show_unseen() {
  pill.draw(timeline.following);
  if (shown) draw_head(shown.facts, pill.unseen);
}

function redraw() {
  if (shown) draw_head(shown.facts, pill.unseen);
  timeline.changed();
}

/** Shows the room that the address names, or the first. */
function show_room() {
  const shown_now = rooms.get(shown?.facts.id ?? '');
  // An address of a place on the page, such as the skip link's, changes no room.
  const wanted = rooms.get(room_in(location.hash)) ?? shown_now ?? [...rooms.values()][0] ?? null;
  draw_rooms(
    [...rooms.values()].map(({ facts }) => facts),
    wanted?.facts.id ?? '',
  );
  document.body.classList.remove('rooms-open');
  if (!wanted || wanted === shown) return redraw();
  const changed = shown !== null;
  shown = wanted;
  pill.unseen = 0;
  element('composer').hidden = false;
  composer.show(`#${wanted.facts.name}`, drafts.of(wanted.facts.id));
  timeline.show(wanted);
  redraw();
  if (changed) announcer.now(`Room ${wanted.facts.name}`);
  if (changed || matchMedia('(pointer: fine)').matches) composer.focus();
}

/** @param {string} action @param {HTMLElement} item */
function on_action(action, item) {
  const { mid = '', seq = '' } = item.dataset;
  const letter = outbox.letters.find(({ id }) => id === mid);
  if (action === 'retry') outbox.retry(mid);
  else if (action === 'discard') outbox.discard(mid);
  else if (action === 'copy' && letter) copy(letter.body);
  else if (action === 'reopen') shown?.reopen(Number(seq));
  else if (action === 'report') {
    const cause = shown?.log.at(Number(seq))?.refused;
    copy(`SecureChat could not open message ${seq} of room ${shown?.facts.id}: ${cause}.`);
  }
  if (action === 'retry' || action === 'discard') composer.focus();
}

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    announcer.now('Copied');
  } catch {
    announcer.now('The browser did not allow copying');
  }
}

element('rooms-show').hidden = false;
for (const [id, open] of /** @type {const} */ ([
  ['rooms-show', true],
  ['rooms-back', false],
])) {
  element(id).addEventListener('click', () => {
    document.body.classList.toggle('rooms-open', open);
    element(open ? 'rooms-back' : 'rooms-show').focus();
  });
}
element('logout').addEventListener('submit', () => {
  connection.stop();
  for (const { facts } of rooms.values()) drafts.keep(facts.id, '');
  for (const { id } of [...outbox.letters]) outbox.discard(id);
});
addEventListener('hashchange', show_room);
on_wake(() => connection.wake());
addEventListener('offline', () => offline() && connection.pause());
document.addEventListener('visibilitychange', seen);
addEventListener('beforeunload', (event) => {
  if (outbox.unsent && connection.state.name !== 'ended') event.preventDefault();
});
// Coming back by the browser's Back button: timers and sockets may be long dead.
addEventListener('pageshow', (event) => event.persisted && location.reload());
navigator.serviceWorker?.register(address('service_worker')).catch(() => {});
connection.start();

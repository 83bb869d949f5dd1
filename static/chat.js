/** Where the parts of the chat page meet. */
import { address } from './addresses.js';
import { Announcer } from './announcer.js';
import { caught_up_ms, complaint_ms } from './banner.js';
import { BannerView } from './banner.view.js';
import { Connection } from './connection.js';
import { Details } from './details.js';
import { Drafts } from './drafts.js';
import { Entrances } from './entrances.js';
import { part } from './late.js';
import { Lookout } from './lookout.js';
import { spoken } from './message.js';
import { element } from './nodes.js';
import { facts_after, is_about_members, reported_in } from './notices.js';
import { Outbox } from './outbox.js';
import { Pace } from './pace.js';
import { Panes } from './panes.js';
import { Directory } from './people.js';
import { Preferences } from './preferences.js';
import { Requests } from './requests.js';
import { begin } from './rest.js';
import { Room } from './room.js';
import { hash_of, message_in, room_in, Rooms, title_of } from './rooms.js';
import { lasting, shelf } from './shelf.js';
import { called, Sidebar } from './sidebar.js';
import { Stage } from './stage.js';
import { offline, surroundings } from './surroundings.js';
import { Tally } from './tally.js';
import { t } from './texts.js';
import { unsent } from './unsent.js';
import { Vault } from './vault.js';
import { is_outdated, version } from './version.js';
import { on_wake } from './wake.js';
import * as wire from './wire.js';
import { read_again } from './words.view.js';
import { Writing } from './writing.js';

/**
 * @typedef {import('./message.js').Message} Message
 * @typedef {import('./frames.js').RoomFacts} RoomFacts
 */

const { userId: id = '', username = '' } = document.body.dataset;
/** @type {import('./frames.js').Person} */
const me = { id, username, full_name: '' };
/** @param {() => void} task @param {number} wait_ms */
const later = (task, wait_ms) => setTimeout(task, wait_ms);
const { random } = Math;

/** Set until the reader has been told that the connection is back. */
let reconnected = false;
let page = wire.default_limits.page;
/** The room of the address that names none. */
let home = '';

const announcer = new Announcer(
  (text) => (element('announcer').textContent = text),
  later,
  (id) => people.name(id),
);
/** @param {string} text */
const announce = (text) => announcer.now(text);
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
/** @param {import('./frames.js').Command} command */
const send = (command) => connection.send(command);
const requests = new Requests(send);
/** @param {any} command */
const ask = (command) => requests.ask(command);
const banner = new BannerView(element('banner'), {
  on_retry: () => connection.start(),
  on_reload: () => location.reload(),
  announce,
});
const drafts = new Drafts(shelf, me.id);
const preferences = new Preferences(lasting);
const people = new Directory({
  ask: (ids) => send(wire.ask_people(ids)),
  later,
  on_change: () => redraw(),
});
const outbox = new Outbox({
  ...{ shelf, later, random, user: me.id },
  send: (letter) => send(wire.post(letter)),
  make_id: wire.make_id,
  now: () => Date.now(),
  cancel: (timer) => clearTimeout(timer),
  on_change: () => stage.timeline.changed(),
});
/** @param {RoomFacts} facts */
const title = (facts) => title_of(facts, me.id, (id) => people.name(id));
const rooms = new Rooms({ make: make_place, on_gone });
/** @type {Pace<import('./rooms.js').Place>} */
const watches = new Pace(({ room }) => room.watch(), later);
const stage = new Stage({
  ...{ me, outbox, drafts, people, send, ask, title, announce },
  report: (message) => reported_in(message, rooms, title, (id) => people.name(id)),
  on_read: () => sidebar.changed(),
  shortcuts: () => preferences.all.shortcuts,
  find: () => entrances.find(),
  help: () => entrances.take('help'),
});
const sidebar = new Sidebar({
  ...{ rooms, title, me: me.id },
  narrow: (groups) => entrances.ways?.finder.narrow(groups) ?? groups,
  open: () => stage.place?.room.facts,
  mark: (unread) => lookout.mark(unread),
});
const lookout = new Lookout({
  ...{ me, later, on_open: visit },
  choices: () => preferences.all,
  name_of: (id) => people.name(id),
  called: (facts) => called(facts, title),
  now: () => Date.now(),
});
const entrances = new Entrances({
  ...{ rooms, people, stage, title, me, ask, announce, preferences, go: enter },
  again: go,
  draw: () => sidebar.draw(),
  show_rooms: (open) => panes.rooms(open),
});
const panes = new Panes({ on_details: (...wanted) => details.open(...wanted) });
const details = new Details({
  send: ask,
  me: () => me,
  learn: (members) => people.learn(members),
  preferences,
  on_close: () => panes.details(false),
});

/** @param {import('./connection.js').State} state */
function on_state(state) {
  if (state.name !== 'open') {
    outbox.close();
    rooms.close();
    watches.begin([]);
  }
  if (state.name === 'ended') lookout.close_all();
  // This page's token ended with its session: the banner knows the way from here.
  element('logout').hidden = state.name === 'ended';
  banner.show(state);
}

/** @param {import('./frames.js').Welcome} welcome */
function on_welcome(welcome) {
  const { rooms: facts, limits, user } = welcome;
  banner.outdated(is_outdated(welcome));
  reconnected = connection.state.name === 'open' && connection.state.again;
  page = limits.page ?? page;
  stage.composer.limit_bytes = limits.body_bytes ?? wire.default_limits.body_bytes;
  Object.assign(me, user);
  people.open();
  people.learn([user]);
  rooms.welcome(facts);
  requests.open();
  show_room();
  // The room in front of the reader comes first and whole, of the others only what is new.
  stage.place?.room.open();
  watches.begin(rooms.all.filter((place) => place !== stage.place));
  outbox.open();
  // What was seen meanwhile could not be told.
  stage.seen();
  if (reconnected) details.stir();
  read_again();
}

/** @param {RoomFacts} facts @returns {import('./rooms.js').Place} */
function make_place(facts) {
  const tally = new Tally(me);
  lookout.follow(facts);
  /** @type {Room} */
  const room = new Room(facts, {
    ...{ send, vault, later, random },
    on_change: () => room === stage.place?.room && redraw(),
    on_message: (message, live) => on_message(place, message, live),
    on_gone: () => rooms.remove(facts.id),
    on_caught_up: (missed) => {
      if (room !== stage.place?.room || !(missed || reconnected)) return;
      reconnected = false;
      banner.caught_up(missed, caught_up_ms);
    },
    report: (error) => reportError(error),
  });
  room.pages.size = page;
  const place = { room, tally };
  return place;
}

/** A room that came in between. @param {RoomFacts} facts */
function learn(facts) {
  const known = rooms.get(facts.id);
  const { room } = rooms.learn(facts);
  if (!known) room.watch();
  redraw();
}

/** @param {import('./rooms.js').Place} place one is no member any more: every word of it goes @param {boolean} erased */
function on_gone({ room: { facts } }, erased) {
  const own = unsent(facts.id, outbox, drafts);
  outbox.forget(facts.id);
  lookout.close(facts.id);
  drafts.keep(facts.id, '');
  vault.forget(facts.id).catch(() => {});
  if (stage.id === facts.id) {
    announcer.silence();
    stage.clear(t(erased ? 'room.erased' : 'room.gone'), own);
    details.show(null);
    panes.room(false);
    announce(t(erased ? 'room.erased' : 'room.gone_from', { name: title(facts) }));
  }
  redraw();
}

/** Somebody is called otherwise now. @param {import('./frames.js').Person} user */
function renamed(user) {
  people.learn([user]);
  details.stir();
  if (user.id === me.id) element('account-name').textContent = user.full_name;
}

/** @param {import('./frames.js').Frame} frame */
function on_frame(frame) {
  if (frame.type === 'posted') {
    offer_alerts();
    return outbox.posted(frame);
  }
  if (frame.type === 'people') return people.learn(frame.people);
  if (frame.type === 'person') return renamed(frame.person);
  if (frame.type === 'room') return learn(frame.room);
  if (frame.type === 'removed') return rooms.remove(frame.room, frame.reason === 'erased');
  if (frame.type === 'typing') return stage.typing.heard(frame.room, frame.user);
  if (frame.type === 'presence') return details.online(frame.room, frame.online);
  if (frame.type === 'read') {
    rooms.get(frame.room)?.tally.read(frame);
    lookout.read(frame.room, frame.seq);
    return sidebar.changed();
  }
  if (frame.type === 'error' && outbox.refused(frame)) return undefined;
  if (requests.receive(frame) || rooms.receive(frame)) return undefined;
  // No letter and no room was meant: a question about people, which may be put again.
  if (frame.type === 'error' && frame.retry) later(() => people.again(), frame.retry_ms ?? 2000);
  return undefined;
}

/** @param {import('./rooms.js').Place} place @param {Message} message @param {boolean} live */
function on_message(place, message, live) {
  const { id: here } = place.room.facts;
  const { from, mid, seq, kind, body } = message;
  if (from === me.id) outbox.arrived(mid);
  outbox.reached(here, seq);
  place.tally.arrived(message);
  lookout.arrived(place, message);
  if (kind === 'deleted') {
    announcer.forget(`${here} ${message.target}`);
    drafts.forget(here, Number(message.target));
  }
  if (live) Object.assign(place.room.facts, facts_after(message));
  // Who leaves the room of everybody has no account any more, and no name.
  if (live && kind === 'left' && here === 'general') people.open();
  if (place !== stage.place) return sidebar.changed();
  stage.arrived(message, live);
  if (is_about_members(kind)) details.stir();
  if (live && from !== me.id && spoken.has(kind)) announcer.message(from, body, `${here} ${seq}`);
  return sidebar.changed();
}

function redraw() {
  stage.redraw();
  details.show(stage.place?.room.facts ?? null, stage.place?.room.epoch);
  sidebar.changed();
}

/** @param {{id: string}} room known already, or on its way */
function enter(room) {
  // A dialog gives the focus back when it closes: that comes before the room takes it.
  /** @type {HTMLDialogElement|null} */ (document.querySelector('dialog[open]'))?.close();
  if ('name' in room) learn(/** @type {RoomFacts} */ (room));
  visit(hash_of(room.id));
}

/** @param {string} address of a room or a message: a hash */
function visit(address) {
  location.hash = address;
  go();
}

/** The reader goes where the address says. */
function go() {
  panes.rooms(false);
  show_room();
  const seq = message_in(location.hash);
  if (seq && stage.id === room_in(location.hash)) stage.timeline.jump(seq);
  // The way here is out of sight, though the room was open already.
  else if (document.activeElement?.matches('body, nav *')) stage.composer.focus();
}

/** Shows the room that the address names, or the first. */
function show_room() {
  const first = rooms.groups(title).flatMap(({ places }) => places)[0];
  // An address of a place on the page, such as the skip link's, changes no room.
  const named = location.hash ? room_in(location.hash) : home;
  const wanted = rooms.get(named) ?? stage.place ?? first ?? null;
  if (!wanted || wanted === stage.place) return redraw();
  const changed = stage.place !== null;
  if (!location.hash) home = wanted.room.facts.id;
  stage.show(wanted);
  watches.hurry(wanted);
  panes.room(true);
  redraw();
  if (changed) announce(t('room.entered', { name: title(wanted.room.facts) }));
  if (changed || matchMedia('(pointer: fine)').matches) stage.composer.focus();
  return undefined;
}

/** Somebody has written here: now it is worth a question, once. */
function offer_alerts() {
  const { notify, offered } = preferences.all;
  if (notify || offered) return;
  const on_answer = () => stage.composer.focus();
  // It can wait for another message.
  part(() => import('./alerts.offer.js')).then(
    ({ offer }) => offer(element('offer'), preferences, { announce, on_answer }),
    () => {},
  );
}
addEventListener('missing', () => banner.complain(t('banner.part_missing'), complaint_ms));
new Writing({ room: () => stage.place?.room.facts, ask, me: me.id });
element('logout').addEventListener('submit', () => {
  connection.stop();
  lookout.close_all();
  for (const { room } of rooms.all) drafts.keep(room.facts.id, '');
  for (const { id } of [...outbox.letters]) outbox.discard(id);
});
addEventListener('hashchange', go);
on_wake(() => connection.wake());
addEventListener('offline', () => offline() && connection.pause());
document.addEventListener('visibilitychange', () => stage.seen());
addEventListener('focus', () => stage.seen());
addEventListener('beforeunload', (event) => {
  if (outbox.unsent && connection.state.name !== 'ended') event.preventDefault();
});
// Another tab that logged out has had the browser clear what was kept; what is written here stays.
addEventListener('pagehide', () => connection.state.name === 'ended' && stage.keep());
// Coming back by the browser's Back button: timers and sockets may be long dead.
addEventListener('pageshow', (event) => event.persisted && location.reload());
begin();
navigator.serviceWorker?.register(address('service_worker')).catch(() => {});
navigator.serviceWorker?.ready.then(({ active }) => active?.postMessage({ assets: version }));
connection.start();

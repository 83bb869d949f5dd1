/** What one may do with a room as a whole, each asked for in a dialog. */
import { ask, invite } from './asking.js';
import { late } from './late.js';
import { everybody } from './members.js';
import { may } from './rights.js';
import { t } from './texts.js';
import { command } from './wire.js';

/**
 * @typedef {import('./frames.js').RoomFacts} RoomFacts
 * @typedef {(command: any) => Promise<any>} Send
 * @typedef {object} Ports
 * @property {Send} send
 * @property {string} role one's role on the server
 * @property {() => import('./frames.js').Member[]} here who is known to be in the room
 */

/** @param {RoomFacts} room @param {Send} send */
const ask_topic = ({ id, topic }, send) =>
  ask(t('room.topic'), {
    fields: [{ name: 'topic', label: t('room.topic.about'), value: topic, most: 250 }],
    action: t('room.save'),
    perform: (values) => send(command('set_topic', { room: id, ...values })),
  });

/** @param {RoomFacts} room @param {Send} send */
const ask_name = ({ id, name }, send) =>
  ask(t('room.rename'), {
    fields: [{ name: 'name', label: t('room.rename.name'), value: name, most: 64, required: true }],
    action: t('room.save'),
    perform: (values) => send(command('rename_room', { room: id, ...values })),
  });

/** @param {RoomFacts} room @param {Send} send */
const ask_revoke = ({ id, name }, send) =>
  ask(t('room.revoke.title'), {
    words: t('room.revoke.words', { name }),
    action: t('room.revoke.title'),
    perform: () => send(command('invite', { room: id, revoke: true })),
  });

/** @param {RoomFacts} room @param {Send} send */
const ask_archive = ({ id, name, archived }, send) =>
  ask(t(archived ? 'room.reopen.title' : 'room.archive.title', { name }), {
    words: t(archived ? 'room.reopen.words' : 'room.archive.words'),
    action: t(archived ? 'room.reopen' : 'room.archive'),
    perform: () => send(command('archive_room', { room: id, archived: !archived })),
  });

/** @param {RoomFacts} room @param {Send} send */
const ask_leave = ({ id, name, kind }, send) =>
  ask(t('room.leave.title', { name }), {
    words: t(kind === 'public' ? 'room.leave.words' : 'room.leave.invited'),
    ...{ action: t('room.leave'), danger: true },
    perform: () => send(command('leave_room', { room: id })),
  });

const usual_days = [1, 7, 30, 90, 365];

/** @param {RoomFacts} room @param {Send} send */
function ask_retention({ id, retention }, send) {
  const days = [...new Set([...usual_days, ...(retention ? [retention] : [])])];
  /** @type {[string, string][]} */
  const choices = days
    .sort((a, b) => a - b)
    .map((n) => [String(n), t('room.retention.days', { n })]);
  choices.unshift(['', t('room.retention.keep')]);
  const value = retention ? String(retention) : '';
  ask(t('room.retention.title'), {
    words: t('room.retention.words'),
    fields: [{ name: 'days', label: t('room.retention.label'), value, choices }],
    action: t('room.save'),
    perform: (values) =>
      send(command('set_retention', { room: id, days: Number(values.days) || null })),
  });
}

/** @param {RoomFacts} room @param {Send} send */
const ask_erase = ({ id, name }, send) =>
  ask(t('room.erase.title', { name }), {
    words: t('room.erase.words'),
    fields: [{ name: 'name', label: t('room.erase.name', { name }), most: 64, required: true }],
    ...{ action: t('room.erase'), danger: true },
    perform: async (values) => {
      if (values.name.trim() !== name) throw new Error(t('room.erase.other'));
      await send(command('erase_room', { room: id }));
    },
  });

/** @param {RoomFacts} room @param {Ports} ports */
const ask_person = (room, ports) =>
  late(
    () => import('./picker.js'),
    ({ make_picker }) => pick_person(make_picker, room, ports),
  );

/** @param {typeof import('./picker.js').make_picker} make_picker @param {RoomFacts} room @param {Ports} ports */
function pick_person(make_picker, { id, name }, { send, here }) {
  const members = new Set(here().map((member) => member.id));
  const { node, chosen } = make_picker({
    ...{ send, name: 'person', label: t('people.search'), one: true },
    leave_out: (person) => members.has(person),
  });
  ask(t('room.add.title', { name }), {
    first: node,
    action: t('room.add.action'),
    perform: async () => {
      const [user] = chosen();
      if (!user) throw new Error(t('new.choose_first'));
      await send(command('invite', { room: id, user }));
    },
  });
}

/** @param {RoomFacts} room @param {Ports} ports @returns {{label: string, act: () => unknown}[]} */
export function offers(room, ports) {
  const { send, role } = ports;
  const may_invite = may('invite', room, role);
  const all = [
    { is: may_invite, label: t('room.invite'), act: () => invite(room, send) },
    { is: may_invite, label: t('room.add'), act: () => ask_person(room, ports) },
    { is: may('topic', room, role), label: t('room.topic'), act: () => ask_topic(room, send) },
    { is: may('rename', room, role), label: t('room.rename'), act: () => ask_name(room, send) },
    { is: may('revoke', room, role), label: t('room.revoke'), act: () => ask_revoke(room, send) },
    {
      is: may('archive', room, role),
      label: t(room.archived ? 'room.reopen' : 'room.archive'),
      act: () => ask_archive(room, send),
    },
    {
      is: may('retention', room, role),
      ...{ label: t('room.retention'), act: () => ask_retention(room, send) },
    },
    // Nobody leaves the room of everybody.
    {
      is: may('leave', room, role) && room.id !== everybody,
      ...{ label: t('room.leave'), act: () => ask_leave(room, send) },
    },
    { is: may('erase', room, role), label: t('room.erase'), act: () => ask_erase(room, send) },
  ];
  return all.filter(({ is }) => is);
}

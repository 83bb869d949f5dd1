/** What one may do with a room as a whole, each asked for in a dialog. */
import { ask } from './dialog.form.js';
import { invite } from './invite.dialog.js';
import { make_picker } from './picker.js';
import { may } from './rights.js';
import { command } from './wire.js';

/**
 * @typedef {import('./frames.js').RoomFacts} RoomFacts
 * @typedef {(command: any) => Promise<any>} Send
 * @typedef {object} Ports
 * @property {Send} send
 * @property {string} role one's role on the server
 * @property {() => import('./frames.js').Member[]} here who is known to be in the room
 */

/** Where everybody is who has an account: nobody leaves it. */
const everybody = 'general';

/** @param {RoomFacts} room @param {Send} send */
const ask_topic = ({ id, topic }, send) =>
  ask('Topic', {
    fields: [{ name: 'topic', label: 'What this room is about', value: topic, most: 250 }],
    action: 'Save',
    perform: (values) => send(command('set_topic', { room: id, ...values })),
  });

/** @param {RoomFacts} room @param {Send} send */
const ask_name = ({ id, name }, send) =>
  ask('Rename', {
    fields: [{ name: 'name', label: 'Name', value: name, most: 64, required: true }],
    action: 'Save',
    perform: (values) => send(command('rename_room', { room: id, ...values })),
  });

/** @param {RoomFacts} room @param {Send} send */
const ask_revoke = ({ id, name }, send) =>
  ask('End all links', {
    words: `No invite link into ${name} will work any more. New ones can be made.`,
    action: 'End all links',
    perform: () => send(command('invite', { room: id, revoke: true })),
  });

/** @param {RoomFacts} room @param {Send} send */
const ask_archive = ({ id, name, archived }, send) =>
  ask(archived ? `Reopen ${name}?` : `Archive ${name}?`, {
    words: archived ? 'People can write here again.' : 'Everybody can read it, nobody can write.',
    action: archived ? 'Reopen' : 'Archive',
    perform: () => send(command('archive_room', { room: id, archived: !archived })),
  });

/** @param {RoomFacts} room @param {Send} send */
const ask_leave = ({ id, name, kind }, send) =>
  ask(`Leave ${name}?`, {
    words: kind === 'public' ? 'You can join again.' : 'Only an invitation brings you back.',
    ...{ action: 'Leave', danger: true },
    perform: () => send(command('leave_room', { room: id })),
  });

/** @param {RoomFacts} room @param {Ports} ports */
function ask_person({ id, name }, { send, here }) {
  const members = new Set(here().map((member) => member.id));
  const { node, chosen } = make_picker({
    ...{ send, name: 'person', label: 'Search by name', one: true },
    leave_out: (person) => members.has(person),
  });
  ask(`Add a person to ${name}`, {
    first: node,
    action: 'Add',
    perform: async () => {
      const [user] = chosen();
      if (!user) throw new Error('Choose somebody first.');
      await send(command('invite', { room: id, user }));
    },
  });
}

/** @param {RoomFacts} room @param {Ports} ports @returns {{label: string, act: () => void}[]} */
export function offers(room, ports) {
  const { send, role } = ports;
  const may_invite = may('invite', room, role);
  const all = [
    { is: may_invite, label: 'Invite by link', act: () => invite(room, send) },
    { is: may_invite, label: 'Add a person', act: () => ask_person(room, ports) },
    { is: may('topic', room, role), label: 'Topic', act: () => ask_topic(room, send) },
    { is: may('rename', room, role), label: 'Rename', act: () => ask_name(room, send) },
    { is: may('revoke', room, role), label: 'End links', act: () => ask_revoke(room, send) },
    {
      is: may('archive', room, role),
      ...{ label: room.archived ? 'Reopen' : 'Archive', act: () => ask_archive(room, send) },
    },
    {
      is: may('leave', room, role) && room.id !== everybody,
      ...{ label: 'Leave', act: () => ask_leave(room, send) },
    },
  ];
  return all.filter(({ is }) => is);
}

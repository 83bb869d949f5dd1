/** What may be done to one member, asked for in words before it is done. */
import { ask } from './dialog.form.js';
import { may, outranks } from './rights.js';
import { command } from './wire.js';

/**
 * @typedef {import('./frames.js').Member} Member
 * @typedef {import('./frames.js').RoomFacts} RoomFacts
 * @typedef {{send: (command: any) => Promise<any>, me: import('./frames.js').Person}} Ports
 */

/** @type {[role: import('./frames.js').Role, label: string][]} */
const roles = [
  ['member', 'Make a member'],
  ['moderator', 'Make a moderator'],
  ['owner', 'Make an owner'],
];

/** @param {RoomFacts} room @param {Member} member @param {Ports} ports @returns {import('./menu.js').Item[]} */
export function deeds(room, member, { send, me }) {
  const server_role = me.role ?? 'member';
  const { id: user, full_name: name } = member;
  const about = { room: room.id, user };
  /** @type {import('./menu.js').Item[]} */
  const items = [];
  /** @param {string} label @param {string} type @param {string} words @param {object} [more] */
  const offer = (label, type, words, more = {}) => {
    const danger = ['kick', 'ban'].includes(type);
    const perform = () => send(command(type, { ...about, ...more }));
    const act = () => ask(`${label}: ${name}`, { words, action: label, danger, perform });
    items.push({ label, act, danger });
  };
  const mine = user === me.id;
  if (!mine && !outranks(room, server_role, member)) return items;
  if (may('role', room, server_role) && (!mine || member.role === 'owner'))
    for (const [role, label] of roles.filter(([one]) => one !== member.role))
      offer(label, 'set_role', `${mine ? 'You' : name} will be ${role} in ${room.name}.`, { role });
  if (mine) return items;
  if (may('mute', room, server_role)) {
    if (member.muted_until === 0) {
      offer('Mute for an hour', 'mute', `${name} can read but not write.`, { seconds: 3600 });
      offer('Mute', 'mute', `${name} can read but not write, until you unmute.`);
    } else offer('Unmute', 'unmute', `${name} can write again.`);
  }
  if (may('people', room, server_role)) {
    const back = room.kind === 'public' ? 'may come back' : 'comes back only by an invitation';
    offer('Remove', 'kick', `${name} leaves the room, and ${back}.`);
    offer('Ban', 'ban', `${name} leaves the room, and cannot come back until you lift the ban.`);
  }
  return items;
}

/** What may be done to one member, asked for in words before it is done. */
import { ask } from './asking.js';
import { may, outranks } from './rights.js';
import { t } from './texts.js';
import { command } from './wire.js';

/**
 * @typedef {import('./frames.js').Member} Member
 * @typedef {import('./frames.js').RoomFacts} RoomFacts
 * @typedef {{send: (command: any) => Promise<any>, me: import('./frames.js').Person}} Ports
 */

/** @type {[role: import('./frames.js').Role, label: string][]} */
const roles = [
  ['member', t('member.make.member')],
  ['moderator', t('member.make.moderator')],
  ['owner', t('member.make.owner')],
];

const role_names = {
  member: t('member.role.member'),
  moderator: t('member.role.moderator'),
  owner: t('member.role.owner'),
};

/** @param {import('./frames.js').Role} role */
export const role_name = (role) => role_names[role] ?? role;

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
  /** @param {import('./frames.js').Role} role @param {boolean} own */
  const made = (role, own) => {
    const said = { name, role: role_name(role), room: room.name };
    return t(own ? 'member.make.words_you' : 'member.make.words', said);
  };
  if (!mine && !outranks(room, server_role, member)) return items;
  if (may('role', room, server_role) && (!mine || member.role === 'owner'))
    for (const [role, label] of roles.filter(([one]) => one !== member.role))
      offer(label, 'set_role', made(role, mine), { role });
  if (mine) return items;
  if (may('mute', room, server_role)) {
    if (member.muted_until === 0) {
      const hour_words = t('member.mute.hour_words', { name });
      offer(t('member.mute.hour'), 'mute', hour_words, { seconds: 3600 });
      offer(t('member.mute'), 'mute', t('member.mute.words', { name }));
    } else offer(t('member.unmute'), 'unmute', t('member.unmute.words', { name }));
  }
  if (may('people', room, server_role)) {
    const back = room.kind === 'public' ? 'member.kick.words' : 'member.kick.invited';
    offer(t('member.kick'), 'kick', t(back, { name }));
    offer(t('member.ban'), 'ban', t('member.ban.words', { name }));
  }
  return items;
}

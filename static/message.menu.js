/**
 * What may be done with one message.
 *
 * @typedef {import('./message.js').Message} Message
 * @typedef {import('./room.js').Room} Room
 * @typedef {object} Ports
 * @property {import('./frames.js').Person} me
 * @property {(id: string) => string} name_of
 * @property {(command: any) => Promise<any>} send
 * @property {(message: Message) => void} reply
 * @property {(message: Message) => void} edit
 * @property {(message: Message, emoji: string) => void} react
 * @property {(text: string) => void} copy
 * @property {(seq: number) => string} link_to
 */
import { open_dialog } from './dialog.js';
import { ask } from './dialog.form.js';
import { draw_words } from './markup.view.js';
import { open_menu } from './menu.js';
import { make } from './nodes.js';
import { may } from './rights.js';
import { t } from './texts.js';
import { full } from './times.js';
import { command } from './wire.js';

/** A dialog that shows what was written; the stage closes it when words must go. */
const words_in_it = 'edits';
const emojis = ['👍', '❤️', '😂', '🎉', '👀', '✅'];

/** @param {Message} message @param {Ports} ports */
async function ask_reaction(message, { react }) {
  const { open_emoji } = await import('./emoji.dialog.js');
  open_emoji(t('emoji.react'), (emoji) => react(message, emoji));
}

/** @param {Room} room @param {Message} message @param {Ports} ports */
const ask_delete = (room, { seq, from }, { send, me }) =>
  ask(t('message.delete.title'), {
    words: t(from === me.id ? 'message.delete.own' : 'message.delete.words'),
    ...{ action: t('menu.delete'), danger: true },
    perform: () => send(command('delete', { room: room.facts.id, seq })),
  });

/** @param {Room} room @param {Message} message @param {Ports} ports */
const ask_report = (room, { seq, from }, { send, name_of }) =>
  ask(t('message.report.title'), {
    words: t('message.report.words', { name: name_of(from) }),
    fields: [{ name: 'reason', label: t('message.report.reason'), most: 1000, rows: 3 }],
    action: t('menu.report'),
    perform: async ({ reason }) => {
      await send(command('report', { room: room.facts.id, seq, reason }));
      return make('p', { role: 'status', tabindex: '-1' }, t('message.report.done'));
    },
  });

/** @param {Room} room @param {Message} message @param {import('./frames.js').Person} me */
export function show_edits({ annotations }, message, me) {
  const versions = [message, ...annotations.edits(message)].reverse();
  const items = versions.map(({ time, body }, i) => {
    const older = i === versions.length - 1 ? 'message.edits.first' : 'message.edits.before';
    const which = i === 0 ? 'message.edits.now' : older;
    const when = make('p', { class: 'hint' }, t(which, { time: full(time) }));
    return make('li', {}, when, draw_words(body, me.username, 'version'));
  });
  const dialog = open_dialog(t('message.edits'), make('ol', { class: 'versions' }, ...items));
  dialog.classList.add(words_in_it);
  dialog.dataset.seq = String(message.seq);
}

/** @param {Message} message @param {Ports} ports @returns {import('./menu.js').Item[]} */
const reactions = (message, ports) => [
  ...emojis.map((emoji) => ({
    ...{ label: emoji, short: true },
    act: () => ports.react(message, emoji),
  })),
  { label: t('menu.other_emoji'), act: () => ask_reaction(message, ports), short: true },
];

/** The reactions alone. @param {HTMLElement} anchor @param {Message} message @param {Ports} ports */
export const open_reactions = (anchor, message, ports) =>
  open_menu(anchor, t('emoji.react'), reactions(message, ports));

/**
 * @param {HTMLElement} anchor
 * @param {Room} room
 * @param {Message} message
 * @param {Ports} ports
 */
export function open_message_menu(anchor, room, message, ports) {
  const { me, copy } = ports;
  const { annotations, facts } = room;
  const server_role = me.role ?? 'member';
  const own = message.from === me.id;
  const can_post = may('post', facts, server_role);
  /** @type {import('./menu.js').Item[]} */
  const items = [];
  if (can_post) {
    items.push(...reactions(message, ports));
    items.push({ label: t('menu.reply'), act: () => ports.reply(message) });
    if (own) items.push({ label: t('menu.edit'), act: () => ports.edit(message) });
  }
  if (annotations.edits(message).length)
    items.push({ label: t('menu.edits'), act: () => show_edits(room, message, me) });
  items.push({ label: t('menu.copy'), act: () => copy(annotations.text(message)) });
  items.push({ label: t('message.copy_link'), act: () => copy(ports.link_to(message.seq)) });
  if (!own) items.push({ label: t('menu.report'), act: () => ask_report(room, message, ports) });
  if (can_post && (own || may('moderate', facts, server_role)))
    items.push({
      label: t('menu.delete'),
      act: () => ask_delete(room, message, ports),
      danger: true,
    });
  open_menu(anchor, t('menu.message'), items);
}

/** Links that let people into a room. */
import { ask } from './dialog.form.js';
import { element, make } from './nodes.js';
import { t } from './texts.js';
import { short } from './times.js';
import { command } from './wire.js';

const day_s = 86_400;

/**
 * The link as a QR code, for a phone held to the screen.
 * @param {string} token
 * @returns {Promise<Node[]>} none where the server cannot draw it now: the link is there all the same
 */
async function picture(token) {
  const csrf = String(new FormData(element('logout')).get('csrf'));
  const body = new URLSearchParams({ csrf, token });
  const answer = await fetch('/qr', { method: 'POST', body }).catch(() => null);
  if (!answer?.ok) return [];
  const src = URL.createObjectURL(await answer.blob());
  const drawn = make('img', { class: 'qr', src, alt: t('invite.picture') });
  drawn.addEventListener('load', () => URL.revokeObjectURL(src));
  return [drawn];
}

/** @param {string} link @param {number} expires ms @param {number} uses @param {Node[]} drawn */
function result(link, expires, uses, drawn) {
  const field = make('input', { id: 'invite-link', readonly: '', dir: 'ltr' });
  field.value = link;
  const copy = make('button', { type: 'button', class: 'primary' }, t('invite.copy'));
  const said = make('p', { class: 'hint', role: 'status' });
  copy.addEventListener('click', async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(link);
      said.textContent = t('invite.copied');
    } catch {
      said.textContent = t('invite.not_copied');
    }
  });
  const valid = t('invite.valid', { n: uses, until: short(expires) });
  return make(
    'div',
    { class: 'dialog-form' },
    make('label', { for: 'invite-link' }, t('invite.send')),
    field,
    make('p', { class: 'hint' }, valid),
    ...drawn,
    said,
    make('div', { class: 'dialog-end' }, copy),
  );
}

/**
 * @param {import('./frames.js').RoomFacts} room
 * @param {(command: any) => Promise<any>} send
 */
export function invite(room, send) {
  ask(t('invite.title', { name: room.name }), {
    words: t('invite.words'),
    fields: [
      {
        ...{ name: 'days', label: t('invite.days'), value: '7' },
        choices: [
          ['1', t('invite.days.day')],
          ['7', t('invite.days.week')],
          ['30', t('invite.days.month')],
        ],
      },
      {
        ...{ name: 'uses', label: t('invite.uses'), value: '1' },
        choices: [
          ['1', t('invite.uses.one')],
          ['10', t('invite.uses.most', { n: 10 })],
          ['1000', t('invite.uses.most', { n: 1000 })],
        ],
      },
    ],
    action: t('invite.make'),
    perform: async ({ days, uses }) => {
      const wanted = { room: room.id, expires_s: Number(days) * day_s, uses: Number(uses) };
      const done = await send(command('invite', wanted));
      const drawn = await picture(done.token);
      return result(location.origin + done.path, done.expires, done.uses ?? Number(uses), drawn);
    },
  });
}

/** Links that let people into a room. */
import { ask } from './dialog.form.js';
import { element, make } from './nodes.js';
import { t } from './texts.js';
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
  const copy = make('button', { type: 'button', class: 'primary' }, 'Copy the link');
  const said = make('p', { class: 'hint', role: 'status' });
  copy.addEventListener('click', async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(link);
      said.textContent = 'Copied.';
    } catch {
      said.textContent = 'The browser did not allow copying: the link is selected.';
    }
  });
  const until = new Date(expires).toLocaleString(undefined, {
    dateStyle: 'medium',
    timeStyle: 'short',
  });
  const people = uses === 1 ? 'one person' : `${uses.toLocaleString('en')} people`;
  return make(
    'div',
    { class: 'dialog-form' },
    make('label', { for: 'invite-link' }, 'Send this link'),
    field,
    make('p', { class: 'hint' }, `For ${people}, until ${until}. It is shown only now.`),
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
  ask(`Invite people to ${room.name}`, {
    words: 'Whoever has the link can come in; a newcomer makes an account with it.',
    fields: [
      {
        ...{ name: 'days', label: 'Valid for', value: '7' },
        choices: [
          ['1', 'One day'],
          ['7', 'A week'],
          ['30', '30 days'],
        ],
      },
      {
        ...{ name: 'uses', label: 'For how many', value: '1' },
        choices: [
          ['1', 'One person'],
          ['10', 'Up to 10 people'],
          ['1000', 'Up to 1,000 people'],
        ],
      },
    ],
    action: 'Make a link',
    perform: async ({ days, uses }) => {
      const wanted = { room: room.id, expires_s: Number(days) * day_s, uses: Number(uses) };
      const done = await send(command('invite', wanted));
      const drawn = await picture(done.token);
      return result(location.origin + done.path, done.expires, done.uses ?? Number(uses), drawn);
    },
  });
}

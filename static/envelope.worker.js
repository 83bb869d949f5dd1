/**
 * The module worker that owns every key and opens envelopes away from the page's thread.
 *
 * Requests carry `id` and are answered under it; the page never holds a key.
 *   {op: 'offer'} → {key, nonce}              begins a channel
 *   {op: 'agree', key, nonce} → null          ends it with the server's half
 *   {op: 'keys', keys: [{kid, wrapped}]} → null
 *   {op: 'open', room, seq, envelope} → {header, content} or {refused: cause}
 *   {op: 'forget', room} → null               its keys are dropped
 */
import { agree, offer, spell, unwrap_room_key } from './channel.js';
import { open, Refused } from './envelope.js';

/** @type {import('./channel.js').Half | null} */
let half = null;
/** @type {Promise<CryptoKey> | null} */
let channel_key = null;
/** Promises, so that an `open` right behind its key waits for it. @type {Map<string, Promise<CryptoKey>>} */
const room_keys = new Map();

/** @param {import('./frames.js').WrappedKey[]} keys */
function take_keys(keys) {
  for (const { kid, wrapped } of keys) {
    if (!channel_key) return;
    const before = room_keys.get(kid);
    const fresh = channel_key.then((key) => unwrap_room_key(key, wrapped));
    // A key that came broken must not replace one that works.
    const kept = before ? fresh.catch(() => before) : fresh;
    kept.catch(() => room_keys.get(kid) === kept && room_keys.delete(kid));
    room_keys.set(kid, kept);
  }
}

/** @param {any} request */
async function open_envelope({ room, seq, envelope }) {
  try {
    return await open(envelope, { room, seq }, (kid) => room_keys.get(kid)?.catch(no_key));
  } catch (error) {
    if (error instanceof Refused) return { refused: error.reason };
    throw error;
  }
}

/** @returns {never} */
function no_key() {
  throw new Refused('no_key', 'the key does not unwrap');
}

/** @type {Record<string, (request: any) => unknown>} */
const operations = {
  async offer() {
    half = await offer();
    return spell(half);
  },
  agree(answer) {
    if (!half) throw new TypeError('nothing was offered');
    channel_key = agree(half, answer);
    half = null;
    return channel_key.then(() => null);
  },
  keys({ keys }) {
    take_keys(keys);
    return null;
  },
  open: open_envelope,
  forget({ room }) {
    for (const kid of room_keys.keys()) if (kid.startsWith(`${room}.`)) room_keys.delete(kid);
    return null;
  },
};

self.addEventListener('message', async ({ data }) => {
  try {
    self.postMessage({ id: data.id, value: await operations[data.op](data) });
  } catch (error) {
    self.postMessage({ id: data.id, error: String(error) });
  }
});
self.postMessage({ ready: typeof crypto.subtle === 'object' });

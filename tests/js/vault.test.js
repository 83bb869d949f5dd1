// The vault and its worker together; only the thread between them is missing.
import './webcrypto.js';
import assert from 'node:assert/strict';
import { createECDH, hkdfSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Vault } from '../../static/vault.js';
import { parse } from '../../static/wire.js';
import { b64, header_of, seal, text_content, wrap } from './sealing.js';

const page = { listeners: {}, addEventListener: (name, act) => (page.listeners[name] = act) };
const thread = { addEventListener: (name, act) => (thread[name] = act) };
thread.postMessage = (data) => page.listeners.message?.({ data: structuredClone(data) });
page.postMessage = (data) => thread.message({ data: structuredClone(data) });
Object.defineProperty(globalThis, 'self', { value: thread, configurable: true });
await import('../../static/envelope.worker.js');

/** Agrees as the server would; returns the channel key. */
async function agree(vault) {
  const hello = await vault.offer();
  const ecdh = createECDH('prime256v1');
  const point = ecdh.generateKeys();
  const nonce = randomBytes(32);
  const theirs = Buffer.from(hello.key, 'base64url');
  const salt = Buffer.concat([Buffer.from(hello.nonce, 'base64url'), nonce]);
  const info = Buffer.concat([Buffer.from('securechat/v1/channel'), theirs, point]);
  const key = Buffer.from(hkdfSync('sha256', ecdh.computeSecret(theirs), salt, info, 32));
  await vault.agree({ key: b64(point), nonce: b64(nonce) });
  return key;
}

const never = () => assert.fail('the worker failed');

test('the vault agrees, takes keys and opens, also right behind the key', async () => {
  const vault = new Vault(page, never);
  const channel = await agree(vault);
  const room_key = randomBytes(32);
  vault.keys([{ kid: 'general.1', wrapped: b64(wrap(channel, room_key)) }]);
  const envelope = seal(room_key, header_of(), text_content('hello'));
  const outcome = await vault.open('general', 7, envelope);
  assert.equal(outcome.content.body, 'hello');
  assert.deepEqual(await vault.open('general', 8, envelope), { refused: 'misplaced' });
});

test('keys outlive the connection, and a broken one replaces none that works', async () => {
  const vault = new Vault(page, never);
  const channel = await agree(vault);
  const room_key = randomBytes(32);
  await vault.keys([{ kid: 'general.2', wrapped: b64(wrap(channel, room_key)) }]);
  await agree(vault);
  const envelope = seal(room_key, header_of({ kid: 'general.2' }), text_content('still'));
  await vault.keys([{ kid: 'general.2', wrapped: b64(wrap(channel, room_key)) }]);
  assert.equal((await vault.open('general', 7, envelope)).content.body, 'still');
});

test('a key that does not unwrap is a missing key, and a later good one opens', async () => {
  const vault = new Vault(page, never);
  const channel = await agree(vault);
  const room_key = randomBytes(32);
  const envelope = seal(room_key, header_of({ kid: 'general.3' }), text_content('late'));
  await vault.keys([{ kid: 'general.3', wrapped: b64(randomBytes(40)) }]);
  assert.deepEqual(await vault.open('general', 7, envelope), { refused: 'no_key' });
  await vault.keys([{ kid: 'general.3', wrapped: b64(wrap(channel, room_key)) }]);
  assert.equal((await vault.open('general', 7, envelope)).content.body, 'late');
});

test('an answer of the server that is no key is refused', async () => {
  const vault = new Vault(page, never);
  await vault.offer();
  await assert.rejects(vault.agree({ key: 'AAAA', nonce: 'AAAA' }));
});

test('a worker that cannot run says so once and refuses what is asked', async () => {
  let failures = 0;
  const dead = { addEventListener: (name, act) => (dead[name] = act), postMessage() {} };
  const vault = new Vault(dead, () => failures++);
  const asked = vault.offer();
  dead.message({ data: { ready: false } });
  dead.error({});
  await assert.rejects(asked);
  await assert.rejects(vault.offer());
  assert.equal(failures, 1);
});

test('an event whose row is gone from the store is damaged, with and without keys', async () => {
  const parts = { protected: '', encrypted_key: '', iv: '', ciphertext: '', tag: '' };
  const frame = { type: 'event', room: 'general', seq: 7, envelope: parts };
  assert.deepEqual(parse(JSON.stringify(frame)), frame);
  const vault = new Vault(page, never);
  assert.deepEqual(await vault.open('general', 7, parts), { refused: 'damaged' });
  const channel = await agree(vault);
  const room_key = randomBytes(32);
  await vault.keys([{ kid: 'general.4', wrapped: b64(wrap(channel, room_key)) }]);
  assert.deepEqual(await vault.open('general', 7, parts), { refused: 'damaged' });
  const whole = seal(room_key, header_of({ kid: 'general.4' }), text_content('gone'));
  for (const part of Object.keys(parts))
    assert.deepEqual(
      await vault.open('general', 7, { ...whole, [part]: '' }),
      { refused: 'damaged' },
      part,
    );
});

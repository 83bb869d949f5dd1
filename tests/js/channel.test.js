import './webcrypto.js';
import assert from 'node:assert/strict';
import { createECDH, hkdfSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { encode } from '../../static/base64url.js';
import { agree, offer, spell, unwrap_room_key } from '../../static/channel.js';
import { open } from '../../static/envelope.js';
import { b64, header_of, seal, text_content, wrap } from './sealing.js';

/** The server's half, by node's own ECDH and HKDF. */
function answer_to(hello) {
  const ecdh = createECDH('prime256v1');
  const point = ecdh.generateKeys();
  const nonce = randomBytes(32);
  const theirs = Buffer.from(hello.key, 'base64url');
  const shared = ecdh.computeSecret(theirs);
  const salt = Buffer.concat([Buffer.from(hello.nonce, 'base64url'), nonce]);
  const info = Buffer.concat([Buffer.from('securechat/v1/channel'), theirs, point]);
  const key = Buffer.from(hkdfSync('sha256', shared, salt, info, 32));
  return { key, welcome: { key: b64(point), nonce: b64(nonce) } };
}

test('both ends agree, and a room key wrapped for this channel opens messages', async () => {
  const half = await offer();
  const { key, welcome } = answer_to(spell(half));
  const channel_key = await agree(half, welcome);
  const room_key = randomBytes(32);
  const unwrapped = await unwrap_room_key(channel_key, b64(wrap(key, room_key)));
  const envelope = seal(room_key, header_of(), text_content('hello'));
  const { content } = await open(envelope, { room: 'general', seq: 7 }, async () => unwrapped);
  assert.equal(content.body, 'hello');
});

test('neither the channel key nor a room key can leave the browser', async () => {
  const half = await offer();
  const { key, welcome } = answer_to(spell(half));
  const channel_key = await agree(half, welcome);
  const room_key = await unwrap_room_key(channel_key, b64(wrap(key, randomBytes(32))));
  for (const secret of [channel_key, room_key, half.pair.privateKey]) {
    assert.equal(secret.extractable, false);
    await assert.rejects(crypto.subtle.exportKey('raw', secret));
  }
  assert.deepEqual(room_key.usages, ['unwrapKey']);
});

test('a point that is not on the curve and a short nonce are refused', async () => {
  const half = await offer();
  const { welcome } = answer_to(spell(half));
  const off_curve = encode(Uint8Array.of(4, ...new Uint8Array(64).fill(1)));
  await assert.rejects(agree(half, { ...welcome, key: off_curve }));
  await assert.rejects(agree(half, { ...welcome, nonce: welcome.nonce.slice(0, 20) }));
});

test('a damaged wrapped key is refused', async () => {
  const half = await offer();
  const { key, welcome } = answer_to(spell(half));
  const channel_key = await agree(half, welcome);
  const wrapped = wrap(key, randomBytes(32));
  wrapped[3] ^= 1;
  await assert.rejects(unwrap_room_key(channel_key, b64(wrapped)));
});

test('the key wrap is that of RFC 3394 section 4.6', async () => {
  const hex = (text) => Buffer.from(text, 'hex');
  const kek = hex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
  const data = hex('00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f');
  const expected = hex(
    '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21',
  );
  assert.deepEqual(wrap(kek, data), expected);
  const channel_key = await crypto.subtle.importKey('raw', kek, 'AES-KW', false, ['unwrapKey']);
  const room_key = await unwrap_room_key(channel_key, b64(expected));
  const envelope = seal(data, header_of(), text_content('vector'));
  const { content } = await open(envelope, { room: 'general', seq: 7 }, async () => room_key);
  assert.equal(content.body, 'vector');
});

import './webcrypto.js';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { FlattenedEncrypt, flattenedDecrypt } from 'jose';
import { decode, encode } from '../../static/base64url.js';
import { decrypt, open, Refused } from '../../static/envelope.js';
import { header_of, room_key_of, seal, text_content } from './sealing.js';

const place = { room: 'general', seq: 7 };
const raw_key = randomBytes(32);
const key = await room_key_of(raw_key);
const find = async (kid) => (kid === 'general.1' ? key : undefined);
const refused = (cause) => (error) => error instanceof Refused && error.reason === cause;

test('an envelope sealed by other code opens', async () => {
  const envelope = seal(raw_key, header_of(), text_content('Grüße 🙂'));
  const { header, content } = await open(envelope, place, find);
  assert.deepEqual(content, { kind: 'text', body: 'Grüße 🙂' });
  assert.equal(header.from, '12');
  assert.equal(header.time, 1700000000000);
});

test('an envelope sealed by jose opens, and ours opens in jose', async () => {
  const theirs = await new FlattenedEncrypt(new TextEncoder().encode(text_content('from jose')))
    .setProtectedHeader(header_of())
    .encrypt(raw_key);
  assert.equal((await open(theirs, place, find)).content.body, 'from jose');
  const ours = seal(raw_key, header_of(), text_content('for jose'));
  const { plaintext } = await flattenedDecrypt(ours, raw_key);
  assert.equal(JSON.parse(new TextDecoder().decode(plaintext)).body, 'for jose');
});

test('the published vector of RFC 7518 appendix B.3 opens', async () => {
  // There the AAD is a sentence; ours is always the base64url header, so only MAC and cipher
  // below it are held against the vector, through the same code with that AAD in its place.
  const hex = (text) => new Uint8Array(Buffer.from(text.replace(/\s/g, ''), 'hex'));
  const content_key = hex(
    [...Array(64).keys()].map((n) => n.toString(16).padStart(2, '0')).join(''),
  );
  const wrapping = await crypto.subtle.importKey('raw', raw_key, 'AES-KW', false, ['wrapKey']);
  const as_hmac = await crypto.subtle.importKey(
    'raw',
    content_key,
    { name: 'HMAC', hash: 'SHA-512' },
    true,
    ['sign'],
  );
  const wrapped = await crypto.subtle.wrapKey('raw', as_hmac, wrapping, 'AES-KW');
  const plaintext =
    'A cipher system must not be required to be secret, and it must be able to fall into the hands of the enemy without inconvenience';
  const envelope = {
    protected: 'The second principle of Auguste Kerckhoffs',
    encrypted_key: encode(new Uint8Array(wrapped)),
    iv: encode(hex('1af38c2dc2b96ffdd86694092341bc04')),
    ciphertext: encode(
      hex(`4affaaadb78c31c5da4b1b590d10ffbd3dd8d5d302423526912da037ecbcc7bd
           822c301dd67c373bccb584ad3e9279c2e6d12a1374b77f077553df829410446b
           36ebd97066296ae6427ea75c2e0846a11a09ccf5370dc80bfecbad28c73f09b3
           a3b75e662a2594410ae496b2e2e6609e31e6e02cc837f053d21f37ff4f51950b
           be2638d09dd7a4930930806d0703b1f6`),
    ),
    tag: encode(hex('4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5')),
  };
  assert.equal(new TextDecoder().decode(await decrypt(key, envelope)), plaintext);
});

for (const field of ['protected', 'encrypted_key', 'iv', 'ciphertext', 'tag'])
  test(`every flipped bit in ${field} is refused`, async () => {
    const envelope = seal(raw_key, header_of(), text_content('hold'));
    const bytes = decode(envelope[field]);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] ^= 1 << (bit & 7);
      const damaged = { ...envelope, [field]: encode(flipped) };
      await assert.rejects(open(damaged, place, find), Refused, `${field} bit ${bit}`);
    }
  });

test('a second spelling of the same bytes is refused', async () => {
  const envelope = seal(raw_key, header_of(), text_content('hold'));
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  for (const field of ['encrypted_key', 'iv', 'tag', 'ciphertext']) {
    const text = envelope[field];
    if (text.length % 4 === 0) continue;
    const last = alphabet[alphabet.indexOf(text.at(-1)) | 1];
    for (const other of [text.slice(0, -1) + last, `${text}=`, `${text}\n`]) {
      if (other === text) continue;
      const damaged = { ...envelope, [field]: other };
      await assert.rejects(open(damaged, place, find), refused('damaged'));
    }
  }
});

for (const [what, changes, cause] of [
  ['another room', { room: 'other' }, 'misplaced'],
  ['another number', { seq: 8 }, 'misplaced'],
  ['the key of another room', { kid: 'other.1' }, 'misplaced'],
  ['a key id without an epoch', { kid: 'general' }, 'misplaced'],
  ['a key that is not here', { kid: 'general.2' }, 'no_key'],
  ['another key algorithm', { alg: 'dir' }, 'damaged'],
  ['another content algorithm', { enc: 'A128CBC-HS256' }, 'damaged'],
  ['another type', { typ: 'securechat+2' }, 'damaged'],
  ['a number as text', { seq: '7' }, 'damaged'],
  ['compression', { zip: 'DEF' }, 'damaged'],
  ['a critical extension', { crit: ['x'] }, 'damaged'],
])
  test(`an honest envelope with ${what} is refused`, async () => {
    const envelope = seal(raw_key, header_of(changes), text_content('hold'));
    await assert.rejects(open(envelope, place, find), refused(cause));
  });

test('an envelope under another room key is refused', async () => {
  const envelope = seal(randomBytes(32), header_of(), text_content('hold'));
  await assert.rejects(open(envelope, place, find), refused('damaged'));
});

test('parts swapped between two envelopes are refused', async () => {
  const one = seal(raw_key, header_of(), text_content('one'));
  const two = seal(raw_key, header_of(), text_content('two'));
  for (const field of ['encrypted_key', 'iv', 'ciphertext', 'tag'])
    await assert.rejects(open({ ...one, [field]: two[field] }, place, find), refused('damaged'));
});

test('sealed content that is not ours is refused', async () => {
  for (const text of ['', 'null', '[]', '{}', '{"kind":1}', '"text"']) {
    const envelope = seal(raw_key, header_of(), text.padEnd(128));
    await assert.rejects(open(envelope, place, find), refused('damaged'));
  }
});

// Seals as the server does, with node's own crypto and none of the client's code.
import { createCipheriv, createHmac, randomBytes } from 'node:crypto';

export const b64 = (bytes) => Buffer.from(bytes).toString('base64url');

/** AES key wrap, RFC 3394: node's cipher of that name. */
export function wrap(key, secret) {
  const cipher = createCipheriv('id-aes256-wrap', key, Buffer.alloc(8, 0xa6));
  return Buffer.concat([cipher.update(secret), cipher.final()]);
}

export function header_of(changes = {}) {
  return {
    alg: 'A256KW',
    enc: 'A256CBC-HS512',
    typ: 'securechat+1',
    kid: 'general.1',
    room: 'general',
    seq: 7,
    mid: 'AAAAAAAAAAAAAAAAAAAAAA',
    from: '12',
    time: 1700000000000,
    ...changes,
  };
}

/** @returns the flattened JWE of `text` under `room_key` */
export function seal(room_key, header, text) {
  const content_key = randomBytes(64);
  const iv = randomBytes(16);
  const sealed = b64(JSON.stringify(header));
  const cipher = createCipheriv('aes-256-cbc', content_key.subarray(32), iv);
  const ciphertext = Buffer.concat([cipher.update(text), cipher.final()]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(sealed.length * 8));
  const mac = createHmac('sha512', content_key.subarray(0, 32));
  mac.update(sealed).update(iv).update(ciphertext).update(length);
  return {
    protected: sealed,
    encrypted_key: b64(wrap(room_key, content_key)),
    iv: b64(iv),
    ciphertext: b64(ciphertext),
    tag: b64(mac.digest().subarray(0, 32)),
  };
}

export const text_content = (body) => JSON.stringify({ kind: 'text', body }).padEnd(128);

/** A room key as the worker holds it. */
export const room_key_of = (bytes) =>
  crypto.subtle.importKey('raw', bytes, 'AES-KW', false, ['unwrapKey']);

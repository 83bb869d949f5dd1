/**
 * The channel key: what one connection agrees on so that room keys travel wrapped. Pure WebCrypto.
 *
 * ECDH on P-256, then HKDF-SHA-256 (RFC 5869) with salt = client nonce ‖ server nonce and
 * info = "securechat/v1/channel" ‖ client point ‖ server point; room keys arrive under it as
 * AES-KW (RFC 3394). Neither key can be exported from the browser.
 */
import { decode, encode } from './base64url.js';

const curve = { name: 'ECDH', namedCurve: 'P-256' };
const label = new TextEncoder().encode('securechat/v1/channel');
const point_bytes = 65;
const nonce_bytes = 32;

/** @param {Uint8Array[]} parts @returns {Uint8Array<ArrayBuffer>} */
export function join(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * Our half: a fresh key pair and nonce.
 * @typedef {{pair: CryptoKeyPair, point: Uint8Array<ArrayBuffer>, nonce: Uint8Array<ArrayBuffer>}} Half
 * @returns {Promise<Half>}
 */
export async function offer() {
  const pair = await crypto.subtle.generateKey(curve, false, ['deriveBits']);
  const point = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  return { pair, point, nonce: crypto.getRandomValues(new Uint8Array(nonce_bytes)) };
}

/** @param {Half} half what `hello` carries */
export const spell = (half) => ({ key: encode(half.point), nonce: encode(half.nonce) });

/**
 * @param {Half} half
 * @param {{key: string, nonce: string}} answer from `welcome`
 * @returns {Promise<CryptoKey>} non-extractable, good for `unwrapKey` only
 * @throws {TypeError|DOMException} when the point is not on the curve or a length is wrong
 */
export async function agree(half, answer) {
  const point = decode(answer.key);
  const nonce = decode(answer.nonce);
  if (point.length !== point_bytes || nonce.length !== nonce_bytes)
    throw new TypeError('the server sent a malformed channel key');
  const theirs = await crypto.subtle.importKey('raw', point, curve, false, []);
  const shared = await crypto.subtle.deriveBits(
    { name: 'ECDH', public: theirs },
    half.pair.privateKey,
    256,
  );
  const secret = await crypto.subtle.importKey('raw', shared, 'HKDF', false, ['deriveKey']);
  return crypto.subtle.deriveKey(
    {
      name: 'HKDF',
      hash: 'SHA-256',
      salt: join(half.nonce, nonce),
      info: join(label, half.point, point),
    },
    secret,
    { name: 'AES-KW', length: 256 },
    false,
    ['unwrapKey'],
  );
}

/**
 * @param {CryptoKey} channel_key
 * @param {string} wrapped base64url of 40 bytes
 * @returns {Promise<CryptoKey>} the room key, non-extractable, good for `unwrapKey` only
 */
export function unwrap_room_key(channel_key, wrapped) {
  return crypto.subtle.unwrapKey(
    'raw',
    decode(wrapped),
    channel_key,
    'AES-KW',
    { name: 'AES-KW', length: 256 },
    false,
    ['unwrapKey'],
  );
}

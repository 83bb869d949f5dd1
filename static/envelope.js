/**
 * Opening an envelope: a JWE in flattened JSON (RFC 7516), `A256KW` and `A256CBC-HS512`
 * (RFC 7518 sections 4.4 and 5.2.5). Pure WebCrypto; needs a secure context.
 *
 * @typedef {import('./frames.js').Envelope} Envelope
 * @typedef {{alg: string, enc: string, typ: string, kid: string, room: string, seq: number,
 *   mid: string, from: string, time: number}} Header
 * @typedef {{room: string, seq: number}} Place where the envelope came from
 * @typedef {'damaged'|'misplaced'|'no_key'} Cause
 */
import { decode } from './base64url.js';
import { join } from './channel.js';

const tag_bytes = 32;
const header_types = {
  alg: 'string',
  enc: 'string',
  typ: 'string',
  kid: 'string',
  room: 'string',
  seq: 'number',
  mid: 'string',
  from: 'string',
  time: 'number',
};

/** An envelope that is not opened, and why. */
export class Refused extends Error {
  /** @param {Cause} cause @param {string} text */
  constructor(cause, text) {
    super(text);
    this.name = 'Refused';
    /** @type {Cause} */
    this.reason = cause;
  }
}

/** @param {unknown} text @returns {Uint8Array<ArrayBuffer>} */
function part(text) {
  try {
    return decode(text);
  } catch {
    throw new Refused('damaged', 'a part is not base64url');
  }
}

/** @param {Uint8Array} bytes @returns {any} */
function parse_json(bytes) {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new Refused('damaged', 'not JSON');
  }
}

/**
 * Reads the protected header and holds it against the place it came from.
 * @param {Envelope} envelope
 * @param {Place} place
 * @returns {Header}
 * @throws {Refused}
 */
export function read_header(envelope, place) {
  const header = parse_json(part(envelope.protected));
  const names = Object.keys(header_types);
  const whole =
    typeof header === 'object' &&
    header !== null &&
    Object.keys(header).length === names.length &&
    Object.entries(header_types).every(([name, type]) => typeof header[name] === type);
  if (!whole) throw new Refused('damaged', 'not our header');
  // The suite is pinned: another one may come with a new client, never from the wire.
  if (header.alg !== 'A256KW' || header.enc !== 'A256CBC-HS512' || header.typ !== 'securechat+1')
    throw new Refused('damaged', 'not our suite');
  const dot = header.kid.lastIndexOf('.');
  const of_room =
    header.kid.slice(0, dot) === place.room && /^\d+$/.test(header.kid.slice(dot + 1));
  if (header.room !== place.room || header.seq !== place.seq || !of_room)
    throw new Refused('misplaced', 'it belongs elsewhere');
  if (!Number.isSafeInteger(header.time)) throw new Refused('damaged', 'no time');
  return header;
}

/**
 * Unwraps the 64-byte content key and splits it (RFC 7518 section 5.2.2.1).
 * @param {CryptoKey} room_key
 * @param {Uint8Array<ArrayBuffer>} encrypted_key
 * @returns {Promise<{mac: CryptoKey, cipher: CryptoKey}>}
 */
async function content_keys(room_key, encrypted_key) {
  const hmac = { name: 'HMAC', hash: 'SHA-512' };
  // WebCrypto has no type for a 64-byte content key; an HMAC key is the one that takes any length.
  const whole = await crypto.subtle
    .unwrapKey('raw', encrypted_key, room_key, 'AES-KW', hmac, true, ['sign'])
    .catch(() => {
      throw new Refused('damaged', 'the content key does not unwrap');
    });
  const bytes = new Uint8Array(await crypto.subtle.exportKey('raw', whole));
  if (bytes.length !== 64) throw new Refused('damaged', 'the content key has the wrong length');
  const mac = await crypto.subtle.importKey('raw', bytes.slice(0, 32), hmac, false, ['sign']);
  const cipher = await crypto.subtle.importKey('raw', bytes.slice(32), 'AES-CBC', false, [
    'decrypt',
  ]);
  bytes.fill(0);
  return { mac, cipher };
}

/** @param {Uint8Array} a @param {Uint8Array} b same length, compared without an early end */
function equal(a, b) {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i];
  return difference === 0;
}

/** @param {Uint8Array} aad @returns {Uint8Array} its length in bits, 64-bit big-endian */
function length_block(aad) {
  const block = new Uint8Array(8);
  new DataView(block.buffer).setBigUint64(0, BigInt(aad.length) * 8n);
  return block;
}

/**
 * Verifies, then decrypts.
 * @param {CryptoKey} room_key
 * @param {Envelope} envelope
 * @returns {Promise<Uint8Array>} the plaintext
 * @throws {Refused}
 */
export async function decrypt(room_key, envelope) {
  const iv = part(envelope.iv);
  const ciphertext = part(envelope.ciphertext);
  const tag = part(envelope.tag);
  if (iv.length !== 16 || tag.length !== tag_bytes) throw new Refused('damaged', 'wrong lengths');
  const { mac, cipher } = await content_keys(room_key, part(envelope.encrypted_key));
  const aad = new TextEncoder().encode(envelope.protected);
  const sealed = join(aad, iv, ciphertext, length_block(aad));
  const expected = new Uint8Array(await crypto.subtle.sign('HMAC', mac, sealed));
  if (!equal(expected.slice(0, tag_bytes), tag)) throw new Refused('damaged', 'the tag differs');
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-CBC', iv }, cipher, ciphertext));
  } catch {
    throw new Refused('damaged', 'it does not decrypt');
  }
}

/**
 * Opens an envelope if room, number, key id and suite are the expected ones.
 * @param {Envelope} envelope
 * @param {Place} place
 * @param {(kid: string) => Promise<CryptoKey>|undefined} find_key
 * @returns {Promise<{header: Header, content: {kind: string, [field: string]: unknown}}>}
 * @throws {Refused}
 */
export async function open(envelope, place, find_key) {
  const header = read_header(envelope, place);
  const room_key = await find_key(header.kid);
  if (!room_key) throw new Refused('no_key', 'no key for this message');
  const content = parse_json(await decrypt(room_key, envelope));
  if (typeof content !== 'object' || content === null || typeof content.kind !== 'string')
    throw new Refused('damaged', 'not our content');
  return { header, content };
}

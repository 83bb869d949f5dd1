/**
 * The frames of `securechat.v1`: reading them, building them; their shapes are in frames.d.ts. Pure.
 *
 * @typedef {import('./frames.js').Limits} Limits
 * @typedef {import('./frames.js').Frame} Frame
 * @typedef {import('./frames.js').Command} Command
 */

import { encode } from './base64url.js';

export const subprotocol = 'securechat.v1';
/** A `people` command names at most so many. */
export const max_people = 200;
/** What holds until `welcome.limits` says otherwise. @type {Limits} */
export const default_limits = {
  page: 50,
  replay: 500,
  body_bytes: 32768,
  frame_bytes: 262144,
  history: 200,
};

/** @param {any} value */
const is_text = (value) => typeof value === 'string';
/** @param {any} value */
const is_count = (value) => Number.isSafeInteger(value) && value >= 0;
/** @param {any} value */
const is_flag = (value) => typeof value === 'boolean';
/** @param {any} value */
const is_list = (value) => Array.isArray(value);
/** @param {any} value */
const is_object = (value) => typeof value === 'object' && value !== null && !is_list(value);
/** @param {any} value */
const is_envelope = (value) =>
  is_object(value) &&
  ['protected', 'encrypted_key', 'iv', 'ciphertext', 'tag'].every((part) => is_text(value[part]));
/** @param {any} value */
const is_events = (value) =>
  is_list(value) &&
  value.every((/** @type {any} */ e) => is_object(e) && is_count(e.seq) && is_envelope(e.envelope));
/** @param {any} value */
const is_keys = (value) =>
  is_list(value) && value.every((/** @type {any} */ k) => is_text(k?.kid) && is_text(k?.wrapped));
/** @param {any} value */
const is_person = (value) =>
  is_text(value?.id) && is_text(value.username) && is_text(value.full_name);
/** @param {any} value */
const is_people = (value) => is_list(value) && value.every(is_person);
/** @param {any} value */
const is_texts = (value) => is_list(value) && value.every((/** @type {any} */ one) => is_text(one));
/** @param {any} value */
const is_room = (value) => is_text(value?.id) && is_text(value.name) && is_text(value.kind);
/** @param {any} value */
const is_id_or_null = (value) => value === null || is_text(value);

/** What each frame must carry. A frame with other content is treated as unknown.
 * @type {Record<string, Record<string, (value: any) => boolean>>} */
const shapes = {
  welcome: { key: is_text, nonce: is_text, user: is_object, rooms: is_list, limits: is_object },
  subscribed: { id: is_text, room: is_text, last_seq: is_count, keys: is_keys, members: is_count },
  posted: { id: is_text, room: is_text, seq: is_count },
  event: { room: is_text, seq: is_count, envelope: is_envelope },
  key: { room: is_text, kid: is_text, wrapped: is_text },
  history: { id: is_text, room: is_text, events: is_events, keys: is_keys, more: is_flag },
  people: { id: is_text, people: is_people },
  members: { id: is_text, room: is_text, members: is_people, more: is_flag },
  done: { id: is_text },
  gap: { room: is_text, from: is_count, to: is_count },
  read: { room: is_text, seq: is_count, unread: is_count, mentions: is_count },
  typing: { room: is_text, user: is_text },
  presence: { room: is_text, online: is_texts },
  person: { person: is_person },
  room: { room: is_room },
  removed: { room: is_text },
  member: { room: is_text, members: is_count },
  error: { id: is_id_or_null, code: is_text, text: is_text, retry: is_flag },
  goodbye: {},
};

/**
 * Reads one text frame.
 * @param {unknown} text
 * @returns {Frame|null} null for what this client does not know; newer servers may send it.
 */
export function parse(text) {
  if (typeof text !== 'string') return null;
  let frame;
  try {
    frame = JSON.parse(text);
  } catch {
    return null;
  }
  if (!is_object(frame) || !Object.hasOwn(shapes, frame.type)) return null;
  const shape = shapes[frame.type];
  return Object.keys(shape).every((field) => shape[field](frame[field])) ? frame : null;
}

/** @returns {string} 128 random bits as 22 characters */
export function make_id() {
  return encode(crypto.getRandomValues(new Uint8Array(16)));
}

/** @param {{key: string, nonce: string}} offer @returns {Command} */
export const hello = ({ key, nonce }) => ({ type: 'hello', version: 1, key, nonce });

/**
 * A command that is answered under an id of its own.
 * @param {string} type
 * @param {Record<string, unknown>} fields
 * @returns {Command & {id: string}}
 */
export const command = (type, fields) => ({ type, id: make_id(), ...fields });

/** @param {string} room @param {number|null} since */
export const subscribe = (room, since) =>
  command('subscribe', { room, ...(since === null ? {} : { since }) });

/** @param {import('./outbox.js').Letter} letter @returns {Command} */
export const post = ({ id, room, body, kind, target }) => ({
  type: 'post',
  ...{ id, room, body },
  ...(kind ? { kind, target } : {}),
});

/** @param {string} room @param {number} before @param {number} limit */
export const ask_history = (room, before, limit) => command('history', { room, before, limit });

/** @param {string[]} ids */
export const ask_people = (ids) => command('people', { ids });

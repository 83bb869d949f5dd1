/**
 * The frames of `securechat.v1`: their shapes, reading them, building them. Pure.
 *
 * @typedef {{protected: string, encrypted_key: string, iv: string, ciphertext: string, tag: string}} Envelope
 * @typedef {{kid: string, wrapped: string}} WrappedKey
 * @typedef {{id: string, username: string, full_name: string, role?: string}} Person
 * @typedef {{id: string, name: string, kind: 'public'|'private'|'direct', topic: string,
 *   last_seq: number, read_seq: number, members: number}} RoomFacts
 * @typedef {{page: number, replay: number, body_bytes: number, frame_bytes: number, history: number}} Limits
 * @typedef {{seq: number, envelope: Envelope}} SealedEvent
 *
 * @typedef {{type: 'welcome', version: 1, connection: string, key: string, nonce: string,
 *   user: Person, rooms: RoomFacts[], limits: Limits}} Welcome
 * @typedef {{type: 'subscribed', id: string, room: string, last_seq: number, keys: WrappedKey[], members: number}} Subscribed
 * @typedef {{type: 'posted', id: string, room: string, seq: number, time: number, duplicate: boolean}} Posted
 * @typedef {{type: 'event', room: string, seq: number, envelope: Envelope}} EventFrame
 * @typedef {{type: 'key', room: string, kid: string, wrapped: string}} KeyFrame
 * @typedef {{type: 'history', id: string, room: string, events: SealedEvent[], keys: WrappedKey[], more: boolean}} History
 * @typedef {{type: 'people', id: string, people: Person[]}} People
 * @typedef {{type: 'gap', room: string, from: number, to: number}} Gap
 * @typedef {{type: 'error', id: string|null, code: string, text: string, retry: boolean, retry_ms?: number}} ErrorFrame
 * @typedef {{type: 'goodbye', retry_ms: number}} Goodbye
 * @typedef {Welcome|Subscribed|Posted|EventFrame|KeyFrame|History|People|Gap|ErrorFrame|Goodbye} Frame
 *
 * @typedef {{type: 'hello', version: 1, key: string, nonce: string}} Hello
 * @typedef {{type: 'subscribe', id: string, room: string, since?: number}} Subscribe
 * @typedef {{type: 'post', id: string, room: string, body: string}} Post
 * @typedef {{type: 'history', id: string, room: string, before: number, limit: number}} AskHistory
 * @typedef {{type: 'people', id: string, ids: string[]}} AskPeople
 * @typedef {Hello|Subscribe|Post|AskHistory|AskPeople} Command
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
const is_people = (value) =>
  is_list(value) &&
  value.every(
    (/** @type {any} */ p) => is_text(p?.id) && is_text(p.username) && is_text(p.full_name),
  );
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
  gap: { room: is_text, from: is_count, to: is_count },
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

/** @param {{key: string, nonce: string}} offer @returns {Hello} */
export const hello = ({ key, nonce }) => ({ type: 'hello', version: 1, key, nonce });

/** @param {string} room @param {number|null} since @returns {Subscribe} */
export const subscribe = (room, since) => ({
  type: 'subscribe',
  id: make_id(),
  room,
  ...(since === null ? {} : { since }),
});

/** @param {{id: string, room: string, body: string}} letter @returns {Post} */
export const post = ({ id, room, body }) => ({ type: 'post', id, room, body });

/** @param {string} room @param {number} before @param {number} limit @returns {AskHistory} */
export const ask_history = (room, before, limit) => ({
  type: 'history',
  id: make_id(),
  room,
  before,
  limit,
});

/** @param {string[]} ids @returns {AskPeople} */
export const ask_people = (ids) => ({ type: 'people', id: make_id(), ids });

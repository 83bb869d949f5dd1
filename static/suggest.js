/**
 * What the words before the caret ask for: an emoji by its name, or somebody of the room. Pure.
 *
 * @typedef {{kind: 'emoji'|'people', query: string, from: number}} Wish from: where its sign stands
 * @typedef {import('./frames.js').Member} Member
 */
import { fold } from './fold.js';

const emoji_wish = /(?<![\p{L}\p{N}_:/])[:]([a-z0-9_+-][a-z0-9_+-]{1,30})$/iu;
const named_emoji = /(?<![\p{L}\p{N}_:/]):([a-z0-9_+-]{2,30}):$/iu;
const people_wish = /(?<![\w@.-])@([\p{L}\p{N}_.-]{0,32})$/u;
/** No name is longer, so no more of the text is looked at. */
const looked_at = 64;
export const most_shown = 8;

/** @param {string} before @returns {boolean} whether the caret is within code */
export function in_code(before) {
  const fences = before.split(/^ {0,3}```/m).length - 1;
  const line = before.slice(before.lastIndexOf('\n') + 1);
  return fences % 2 === 1 || line.split('`').length % 2 === 0;
}

/** @param {string} before the words before the caret @returns {Wish|null} */
export function wish_in(before) {
  const end = before.slice(-looked_at);
  const emoji = emoji_wish.exec(end);
  const found = emoji ?? people_wish.exec(end);
  if (!found || in_code(before)) return null;
  const from = before.length - found[0].length;
  return { kind: emoji ? 'emoji' : 'people', query: found[1], from };
}

/** @param {string} before @returns {{name: string, from: number}|null} a whole name between colons that ends here */
export function closed_name(before) {
  const found = named_emoji.exec(before.slice(-looked_at));
  if (!found || in_code(before)) return null;
  return { name: found[1], from: before.length - found[0].length };
}

/**
 * @param {Member[]} members
 * @param {string} query
 * @param {string} me user id, not to be called; nor is a deleted account, which has no user name
 * @returns {Member[]} whose user name or any other name begins so; user names first
 */
export function people_like(members, query, me) {
  const part = fold(query);
  /** @param {Member} member */
  const rank = ({ username, full_name }) => {
    if (username.startsWith(part)) return 0;
    if (
      fold(full_name)
        .split(/\s+/)
        .some((word) => word.startsWith(part))
    )
      return 1;
    return username.split(/[._-]/).some((word) => word.startsWith(part)) ? 2 : 3;
  };
  const found = members
    .filter(({ id, username }) => id !== me && username)
    .map((member) => ({ member, rank: rank(member) }))
    .filter(({ rank: one }) => one < 3)
    .sort((a, b) => a.rank - b.rank || a.member.username.localeCompare(b.member.username));
  // Who is written in full needs no help.
  if (found.length === 1 && found[0].member.username === part) return [];
  return found.slice(0, most_shown).map(({ member }) => member);
}

/**
 * The keys that lead around the chat, and what each of them does. Pure.
 *
 * @typedef {'switch'|'previous'|'next'|'previous_unread'|'next_unread'|'find'|'help'|'reply'|'edit'
 *   |'react'|'menu'|'up'|'down'|'first'|'last'|'composer'} Deed
 * @typedef {Pick<KeyboardEvent, 'key'|'altKey'|'ctrlKey'|'metaKey'|'shiftKey'>} Press
 */
import { is_mac } from './keys.anywhere.js';

const main_key = is_mac ? '⌘' : 'Ctrl';

/** @type {Record<string, Deed>} */
const bare = {
  ...{ ArrowUp: 'up', ArrowDown: 'down', Home: 'first', End: 'last' },
  ...{ Enter: 'menu', Escape: 'composer' },
};
/** Letters and signs: they may be switched off. @type {Record<string, Deed>} */
const single = {
  ...{ j: 'down', k: 'up', r: 'reply', e: 'edit', '+': 'react' },
  ...{ '/': 'find', '?': 'help' },
};

/**
 * With the focus in the timeline.
 * @param {Press} press
 * @param {boolean} shortcuts whether single characters act
 * @returns {Deed|undefined}
 */
export function deed_in_timeline({ key, altKey, ctrlKey, metaKey, shiftKey }, shortcuts) {
  if (altKey || ctrlKey || metaKey) return undefined;
  // Where a sign is on the keyboard, with or without Shift, is the keyboard's affair.
  if (shortcuts && Object.hasOwn(single, key)) return single[key];
  return shiftKey || !Object.hasOwn(bare, key) ? undefined : bare[key];
}

/**
 * What the help lists.
 * @type {{name: 'keys.anywhere'|'keys.timeline'|'keys.composer',
 *   list: {keys: string[], says: import('./texts.js').Key, single?: true}[]}[]}
 *   alternatives are keys of their own, parts of one are joined by +
 */
export const table = [
  {
    name: 'keys.anywhere',
    list: [
      { keys: [`${main_key}+K`], says: 'keys.switch' },
      { keys: ['Alt+↑', 'Alt+↓'], says: 'keys.rooms' },
      { keys: ['Alt+Shift+↑', 'Alt+Shift+↓'], says: 'keys.unread' },
    ],
  },
  {
    name: 'keys.timeline',
    list: [
      { keys: ['↑', '↓'], says: 'keys.messages' },
      { keys: ['k', 'j'], says: 'keys.messages', single: true },
      { keys: ['Home', 'End'], says: 'keys.ends' },
      { keys: ['Enter'], says: 'keys.menu' },
      { keys: ['Esc'], says: 'keys.back' },
      { keys: ['r'], says: 'keys.reply', single: true },
      { keys: ['e'], says: 'keys.edit', single: true },
      { keys: ['+'], says: 'keys.react', single: true },
      { keys: ['/'], says: 'keys.find', single: true },
      { keys: ['?'], says: 'keys.help', single: true },
    ],
  },
  {
    name: 'keys.composer',
    list: [
      { keys: ['Enter'], says: 'keys.send' },
      { keys: ['Shift+Enter'], says: 'keys.break' },
      { keys: ['↑'], says: 'keys.edit_last' },
      { keys: ['Esc'], says: 'keys.cancel' },
      { keys: ['Shift+Tab'], says: 'keys.to_timeline' },
    ],
  },
];

/**
 * The tabs of one person in this browser, told apart by locks, which end with their tab however it
 * ends: one of them speaks for all, and none does while somebody looks at any.
 */

import { looking } from './wake.js';

export class Tabs {
  /** Whether this tab is the one that speaks. */
  leads = false;
  /** @type {(() => void)|null} */
  #let_go = null;
  #looked_at;

  /** @param {string} me user id */
  constructor(me) {
    this.#looked_at = `securechat.looked_at.${me}`;
    navigator.locks.request(`securechat.alerts.${me}`, () => {
      this.leads = true;
      return new Promise(() => {});
    });
    const tell = () => this.#tell();
    for (const type of ['focus', 'blur']) addEventListener(type, tell);
    document.addEventListener('visibilitychange', tell);
    tell();
  }

  #tell() {
    if (looking() === Boolean(this.#let_go)) return;
    if (this.#let_go) {
      this.#let_go();
      this.#let_go = null;
      return;
    }
    /** @type {Promise<void>} */
    const held = new Promise((resolve) => (this.#let_go = resolve));
    navigator.locks.request(this.#looked_at, { mode: 'shared' }, () => held);
  }

  /** @returns {Promise<boolean>} whether any of the tabs is in front of its reader */
  async looked_at() {
    const { held = [] } = await navigator.locks.query();
    return held.some(({ name }) => name === this.#looked_at);
  }
}

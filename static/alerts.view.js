/**
 * Shows notifications, one a room: by the page itself where the browser lets it, since browsers
 * write down what a service worker shows; phones know no other way.
 */
import { permission } from './permission.js';
import { room_in } from './rooms.js';
import { Tabs } from './tabs.js';

/** @typedef {import('./alerts.js').Alert} Alert */

/** @param {string} room */
const tag_of = (room) => `securechat.room.${room}`;

/** @param {GetNotificationOptions} [filter] all, also those of an earlier page, where it is left out */
async function close_those_of_worker(filter) {
  const registration = await navigator.serviceWorker?.getRegistration();
  for (const shown of (await registration?.getNotifications(filter)) ?? []) shown.close();
}

export class AlertsView {
  #on_open;
  #tabs;
  /** Those that this page shows itself. @type {Map<string, Notification>} */
  #shown = new Map();

  /** What each room's notification says by now. @type {Map<string, Alert>} */
  #wanted = new Map();

  /** @param {{me: string, on_open: (address: string) => void}} ports `address` of a message: a hash */
  constructor({ me, on_open }) {
    this.#on_open = on_open;
    // Without locks, in a browser of old, each tab is alone.
    this.#tabs = navigator.locks ? new Tabs(me) : { leads: true, looked_at: async () => false };
    navigator.serviceWorker?.addEventListener('message', ({ data }) => {
      if (room_in(String(data?.open))) on_open(data.open);
    });
    // Whoever clicks later finds nobody who would answer.
    addEventListener('pagehide', () => this.#shown.forEach((one) => one.close()));
  }

  /** @param {Alert} alert */
  async show(alert) {
    const { room, title, body, address, again, silent } = alert;
    const tag = tag_of(room);
    if (!this.#tabs.leads || permission() !== 'granted') return;
    this.#wanted.set(tag, alert);
    const looked_at = await this.#tabs.looked_at();
    if (this.#wanted.get(tag) !== alert) return;
    if (looked_at) {
      // What it says by now is not what it should.
      await this.close(room);
      return;
    }
    /** @type {NotificationOptions} */
    const options = { ...{ body, tag, silent, renotify: again }, data: { open: address } };
    try {
      this.#keep(tag, new Notification(title, options), address);
    } catch {
      await this.#show_by_worker(alert, options);
    }
  }

  /** @param {Alert} alert @param {NotificationOptions} options */
  async #show_by_worker(alert, options) {
    const tag = tag_of(alert.room);
    const registration = await navigator.serviceWorker?.ready;
    // The worker may have been long in coming: meanwhile the room was read, or says something else.
    if (this.#wanted.get(tag) !== alert) return;
    await registration?.showNotification(alert.title, options);
    // Another one takes its place by itself.
    if (!this.#wanted.has(tag)) await close_those_of_worker({ tag });
  }

  /** @param {string} tag @param {Notification} shown @param {string} address */
  #keep(tag, shown, address) {
    this.#shown.set(tag, shown);
    shown.addEventListener('close', () => {
      if (this.#shown.get(tag) === shown) this.#shown.delete(tag);
    });
    shown.addEventListener('click', () => {
      focus();
      shown.close();
      this.#on_open(address);
    });
  }

  /** @param {string} room */
  async close(room) {
    const tag = tag_of(room);
    this.#wanted.delete(tag);
    this.#shown.get(tag)?.close();
    await close_those_of_worker({ tag });
  }

  async close_all() {
    this.#wanted.clear();
    for (const shown of this.#shown.values()) shown.close();
    await close_those_of_worker();
  }
}

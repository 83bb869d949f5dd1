// What stands between notifications and the browser: its permission, the person's other tabs, and
// the version of the page.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { may_be_offered, permission, switch_on } from '../../static/permission.js';
import { Preferences } from '../../static/preferences.js';
import { FakeShelf, settle } from './fakes.js';

const page = Object.assign(new EventTarget(), { hidden: false, focused: true });
page.documentElement = { lang: 'en' };
page.hasFocus = () => page.focused;
globalThis.document = page;
const world = new EventTarget();
globalThis.addEventListener = world.addEventListener.bind(world);
const { Tabs } = await import('../../static/tabs.js');
const { AlertsView } = await import('../../static/alerts.view.js');

/** A browser whose reader answers the question so. */
function browser(t, answer) {
  const Notification = { permission: 'default', asked: 0 };
  Notification.requestPermission = async () => {
    Notification.asked++;
    return (Notification.permission = answer);
  };
  globalThis.Notification = Notification;
  t.after(() => delete globalThis.Notification);
  return Notification;
}

/** The browser's locks: each is held until what its holder returned ends. */
class Locks {
  held = [];
  waiting = [];
  async request(name, ...rest) {
    const hold = rest.at(-1);
    const shared = rest.length > 1 && rest[0].mode === 'shared';
    while (!shared && this.held.some((lock) => lock.name === name))
      await new Promise((resolve) => this.waiting.push(resolve));
    const lock = { name };
    this.held.push(lock);
    await hold();
    this.held.splice(this.held.indexOf(lock), 1);
    this.waiting.splice(0).forEach((wake) => wake());
  }
  query = async () => ({ held: [...this.held] });
}

test('notifications are offered until somebody answers, and asked for only then', async (t) => {
  const preferences = new Preferences(new FakeShelf());
  assert.equal(permission(), 'missing');
  assert.equal(may_be_offered(preferences), false);
  const Notification = browser(t, 'granted');
  assert.equal(may_be_offered(preferences), true);
  assert.equal(Notification.asked, 0);
  assert.equal(await switch_on(preferences), true);
  assert.equal(preferences.all.notify, true);
  assert.equal(may_be_offered(preferences), false);
  preferences.choose({ notify: false });
  assert.equal(may_be_offered(preferences), false);
});

test('a browser that says no leaves them off and is not asked again', async (t) => {
  const preferences = new Preferences(new FakeShelf());
  browser(t, 'denied');
  assert.equal(await switch_on(preferences), false);
  assert.equal(preferences.all.notify, false);
  assert.equal(may_be_offered(preferences), false);
});

test('one tab speaks for all of a person, and every one knows whether any is looked at', async () => {
  const locks = new Locks();
  Object.defineProperty(globalThis, 'navigator', { value: { locks }, configurable: true });
  const first = new Tabs('ada');
  const second = new Tabs('ada');
  const others = new Tabs('eve');
  await settle();
  assert.deepEqual([first.leads, second.leads, others.leads], [true, false, true]);
  assert.equal(await second.looked_at(), true);
  page.focused = false;
  world.dispatchEvent(new Event('blur'));
  await settle();
  assert.equal(await second.looked_at(), false);
  page.focused = true;
  world.dispatchEvent(new Event('focus'));
  page.hidden = true;
  page.dispatchEvent(new Event('visibilitychange'));
  await settle();
  assert.equal(await first.looked_at(), false);
});

/** A phone, where only a worker shows notifications; `ready` brings it, `let_show` what it shows. */
async function on_a_phone(t) {
  browser(t, 'granted');
  Notification.permission = 'granted';
  page.hidden = true;
  const phone = { shown: [], waiting: [] };
  const registration = {
    showNotification: async (title, { tag }) => {
      await new Promise((resolve) => phone.waiting.push(resolve));
      phone.shown = phone.shown.filter((one) => one.tag !== tag);
      const one = { title, tag, close: () => phone.shown.splice(phone.shown.indexOf(one), 1) };
      phone.shown.push(one);
    },
    getNotifications: async ({ tag } = {}) => phone.shown.filter((one) => !tag || one.tag === tag),
  };
  const ready = new Promise((resolve) => (phone.ready = () => resolve(registration)));
  const serviceWorker = { addEventListener() {}, getRegistration: async () => registration, ready };
  const value = { locks: new Locks(), serviceWorker };
  Object.defineProperty(globalThis, 'navigator', { value, configurable: true });
  phone.view = new AlertsView({ me: 'ada', on_open: () => {} });
  phone.show = (title) => phone.view.show({ room: 'den', title, body: '', address: '' });
  phone.let_show = async () => {
    await settle();
    phone.waiting.splice(0).forEach((go) => go());
    await settle();
    return phone.shown.map(({ title }) => title);
  };
  await settle();
  return phone;
}

test('what was read before the worker was there, or while it worked, is shown no more', async (t) => {
  const phone = await on_a_phone(t);
  phone.show('One');
  await settle();
  await phone.view.close('den');
  phone.ready();
  await settle();
  assert.equal(phone.waiting.length, 0);
  phone.show('Two');
  await settle();
  await phone.view.close('den');
  assert.deepEqual(await phone.let_show(), []);
  phone.show('Three');
  await settle();
  phone.show('Four');
  assert.deepEqual(await phone.let_show(), ['Four']);
});

test('at the end of a session nothing stays, not even what another page has shown', async (t) => {
  const phone = await on_a_phone(t);
  phone.ready();
  phone.show('One');
  assert.deepEqual(await phone.let_show(), ['One']);
  phone.shown.push({ ...phone.shown[0], tag: 'other', close: () => phone.shown.pop() });
  await phone.view.close_all();
  assert.deepEqual(phone.shown, []);
});

test('what should say something else goes while somebody looks', async (t) => {
  const phone = await on_a_phone(t);
  phone.ready();
  phone.show('One');
  assert.deepEqual(await phone.let_show(), ['One']);
  page.hidden = false;
  page.dispatchEvent(new Event('visibilitychange'));
  await settle();
  await phone.show('Two');
  assert.deepEqual(await phone.let_show(), []);
});

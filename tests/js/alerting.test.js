// What stands between notifications and the browser: its permission, the person's other tabs, and
// the version of the page.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { may_be_offered, permission, switch_on } from '../../static/permission.js';
import { Preferences } from '../../static/preferences.js';
import { FakeShelf, settle } from './fakes.js';

const page = Object.assign(new EventTarget(), { hidden: false, focused: true });
page.hasFocus = () => page.focused;
globalThis.document = page;
const world = new EventTarget();
globalThis.addEventListener = world.addEventListener.bind(world);
const { Tabs } = await import('../../static/tabs.js');

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

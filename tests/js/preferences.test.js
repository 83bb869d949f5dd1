import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Preferences } from '../../static/preferences.js';
import { FakeShelf } from './fakes.js';

test('what was chosen is kept, and what was not is as by default', () => {
  const shelf = new FakeShelf();
  new Preferences(shelf).choose({ shortcuts: false });
  const { shortcuts, sound } = new Preferences(shelf).all;
  assert.deepEqual([shortcuts, sound], [false, false]);
});

test('a storage that is broken or forbidden changes nothing', () => {
  const broken = new FakeShelf();
  broken.setItem('securechat.preferences', '{');
  assert.equal(new Preferences(broken).all.shortcuts, true);
  const forbidden = {
    getItem: () => null,
    setItem: () => {
      throw new Error('forbidden');
    },
  };
  const preferences = new Preferences(forbidden);
  preferences.choose({ sound: true });
  assert.equal(preferences.all.sound, false);
});

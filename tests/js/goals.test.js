// Getting around: what is found by a name, which room is next, what keys do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Everybody } from '../../static/everybody.js';
import { found, neighbour, person_goals, rank, room_goal } from '../../static/goals.js';
import { deed_anywhere } from '../../static/keys.anywhere.js';
import { deed_in_timeline, table } from '../../static/keys.js';
import { step } from '../../static/roving.js';
import { t } from '../../static/texts.js';
import { label_of } from '../../static/timeline.keys.js';
import { Annotations } from '../../static/annotations.js';

const place = (id, { unread = 0, mentions = 0, ...facts } = {}) => ({
  room: { facts: { id, name: id, kind: 'public', ...facts } },
  tally: { unread, mentions },
});
const goal = (name, more = {}) => ({
  ...{ kind: 'room', id: name, name, handle: '', unread: 0, mentions: 0, facts: null },
  ...more,
});
const names_of = (goals) => goals.map(({ name }) => name);
const press = (key, more = {}) => ({
  ...{ key, altKey: false, ctrlKey: false, metaKey: false, shiftKey: false },
  ...more,
});

test('the start of a name comes before the start of a word, and that before any part', () => {
  const goals = [goal('Old garden'), goal('Agar'), goal('Garden'), goal('Kitchen')];
  assert.deepEqual(names_of(found(goals, 'gar')), ['Garden', 'Old garden', 'Agar']);
  assert.deepEqual(names_of(found(goals, 'nothing')), []);
});

test('case, accents and the signs before names do not matter; user names count too', () => {
  assert.equal(rank(goal('Lin Müller'), 'mull'), 1);
  assert.equal(rank(goal('general'), '#Gen'), 0);
  assert.equal(rank(goal('Lin Wei', { handle: 'wonder' }), '@won'), 1);
  assert.equal(rank(goal('Lin Wei', { handle: 'wonder' }), 'ada'), null);
});

test('where nothing is typed, mentions come first, then what is unread, and nobody new', () => {
  const goals = [
    goal('quiet'),
    goal('unread', { unread: 9 }),
    goal('called', { unread: 1, mentions: 1 }),
    goal('Zoe', { kind: 'person' }),
  ];
  assert.deepEqual(names_of(found(goals, ' ')), ['called', 'unread', 'quiet']);
});

test('a person whom one writes to alone is found as that conversation, once', () => {
  const people = ['me', 'eve', 'zoe'].map((id) => ({ id, full_name: id, username: `${id}.x` }));
  const alone = place('d1', { kind: 'direct', people: ['me', 'eve'], unread: 2 });
  const many = place('d2', { kind: 'direct', people: ['me', 'eve', 'zoe'] });
  assert.deepEqual(names_of(person_goals([alone, many], people, 'me')), ['zoe']);
  const names = { title: () => 'Eve', handle_of: (id) => `${id}.x`, me: 'me' };
  const { handle, unread } = room_goal(alone, names);
  assert.deepEqual([handle, unread], ['eve.x', 2]);
  assert.equal(room_goal(many, names).handle, '');
});

test('the next room follows the sidebar, around its ends', () => {
  const places = ['a', 'b', 'c'].map((id) => place(id));
  const next = (open, way) => neighbour(places, open, way)?.room.facts.id;
  assert.deepEqual(
    [next('a', 1), next('c', 1), next('a', -1), next('c', -1)],
    ['b', 'a', 'c', 'b'],
  );
  assert.deepEqual([next('', 1), next('gone', -1)], ['a', 'c']);
  assert.equal(neighbour([place('a')], 'a', 1), null);
  assert.equal(neighbour([], '', -1), null);
});

test('the next unread room passes the others, and is never the open one', () => {
  const places = [place('a', { unread: 1 }), place('b'), place('c'), place('d', { unread: 2 })];
  const fits = ({ tally }) => tally.unread > 0;
  assert.equal(neighbour(places, 'b', 1, fits).room.facts.id, 'd');
  assert.equal(neighbour(places, 'b', -1, fits).room.facts.id, 'a');
  assert.equal(neighbour(places, 'd', 1, fits).room.facts.id, 'a');
  assert.equal(neighbour([place('a', { unread: 1 }), place('b')], 'a', 1, fits), null);
});

test('the keys that act everywhere need a key held, and leave typing alone', () => {
  assert.equal(deed_anywhere(press('k', { ctrlKey: true })), 'switch');
  assert.equal(deed_anywhere(press('k', { ctrlKey: true, shiftKey: true })), undefined);
  assert.equal(deed_anywhere(press('ArrowDown', { altKey: true })), 'next');
  assert.equal(
    deed_anywhere(press('ArrowUp', { altKey: true, shiftKey: true })),
    'previous_unread',
  );
  assert.equal(deed_anywhere(press('ArrowUp', { altKey: true, ctrlKey: true })), undefined);
  for (const key of ['k', 'r', '?', 'ArrowUp', 'Enter'])
    assert.equal(deed_anywhere(press(key)), undefined);
});

test('single characters act in the timeline unless they are switched off; other keys always do', () => {
  const deeds = (keys, on) => keys.map((key) => deed_in_timeline(press(key), on));
  const single = ['j', 'k', 'r', 'e', '+', '/', '?'];
  const all = ['down', 'up', 'reply', 'edit', 'react', 'find', 'help'];
  assert.deepEqual(deeds(single, true), all);
  assert.deepEqual(new Set(deeds(single, false)), new Set([undefined]));
  const others = ['ArrowUp', 'ArrowDown', 'Home', 'End', 'Enter', 'Escape'];
  for (const on of [true, false])
    assert.deepEqual(deeds(others, on), ['up', 'down', 'first', 'last', 'menu', 'composer']);
  assert.equal(deed_in_timeline(press('?', { shiftKey: true }), true), 'help');
  assert.equal(deed_in_timeline(press('r', { ctrlKey: true }), true), undefined);
  assert.equal(deed_in_timeline(press('toString'), true), undefined);
});

test('the help has words for every key it lists', () => {
  for (const { name, list } of table) {
    assert.ok(t(name));
    for (const { says } of list) assert.ok(t(says));
  }
});

test('from row to row: upwards from below them all, and nowhere beyond the ends', () => {
  assert.deepEqual([step('up', -1, 3), step('up', 2, 3), step('up', 0, 3)], [2, 1, null]);
  assert.deepEqual([step('down', 0, 3), step('down', 2, 3), step('down', -1, 3)], [1, null, null]);
  assert.deepEqual([step('first', 2, 3), step('last', 0, 3)], [0, 2]);
  assert.deepEqual(
    [step('first', -1, 0), step('last', -1, 0), step('up', -1, 0)],
    [null, null, null],
  );
});

test('a message says whose it is, also in the middle of a group, and what became of it', () => {
  const annotations = new Annotations();
  const message = { seq: 1, from: 'eve', time: 0, kind: 'text', body: 'noon?' };
  const name_of = (id) => ({ eve: 'Eve' })[id];
  assert.match(label_of(message, annotations, name_of), /^Eve, \d\d:\d\d: noon\?$/);
  annotations.add({ seq: 2, from: 'ada', time: 1, kind: 'reaction', body: '👍', target: 1 });
  annotations.add({ seq: 3, from: 'eve', time: 2, kind: 'edit', body: 'one?', target: 1 });
  assert.match(label_of(message, annotations, name_of), /: one\? · edited · 👍 1$/);
});

test('everybody is read once a minute at most, page by page, and again after a failure', async () => {
  const asked = [];
  const pages = [
    { more: true, members: ['a', 'b'] },
    { more: false, members: ['c'] },
  ];
  let now_ms = 0;
  let works = true;
  const changes = [];
  const everybody = new Everybody({
    send: async ({ after }) => {
      asked.push(after);
      if (!works) throw new Error('offline');
      const { more, members } = pages[after === 'b' ? 1 : 0];
      return { more, members: members.map((id) => ({ id, username: id, full_name: id })) };
    },
    now: () => now_ms,
    on_change: (list) => changes.push(list.length),
  });
  await everybody.read();
  await everybody.read();
  assert.deepEqual(
    [asked, changes],
    [
      ['', 'b'],
      [2, 3],
    ],
  );
  now_ms = 61_000;
  works = false;
  await everybody.read();
  assert.equal(everybody.list.length, 3, 'what is known stays');
  works = true;
  await everybody.read();
  assert.equal(asked.length, 5);
});

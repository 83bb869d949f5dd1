// Emoji by name, suggestions while one types, and the way of the arrows through a grid.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import * as emoji from '../../static/emoji.search.js';
import { Roommates } from '../../static/roommates.js';
import { closed_name, people_like, wish_in } from '../../static/suggest.js';

const { by_name, groups, groups_with, label, move, search, typed_itself, with_recent } = emoji;
const all = groups.flatMap((group) => group.all);
const signs = (list) => list.map((one) => one.emoji);

test('every emoji has names of its own, and is there once', () => {
  assert.ok(all.length >= 400, String(all.length));
  const names = all.flatMap((one) => one.names);
  assert.deepEqual(
    names.filter((name, i) => names.indexOf(name) !== i),
    [],
  );
  assert.equal(new Set(signs(all)).size, all.length);
  for (const { emoji: sign, names: of, words } of all) {
    assert.deepEqual(signs(typed_itself(sign)), [sign]);
    assert.ok(
      of.every((name) => /^[a-z0-9_+-]{2,30}$/.test(name)),
      sign,
    );
    assert.ok(words.every(Boolean), sign);
  }
});

test('the list of emoji stays small on the wire', () => {
  const file = readFileSync(new URL('../../static/emoji.js', import.meta.url));
  assert.ok(gzipSync(file).length <= 12 * 1024);
});

test('emoji are found by English and German words, whole names first', () => {
  assert.equal(by_name('tada'), '🎉');
  assert.equal(by_name('TADA'), '🎉');
  assert.equal(by_name('nothing'), undefined);
  assert.equal(search('tada', 'en')[0].emoji, '🎉');
  assert.equal(search('heart', 'en')[0].emoji, '❤️');
  assert.ok(signs(search('ta', 'en').slice(0, 8)).includes('🎉'));
  assert.equal(search('konfetti', 'de')[0].emoji, '🎉');
  assert.equal(search('bar', 'de')[0].emoji, '🐻');
  assert.equal(search('Bär', 'en')[0].emoji, '🐻');
  assert.deepEqual(signs(search('red heart', 'en')), []);
  assert.ok(signs(search('herz blau', 'de')).includes('💙'));
  assert.equal(search(':thumbs up:', 'en')[0].emoji, '👍');
  assert.equal(search('', 'en').length, all.length);
});

test('an emoji is called in the language of the reader', () => {
  const [one] = search('thumbs_up', 'en');
  assert.equal(label(one, 'en'), 'thumbs up');
  assert.equal(label(one, 'de'), 'Daumen');
});

test('an emoji that was typed itself can be chosen, words cannot', () => {
  assert.deepEqual(signs(typed_itself(' 🫨 ')), ['🫨']);
  assert.deepEqual(signs(typed_itself('👋🏽')), ['👋🏽']);
  for (const typed of ['', 'a', '1', '🎉 x', '🎉'.repeat(17)])
    assert.deepEqual(typed_itself(typed), []);
});

test('those used last come first, each once, and not without end', () => {
  assert.deepEqual(with_recent(['🎉', '👍'], '👍'), ['👍', '🎉']);
  assert.equal(with_recent(signs(all), '🫨').length, 24);
  assert.equal(groups_with([]), groups);
  assert.deepEqual(signs(groups_with(['🫨', 'junk', '🎉'])[0].all), ['🫨', '🎉']);
});

test('arrows go through the grids as they are seen', () => {
  // 0 1 2 / 3 4, then 5 6 7 / 8
  const go = (key, at) => move(key, at, [5, 4], 3);
  assert.deepEqual(
    ['ArrowRight', 'ArrowLeft', 'ArrowDown', 'ArrowUp'].map((key) => go(key, 4)),
    [5, 3, 6, 1],
  );
  assert.deepEqual([go('ArrowDown', 2), go('ArrowDown', 4), go('ArrowDown', 7)], [4, 6, 8]);
  assert.deepEqual(
    [go('ArrowUp', 0), go('ArrowLeft', 0), go('ArrowRight', 8), go('ArrowDown', 8)],
    [0, 0, 8, 8],
  );
  assert.deepEqual([go('Home', 6), go('End', 1)], [0, 8]);
});

test('what stands before the caret asks for an emoji or for somebody', () => {
  for (const [before, kind, query, from] of [
    [':ta', 'emoji', 'ta', 0],
    ['well (:+1', 'emoji', '+1', 6],
    ['🎉:ta', 'emoji', 'ta', 2],
    ['@', 'people', '', 0],
    ['hi @eve.m', 'people', 'eve.m', 3],
    ['@Jürg', 'people', 'Jürg', 0],
  ])
    assert.deepEqual(wish_in(before), { kind, query, from }, before);
  const none = [
    '',
    ':t',
    'a:tada',
    '10:30',
    'https://a',
    'a@b',
    '@a b',
    ':-)',
    'x:: y',
    '`:ta',
    '```\n@ad',
  ];
  for (const before of none) assert.equal(wish_in(before), null, before);
  assert.equal(wish_in('`a` :ta')?.query, 'ta');
  assert.equal(wish_in('```\na\n```\n:ta')?.query, 'ta');
});

test('a name between colons is known as soon as it is closed', () => {
  assert.deepEqual(closed_name('so :tada:'), { name: 'tada', from: 3 });
  for (const before of [':tada', 'a:tada:', '::', '10:30:', '`:tada:', ': tada:'])
    assert.equal(closed_name(before), null, before);
});

test('people are suggested by user name first, then by any of their names', () => {
  const member = (username, full_name) => ({ id: username, username, full_name });
  const members = [
    member('zoe', 'Ada Ásgrímsdóttir'),
    member('ada', 'Ada Lovelace'),
    member('grace.hopper', 'Grace Hopper'),
    member('me', 'Adam Me'),
  ];
  const like = (query) => people_like(members, query, 'me').map(({ username }) => username);
  assert.deepEqual(like('ad'), ['ada', 'zoe']);
  assert.deepEqual(like('ASG'), ['zoe']);
  assert.deepEqual(like('hop'), ['grace.hopper']);
  assert.deepEqual(like(''), ['ada', 'grace.hopper', 'zoe']);
  assert.deepEqual(like('grace.hopper'), []);
  assert.deepEqual(like('adam'), []);
  assert.deepEqual(people_like([{ ...member('', ''), id: 'gone' }], '', 'me'), []);
  const many = Array.from({ length: 30 }, (_, i) => member(`ann${i}`, 'Ann'));
  assert.equal(people_like(many, 'ann', '').length, 8);
});

test('the members of a room are read once, and anew when they are others', async () => {
  const asked = [];
  let room = { id: 'general', members: 3 };
  let broken = false;
  const ask = async ({ room: id, after }) => {
    asked.push(`${id} ${after}`);
    if (broken) throw new Error('no connection');
    if (after) return { members: [{ id: 'b', username: 'b' }], more: false };
    return { members: [{ id: 'a', username: 'a' }], more: true };
  };
  const roommates = new Roommates(() => room, ask);
  const names = async () => (await roommates.list()).map(({ username }) => username);
  assert.deepEqual(
    [await names(), await names()],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  );
  assert.deepEqual(asked, ['general ', 'general a']);
  room = { id: 'general', members: 4 };
  broken = true;
  await assert.rejects(names());
  broken = false;
  assert.deepEqual(await names(), ['a', 'b']);
  room = undefined;
  assert.deepEqual(await names(), []);
});

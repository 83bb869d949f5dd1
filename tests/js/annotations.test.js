// What later events say about earlier ones: edits, reactions, deletions; and what they leave behind.
import { settle } from './fakes.js';
import { opened, range, sealed, set_up } from './room.world.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Annotations } from '../../static/annotations.js';
import { to_message } from '../../static/message.js';
import { rows } from '../../static/timeline.js';

const said = (seq, kind, more = {}) => ({
  ...{ seq, mid: `m${seq}`, from: 'ada', time: 1000 * seq, kind, body: `body ${seq}` },
  ...more,
});
const with_content = (seq, content, from = 'ada') => ({
  header: { mid: `m${seq}`, from, time: 1000 * seq },
  content,
});

test('a message reads as its last edit, in whatever order the edits come', () => {
  const annotations = new Annotations();
  const message = said(1, 'text');
  annotations.add(said(9, 'edit', { target: 1, body: 'third' }));
  annotations.add(said(5, 'edit', { target: 1, body: 'second' }));
  assert.equal(annotations.text(message), 'third');
  assert.deepEqual(
    annotations.edits(message).map(({ body }) => body),
    ['second', 'third'],
  );
});

test("nobody edits another's message", () => {
  const annotations = new Annotations();
  annotations.add(said(2, 'edit', { target: 1, body: 'forged', from: 'eve' }));
  assert.equal(annotations.text(said(1, 'text')), 'body 1');
});

test('reactions are counted a person and emoji once, and go when they are deleted', () => {
  const annotations = new Annotations();
  annotations.add(said(2, 'reaction', { target: 1, body: '👍' }));
  annotations.add(said(3, 'reaction', { target: 1, body: '👍', from: 'eve' }));
  annotations.add(said(4, 'reaction', { target: 1, body: '🎉', from: 'eve' }));
  const counts = () => annotations.reactions(1).map(({ emoji, by }) => [emoji, by.size]);
  assert.deepEqual(counts(), [
    ['👍', 2],
    ['🎉', 1],
  ]);
  assert.equal(annotations.reactions(1)[0].by.get('ada'), 2);
  annotations.add(said(5, 'deleted', { target: 3, from: 'eve', about: { edits: [] } }));
  assert.deepEqual(counts(), [
    ['👍', 1],
    ['🎉', 1],
  ]);
  assert.equal(annotations.is_rowless(3), true);
});

test('a deletion names what must be forgotten, and takes edits and reactions along', () => {
  const annotations = new Annotations();
  annotations.add(said(2, 'edit', { target: 1 }));
  annotations.add(said(3, 'reaction', { target: 1, body: '👍' }));
  const stamp = annotations.stamp(1);
  const gone = annotations.add(said(4, 'deleted', { target: 1, about: { edits: [2] } }));
  assert.deepEqual(gone, [1, 2]);
  assert.equal(annotations.deleted_by(1), 'ada');
  assert.notEqual(annotations.stamp(1), stamp);
  assert.deepEqual(annotations.edits(said(1, 'text')), []);
  assert.deepEqual(annotations.reactions(1), []);
  annotations.add(said(2, 'edit', { target: 1, body: 'came late' }));
  assert.equal(annotations.text(said(1, 'text')), 'body 1');
});

test('what was said before the log begins is forgotten, what was said in it stays', () => {
  const annotations = new Annotations();
  annotations.add(said(10, 'reaction', { target: 1, body: '👍' }));
  annotations.add(said(11, 'edit', { target: 1, body: 'second' }));
  annotations.add(said(12, 'deleted', { target: 2, about: { edits: [] } }));
  annotations.add(said(30, 'reaction', { target: 1, body: '🎉' }));
  annotations.add(said(31, 'edit', { target: 1, body: 'third' }));
  annotations.add(said(32, 'deleted', { target: 3, about: { edits: [] } }));
  annotations.trim(20);
  assert.deepEqual(
    annotations.reactions(1).map(({ emoji }) => emoji),
    ['🎉'],
  );
  assert.equal(annotations.edits(said(1, 'text')).length, 1);
  assert.deepEqual([annotations.deleted_by(2), annotations.deleted_by(3)], [undefined, 'ada']);
  annotations.trim(40);
  const stamp = annotations.stamp(1);
  assert.equal(stamp, 0);
  annotations.add(said(41, 'reaction', { target: 1, body: '👍' }));
  assert.ok(annotations.stamp(1) > 5, 'a row that was drawn before is drawn anew');
});

test('contents that are not as they must be count as damaged', () => {
  for (const content of [
    { kind: 'text' },
    { kind: 'text', body: 1 },
    { kind: 'edit', body: 'x' },
    { kind: 'edit', body: 'x', target: 9 },
    { kind: 'reply', body: 'x', target: 0 },
    { kind: 'reaction', body: '', target: 1 },
    { kind: 'deleted', target: '1' },
  ])
    assert.equal(to_message(5, with_content(5, content)).refused, 'damaged', content.kind);
  assert.equal(to_message(5, with_content(5, { kind: 'sticker' })).refused, undefined);
  const joined = to_message(5, with_content(5, { kind: 'joined', user: 'eve' }));
  assert.deepEqual([joined.about, joined.body], [{ user: 'eve' }, '']);
});

const events = {
  1: { kind: 'text', body: 'secret' },
  2: { kind: 'reply', body: 'answer', target: 1 },
  3: { kind: 'edit', body: 'more secret', target: 1 },
  4: { kind: 'deleted', target: 1, edits: [3] },
};

test('a deletion seen live leaves no word of the message in memory', async () => {
  const world = set_up();
  world.open = async (room, seq) => with_content(seq, events[seq]);
  world.room.open();
  world.subscribed(0);
  await world.events(1, 3);
  const { room } = world;
  assert.equal(room.annotations.text(room.quoted(1)), 'more secret');
  await world.events(4, 4);
  assert.equal(room.quoted(1), undefined);
  assert.doesNotMatch(JSON.stringify(room.log.messages), /secret/);
  const drawn = rows(room.log.messages, [], { me: 'me', ...room, new_after: null });
  assert.deepEqual(
    drawn.map(({ key }) => key),
    ['seq 1', 'day 1970-1-1', 'seq 2'],
  );
});

test('destroyed numbers that a deletion names are tombstones; others stay damaged', async () => {
  const world = set_up();
  world.open = async (room, seq) =>
    [2, 4].includes(seq) ? with_content(seq, events[seq]) : { refused: 'damaged' };
  world.room.open();
  world.subscribed(5);
  await world.events(1, 5);
  const { annotations, log } = world.room;
  assert.equal(annotations.deleted_by(1), 'ada');
  assert.equal(annotations.is_rowless(3), true);
  assert.deepEqual([log.at(5).refused, annotations.deleted_by(5)], ['damaged', undefined]);
});

test('a page that was read before a deletion and comes behind it brings no words back', async () => {
  const world = set_up();
  world.room.open();
  world.subscribed(60);
  await world.events(11, 60);
  world.room.pages.load();
  const { id } = world.last();
  world.open = async (room, seq) => with_content(seq, { kind: 'deleted', target: 7, edits: [] });
  await world.events(61, 61);
  world.open = async (room, seq) => opened(seq);
  const older = range(1, 10).map((seq) => ({ seq, envelope: sealed(seq) }));
  const frame = { type: 'history', room: 'general', events: older, keys: [], more: false };
  world.room.receive({ ...frame, id });
  await settle();
  assert.equal(world.room.log.at(7).body, '');
  assert.equal(world.room.log.at(8).body, 'body 8');
});

test('an erasure names messages and what was about them, and leaves tombstones of messages', () => {
  const annotations = new Annotations();
  annotations.add(said(2, 'edit', { target: 1 }));
  annotations.add(said(4, 'reaction', { target: 3, body: '👍' }));
  annotations.add(said(5, 'reaction', { target: 3, body: '🎉', from: 'eve' }));
  const about = { user: 'ada', targets: [1, '2'], others: [2, 4] };
  assert.deepEqual(annotations.add(said(6, 'erased', { about })), [1, 2, 4]);
  assert.deepEqual([annotations.deleted_by(1), annotations.is_rowless(1)], ['ada', false]);
  assert.deepEqual([annotations.is_rowless(2), annotations.is_rowless(4)], [true, true]);
  assert.deepEqual(
    annotations.reactions(3).map(({ emoji }) => emoji),
    ['🎉'],
  );
});

test('what is older than the room keeps leaves no word, and the room begins behind it', async () => {
  const world = set_up();
  world.open = async (room, seq) =>
    with_content(
      seq,
      seq === 61 ? { kind: 'expired', up_to: 55 } : { kind: 'text', body: `secret ${seq}` },
    );
  world.room.open();
  world.subscribed(60);
  await world.events(51, 60);
  const { room } = world;
  room.pages.load();
  const { id } = world.last();
  assert.equal(room.quoted(52).body, 'secret 52');
  await world.events(61, 61);
  assert.deepEqual([room.log.first, room.log.more, room.log.floor], [56, false, 55]);
  assert.equal(room.quoted(52), undefined);
  // A page that was read before comes behind it.
  const older = range(1, 50).map((seq) => ({ seq, envelope: sealed(seq) }));
  const frame = { type: 'history', room: 'general', events: older, keys: [], more: true };
  room.receive({ ...frame, id });
  await settle();
  assert.deepEqual([room.log.first, room.log.more, room.pages.load()], [56, false, false]);
  assert.doesNotMatch(JSON.stringify(room.log.messages), /secret (5[0-5]|[1-4])\b/);
  await world.events(62, 62);
  assert.equal(room.log.last, 62);
});

test('what expired is found while paging back, and pages end there', async () => {
  const world = set_up();
  world.open = async (room, seq) =>
    seq === 20 ? with_content(seq, { kind: 'expired', up_to: 10 }) : opened(seq);
  world.room.open();
  world.subscribed(60);
  await world.events(31, 60);
  const { room } = world;
  room.pages.load();
  const entries = (from, to) => range(from, to).map((seq) => ({ seq, envelope: sealed(seq) }));
  const frame = { type: 'history', room: 'general', keys: [], more: true };
  room.receive({ ...frame, events: entries(16, 30), id: world.last().id });
  await settle();
  assert.deepEqual([room.log.first, room.log.more], [16, true]);
  room.pages.load();
  room.receive({ ...frame, events: entries(1, 15), id: world.last().id });
  await settle();
  assert.deepEqual([room.log.first, room.log.more, room.pages.state], [11, false, 'idle']);
});

test('an age that names numbers that are to come changes nothing', async () => {
  const world = set_up();
  world.open = async (room, seq) =>
    seq === 3 ? with_content(seq, { kind: 'expired', up_to: 3 }) : opened(seq);
  world.room.open();
  world.subscribed(0);
  await world.events(1, 3);
  assert.deepEqual([world.room.log.first, world.room.log.floor], [1, 0]);
});

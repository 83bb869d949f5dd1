// What breaks the run of a room's numbers, and how it becomes whole again.
import { range, set_up } from './room.world.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';

test('a hole in live numbers asks again from the last good one', async () => {
  const world = set_up();
  world.room.open();
  world.subscribed(2);
  await world.events(1, 2);
  await world.events(4, 5);
  assert.equal(world.sent.length, 2);
  assert.equal(world.last().since, 2);
  assert.deepEqual(world.seqs(), [1, 2]);
  world.subscribed(5);
  await world.events(3, 5);
  assert.deepEqual(world.seqs(), [1, 2, 3, 4, 5]);
});

test('a hole that stays is asked for once, then shown as damaged', async () => {
  const world = set_up();
  world.room.open();
  world.subscribed(2);
  await world.events(1, 2);
  await world.events(5, 5);
  world.subscribed(5);
  await world.events(5, 7);
  assert.equal(world.sent.length, 2);
  assert.deepEqual(world.seqs(), range(1, 7));
  assert.deepEqual(
    world.room.log.messages.map(({ refused }) => refused ?? 'whole'),
    ['whole', 'whole', 'damaged', 'damaged', 'whole', 'whole', 'whole'],
  );
  assert.deepEqual(world.live.slice(-3), [5, 6, 7]);
});

test('a hole at the very beginning of a room is shown as damaged too', async () => {
  const world = set_up();
  world.room.open();
  world.subscribed(0);
  await world.events(2, 2);
  world.subscribed(2);
  await world.events(2, 2);
  assert.equal(world.sent.length, 2);
  assert.equal(world.room.log.at(1).refused, 'damaged');
  assert.equal(world.room.log.at(2).body, 'body 2');
});

test('a hole too wide to draw counts as a gap', async () => {
  const world = set_up();
  world.room.open();
  world.subscribed(1);
  await world.events(1, 1);
  await world.events(9_000_000_000, 9_000_000_000);
  world.subscribed(9_000_000_000);
  await world.events(9_000_000_000, 9_000_000_000);
  assert.deepEqual(world.seqs(), [9_000_000_000]);
  assert.equal(world.room.gap, true);
});

test('what the old subscription still says while a new one is asked for is passed over', async () => {
  const world = set_up();
  world.room.open();
  world.subscribed(9);
  await world.events(1, 9);
  world.room.close();
  world.room.open();
  world.subscribed(4);
  await world.events(10, 12);
  world.room.receive({ type: 'gap', room: 'general', from: 1, to: 300 });
  assert.deepEqual([world.seqs(), world.room.gap], [[], false]);
  world.subscribed(6);
  await world.events(1, 6);
  assert.deepEqual(world.seqs(), range(1, 6));
});

test('a message that trips the page does not hold up those that follow', async () => {
  const world = set_up();
  world.on_message = ({ seq }) => {
    if (seq === 2) throw new Error('tripped');
  };
  world.room.open();
  world.subscribed(0);
  await world.events(1, 4);
  assert.deepEqual(world.seqs(), range(1, 4));
  assert.deepEqual(world.reported, ['tripped']);
  assert.deepEqual(world.live, [1, 3, 4]);
});

test('a message that cannot be placed is shown as damaged, and the next ones come', async () => {
  const world = set_up();
  const { log } = world.room;
  const place = log.place.bind(log);
  log.place = (message) => {
    if (message.seq === 2) throw new Error('no place');
    place(message);
  };
  world.room.open();
  world.subscribed(0);
  await world.events(1, 4);
  assert.deepEqual(world.seqs(), range(1, 4));
  assert.equal(log.at(2).refused, 'damaged');
  assert.deepEqual(world.reported, ['no place']);
});

test('a replay that breaks off is asked for again from where it broke', async () => {
  const world = set_up();
  world.room.open();
  const { id } = world.last();
  world.subscribed(4);
  await world.events(1, 2);
  world.room.receive({ type: 'error', id, code: 'unavailable', text: '', retry: true });
  await world.clock.advance(600);
  assert.equal(world.last().since, 2);
  world.subscribed(5);
  await world.events(3, 5);
  assert.deepEqual(world.seqs(), range(1, 5));
});

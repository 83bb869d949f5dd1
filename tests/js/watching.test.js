// Rooms that nobody looks at: only what is new comes, and the page when somebody looks.
import { settle } from './fakes.js';
import { range, sealed, set_up } from './room.world.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';

async function history(world, from, to, more) {
  const { id } = world.sent.filter(({ type }) => type === 'history').at(-1);
  const events = range(from, to).map((seq) => ({ seq, envelope: sealed(seq) }));
  world.room.receive({ type: 'history', id, room: 'general', events, keys: [], more });
  await settle();
}

test('a watched room asks for nothing old, and hears what is new', async () => {
  const world = set_up({ last_seq: 700 });
  world.room.watch();
  assert.equal(world.last().since, 700);
  world.subscribed(701);
  await world.events(701, 702);
  assert.deepEqual(world.seqs(), [701, 702]);
  assert.deepEqual(world.live, [702]);
});

test('when somebody looks, the newest page comes before what was heard', async () => {
  const world = set_up({ last_seq: 700 });
  world.room.watch();
  world.subscribed(700);
  world.room.look();
  assert.deepEqual([world.last().type, world.last().before], ['history', 701]);
  await world.events(701, 701);
  await history(world, 651, 700, true);
  assert.deepEqual(world.seqs(), range(651, 701));
  world.room.look();
  assert.equal(world.sent.length, 2);
});

test('a room without anything older is not asked for it', async () => {
  const world = set_up({ last_seq: 9, since_seq: 9 });
  world.room.watch();
  world.subscribed(9);
  world.room.look();
  assert.equal(world.sent.length, 1);
  assert.equal(world.room.log.more, false);
});

test('a watched room that missed a little resumes, one that missed much begins anew', async () => {
  const world = set_up({ last_seq: 10 });
  world.room.watch();
  world.subscribed(10);
  await world.events(11, 12);
  world.room.close();
  world.room.facts = { ...world.room.facts, last_seq: 40 };
  world.room.watch();
  assert.equal(world.last().since, 12);
  world.room.close();
  world.room.facts = { ...world.room.facts, last_seq: 4000 };
  world.room.watch();
  assert.equal(world.last().since, 4000);
  assert.deepEqual(world.seqs(), []);
});

test('a room that is forgotten keeps no message', async () => {
  const world = set_up();
  world.room.open();
  world.subscribed(0);
  await world.events(1, 3);
  world.room.forget();
  assert.deepEqual(world.seqs(), []);
  await world.events(4, 4);
  assert.equal(world.room.log.messages.length, 0);
});

test('a quoted message that is not here is asked for once and kept apart', async () => {
  const world = set_up();
  world.room.open();
  world.subscribed(90);
  await world.events(41, 90);
  assert.equal(world.room.quoted(7), null);
  assert.equal(world.room.quoted(7), null);
  assert.deepEqual([world.sent.length, world.last().before, world.last().limit], [2, 8, 1]);
  await history(world, 7, 7, true);
  assert.equal(world.room.quoted(7).body, 'body 7');
  assert.equal(world.seqs()[0], 41);
});

test('reaching back loads page after page until the number is here', async () => {
  const world = set_up();
  world.room.open();
  world.subscribed(500);
  await world.events(451, 500);
  assert.equal(world.room.pages.reach(100), false);
  assert.deepEqual([world.last().before, world.last().limit], [451, 200]);
  await history(world, 251, 450, true);
  assert.equal(world.last().before, 251);
  await history(world, 51, 250, true);
  assert.equal(world.sent.length, 3);
  assert.equal(world.room.pages.reach(100), true);
});

import { settle } from './fakes.js';
import { opened, range, sealed, set_up } from './room.world.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';

test('the newest page is taken in order, and what follows is live', async () => {
  const world = set_up();
  world.room.open();
  assert.equal('since' in world.last(), false);
  world.subscribed(60);
  await world.events(11, 62);
  assert.deepEqual(world.seqs(), range(11, 62));
  assert.deepEqual(world.live, [61, 62]);
  assert.equal(world.room.log.more, true);
  assert.equal(world.room.facts.members, 3);
  assert.deepEqual(world.keys, [{ kid: 'general.1', wrapped: 'w' }]);
});

test('a message that opens slowly still comes before the next', async () => {
  const world = set_up();
  let release;
  world.open = (room, seq) =>
    seq === 1
      ? new Promise((resolve) => (release = () => resolve(opened(1))))
      : Promise.resolve(opened(seq));
  world.room.open();
  world.subscribed(0);
  await world.events(1, 2);
  assert.deepEqual(world.seqs(), []);
  release();
  await settle();
  assert.deepEqual(world.seqs(), [1, 2]);
});

test('an event that comes twice is shown once', async () => {
  const world = set_up();
  world.room.open();
  world.subscribed(0);
  await world.events(1, 3);
  await world.events(2, 3);
  assert.deepEqual(world.seqs(), [1, 2, 3]);
});

test('a new connection resumes after the last number and says how much was missed', async () => {
  const world = set_up();
  world.room.open();
  world.subscribed(3);
  await world.events(1, 3);
  world.room.close();
  world.room.open();
  assert.equal(world.last().since, 3);
  world.subscribed(5);
  await world.events(4, 5);
  assert.deepEqual(world.seqs(), range(1, 5));
  assert.deepEqual(world.caught_up, [2]);
  assert.deepEqual(world.live, []);
});

test('a gap drops the old run, and history pages back into it', async () => {
  const world = set_up();
  world.room.open();
  world.subscribed(2);
  await world.events(1, 2);
  world.room.close();
  world.room.open();
  world.subscribed(1000);
  world.room.receive({ type: 'gap', room: 'general', from: 3, to: 950 });
  await world.events(951, 1000);
  assert.deepEqual(world.seqs(), range(951, 1000));
  assert.equal(world.room.gap, true);
  world.room.pages.load();
  assert.deepEqual([world.last().before, world.last().limit], [951, 50]);
});

test('a server that has fewer numbers than we do is believed: the room is read anew', async () => {
  const world = set_up();
  world.room.open();
  world.subscribed(9);
  await world.events(1, 9);
  world.room.close();
  world.room.open();
  world.subscribed(4);
  assert.deepEqual(world.seqs(), []);
  assert.equal('since' in world.last(), false);
  world.subscribed(4);
  await world.events(1, 4);
  assert.deepEqual(world.seqs(), [1, 2, 3, 4]);
});

async function with_history() {
  const world = set_up();
  world.room.open();
  world.subscribed(120);
  await world.events(71, 120);
  world.room.pages.load();
  world.answer = async (from, to, more) => {
    const events = range(from, to).map((seq) => ({ seq, envelope: sealed(seq) }));
    const { id } = world.sent.filter(({ type }) => type === 'history').at(-1);
    world.room.receive({ type: 'history', id, room: 'general', events, keys: [], more });
    await settle();
  };
  return world;
}

test('history goes before what is here, until there is no more', async () => {
  const world = await with_history();
  assert.equal(world.room.pages.state, 'loading');
  await world.answer(21, 70, true);
  assert.equal(world.seqs()[0], 21);
  world.room.pages.load();
  await world.answer(1, 20, false);
  assert.deepEqual(world.seqs(), range(1, 120));
  assert.equal(world.room.log.more, false);
  const { length } = world.sent;
  world.room.pages.load();
  assert.equal(world.sent.length, length);
});

test('history that does not fit is refused', async () => {
  const world = await with_history();
  await world.answer(10, 60, true);
  assert.equal(world.seqs()[0], 71);
  assert.equal(world.room.pages.state, 'failed');
});

test('history that fails says so and can be asked again', async () => {
  const world = await with_history();
  const { id } = world.last();
  world.room.receive({ type: 'error', id, code: 'unavailable', text: '', retry: true });
  assert.equal(world.room.pages.state, 'failed');
  world.room.pages.load();
  await world.answer(21, 70, true);
  assert.equal(world.seqs()[0], 21);
});

test('a subscribe that is unavailable is tried again', async () => {
  const world = set_up();
  world.room.open();
  const { id } = world.last();
  world.room.receive({ type: 'error', id, code: 'unavailable', text: '', retry: true });
  await world.clock.advance(600);
  assert.equal(world.sent.length, 2);
});

test('a subscribe that is refused for good tells why', () => {
  const world = set_up();
  world.room.open();
  const { id } = world.last();
  const text = 'Something went wrong on the server.';
  world.room.receive({ type: 'error', id, code: 'internal', text, retry: false });
  assert.deepEqual([world.room.refusal, world.gone], [text, 0]);
});

test('a subscribe that is refused to a stranger means that the room is gone', () => {
  const world = set_up();
  world.room.open();
  const { id } = world.last();
  world.room.receive({ type: 'error', id, code: 'not_a_member', text: '', retry: false });
  assert.deepEqual([world.room.refusal, world.gone], ['', 1]);
});

test('a message that cannot be opened keeps its place and names the cause', async () => {
  const world = set_up();
  world.open = async (room, seq) => (seq === 2 ? { refused: 'damaged' } : opened(seq));
  world.room.open();
  world.subscribed(0);
  await world.events(1, 3);
  assert.deepEqual(
    world.room.log.messages.map(({ refused }) => refused),
    [undefined, 'damaged', undefined],
  );
});

test('a message whose key was missing is asked for once more and replaced', async () => {
  const world = set_up();
  world.open = async () => ({ refused: 'no_key' });
  world.room.open();
  world.subscribed(0);
  await world.events(1, 2);
  world.room.pages.reopen(2);
  assert.deepEqual([world.last().before, world.last().limit], [3, 1]);
  world.open = async (room, seq) => opened(seq);
  const events = [{ seq: 2, envelope: sealed(2) }];
  world.room.receive({
    type: 'history',
    id: world.last().id,
    room: 'general',
    events,
    keys: [],
    more: true,
  });
  await settle();
  assert.equal(world.room.log.at(2).body, 'body 2');
  assert.equal(world.room.log.at(1).refused, 'no_key');
});

test('the room knows the newest epoch of its keys, whatever comes later of older ones', async () => {
  const world = set_up();
  const { room } = world;
  const key = (epoch) => ({ type: 'key', room: 'general', kid: `general.${epoch}`, wrapped: 'w' });
  assert.equal(room.epoch, 0);
  room.open();
  world.subscribed(60);
  assert.equal(room.epoch, 1);
  for (const epoch of [12, 2]) room.receive(key(epoch));
  assert.equal(room.epoch, 12);
});

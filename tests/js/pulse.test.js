// Silence: a socket that looks open and is dead must show itself.
import { set_up } from './connection.world.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hidden_idle_ms, idle_ms, silence_timeout_ms } from '../../static/pulse.js';

const questions = (world) => world.socket().sent.filter(({ type }) => type === 'people');

test('a command without any answer for 15 s shows a dead socket', async () => {
  const world = set_up();
  world.connection.start();
  await world.greet();
  world.connection.send({ type: 'people', id: 'x', ids: [] });
  await world.clock.advance(silence_timeout_ms - 1);
  assert.equal(world.name(), 'open');
  await world.clock.advance(1);
  assert.equal(world.name(), 'waiting');
});

test('an answer within 15 s keeps the socket', async () => {
  const world = set_up();
  world.connection.start();
  await world.greet();
  world.connection.send({ type: 'people', id: 'x', ids: [] });
  await world.clock.advance(10_000);
  world.socket().say({ type: 'people', id: 'x', people: [] });
  await world.clock.advance(30_000);
  assert.equal(world.name(), 'open');
});

test('a socket that falls silent while nobody writes is asked, and left when it stays mute', async () => {
  const world = set_up();
  world.connection.start();
  await world.greet();
  await world.clock.advance(idle_ms - 1);
  assert.equal(questions(world).length, 0);
  await world.clock.advance(1);
  assert.deepEqual(
    questions(world).map(({ ids }) => ids),
    [['1']],
  );
  await world.clock.advance(silence_timeout_ms);
  assert.equal(world.name(), 'waiting');
  assert.equal(world.sockets[0].closed, true);
});

test('an idle connection whose server answers stays, and nobody else hears of the question', async () => {
  const world = set_up();
  world.connection.start();
  await world.greet();
  for (let i = 1; i <= 10; i++) {
    await world.clock.advance(idle_ms);
    assert.equal(questions(world).length, i);
    const { id } = questions(world).at(-1);
    if (i % 2) world.socket().say({ type: 'people', id, people: [] });
    else world.socket().say({ type: 'error', id, code: 'unavailable', text: '', retry: true });
  }
  assert.equal(world.name(), 'open');
  assert.deepEqual(world.frames, []);
});

test('a room that talks is never asked', async () => {
  const world = set_up();
  world.connection.start();
  await world.greet();
  for (let i = 0; i < 20; i++) {
    await world.clock.advance(30_000);
    world.socket().say({ type: 'gap', room: 'general', from: 1, to: 2 });
  }
  assert.equal(questions(world).length, 0);
});

test('a hidden page asks every five minutes at most', async () => {
  const world = set_up();
  world.connection.start();
  await world.greet();
  world.hidden = true;
  for (let passed_ms = 0; passed_ms < 3_600_000; passed_ms += 1000) {
    const before = questions(world).length;
    await world.clock.advance(1000);
    const asked = questions(world);
    if (asked.length > before)
      world.socket().say({ type: 'people', id: asked.at(-1).id, people: [] });
  }
  const { length } = questions(world);
  assert.ok(length >= 10 && length <= 3_600_000 / hidden_idle_ms, String(length));
});

test('a page that wakes puts its open socket to the test, once at a time', async () => {
  const world = set_up();
  world.connection.start();
  await world.greet();
  for (let i = 0; i < 50; i++) world.connection.wake();
  assert.equal(questions(world).length, 1);
  await world.clock.advance(silence_timeout_ms);
  assert.equal(world.name(), 'waiting');
  world.connection.wake();
  assert.equal(world.name(), 'connecting');
});

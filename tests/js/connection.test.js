import { set_up, welcome } from './connection.world.js';
import { settle } from './fakes.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { delay_ms } from '../../static/backoff.js';
import { welcome_timeout_ms } from '../../static/connection.js';

test('it greets with a fresh key, and is open after the welcome', async () => {
  const world = set_up();
  world.connection.start();
  world.socket().open();
  await settle();
  assert.deepEqual(world.socket().sent, [{ type: 'hello', version: 1, key: 'k', nonce: 'n' }]);
  assert.equal(world.connection.send({ type: 'people', id: 'x', ids: [] }), false);
  world.socket().say(welcome);
  await settle();
  assert.equal(world.name(), 'open');
  assert.equal(world.welcomes, 1);
});

test('frames of an unknown kind, and what is no frame, are passed over', async () => {
  const world = set_up();
  world.connection.start();
  await world.greet();
  world.socket().say({ type: 'weather' });
  world.socket().say('not json');
  world.socket().say({ type: 'event', room: 'general' });
  world.socket().say({ type: 'gap', room: 'general', from: 1, to: 2 });
  assert.deepEqual(world.frames, ['gap']);
});

for (const code of [1000, 1001, 1006, 1011, 1012, 4408, 4429])
  test(`after close ${code} it comes back`, async () => {
    const world = set_up();
    world.connection.start();
    await world.greet();
    world.socket().end(code);
    assert.equal(world.name(), 'waiting');
    await world.clock.advance(36_000);
    assert.equal(world.sockets.length > 1, true);
    await world.greet();
    assert.equal(world.name(), 'open');
    assert.equal(world.connection.state.again, true);
  });

test('after close 4401 the session has ended and nothing is tried', async () => {
  const world = set_up();
  world.connection.start();
  await world.greet();
  world.socket().end(4401);
  await world.clock.advance(120_000);
  assert.equal(world.name(), 'ended');
  world.connection.start();
  assert.equal(world.sockets.length, 1);
});

for (const code of [4400, 1002, 1007, 1009])
  test(`after close ${code} it stops and tells why`, async () => {
    const world = set_up();
    world.connection.start();
    await world.greet();
    const text = 'That frame is not JSON.';
    world.socket().say({ type: 'error', id: null, code: 'bad_frame', text, retry: false });
    world.socket().end(code);
    await world.clock.advance(120_000);
    assert.deepEqual(world.connection.state, { name: 'stopped', text });
    assert.equal(world.sockets.length, 1);
  });

test('after a connect that never opened it asks for the session and tries again on 204', async () => {
  const world = set_up();
  world.connection.start();
  world.socket().end(1006);
  await settle();
  assert.equal(world.asked, 1);
  assert.equal(world.name(), 'waiting');
  await world.clock.advance(2000);
  assert.equal(world.sockets.length, 2);
});

test('a refused connect with 401 behind it means that the session has ended', async () => {
  const world = set_up();
  world.session = { status: 401, retry_after_ms: null };
  world.connection.start();
  world.socket().end(1006);
  await settle();
  assert.equal(world.name(), 'ended');
});

test('a refused connect with 503 behind it waits at least as long as the server says', async () => {
  const world = set_up();
  world.session = { status: 503, retry_after_ms: 7000 };
  world.connection.start();
  world.socket().end(1006);
  await settle();
  assert.equal(world.connection.state.reason, 'busy');
  await world.clock.advance(6999);
  assert.equal(world.sockets.length, 1);
  await world.clock.advance(2000);
  assert.equal(world.sockets.length, 2);
});

test('a server that answers nothing at all is tried again', async () => {
  const world = set_up();
  world.session = new Error('no network');
  world.connection.start();
  world.socket().end(1006);
  await settle();
  assert.equal(world.name(), 'waiting');
});

test('a socket that opens but sends no welcome within 10 s is left', async () => {
  const world = set_up();
  world.connection.start();
  world.socket().open();
  await world.clock.advance(welcome_timeout_ms);
  assert.equal(world.sockets[0].closed, true);
  assert.equal(world.name(), 'waiting');
  world.sockets[0].say(welcome);
  await settle();
  assert.equal(world.welcomes, 0);
});

test('goodbye says when to come back', async () => {
  const world = set_up({ random: () => 0 });
  world.connection.start();
  await world.greet();
  world.socket().say({ type: 'goodbye', retry_ms: 3000 });
  world.socket().end(1012);
  assert.equal(world.connection.state.reason, 'restarting');
  await world.clock.advance(3400);
  assert.equal(world.sockets.length, 1);
  await world.clock.advance(200);
  assert.equal(world.sockets.length, 2);
});

test('it pauses while offline and connects when told that the network is back', async () => {
  const world = set_up();
  world.connection.start();
  await world.greet();
  world.offline = true;
  world.connection.pause();
  await world.clock.advance(120_000);
  assert.equal(world.name(), 'offline');
  assert.equal(world.sockets.length, 1);
  world.offline = false;
  world.connection.start();
  assert.equal(world.sockets.length, 2);
});

test('Retry now does not wait, and leaves no second timer behind', async () => {
  const world = set_up();
  world.connection.start();
  await world.greet();
  world.socket().end(1006);
  world.connection.start();
  assert.equal(world.sockets.length, 2);
  await world.greet();
  await world.clock.advance(40_000);
  assert.equal(world.sockets.length, 2);
});

test('the waits grow while it fails, and start small after a connection that lasted', async () => {
  const world = set_up({ random: () => 0.999 });
  const wait_ms = () => world.connection.state.until_ms - world.clock.now_ms;
  world.connection.start();
  const waits = [];
  for (let i = 0; i < 6; i++) {
    world.socket().open();
    world.socket().end(1006);
    waits.push(wait_ms());
    await world.clock.advance(wait_ms());
  }
  assert.deepEqual(
    waits.map((ms) => Math.round(ms / 1000)),
    [2, 4, 8, 16, 30, 30],
  );
  await world.greet();
  await world.clock.advance(6000);
  world.socket().end(1006);
  assert.equal(Math.round(wait_ms() / 1000), 2);
});

test('a wait is at least 0.5 s and at most 30 s', () => {
  for (let failures = 0; failures < 40; failures++) {
    assert.equal(
      delay_ms(failures, () => 0),
      500,
    );
    assert.ok(delay_ms(failures, () => 0.9999999) <= 30_000);
  }
});

test('a question about the session that hangs does not stand in the way of Retry now', async () => {
  const world = set_up();
  world.session = new Promise(() => {});
  world.connection.start();
  world.socket().end(1006);
  await settle();
  assert.equal(world.connection.state.asking, true);
  world.connection.start();
  assert.equal(world.sockets.length, 2);
  await world.greet();
  assert.equal(world.name(), 'open');
});

test('an answer about the session that comes after Retry now changes nothing', async () => {
  const world = set_up();
  let answer;
  world.session = new Promise((resolve) => (answer = resolve));
  world.connection.start();
  world.socket().end(1006);
  world.connection.wake();
  await world.greet();
  answer({ status: 401, retry_after_ms: null });
  await settle();
  assert.equal(world.name(), 'open');
});

test('what the server has against us without naming a command is told, before the welcome too', async () => {
  const world = set_up();
  world.connection.start();
  world.socket().open();
  const complaint = { type: 'error', id: null, code: 'internal', retry: true };
  world.socket().say({ ...complaint, text: 'Something broke here.' });
  await world.greet();
  world.socket().say({ ...complaint, code: 'rate_limited', text: 'Too much at once.' });
  world.socket().end(4429);
  assert.deepEqual(world.complaints, ['Something broke here.', 'Too much at once.']);
  assert.deepEqual(world.frames, []);
});

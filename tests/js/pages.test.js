// What is asked for beside the run: quoted messages, a few at a time, and pages that lost their place.
import { settle } from './fakes.js';
import { opened, range, sealed, set_up } from './room.world.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from '../../static/pace.js';
import { Clock } from './fakes.js';

const questions = ({ sent }) => sent.filter(({ type }) => type === 'history');
const history = (id, seqs, more = true) => ({
  ...{ type: 'history', id, room: 'general', keys: [], more },
  events: seqs.map((seq) => ({ seq, envelope: sealed(seq) })),
});
const refusal = (id, more = {}) => ({
  ...{ type: 'error', id, code: 'rate_limited', text: '', retry: true },
  ...more,
});

async function with_end() {
  const world = set_up();
  world.room.open();
  world.subscribed(1000);
  await world.events(951, 1000);
  world.draw = (...seqs) => seqs.map((seq) => world.room.quoted(seq)?.body);
  world.answer = async (frame) => {
    world.room.receive(frame);
    await settle();
  };
  return world;
}

test('four quoted messages are asked for at once, the others when these are here', async () => {
  const world = await with_end();
  const drawn = range(1, 30);
  world.draw(...drawn);
  world.draw(...drawn);
  assert.deepEqual(
    questions(world).map(({ before, limit }) => [before, limit]),
    [2, 3, 4, 5].map((before) => [before, 1]),
  );
  await world.answer(history(questions(world)[0].id, [1]));
  assert.deepEqual(world.draw(...drawn).slice(0, 2), ['body 1', undefined]);
  assert.equal(questions(world).length, 5);
});

test('a refused quote waits as long as it is told, and is asked for again', async () => {
  const world = await with_end();
  world.draw(1, 2);
  await world.answer(refusal(questions(world)[0].id, { retry_ms: 5000 }));
  world.draw(1, 2, 3);
  await world.clock.advance(4900);
  world.draw(1, 2, 3);
  assert.equal(questions(world).length, 2);
  await world.clock.advance(200);
  world.draw(1, 2, 3);
  assert.deepEqual(
    questions(world)
      .slice(2)
      .map(({ before }) => before),
    [2, 4],
  );
});

test('a quote that is not to be had is not asked for again on this connection', async () => {
  const world = await with_end();
  world.draw(1, 2);
  await world.answer(refusal(questions(world)[0].id, { code: 'not_found', retry: false }));
  await world.answer(history(questions(world)[1].id, []));
  world.draw(1, 2);
  assert.equal(questions(world).length, 2);
  world.room.close();
  world.draw(1, 2);
  assert.equal(questions(world).length, 4);
});

test('the quote seen longest ago makes room for another', async () => {
  const world = await with_end();
  for (const seq of range(1, 401)) {
    world.draw(1, seq);
    await world.answer(history(questions(world).at(-1).id, [seq]));
  }
  const { length } = questions(world);
  assert.deepEqual(world.draw(1, 3), ['body 1', 'body 3']);
  assert.equal(questions(world).length, length);
  world.draw(2);
  assert.equal(questions(world).length, length + 1);
});

test('a page whose log was dropped meanwhile leaves nothing loading', async () => {
  for (const drop_first of [true, false]) {
    const world = await with_end();
    const { room } = world;
    room.pages.load();
    const { id } = questions(world)[0];
    let release;
    world.open = (_, seq) => new Promise((resolve) => (release = () => resolve(opened(seq))));
    const gap = { type: 'gap', room: 'general', from: 1001, to: 2000 };
    if (drop_first) room.receive(gap);
    room.receive(history(id, [950]));
    if (!drop_first) room.receive(gap);
    release();
    await settle();
    assert.equal(room.pages.state, 'idle');
    assert.equal(room.pages.load(), true);
  }
});

test('many rooms are followed without asking too much at once', async () => {
  const clock = new Clock();
  const done = [];
  const pace = new Pace((thing) => done.push(thing), clock.later);
  pace.begin(range(1, 100));
  assert.deepEqual(done, range(1, 30));
  assert.equal(pace.hurry(90), true);
  assert.equal(pace.hurry(90), false);
  await clock.advance(1000);
  assert.deepEqual(done, [...range(1, 30), 90, ...range(31, 35)]);
  await clock.advance(60_000);
  assert.equal(done.length, 100);
  pace.begin(range(1, 100));
  pace.begin([]);
  await clock.advance(60_000);
  assert.equal(done.length, 130);
});

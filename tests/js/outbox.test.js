import { Clock, FakeShelf } from './fakes.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outbox } from '../../static/outbox.js';

function set_up(shelf = new FakeShelf(), user = '1') {
  const clock = new Clock();
  const world = { clock, shelf, sent: [], connected: true, next: 0 };
  world.outbox = new Outbox({
    shelf,
    user,
    send: ({ id }) => world.connected && Boolean(world.sent.push(id)),
    make_id: () => `${user}-id-${world.next++}`,
    now: clock.now,
    later: clock.later,
    cancel: clock.cancel,
    random: () => 0,
    on_change: () => {},
  });
  world.states = () => world.outbox.letters.map(({ state }) => state);
  return world;
}
const refusal = (id, code, retry) => ({ id, code, text: 'Told.', retry });

test('a letter goes out at once, is sent when posted, and leaves when its event arrives', () => {
  const { outbox, sent, states } = set_up();
  outbox.open();
  const { id } = outbox.add('general', 'hello');
  assert.deepEqual(sent, [id]);
  assert.deepEqual(states(), ['sent']);
  outbox.posted({ id, seq: 4 });
  assert.deepEqual(states(), ['posted']);
  outbox.arrived(id);
  assert.deepEqual(states(), []);
});

test('what is written without a connection waits and goes out in order', () => {
  const { outbox, sent } = set_up();
  const ids = ['a', 'b', 'c'].map((body) => outbox.add('general', body).id);
  assert.deepEqual(sent, []);
  outbox.open();
  assert.deepEqual(sent, ids);
});

test('after a lost connection the same ids go out again, in order', () => {
  const { outbox, sent } = set_up();
  outbox.open();
  const ids = ['a', 'b'].map((body) => outbox.add('general', body).id);
  outbox.close();
  outbox.open();
  assert.deepEqual(sent, [...ids, ...ids]);
});

test('after unavailable nothing is sent until the pipeline is answered; then all in order', async () => {
  const { outbox, sent, clock } = set_up();
  outbox.open();
  const [a, b, c] = ['a', 'b', 'c'].map((body) => outbox.add('general', body).id);
  outbox.refused(refusal(a, 'unavailable', true));
  const d = outbox.add('general', 'd').id;
  await clock.advance(60_000);
  assert.deepEqual(sent, [a, b, c]);
  outbox.posted({ id: b, seq: 1 });
  outbox.refused(refusal(c, 'unavailable', true));
  await clock.advance(500);
  assert.deepEqual(sent, [a, b, c]);
  await clock.advance(5000);
  assert.deepEqual(sent, [a, b, c, a]);
  outbox.posted({ id: a, seq: 2 });
  assert.deepEqual(sent, [a, b, c, a, c, d]);
});

test('rate_limited waits as long as the server says', async () => {
  const { outbox, sent, clock } = set_up();
  outbox.open();
  const { id } = outbox.add('general', 'a');
  outbox.refused({ ...refusal(id, 'rate_limited', true), retry_ms: 9000 });
  await clock.advance(8999);
  assert.deepEqual(sent, [id]);
  await clock.advance(600);
  assert.deepEqual(sent, [id, id]);
});

test('no more than eight are under way at once', () => {
  const { outbox, sent } = set_up();
  outbox.open();
  for (let i = 0; i < 20; i++) outbox.add('general', String(i));
  assert.equal(sent.length, 8);
  outbox.posted({ id: sent[0], seq: 1 });
  assert.equal(sent.length, 9);
});

test('a definite refusal is final: it is kept, shown and not sent again by itself', async () => {
  const world = set_up();
  world.outbox.open();
  const { id } = world.outbox.add('general', 'a');
  world.outbox.refused(refusal(id, 'not_a_member', false));
  world.outbox.close();
  world.outbox.open();
  await world.clock.advance(60_000);
  assert.deepEqual(world.sent, [id]);
  assert.deepEqual(world.states(), ['failed']);
  const reloaded = set_up(world.shelf);
  assert.equal(reloaded.outbox.letters[0].text, 'Told.');
  reloaded.outbox.open();
  assert.deepEqual(reloaded.sent, []);
});

test('Retry keeps the id, so that it can make no second message', () => {
  const { outbox, sent } = set_up();
  outbox.open();
  const { id } = outbox.add('general', 'a');
  outbox.refused(refusal(id, 'not_a_member', false));
  outbox.retry(id);
  assert.deepEqual(sent, [id, id]);
});

test('Retry after id_conflict takes a fresh id', () => {
  const { outbox, sent } = set_up();
  outbox.open();
  const { id } = outbox.add('general', 'a');
  outbox.refused(refusal(id, 'id_conflict', false));
  outbox.retry(id);
  assert.equal(sent.length, 2);
  assert.notEqual(sent[1], id);
});

test('a failed letter can be deleted, one under way cannot', () => {
  const { outbox } = set_up();
  outbox.open();
  const a = outbox.add('general', 'a').id;
  const b = outbox.add('general', 'b').id;
  outbox.refused(refusal(a, 'not_a_member', false));
  outbox.discard(a);
  outbox.discard(b);
  assert.deepEqual(
    outbox.letters.map(({ id }) => id),
    [b],
  );
});

test('a reload loses nothing that has no answer, and drops what is posted', () => {
  const world = set_up();
  world.outbox.open();
  const a = world.outbox.add('general', 'a').id;
  const b = world.outbox.add('general', 'b').id;
  world.outbox.posted({ id: a, seq: 1 });
  const reloaded = set_up(world.shelf);
  assert.deepEqual(
    reloaded.outbox.letters.map(({ id, state }) => [id, state]),
    [[b, 'waiting']],
  );
  reloaded.outbox.open();
  assert.deepEqual(reloaded.sent, [b]);
});

test("one person's letters are not another's", () => {
  const world = set_up();
  world.outbox.add('general', 'mine');
  assert.deepEqual(set_up(world.shelf, '2').outbox.letters, []);
});

test('a posted letter leaves when the log has reached its number', () => {
  const { outbox } = set_up();
  outbox.open();
  const { id } = outbox.add('general', 'a');
  outbox.posted({ id, seq: 9 });
  outbox.reached('other', 100);
  outbox.reached('general', 8);
  assert.equal(outbox.letters.length, 1);
  outbox.reached('general', 9);
  assert.equal(outbox.letters.length, 0);
});

test('a storage that is full or broken loses nothing that is in memory', () => {
  const shelf = new FakeShelf();
  shelf.setItem = () => {
    throw new Error('QuotaExceededError');
  };
  const { outbox, sent } = set_up(shelf);
  outbox.open();
  outbox.add('general', 'a');
  assert.equal(sent.length, 1);
  shelf.getItem = () => '{broken';
  assert.deepEqual(set_up(shelf).outbox.letters, []);
});

test('what is under way is known, what failed may be said again', () => {
  const { outbox } = set_up();
  outbox.open();
  const about = { kind: 'reaction', target: 3 };
  const { id } = outbox.add('general', '👍', about);
  const has = (...args) => outbox.has(...args);
  assert.equal(has('general', '👍', about), true);
  assert.equal(has('general', '🎉', about), false);
  assert.equal(has('general', '👍', { ...about, target: 4 }), false);
  assert.equal(has('other', '👍', about), false);
  outbox.refused({ id, code: 'forbidden', text: '', retry: false });
  assert.equal(has('general', '👍', about), false);
});

// What is worth a notification, and what it says.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Alerts, calm_ms, choice_for, gather_ms } from '../../static/alerts.js';
import { Clock } from './fakes.js';

const general = { id: 'general', kind: 'public', name: 'general', last_seq: 10 };
const den = { id: 'den', kind: 'private', name: 'Den', last_seq: 10 };
const eve = { id: 'direct', kind: 'direct', name: '', last_seq: 10, people: ['ada', 'eve'] };
const names = { eve: 'Eve Moneypenny', lin: 'Lin Wei' };

/** Ada's page, which nobody looks at; `choices` are what she chose. */
function set_up(choices = {}) {
  const clock = new Clock();
  const world = { clock, shown: [], closed: [], looking: false, read_seq: 0 };
  world.choices = { notify: true, hide_words: false, sound: false, rooms: {}, ...choices };
  world.alerts = new Alerts({
    me: { id: 'ada', username: 'ada' },
    choices: () => world.choices,
    looking: () => world.looking,
    name_of: (id) => names[id],
    called: ({ kind, name }) =>
      kind === 'direct' ? names.eve : `${kind === 'public' ? '#' : ''}${name}`,
    ...{ now: clock.now, later: clock.later },
    show: (alert) => world.shown.push(alert),
    close: (room) => world.closed.push(room),
    close_all: () => world.closed.push('all'),
  });
  for (const facts of [general, den, eve]) world.alerts.follow(facts);
  world.hear = (facts, seq, body, more = {}) => {
    const message = { seq, mid: '', from: 'eve', time: 0, kind: 'text', body, ...more };
    world.alerts.arrived({ room: { facts }, tally: { read_seq: world.read_seq } }, message);
  };
  world.said = async () => {
    await clock.advance(gather_ms);
    return world.shown.splice(0).map(({ title, body }) => [title, body]);
  };
  return world;
}

test('direct rooms tell everything, others mentions, unless somebody chose otherwise', async () => {
  const world = set_up();
  world.hear(eve, 11, 'Are you there?');
  assert.deepEqual(await world.said(), [['Eve Moneypenny', 'Are you there?']]);
  world.hear(general, 11, 'Good morning, everybody.');
  assert.deepEqual(await world.said(), []);
  world.hear(general, 12, 'Good morning, @Ada.');
  assert.deepEqual(await world.said(), [['Eve Moneypenny in #general', 'Good morning, @Ada.']]);
  world.choices.rooms = { den: 'all', general: 'none', direct: 'mentions' };
  world.hear(den, 11, 'All of it.');
  world.hear(general, 13, 'Not even this, @ada.');
  world.hear(eve, 12, 'Nor this.');
  assert.deepEqual(await world.said(), [['Eve Moneypenny in Den', 'All of it.']]);
  assert.equal(choice_for(world.choices, general), 'none');
});

test('nothing comes up while somebody looks, from oneself, from before, or without leave', async () => {
  const world = set_up();
  world.looking = true;
  world.hear(eve, 11, 'You see this.');
  world.looking = false;
  world.hear(eve, 12, 'You said this.', { from: 'ada' });
  world.hear(eve, 9, 'This was there when the page came.');
  world.hear(eve, 13, '👍', { kind: 'reaction', target: 9 });
  world.read_seq = 14;
  world.hear(eve, 14, 'This was read elsewhere.');
  world.choices.notify = false;
  world.hear(eve, 15, 'Notifications are off.');
  assert.deepEqual(await world.said(), []);
});

test('a burst is one notification that counts, and comes up once', async () => {
  const world = set_up();
  world.hear(eve, 11, 'One');
  world.hear(eve, 12, 'Two');
  assert.deepEqual(await world.said(), [
    ['2 new messages from Eve Moneypenny', 'Eve Moneypenny: Two'],
  ]);
  world.hear(eve, 13, 'Three');
  await world.clock.advance(gather_ms);
  const [{ title, again, address, silent }] = world.shown.splice(0);
  assert.deepEqual([title, again], ['3 new messages from Eve Moneypenny', false]);
  assert.deepEqual([address, silent], ['#room=direct&message=11', true]);
  await world.clock.advance(calm_ms);
  world.hear(eve, 14, 'Four');
  await world.clock.advance(gather_ms);
  assert.equal(world.shown[0].again, true);
});

test('rooms count apart', async () => {
  const world = set_up({ rooms: { general: 'all', den: 'all' } });
  world.hear(general, 11, 'One');
  world.hear(den, 11, 'Other');
  assert.deepEqual(await world.said(), [
    ['Eve Moneypenny in #general', 'One'],
    ['Eve Moneypenny in Den', 'Other'],
  ]);
});

test('hidden words are in no part of it', async () => {
  const world = set_up({ hide_words: true, sound: true, rooms: { general: 'all' } });
  world.hear(general, 11, 'A secret');
  world.hear(eve, 11, 'Another secret');
  await world.clock.advance(gather_ms);
  assert.deepEqual(
    world.shown.map(({ title, body, silent }) => [title, body, silent]),
    [
      ['New message in #general', '', false],
      ['New message from Eve Moneypenny', '', false],
    ],
  );
  assert.doesNotMatch(JSON.stringify(world.shown), /secret/);
});

test('long words are cut short', async () => {
  const world = set_up();
  world.hear(eve, 11, 'x'.repeat(1000));
  const [[, body]] = await world.said();
  assert.equal(body, `${'x'.repeat(200)} …`);
});

test('what is read anywhere is told no more, what is left of it counts on', async () => {
  const world = set_up();
  world.hear(eve, 11, 'One');
  world.alerts.read('direct', 11);
  assert.deepEqual(await world.said(), []);
  world.hear(eve, 12, 'Two');
  world.hear(eve, 13, 'Three');
  await world.said();
  world.closed.length = 0;
  world.alerts.read('direct', 12);
  assert.deepEqual(world.closed, []);
  world.hear(eve, 14, 'Four');
  assert.deepEqual(await world.said(), [
    ['2 new messages from Eve Moneypenny', 'Eve Moneypenny: Four'],
  ]);
  world.alerts.read('direct', 14);
  assert.deepEqual(world.closed, ['direct']);
});

test('what the page before this one has shown goes as well, once it is read, deleted, or not for one', () => {
  const world = set_up();
  world.alerts.read('direct', 14);
  world.alerts.close('den');
  world.hear(general, 9, '', { kind: 'deleted', target: 3 });
  assert.deepEqual(world.closed, ['direct', 'den']);
  world.hear(general, 11, '', { kind: 'deleted', target: 10 });
  assert.deepEqual(world.closed, ['direct', 'den', 'general']);
});

test('words that were changed are shown as they are now, without coming up again', async () => {
  const world = set_up();
  const edit = (seq, target, body, more = {}) =>
    world.hear(eve, seq, body, { kind: 'edit', target, ...more });
  world.hear(eve, 11, 'Meet me at nien');
  edit(12, 11, 'Meet me at nine');
  assert.deepEqual(await world.said(), [['Eve Moneypenny', 'Meet me at nine']]);
  await world.clock.advance(calm_ms);
  edit(13, 11, 'Meet me at ten');
  await world.clock.advance(gather_ms);
  assert.deepEqual(
    world.shown.map(({ body, again }) => [body, again]),
    [['Meet me at ten', false]],
  );
  world.shown.length = 0;
  edit(14, 11, 'Somebody else says so', { from: 'lin' });
  edit(15, 7, 'Another message');
  assert.deepEqual(await world.said(), []);
  world.hear(eve, 16, 'Two');
  edit(17, 11, 'Not the newest');
  assert.deepEqual(await world.said(), [
    ['2 new messages from Eve Moneypenny', 'Eve Moneypenny: Two'],
  ]);
});

test('changed words bring up nothing that is hidden or switched off', async () => {
  const world = set_up({ hide_words: true });
  world.hear(eve, 11, 'One');
  await world.said();
  world.hear(eve, 12, 'Other', { kind: 'edit', target: 11 });
  assert.deepEqual(await world.said(), []);
  world.choices.notify = false;
  world.hear(eve, 13, 'Another', { kind: 'edit', target: 11 });
  assert.deepEqual([await world.said(), world.closed], [[], ['direct']]);
});

test('words that were deleted are shown no more', async () => {
  const world = set_up();
  world.hear(eve, 11, 'One');
  world.hear(eve, 12, 'Two');
  await world.said();
  world.hear(eve, 13, '', { kind: 'deleted', target: 11 });
  assert.deepEqual(world.closed, []);
  world.hear(eve, 14, '', { kind: 'deleted', target: 12 });
  assert.deepEqual(world.closed, ['direct']);
  world.hear(eve, 15, 'Three');
  world.hear(eve, 16, '', { kind: 'deleted', target: 15 });
  assert.deepEqual(await world.said(), []);
});

test('who is signed out is told nothing, not even of what is gathered', async () => {
  const world = set_up();
  world.hear(eve, 11, 'One');
  await world.said();
  world.hear(eve, 12, 'Two');
  world.alerts.close_all();
  assert.deepEqual(world.closed, ['all']);
  assert.deepEqual(await world.said(), []);
});

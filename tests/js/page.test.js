// The small pure parts: bodies, banner, announcer, people, drafts, rules, wire.
import { Clock, FakeShelf } from './fakes.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Announcer } from '../../static/announcer.js';
import { decode, encode } from '../../static/base64url.js';
import { words } from '../../static/banner.js';
import { measure, prepare } from '../../static/body.js';
import { Drafts } from '../../static/drafts.js';
import { Directory } from '../../static/people.js';
import { met_rules } from '../../static/rules.js';
import { day_name } from '../../static/times.js';
import { make_id, parse } from '../../static/wire.js';

test('a body is measured in bytes of UTF-8, and one byte too many is refused', () => {
  assert.equal(measure('x'.repeat(32768), 32768).over, false);
  assert.equal(measure('x'.repeat(32769), 32768).over, true);
  assert.equal(measure('🙂'.repeat(8192), 32768).over, false);
  assert.match(measure(`${'🙂'.repeat(8192)}x`, 32768).sentence, /Too long by 1 byte\./);
});

test('the counter is silent far from the limit and speaks near it', () => {
  assert.equal(measure('x'.repeat(30000), 32768).sentence, '');
  assert.equal(measure('x'.repeat(32000), 32768).sentence, '768 bytes left');
});

test('blank text is empty; inner lines and indentation stay', () => {
  assert.equal(measure(' \n\t ', 100).empty, true);
  assert.equal(prepare('\n \n  a\n\n  b \n\n'), '  a\n\n  b');
});

test('half a surrogate pair is not Unicode and is replaced', () => {
  assert.equal(prepare('a\uD83Db'), 'a\uFFFDb');
  assert.equal(prepare('🙂'), '🙂');
});

test('the banner is silent when nothing is wrong and in the first second', () => {
  assert.equal(words({ name: 'open', again: false }, 0, null), null);
  const connecting = { name: 'connecting', since_ms: 0, again: false };
  assert.equal(words(connecting, 999, null), null);
  assert.match(words(connecting, 1000, null).text, /Connecting/);
});

test('the banner counts down and offers what helps', () => {
  const waiting = { name: 'waiting', until_ms: 4000, reason: 'lost' };
  assert.match(words(waiting, 100, null).text, /Next try in 4 s/);
  assert.equal(words(waiting, 100, null).action, 'retry');
  assert.match(words({ ...waiting, reason: 'restarting' }, 0, null).text, /restarting/);
  assert.equal(words({ name: 'ended' }, 0, null).action, 'login');
  assert.equal(words({ name: 'stopped', text: 'x' }, 0, null).action, 'reload');
  assert.match(words({ name: 'offline' }, 0, null).text, /offline/);
});

test('the banner tells for a while what was caught up', () => {
  const open = { name: 'open', again: true };
  const caught_up = { missed: 12, until_ms: 3000 };
  assert.equal(words(open, 0, caught_up).text, 'Back again, 12 messages caught up.');
  assert.equal(words(open, 3000, caught_up), null);
});

test('a complaint of the server is shown for a while, also as the reason for waiting', () => {
  const complaint = { text: 'Too much at once.', until_ms: 8000 };
  const open = { name: 'open', again: false };
  const waiting = { name: 'waiting', until_ms: 9000, reason: 'lost' };
  assert.equal(words(open, 0, null, complaint).text, 'Too much at once.');
  assert.equal(words(open, 8000, null, complaint), null);
  assert.equal(words(waiting, 0, null, complaint).text, 'Too much at once. Next try in 9 s.');
  assert.match(words(waiting, 8000, null, complaint).text, /^No connection/);
});

test('an outdated page says so once nothing is more urgent, and offers to load the new one', () => {
  const open = { name: 'open', again: true };
  const caught_up = { missed: 0, until_ms: 3000 };
  assert.equal(words(open, 0, caught_up, null, true).text, 'Back again.');
  const { text, action } = words(open, 3000, caught_up, null, true);
  assert.match(text, /updated on the server.*Your draft is kept\./);
  assert.equal(action, 'reload');
  assert.equal(words({ name: 'idle' }, 3000, null, null, true), null);
});

test('while it asks for the session for long, the banner offers to try at once', () => {
  const asking = { name: 'connecting', since_ms: 0, again: true, asking: true };
  assert.equal(words(asking, 999, null).action, 'none');
  assert.equal(words(asking, 1000, null).action, 'retry');
});

test('the announcer says one sentence a second', async () => {
  const clock = new Clock();
  const said = [];
  const announcer = new Announcer((text) => said.push(text), clock.later);
  announcer.message('Ada', 'hello');
  await clock.advance(1000);
  for (let i = 0; i < 5; i++) announcer.message('Ada', String(i));
  await clock.advance(5000);
  assert.deepEqual(said, ['Ada: hello', '5 new messages']);
});

test('what was deleted is said no more; other words are', async () => {
  const clock = new Clock();
  const said = [];
  const announcer = new Announcer((text) => said.push(text), clock.later);
  announcer.message('Ada', 'hello', 'general 1');
  announcer.message('Ada', 'oops', 'general 2');
  announcer.forget('general 2');
  announcer.forget('other 1');
  await clock.advance(1000);
  announcer.forget('other 1');
  assert.deepEqual(said, ['Ada: hello']);
  announcer.forget('general 1');
  assert.deepEqual(said, ['Ada: hello', '']);
});

test('unknown people are asked for together, once, up to 200 at a time', async () => {
  const clock = new Clock();
  const asked = [];
  let connected = true;
  const people = new Directory({
    ask: (ids) => connected && Boolean(asked.push(ids)),
    later: clock.later,
    on_change: () => {},
  });
  for (let i = 0; i < 250; i++) assert.equal(people.name(String(i)), 'Someone');
  await clock.advance(50);
  assert.deepEqual(
    asked.map((ids) => ids.length),
    [200, 50],
  );
  people.name('7');
  await clock.advance(50);
  assert.equal(asked.length, 2);
  people.learn([{ id: '7', username: 'ada', full_name: 'Ada Lovelace' }]);
  assert.equal(people.name('7'), 'Ada Lovelace');
  connected = false;
  people.name('new');
  await clock.advance(50);
  connected = true;
  people.again();
  assert.equal(asked.slice(2).flat().includes('new'), true);
  assert.equal(asked.slice(2).flat().includes('7'), false);
  people.open();
  // A name may have changed while nobody could say so.
  assert.equal(asked.slice(2).flat().includes('7'), true);
});

test('a new connection asks anew for names that are shown, not for all that were looked through', async () => {
  const clock = new Clock();
  const asked = [];
  const people = new Directory({
    ask: (ids) => Boolean(asked.push(ids)),
    ...{ later: clock.later, on_change: () => {} },
  });
  const person = (id) => ({ id: String(id), username: `u${id}`, full_name: `Name ${id}` });
  people.learn(Array.from({ length: 500 }, (_, id) => person(id)));
  assert.equal(people.name('7'), 'Name 7');
  people.open();
  assert.deepEqual(asked, [['7']]);
  // Meanwhile it may stand as it was.
  assert.equal(people.name('7'), 'Name 7');
  // What was learned before is no news any more.
  people.name('8');
  await clock.advance(50);
  assert.deepEqual(asked.slice(1), [['8']]);
});

test('drafts are kept a room and person', () => {
  const shelf = new FakeShelf();
  new Drafts(shelf, '1').keep('general', 'half a thought');
  assert.equal(new Drafts(shelf, '1').of('general'), 'half a thought');
  assert.equal(new Drafts(shelf, '1').of('other'), '');
  assert.equal(new Drafts(shelf, '2').of('general'), '');
  new Drafts(shelf, '1').keep('general', '');
  assert.equal(shelf.kept.size, 0);
});

test('a draft knows what it is about, in its room alone and until that is deleted', () => {
  const drafts = new Drafts(new FakeShelf(), '1');
  const edit = { kind: 'edit', target: 7, words: 'Editing', text: 'half an edit' };
  drafts.keep('general', 'a draft', edit);
  assert.deepEqual([drafts.of('general'), drafts.subject('general')], ['a draft', edit]);
  assert.equal(drafts.subject('other'), null);
  drafts.forget('other', 7);
  drafts.forget('general', 8);
  assert.deepEqual(drafts.subject('general'), edit);
  drafts.forget('general', 7);
  assert.deepEqual([drafts.of('general'), drafts.subject('general')], ['a draft', null]);
});

test('the password rules count characters, not bytes or halves', () => {
  assert.equal(met_rules('🙂'.repeat(7), '', 'ada', 8).length, false);
  assert.equal(met_rules('🙂'.repeat(8), '', 'ada', 8).length, true);
  assert.equal(met_rules('Ada.Lovelace', 'x', 'ada.lovelace', 8).different, false);
  assert.deepEqual(met_rules('', '', '', 8), { length: false, different: false, same: false });
});

test('days have names near today', () => {
  const now = new Date(2024, 4, 6, 0, 30).getTime();
  assert.equal(day_name(now, now), 'Today');
  assert.equal(day_name(now - 3_600_000, now), 'Yesterday');
  assert.match(day_name(new Date(2021, 0, 2).getTime(), now), /2021/);
});

test('base64url has one spelling', () => {
  const bytes = Uint8Array.of(0, 255, 62, 63, 64);
  assert.deepEqual(decode(encode(bytes)), bytes);
  for (const text of ['A', 'AB', 'AA==', 'A+/A', 'AA\n', null, 1])
    assert.throws(() => decode(text), TypeError, String(text));
});

test('client ids are 128 random bits in 22 characters', () => {
  const ids = new Set(Array.from({ length: 1000 }, make_id));
  assert.equal(ids.size, 1000);
  for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]{22}$/);
});

test('a frame of known type with wrong content counts as unknown', () => {
  for (const frame of [
    { type: 'event', room: 'general', seq: -1, envelope: {} },
    { type: 'posted', id: 1, room: 'general', seq: 1 },
    { type: 'constructor' },
    { type: 'error', id: undefined, code: 'x', text: '', retry: 1 },
    null,
    [],
    'x',
  ])
    assert.equal(parse(JSON.stringify(frame)), null);
  assert.equal(parse('{"type":"goodbye","retry_ms":1}')?.type, 'goodbye');
});

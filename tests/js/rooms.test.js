// Many rooms over one connection: what is unread, who may what, who types, who is there.
import { settle } from './fakes.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calls } from '../../static/mentions.js';
import { Members, matches } from '../../static/members.js';
import { facts_after, sentence } from '../../static/notices.js';
import { Requests } from '../../static/requests.js';
import { may, outranks } from '../../static/rights.js';
import { hash_of, message_in, room_in, Rooms, title_of } from '../../static/rooms.js';
import { most_unread, Tally } from '../../static/tally.js';
import { Typing } from '../../static/typing.js';

const me = { id: 'me', username: 'ada' };
const said = (seq, body, from = 'eve', kind = 'text') => ({ seq, body, from, kind });
const facts = (id, more = {}) => ({ id, name: id, kind: 'public', last_seq: 0, ...more });

function set_up() {
  const gone = [];
  const rooms = new Rooms({
    make: (one) => ({
      room: {
        facts: one,
        forgotten: 0,
        forget() {
          this.forgotten++;
        },
        close() {},
        receive: ({ room }) => room === one.id,
      },
      tally: new Tally(me),
    }),
    on_gone: ({ room }) => gone.push([room.facts.id, room.forgotten]),
  });
  return { rooms, gone };
}

test('a welcome names all rooms: others are forgotten first', () => {
  const { rooms, gone } = set_up();
  rooms.welcome([facts('a', { unread: 2 }), facts('b', { unread: 3 })]);
  assert.equal(rooms.unread, 5);
  rooms.welcome([facts('b', { unread: 1 })]);
  assert.deepEqual(gone, [['a', 1]]);
  assert.equal(rooms.unread, 1);
  assert.equal(rooms.get('a'), undefined);
});

test('a room that changed keeps its messages and counts', () => {
  const { rooms } = set_up();
  rooms.welcome([facts('a', { unread: 2 })]);
  const { room } = rooms.get('a');
  rooms.learn(facts('a', { name: 'renamed', role: 'owner' }));
  assert.equal(rooms.get('a').room, room);
  assert.deepEqual([room.facts.name, room.facts.role, rooms.unread], ['renamed', 'owner', 2]);
});

test('rooms are grouped and sorted by what they are called', () => {
  const { rooms } = set_up();
  const names = { eve: 'Eve', zoe: 'Zoe' };
  const title = (one) => title_of(one, 'me', (id) => names[id]);
  rooms.welcome([
    facts('d', { kind: 'direct', name: '', people: ['me', 'zoe'] }),
    facts('e', { kind: 'direct', name: '', people: ['eve', 'me'] }),
    facts('zebra'),
    facts('ant', { kind: 'private' }),
    facts('old', { archived: true }),
  ]);
  assert.deepEqual(
    rooms.groups(title).map(({ name, places }) => [name, places.map((p) => title(p.room.facts))]),
    [
      ['Rooms', ['ant', 'zebra']],
      ['Direct messages', ['Eve', 'Zoe']],
      ['Archived', ['old']],
    ],
  );
});

test('only an address of a room names one', () => {
  assert.equal(room_in('#room=abc'), 'abc');
  assert.equal(room_in('#composer-text'), '');
  assert.equal(room_in('#room=a b'), '');
  assert.deepEqual([room_in(hash_of('abc', 7)), message_in(hash_of('abc', 7))], ['abc', 7]);
  assert.equal(message_in(hash_of('abc')), 0);
});

test("others' messages count as unread once, mentions apart, one's own never", () => {
  const tally = new Tally(me);
  tally.start(facts('a', { last_seq: 5, read_seq: 3, unread: 2, mentions: 0 }));
  tally.arrived(said(5, 'counted by the server'));
  tally.arrived(said(6, 'hello @Ada.'));
  tally.arrived(said(7, 'mine', 'me'));
  tally.arrived(said(8, '👍', 'eve', 'reaction'));
  tally.arrived(said(6, 'again @ada'));
  assert.deepEqual([tally.unread, tally.mentions], [3, 1]);
  tally.read({ seq: 8, unread: 0, mentions: 0 });
  tally.read({ seq: 4, unread: 9, mentions: 9 });
  assert.deepEqual([tally.unread, tally.mentions, tally.read_seq], [0, 0, 8]);
  for (let seq = 9; seq < 300; seq++) tally.arrived(said(seq, 'more'));
  assert.equal(tally.unread, most_unread);
});

test('a mark that took a while miscounts nothing that came meanwhile', () => {
  const tally = new Tally(me);
  tally.start(facts('a', { last_seq: 10, read_seq: 10, unread: 0, mentions: 0 }));
  for (const seq of [11, 12, 13]) tally.arrived(said(seq, seq === 13 ? '@ada' : 'hm'));
  // Counted when 12 was the newest, and when 14 was there but had not come to us yet.
  tally.read({ seq: 11, unread: 1, mentions: 0 });
  assert.deepEqual([tally.unread, tally.mentions], [2, 1]);
  tally.read({ seq: 12, unread: 2, mentions: 1 });
  tally.arrived(said(14, 'late'));
  assert.deepEqual([tally.unread, tally.mentions], [2, 1]);
});

test('names are called as the server finds them', () => {
  for (const body of ['@ada', 'hi @ADA!', '(@ada)', '@ada.', '@ada-- x']) {
    assert.equal(calls(body, 'ada'), true, body);
  }
  for (const body of ['ada', 'x@ada', '@adam', '@ada.lovelace', '@@ada', '-@ada', '@ad']) {
    assert.equal(calls(body, 'ada'), false, body);
  }
});

test('typing is told every 3 s at most, and forgotten after 5 s or when the message comes', () => {
  let now = 0;
  const typing = new Typing(() => now);
  assert.deepEqual([typing.typed('a'), typing.typed('a'), typing.typed('b')], [true, false, true]);
  now = 3000;
  assert.equal(typing.typed('b'), true);
  typing.heard('a', 'eve');
  typing.heard('a', 'lin');
  const words = () => typing.sentence('a', (id) => id);
  assert.equal(words(), 'eve and lin are typing …');
  typing.came('a', 'lin');
  assert.equal(words(), 'eve is typing …');
  now = 8000;
  assert.equal(words(), '');
  typing.sent();
  assert.equal(typing.typed('b'), true);
});

test('a command is answered once, and asked again under its id on the next connection', async () => {
  const sent = [];
  let connected = true;
  const requests = new Requests((command) => connected && Boolean(sent.push(command.id)));
  const answer = requests.ask({ type: 'kick', id: '1' });
  requests.open();
  assert.deepEqual(sent, ['1', '1']);
  assert.equal(requests.receive({ type: 'done', id: '2' }), false);
  assert.equal(requests.receive({ type: 'done', id: '1', seq: 7 }), true);
  assert.equal((await answer).seq, 7);
  const refused = requests.ask({ type: 'kick', id: '3' });
  requests.receive({ type: 'error', id: '3', code: 'forbidden', text: 'No.', retry: false });
  await assert.rejects(refused, { message: 'No.', code: 'forbidden' });
  connected = false;
  await assert.rejects(requests.ask({ type: 'kick', id: '4' }), { code: 'offline' });
});

test('only what a role allows is offered', () => {
  const room = facts('a', { kind: 'private', role: 'member', archived: false });
  assert.deepEqual([may('invite', room, 'member'), may('post', room, 'member')], [false, true]);
  assert.equal(may('invite', { ...room, kind: 'public' }, 'member'), true);
  assert.equal(may('rename', room, 'administrator'), true);
  const reports = { ...room, id: 'reports' };
  const offered = ['rename', 'archive', 'leave', 'invite', 'topic', 'post'].filter((deed) =>
    may(deed, reports, 'administrator'),
  );
  assert.deepEqual(offered, ['topic', 'post']);
  assert.equal(may('rename', { ...room, role: 'moderator' }, 'member'), false);
  assert.equal(may('post', { ...room, archived: true }, 'administrator'), false);
  assert.equal(may('archive', { ...room, archived: true, role: 'owner' }, 'member'), true);
  assert.equal(may('leave', { ...room, kind: 'direct' }, 'member'), false);
  const owned = { ...room, role: 'owner', archived: true };
  assert.equal(may('erase', owned, 'member'), true);
  for (const id of ['general', 'reports'])
    assert.equal(may('erase', { ...owned, id }, 'administrator'), false);
  const moderator = { ...room, role: 'moderator' };
  assert.equal(outranks(moderator, 'member', { role: 'member' }), true);
  assert.equal(outranks(moderator, 'member', { role: 'moderator' }), false);
});

test('members come page by page, owners first, and a late answer changes nothing', async () => {
  const person = (username, role = 'member') => ({
    ...{ id: username, username, full_name: username, role, muted_until: 0, online: false },
  });
  const asked = [];
  const members = new Members('a', (command) => {
    asked.push(command);
    return new Promise((resolve) => (command.answer = resolve));
  });
  const loading = members.load();
  asked[0].answer({ members: [person('ada'), person('bob')], more: true });
  await loading;
  const more = members.load_more();
  assert.equal(asked[1].after, 'bob');
  const again = members.load();
  asked[1].answer({ members: [person('zoe')], more: false });
  asked[2].answer({ members: [person('ada'), person('eve', 'owner')], more: false });
  await Promise.all([more, again]);
  await settle();
  assert.deepEqual(
    members.sorted.map(({ id }) => id),
    ['eve', 'ada'],
  );
  members.online(['ada']);
  assert.deepEqual(
    members.sorted.map(({ online }) => online),
    [false, true],
  );
  members.list = [{ ...person('gone', 'owner'), username: '', full_name: '' }, ...members.list];
  assert.equal(members.sorted.at(-1).id, 'gone');
  assert.equal(matches(person('ada.lovelace'), '@Love'), true);
  assert.equal(matches(person('ada'), 'eve'), false);
});

test('an empty page of members is the last one, whatever it says', async () => {
  const pages = [[{ id: 'ada', username: 'ada', full_name: 'Ada', role: 'member' }], []];
  let asked = 0;
  const members = new Members('a', async () => ({
    members: pages[asked++] ?? [],
    more: asked < 9,
  }));
  await members.load_all(() => {});
  assert.deepEqual([asked, members.more, members.list.length], [2, false, 1]);
});

test('who goes while the members are asked for is not shown as online by the answer', async () => {
  const bob = { id: 'bob', username: 'bob', full_name: 'Bob', role: 'member', muted_until: 0 };
  let answer = (_) => {};
  const members = new Members('a', () => new Promise((resolve) => (answer = resolve)));
  const loading = members.load();
  members.online([]);
  answer({ members: [{ ...bob, online: true }], more: false });
  await loading;
  assert.deepEqual(
    members.sorted.map(({ online }) => online),
    [false],
  );
});

test('what happened is told in a sentence, and strange contents break nothing', () => {
  const event = (kind, about, from = 'eve') => sentence({ kind, from, about }, (id) => id);
  assert.equal(event('joined', { user: 'eve' }), 'eve joined.');
  assert.equal(event('joined', { user: 'zoe' }), 'eve added zoe.');
  assert.equal(event('removed', { user: 'zoe' }), 'eve removed zoe.');
  assert.equal(event('role', { user: 'zoe', role: 'owner' }), 'eve made zoe an owner.');
  assert.equal(event('renamed', { name: { x: 1 } }), 'eve renamed the room to “”.');
  assert.equal(event('left', { user: 7 }), 'eve left.');
  assert.deepEqual(facts_after({ kind: 'renamed', about: { name: 'new' } }), { name: 'new' });
  assert.deepEqual(facts_after({ kind: 'topic', about: {} }), { topic: '' });
  assert.deepEqual(facts_after({ kind: 'text' }), {});
});

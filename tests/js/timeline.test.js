import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Annotations } from '../../static/annotations.js';
import { all_joined } from '../../static/notices.js';
import { signature } from '../../static/row.view.js';
import { rows as all_rows } from '../../static/timeline.js';

const noon = new Date(2024, 4, 6, 12, 0, 0).getTime();
const minute = 60_000;
const message = (seq, from, time, more = {}) => ({
  seq,
  mid: `m${seq}`,
  from,
  time,
  kind: 'text',
  body: `body ${seq}`,
  ...more,
});
const letter = (id, made_ms) => ({ id, room: 'general', body: id, made_ms, state: 'waiting' });
const rows = (messages, letters, me, more = {}) =>
  all_rows(messages, letters, { me, annotations: new Annotations(), new_after: null, ...more });
const shape = (list) => list.map(({ type, head, key }) => [type, head, key]);

test('one author within five minutes shares a header; another, or later, does not', () => {
  const list = rows(
    [
      message(1, 'a', noon),
      message(2, 'a', noon + 5 * minute),
      message(3, 'a', noon + 10 * minute + 1),
      message(4, 'b', noon + 10 * minute + 2),
    ],
    [],
    'me',
  );
  assert.deepEqual(shape(list), [
    ['day', undefined, `day 2024-5-6`],
    ['message', true, 'seq 1'],
    ['message', false, 'seq 2'],
    ['message', true, 'seq 3'],
    ['message', true, 'seq 4'],
  ]);
});

test('a new day is separated and begins a header even within five minutes', () => {
  const midnight = new Date(2024, 4, 7).getTime();
  const list = rows([message(1, 'a', midnight - 1000), message(2, 'a', midnight + 1000)], [], 'me');
  assert.deepEqual(
    list.map(({ type }) => type),
    ['day', 'message', 'day', 'message'],
  );
  assert.equal(list[3].head, true);
});

test('own messages are marked, and pending letters come last in the order written', () => {
  const list = rows(
    [message(1, 'me', noon), message(2, 'b', noon)],
    [letter('x', noon - minute), letter('y', noon + minute)],
    'me',
  );
  assert.deepEqual(
    list.map(({ key }) => key),
    ['day 2024-5-6', 'seq 1', 'seq 2', 'mid x', 'mid y'],
  );
  assert.deepEqual(
    list.map(({ own }) => own),
    [undefined, true, false, true, true],
  );
});

test("a clock behind the server's opens no earlier day below a later one", () => {
  const list = rows([message(1, 'b', noon)], [letter('x', noon - 3 * 86_400_000)], 'me');
  assert.deepEqual(
    list.map(({ type }) => type),
    ['day', 'message', 'letter'],
  );
});

test('unknown kinds have no row; what cannot be opened has one', () => {
  const list = rows(
    [
      message(1, 'a', noon, { kind: 'sticker' }),
      message(2, '', 0, { kind: '', refused: 'damaged' }),
      message(3, 'a', noon),
    ],
    [],
    'me',
  );
  assert.deepEqual(
    list.map(({ key }) => key),
    ['seq 2', 'day 2024-5-6', 'seq 3'],
  );
});

test('a message that cannot be opened neither moves the day nor breaks into a group', () => {
  const list = rows(
    [
      message(1, 'a', noon),
      message(2, '', 0, { kind: '', refused: 'damaged' }),
      message(3, 'a', noon + 1),
    ],
    [],
    'me',
  );
  assert.deepEqual(
    list.map(({ type }) => type),
    ['day', 'message', 'message', 'message'],
  );
  assert.equal(list[2].head, false);
});

const joined = (seq, who, time = noon) =>
  message(seq, who, time, { kind: 'joined', body: '', about: { user: who } });

test('three people and more who joined one after the other share a line', () => {
  const list = rows(
    [
      ...['a', 'b'].map((who, i) => joined(i + 1, who)),
      message(3, 'a', noon),
      ...['c', 'd', 'e', 'f'].map((who, i) => joined(i + 4, who)),
      // Who was added by somebody else came otherwise.
      { ...joined(8, 'g'), from: 'a' },
    ],
    [letter('x', noon + 3 * 86_400_000)],
    'me',
  );
  assert.deepEqual(
    list.map(({ type, key }) => [type, key.split(' ')[0], key.split(' ')[1]]).slice(1, -2),
    [
      ['notice', 'seq', '1'],
      ['notice', 'seq', '2'],
      ['message', 'seq', '3'],
      ['joined', 'seq', '4'],
      ['notice', 'seq', '8'],
    ],
  );
  assert.deepEqual(
    list.slice(-2).map(({ type }) => type),
    ['day', 'letter'],
  );
  assert.equal(all_joined(['Ada', 'Bob', 'Cy']), 'Ada, Bob and Cy joined.');
  assert.equal(all_joined(['Ada', 'Bob', 'Cy', 'Di']), 'Ada, Bob and 2 others joined.');
});

test('a message is drawn anew when one who reacted to it is called otherwise', () => {
  const annotations = new Annotations();
  const said = message(1, 'ada', noon);
  annotations.add(message(2, 'eve', noon, { kind: 'reaction', target: 1, body: '👍' }));
  const names = { ada: 'Ada', eve: 'Someone' };
  const sight = { annotations, name_of: (id) => names[id], handle_of: (id) => id };
  const drawn = () => signature({ type: 'message', message: said, head: true }, sight);
  const before = drawn();
  assert.equal(drawn(), before);
  names.eve = 'Eve Moneypenny';
  assert.notEqual(drawn(), before);
});

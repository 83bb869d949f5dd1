// Which numbers are drawn: bounded in rows, not in numbers, which may have none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { around, earlier, later, most_drawn, settle } from '../../static/span.js';

const run = (first, last, shows = () => true) => ({ first, last, shows });

test('a reader at the end sees the newest, and never more than the bound', () => {
  assert.deepEqual(settle(null, run(1, 10), true), { from: 1, to: 10 });
  const span = settle({ from: 1, to: 200 }, run(1, 1000), true);
  assert.deepEqual(span, { from: 1000 - most_drawn + 1, to: 1000 });
  assert.equal(settle(null, run(null, null), true), null);
});

test('numbers without a row do not push out those that have one', () => {
  const log = run(1, 1300, (seq) => seq <= 1000);
  assert.deepEqual(settle(null, log, true), { from: 1000 - most_drawn + 1, to: 1300 });
  assert.deepEqual(settle({ from: 900, to: 999 }, log, false), { from: 900, to: 1300 });
  assert.deepEqual(earlier({ from: 1001, to: 1300 }, log), { from: 951, to: 1300 });
  assert.deepEqual(
    settle(
      null,
      run(1, 300, () => false),
      true,
    ),
    { from: 1, to: 300 },
  );
});

test('a reader further up keeps the place when more arrives', () => {
  const log = run(1, 1000);
  assert.deepEqual(settle({ from: 100, to: 299 }, log, false), { from: 100, to: 299 });
  assert.deepEqual(settle({ from: 990, to: 995 }, log, false), { from: 990, to: 1000 });
});

test('a span that the log has lost is left for the end', () => {
  assert.deepEqual(settle({ from: 1, to: 50 }, run(900, 950), false), { from: 900, to: 950 });
});

test('stepping up and down stays in the log and within the bound', () => {
  const span = { from: 300, to: 499 };
  assert.deepEqual(earlier(span, run(1, 2000)), { from: 250, to: 449 });
  assert.deepEqual(earlier(span, run(280, 2000)), { from: 280, to: 479 });
  assert.deepEqual(later(span, run(1, 2000)), { from: 350, to: 549 });
  assert.deepEqual(later(span, run(1, 510)), { from: 311, to: 510 });
  assert.deepEqual(earlier({ from: 1, to: 9 }, run(1, 9)), { from: 1, to: 9 });
});

test('a wanted number is in the middle of what is drawn, or as near as there is', () => {
  const { from, to } = around(500, run(1, 1000));
  assert.equal(to - from + 1, most_drawn);
  assert.ok(from < 450 && to > 550);
  assert.deepEqual(around(3, run(1, 1000)), { from: 1, to: most_drawn });
  assert.deepEqual(around(999, run(1, 1000)), { from: 1000 - most_drawn + 1, to: 1000 });
});

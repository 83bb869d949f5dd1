import assert from 'node:assert/strict';
import { test } from 'node:test';
import { late } from '../../static/late.js';

test('a part is used once it is there', async () => {
  /** @type {string[]} */
  const used = [];
  await late(
    async () => 'part',
    (part) => used.push(part),
  );
  assert.deepEqual(used, ['part']);
});

test('a part that cannot be loaded is told to the page, and used by nobody', async () => {
  let missing = 0;
  const page = new EventTarget();
  page.addEventListener('missing', () => missing++);
  /** @type {any} */ (globalThis).dispatchEvent = page.dispatchEvent.bind(page);
  await late(
    () => Promise.reject(new TypeError('Failed to fetch dynamically imported module')),
    () => assert.fail('nothing to use'),
  );
  assert.equal(missing, 1);
});

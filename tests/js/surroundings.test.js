// What the page asks of the real world: `GET /session` over a real socket, and signs of waking.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';

globalThis.location = new URL('http://localhost/');
const page = Object.assign(new EventTarget(), { hidden: false });
globalThis.document = page;
const world = new EventTarget();
globalThis.addEventListener = world.addEventListener.bind(world);
const { session_timeout_ms, surroundings } = await import('../../static/surroundings.js');
const { on_wake } = await import('../../static/wake.js');
const around = surroundings({});

/** Serves until the test ends; the page's relative addresses lead there. */
async function serve(t, answer) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const { fetch } = globalThis;
  const { port } = server.address();
  t.mock.method(globalThis, 'fetch', (path, how) => fetch(`http://127.0.0.1:${port}${path}`, how));
}

test(
  'a server that takes the question about the session and is mute is given up after 10 s',
  { timeout: 5000 },
  async (t) => {
    assert.equal(session_timeout_ms, 10_000);
    const { timeout } = AbortSignal;
    // A hundredth of the time, so that the test is quick.
    t.mock.method(AbortSignal, 'timeout', (ms) => timeout.call(AbortSignal, ms / 100));
    await serve(t, () => {});
    await assert.rejects(around.session(), { name: 'TimeoutError' });
  },
);

test('the answer about the session carries when to come back', async (t) => {
  await serve(t, (_, response) => response.writeHead(503, { 'Retry-After': '7' }).end());
  assert.deepEqual(await around.session(), { status: 503, retry_after_ms: 7000 });
});

test('a page that is looked at again, and a network that returns, count as waking', (t) => {
  t.mock.method(globalThis, 'setInterval', () => 0);
  let woken = 0;
  on_wake(() => woken++);
  page.hidden = true;
  assert.equal(around.hidden(), true);
  page.dispatchEvent(new Event('visibilitychange'));
  assert.equal(woken, 0);
  page.hidden = false;
  page.dispatchEvent(new Event('visibilitychange'));
  assert.equal(woken, 1);
  world.dispatchEvent(new Event('online'));
  assert.equal(woken, 2);
});

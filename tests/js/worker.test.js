// The service worker: which files it keeps, and which it lets go.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import vm from 'node:vm';

const code = readFileSync(new URL('../../static/sw.js', import.meta.url), 'utf8');
const origin = 'https://chat.example';

/** The browser's cache, which outlives the worker. */
class FakeCache {
  all = new Map();
  #key = (at) => new URL(at.url ?? at, origin).href;
  keys = async () => [...this.all.keys()].map((url) => ({ url }));
  match = async (at) => this.all.get(this.#key(at));
  put = async (at, answer) => void this.all.set(this.#key(at), answer);
  delete = async (at) => this.all.delete(this.#key(at));
}

/** A worker that has just been started over what is kept; `fetched` is what the server was asked. */
function start(cache) {
  const worker = Object.assign(new EventTarget(), { fetched: [] });
  const fetch = async ({ url }) => {
    worker.fetched.push(url.slice(origin.length));
    return new Response(url);
  };
  const location = new URL(`${origin}/sw.js`);
  const caches = { open: async () => cache };
  vm.runInNewContext(code, {
    ...{ self: worker, caches, fetch, location, URL, Request, Response, Headers },
  });
  const tell = (type, more) => {
    let done;
    const take = (promise) => (done = promise);
    worker.dispatchEvent(
      Object.assign(new Event(type), { waitUntil: take, respondWith: take }, more),
    );
    return done;
  };
  worker.asked = (path) => tell('fetch', { request: new Request(origin + path) });
  worker.told = (assets) => tell('message', { data: { assets } });
  return worker;
}

/** @param {FakeCache} cache @returns {string[]} */
const generations = (cache) => [
  ...new Set([...cache.all.keys()].map((url) => new URL(url).pathname.split('/')[2])),
];

test('it keeps the generation that a page named, and only that', async () => {
  const cache = new FakeCache();
  const worker = start(cache);
  await worker.asked('/static/old/chat.js');
  assert.deepEqual(generations(cache), []);
  await worker.told('old');
  await worker.asked('/static/old/chat.js');
  await worker.told('new');
  await worker.asked('/static/new/chat.js');
  assert.deepEqual(generations(cache), ['new']);
  const kept = cache.all.size;
  for (const path of ['/static/old/menu.js', '/static/whatever/chat.js']) await worker.asked(path);
  assert.deepEqual([generations(cache), cache.all.size], [['new'], kept]);
});

test('a worker that was started again knows which one that is', async () => {
  const cache = new FakeCache();
  await start(cache).told('now');
  const worker = start(cache);
  await worker.asked('/static/old/chat.js');
  await worker.asked('/static/now/chat.js');
  await worker.asked('/static/now/chat.js');
  assert.deepEqual(worker.fetched, ['/static/old/chat.js', '/static/now/chat.js']);
  assert.deepEqual(generations(cache), ['now']);
});

test('a file is kept once, whatever is asked of it', async () => {
  const cache = new FakeCache();
  const worker = start(cache);
  await worker.told('now');
  const kept = cache.all.size;
  worker.fetched.length = 0;
  for (const more of ['?a', '', '?b=2']) await worker.asked(`/static/now/chat.js${more}`);
  assert.deepEqual([worker.fetched.length, cache.all.size], [1, kept + 1]);
  assert.ok(cache.all.has(`${origin}/static/now/chat.js`));
});

test('what cannot be had leaves the generation before in its place', async () => {
  const cache = new FakeCache();
  await start(cache).told('old');
  const worker = start(cache);
  worker.fetched.push = () => {
    throw new TypeError('Failed to fetch');
  };
  await assert.rejects(worker.told('new'));
  assert.deepEqual(generations(cache), ['old']);
});

/**
 * Keeps the client's own files, by their hashed address, so that a reload on a bad network is
 * quick. It never sees a page, a message or an answer of the server: all else passes by.
 */
const shelf = 'securechat-static';
const hashed = /^\/static\/([^/]+)\//;
const worker = /** @type {any} */ (self);

/** @param {string} hash the generation to keep */
async function forget_others(hash) {
  const cache = await caches.open(shelf);
  for (const { url } of await cache.keys())
    if (hashed.exec(new URL(url).pathname)?.[1] !== hash) await cache.delete(url);
}

/** @param {Request} request @param {string} hash */
async function fetch_once(request, hash) {
  const cache = await caches.open(shelf);
  const kept = await cache.match(request.url);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) {
    await cache.put(request.url, answer.clone());
    await forget_others(hash);
  }
  return answer;
}

worker.addEventListener('install', () => worker.skipWaiting());
worker.addEventListener('activate', (/** @type {any} */ event) =>
  event.waitUntil(worker.clients.claim()),
);
worker.addEventListener('fetch', (/** @type {any} */ event) => {
  const url = new URL(event.request.url);
  const hash = url.origin === location.origin && hashed.exec(url.pathname)?.[1];
  if (event.request.method === 'GET' && hash) event.respondWith(fetch_once(event.request, hash));
});

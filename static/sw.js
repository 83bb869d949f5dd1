/**
 * Keeps the client's own files, by their hashed address, so that a reload on a bad network is quick
 * and a start without a server says so in our words. It keeps no page, no message and no answer of
 * the server. It also takes the click on a notification that it was asked to show.
 */
const shelf = 'securechat-static';
const hashed = /^\/static\/([^/]+)\//;
const worker = /** @type {any} */ (self);

/** What the page without a server is made of. */
const offline_page = 'offline.html';
const offline_parts = [
  ...['offline.js', 'texts.js', 'texts/de.json', 'texts/en.json', 'backoff.js', 'nodes.js'],
  ...['theme.js', 'app.css', 'card.css', 'mark.svg', 'favicon.svg', 'manifest.webmanifest'],
];

/** The generation that a page named last, since this worker was started. */
let named = '';

/** @param {string} url @returns {string} the generation that this file belongs to, or '' */
const generation_of = (url) => hashed.exec(new URL(url).pathname)?.[1] ?? '';

/** @param {any} cache @returns {Promise<any>} the page without a server; where it is, its parts are */
const find_offline = async (cache) =>
  (await cache.keys()).find((/** @type {Request} */ { url }) => url.endsWith(`/${offline_page}`));

/** @param {string} hash the generation to keep */
async function forget_others(hash) {
  const cache = await caches.open(shelf);
  for (const { url } of await cache.keys())
    if (generation_of(url) !== hash) await cache.delete(url);
}

/** @param {any} cache @returns {Promise<string>} the one generation that is kept, or '' */
async function current(cache) {
  if (named) return named;
  const kept = await find_offline(cache);
  return kept ? generation_of(kept.url) : '';
}

/** @param {Request} request */
async function fetch_once(request) {
  const cache = await caches.open(shelf);
  // Whatever is asked of a file, it is the same file.
  const { origin, pathname } = new URL(request.url);
  const kept = await cache.match(origin + pathname);
  if (kept) return kept;
  const answer = await fetch(request);
  // Another generation, as of a page that is open for long, displaces nothing.
  if (answer.ok && generation_of(request.url) === (await current(cache)))
    await cache.put(origin + pathname, answer.clone());
  return answer;
}

/** Lays in what a start without a server needs. @param {string} hash */
async function provide(hash) {
  named = hash;
  const cache = await caches.open(shelf);
  const folder = `/static/${hash}/`;
  // The page comes last: where it is, its parts are.
  const missing = (await cache.match(folder + offline_page))
    ? []
    : [...offline_parts, offline_page];
  for (const name of missing)
    if (!(await fetch_once(new Request(new URL(folder + name, location.href)))).ok) return;
  await forget_others(hash);
}

/**
 * A page from the server; where there is none, the one that says so. It stands at the address that
 * was asked for, so that loading again asks again; its parts are named in full for that.
 * @param {Request} request
 */
async function fetch_page(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const cache = await caches.open(shelf);
    const kept = await find_offline(cache);
    const page = kept && (await cache.match(kept));
    if (!page) throw error;
    const folder = kept.url.slice(0, -offline_page.length);
    const text = (await page.text()).replaceAll('="./', `="${folder}`);
    const headers = new Headers(page.headers);
    for (const name of ['Cache-Control', 'Content-Encoding', 'Content-Length'])
      headers.delete(name);
    return new Response(text, { status: 503, headers });
  }
}

worker.addEventListener('install', () => worker.skipWaiting());
worker.addEventListener('activate', (/** @type {any} */ event) =>
  event.waitUntil(worker.clients.claim()),
);
worker.addEventListener('fetch', (/** @type {any} */ event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return;
  if (hashed.test(url.pathname)) event.respondWith(fetch_once(request));
  else if (request.mode === 'navigate') event.respondWith(fetch_page(request));
});

// A page names the version it is made of: its first load went past this worker.
worker.addEventListener('message', (/** @type {any} */ event) => {
  if (event.data?.assets) event.waitUntil(provide(String(event.data.assets)));
});

/** Brings a chat to the front and tells it what to open. @param {string} address a hash */
async function open_chat(address) {
  const windows = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const chat = windows.find((/** @type {any} */ { url }) => new URL(url).pathname === '/');
  if (!chat) return worker.clients.openWindow(`/${address}`);
  // Not every browser lets itself be brought to the front.
  await chat.focus().catch(() => {});
  return chat.postMessage({ open: address });
}

worker.addEventListener('notificationclick', (/** @type {any} */ event) => {
  event.notification.close();
  event.waitUntil(open_chat(event.notification.data.open));
});

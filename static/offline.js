/** The page that stands in for every other while there is no server: it waits, and makes way. */
import { delay_ms } from './backoff.js';
import { element } from './nodes.js';

/** The server is not there to choose among its languages. */
const languages = ['de', 'en'];
const least_ms = 1000;

const wanted = navigator.languages.map((tag) => tag.toLowerCase().split('-')[0]);
document.documentElement.lang = wanted.find((tag) => languages.includes(tag)) ?? 'en';
const { t } = await import('./texts.js');

let failures = 0;

async function look() {
  const answer = await fetch('/session', {
    cache: 'no-store',
    signal: AbortSignal.timeout(10_000),
  }).catch(() => null);
  // Nobody signed in is an answer as well: the page at this address knows where to go.
  if (answer && answer.status < 500) return location.reload();
  setTimeout(look, least_ms + delay_ms(failures++, Math.random));
  return undefined;
}

element('skip').textContent = t('page.skip');
element('text').textContent = t('offline.text');
element('title').textContent = t('offline.title');
document.title = `${t('offline.title')} · SecureChat`;
const retry = element('retry');
retry.textContent = t('offline.retry');
retry.hidden = false;
retry.addEventListener('click', () => location.reload());
addEventListener('online', () => location.reload());
setTimeout(look, least_ms);

/** The real world for `Connection`: sockets at the page's own origin, time, `GET /session`. */
import { subprotocol } from './wire.js';

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(location.hostname);

/** A server that takes the question and is mute counts as one that is away. */
export const session_timeout_ms = 10_000;

/** A browser without a network still reaches a server on its own machine. */
export const offline = () => !navigator.onLine && !loopback;

function open() {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  return new WebSocket(`${scheme}://${location.host}/ws`, subprotocol);
}

async function session() {
  const answer = await fetch('/session', {
    cache: 'no-store',
    redirect: 'manual',
    signal: AbortSignal.timeout(session_timeout_ms),
  });
  const wait_s = Number(answer.headers.get('Retry-After'));
  return { status: answer.status, retry_after_ms: wait_s > 0 ? wait_s * 1000 : null };
}

/**
 * @param {import('./vault.js').Vault} vault
 * @returns {import('./connection.js').Surroundings}
 */
export const surroundings = (vault) => ({
  open,
  session,
  offline,
  hidden: () => document.hidden,
  offer: () => vault.offer(),
  agree: (welcome) => vault.agree(welcome),
  now: () => Date.now(),
  later: (task, wait_ms) => setTimeout(task, wait_ms),
  cancel: (timer) => clearTimeout(timer),
  random: Math.random,
});

/**
 * Notices when the page may have slept: a machine that was suspended, a tab that was hidden, a
 * network that changed. A socket can be dead then without anybody having told the browser.
 */
const beat_ms = 10_000;
/** Hidden tabs are slowed to a beat a minute; only a longer silence is sleep. */
const asleep_ms = 120_000;

/** @param {() => void} task */
export function on_wake(task) {
  let beat_at_ms = Date.now();
  setInterval(() => {
    const slept = Date.now() - beat_at_ms > asleep_ms;
    beat_at_ms = Date.now();
    if (slept) task();
  }, beat_ms);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) task();
  });
  addEventListener('online', task);
}

/** Whether the page is in front of its reader. */
export const looking = () => !document.hidden && document.hasFocus();

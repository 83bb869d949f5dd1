"""How quick it feels: long rooms scroll, keys show at once, and opening costs the page nothing."""

from __future__ import annotations

import json
import subprocess

from securechat.assets import static_dir
from securechat.web.bare import bare
from tests.browser.cases import BrowserCase
from tests.browser.test_sealed import WATCH_PAGE
from tests.support.browser import Visitor
from tests.support.crowd import Crowd
from tests.support.daemon import NO_PACE, ROOT, DaemonProcess
from tests.support.trace import traced

MANY = 5000
LONG_TASK_MS = 50
MOST_DRAWN = 200 + 10
"""Rows: two hundred, and the days between them."""
STEP = 50
"""Rows that one step brings, and as many go at the other end."""
MOST_LAYOUTS = 6
"""Layouts a step: its own, those of the frames around it, and none for every row."""

SCROLL = """async (up) => {
  const scroller = document.getElementById('timeline');
  const rows = document.getElementById('rows');
  let made = 0;
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) made += addedNodes.length;
  }).observe(rows, { childList: true });
  const edge = () => [...rows.querySelectorAll('[data-seq]')].at(up ? 0 : -1);
  const at_end = () => up
    ? document.getElementById('older').dataset.state === 'beginning'
    : scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 1;
  const frame = () => new Promise(requestAnimationFrame);
  let steps = 0, most = 0, still = 0;
  while (still < 30) {
    const was = edge();
    scroller.scrollTop = up ? 0 : scroller.scrollHeight;
    await frame();
    await frame();
    most = Math.max(most, rows.childElementCount);
    if (was !== edge()) steps++;
    still = at_end() ? still + 1 : 0;
  }
  return { steps, most, made };
}"""
WATCH_KEYS = """() => {
  window.waits_ms = [];
  document.getElementById('composer-text').addEventListener('keydown', ({ timeStamp }) =>
    requestAnimationFrame(() => {
      // The first task behind the frame: what was typed has been drawn.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => window.waits_ms.push(performance.now() - timeStamp);
      port2.postMessage(null);
    }));
}"""
FETCHED = """() => [
  ...performance.getEntriesByType('navigation'),
  ...performance.getEntriesByType('resource'),
].map(({ name, encodedBodySize }) => [name, encodedBodySize])"""
BUDGET_BYTES = 60_000
"""Of everything that is fetched until the chat is in sight, packed, without headers."""
WRITTEN_AND_SERVED = """
const { parse } = require('espree');
const options = { ecmaVersion: 'latest', sourceType: 'module' };
const told = (key, value) => {
  if (key === 'start' || key === 'end') return undefined;
  return typeof value === 'bigint' ? String(value) : value;
};
const tree = (text) => JSON.stringify(parse(text, options), told);
const pairs = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const differ = Object.keys(pairs).filter((name) => tree(pairs[name][0]) !== tree(pairs[name][1]));
console.log(JSON.stringify(differ));
"""
NEWEST = """() => Number(
  [...document.querySelectorAll('li.message[data-seq]')].at(-1)?.dataset.seq ?? 0)"""


class Felt(BrowserCase):
    def test_five_thousand_messages_scroll_up_and_down_without_a_long_task(self) -> None:
        daemon = self.daemon(*NO_PACE)
        Crowd(daemon.url, MANY).wait()
        ada = self.person(daemon, "Ada Lovelace")
        ada.page.locator("li.message[data-seq]").first.wait_for()
        for up in (True, False):
            with traced(ada.page) as trace:
                found = ada.page.evaluate(SCROLL, up)
            self.assertGreaterEqual(found["steps"], MANY / STEP * 0.7, found)
            self.assertLessEqual(found["most"], MOST_DRAWN, found)
            # Rows that stay are neither made anew nor moved.
            self.assertLessEqual(found["made"], MANY * 1.2, found)
            self.assertLess(trace.longest_task_ms, LONG_TASK_MS)
            self.assertLessEqual(trace.count("Layout"), found["steps"] * MOST_LAYOUTS)
        self.assertEqual(ada.page.evaluate(NEWEST), MANY)

    def test_typing_never_stutters_while_fifty_messages_a_second_arrive(self) -> None:
        daemon = self.daemon(*NO_PACE)
        ada = self.person(daemon, "Ada Lovelace")
        crowd = Crowd(daemon.url, 50 * 120, per_second=50)
        self.addCleanup(crowd.hush)
        self.until(lambda: ada.page.evaluate(NEWEST) > 100, ada, within_s=60)
        ada.page.evaluate(WATCH_KEYS)
        before = ada.page.evaluate(NEWEST)
        words = "the quick brown fox jumps over the lazy dog"
        with traced(ada.page) as trace:
            ada.composer.press_sequentially(words, delay=60)
        self.assertEqual(ada.composer.input_value(), words)
        arrived = ada.page.evaluate(NEWEST) - before
        self.assertGreater(arrived, 50, "too few came to disturb anybody")
        self.assertLess(trace.longest_task_ms, LONG_TASK_MS)
        waits_ms = sorted(ada.page.evaluate("window.waits_ms"))
        self.assertGreater(len(waits_ms), len(words) * 0.8)
        # The middle one: what the machine does besides must not decide.
        self.assertLess(waits_ms[len(waits_ms) // 2], LONG_TASK_MS)
        # One layout of the page a message and a few a key, not one for every row.
        keys = len(words)
        self.assertLess(trace.count("Layout"), arrived * 2 + keys * 6)

    def test_a_page_of_two_hundred_opens_beside_the_page(self) -> None:
        daemon = self.daemon(*NO_PACE)
        Crowd(daemon.url, 450).wait()
        ada = self.visitor(daemon, "Ada Lovelace")
        ada.context.add_init_script(WATCH_PAGE)
        ada.register()
        self.until(lambda: ada.page.evaluate(NEWEST) == 450, ada)
        with traced(ada.page) as trace:
            ada.page.evaluate("location.hash = 'room=general&message=20'")
            ada.page.locator("li.message[data-seq='20']").wait_for()
        self.assertLess(trace.longest_task_ms, LONG_TASK_MS)
        self.assertEqual(ada.page.evaluate("window.crypto_used"), [])
        self.assertGreater(self.opened(ada), 400)

    def opened(self, visitor: Visitor) -> int:
        """How many envelopes the worker has opened for this page."""
        opened = "window.from_worker.filter(({ value }) => value?.header).length"
        return int(visitor.page.evaluate(opened))


class FirstLoad(BrowserCase):
    def test_everything_for_the_first_sight_of_the_chat_stays_within_its_budget(self) -> None:
        daemon = self.daemon()
        self.person(daemon, "Ada Lovelace").say("hello")
        for name, locale, wide in (
            ("Eve Moneypenny", "en-GB", 390),
            ("Max Mustermann", "de-DE", 390),
            ("Eva Musterfrau", "de-DE", 1280),
            ("Ian Fleming", "en-GB", 1280),
        ):
            listed = self.fetched(self.reader(daemon, name, locale, wide))
            self.assertLessEqual(sum(listed.values()), BUDGET_BYTES, listed)

    def reader(self, daemon: DaemonProcess, name: str, locale: str, width: int) -> Visitor:
        """Somebody with nothing in store who has just come to the chat."""
        # The service worker would tell of its own copies, and as if they were not packed.
        size = {"width": width, "height": 844}
        eve = self.person(daemon, name, locale=locale, viewport=size, service_workers="block")
        eve.excuse("Service Worker registration blocked")
        eve.reads("hello")
        eve.page.wait_for_timeout(500)
        return eve

    def fetched(self, visitor: Visitor) -> dict[str, int]:
        """The bytes of each file that was fetched, the largest first."""
        sizes = dict(visitor.page.evaluate(FETCHED))
        for worker in visitor.page.workers:
            sizes |= dict(worker.evaluate(FETCHED))
        listed = sorted(sizes.items(), key=lambda one: -one[1])
        files = {name.rpartition("/")[2]: size for name, size in listed}
        self.assertEqual(len(files), len(sizes))
        self.assertLess({"", "chat.css", "envelope.js"}, set(files))
        return files

    def test_the_code_that_is_served_is_the_code_that_was_written(self) -> None:
        pairs = {}
        for path in sorted(static_dir().glob("**/*.js")):
            written = path.read_text(encoding="utf-8")
            served = bare(written)
            self.assertEqual(served.count("\n"), written.count("\n"), path.name)
            pairs[path.name] = [written, served]
        answer = subprocess.run(
            ["node", "-e", WRITTEN_AND_SERVED],
            input=json.dumps(pairs),
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=True,
        )
        self.assertEqual(json.loads(answer.stdout), [])

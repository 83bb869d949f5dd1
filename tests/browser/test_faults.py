"""Every fault that a reader can meet says so in words, keeps what was written and passes."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import urllib.parse
import urllib.request
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tests.browser.cases import BrowserCase
from tests.browser.test_away import kind
from tests.support.browser import PASSWORD, Visitor, certificates
from tests.support.daemon import NO_PACE, DaemonProcess

if TYPE_CHECKING:
    from playwright.sync_api import WebSocketRoute

MISSED = 12
NETWORK_TROUBLE = (
    r"console: WebSocket connection to .* failed",
    r"console: Failed to load resource: net::ERR_",
    r"console: Failed to load resource: the server responded with a status of 401",
)
LISTEN = """addEventListener('DOMContentLoaded', () => {
  const banner = document.getElementById('banner');
  window.told = [];
  if (banner) new MutationObserver(() => {
    const text = banner.hidden ? '' : banner.querySelector('.banner-text').textContent;
    if (text && text !== window.told.at(-1)) window.told.push(text);
  }).observe(banner, { subtree: true, childList: true, characterData: true, attributes: true });
})"""
PLACES = """() => ['#timeline', '#rows > li:last-child', '#composer'].map((one) => {
  const { x, y, width, height } = document.querySelector(one).getBoundingClientRect();
  return [x, y, width, height];
})"""
BANNER_HEIGHT = "document.getElementById('banner').getBoundingClientRect().height"
SKELETON = """() => {
  const older = document.getElementById('older');
  const skeleton = document.querySelector('.skeleton');
  older.dataset.state = '';
  skeleton.getAnimations();
  older.dataset.state = 'opening';
  const [shown] = skeleton.getAnimations();
  const { delay, duration, fill } = shown.effect.getTiming();
  return { delay, quick: duration < 1, hidden_before: ['backwards', 'both'].includes(fill) };
}"""


class Wire:
    """Between a visitor's page and the daemon: can be cut, held, and refuse to give history."""

    def __init__(self, visitor: Visitor) -> None:
        self.is_cut = False
        self.refuses_history = False
        self._open: list[WebSocketRoute] = []
        visitor.context.route_web_socket("**/ws", self._connect)

    def _connect(self, page: WebSocketRoute) -> None:
        if self.is_cut:
            page.close()
            return
        self._open.append(page)
        server = page.connect_to_server()

        def from_page(frame: str | bytes) -> None:
            if self.refuses_history and kind(frame) == "history":
                refusal = {"type": "error", "id": json.loads(frame)["id"], "retry": True}
                page.send(json.dumps(refusal | {"code": "unavailable", "text": "Try again."}))
            else:
                server.send(frame)

        page.on_message(from_page)

    def cut(self) -> None:
        """Every connection ends, and none can be made."""
        self.is_cut = True
        for page in self._open:
            page.close()
        self._open.clear()

    def mend(self) -> None:
        """Connections can be made again."""
        self.is_cut = False


class Faults(BrowserCase):
    def listener(self, daemon: DaemonProcess, name: str, **options: Any) -> Visitor:
        """Somebody who has not been here yet, and who hears all that the banner says."""
        visitor = self.visitor(daemon, name, **options)
        visitor.excuse(*NETWORK_TROUBLE)
        visitor.context.add_init_script(LISTEN)
        return visitor

    def told(self, visitor: Visitor, pattern: str, within_s: float = 30) -> None:
        """Wait until the banner has said something like this."""
        said = lambda: "\n".join(visitor.page.evaluate("window.told"))  # noqa: E731 - short
        self.until(lambda: re.search(pattern, said()), visitor, within_s)

    def forget(self, visitor: Visitor) -> None:
        visitor.page.evaluate("window.told.length = 0")

    def arrive_once(self, reader: Visitor, *texts: str) -> None:
        reader.reads(*texts)
        self.assertEqual([body for _, body in reader.rows()], list(texts))

    # -- the connection --------------------------------------------------------------------------

    def test_a_killed_daemon_is_counted_down_to_and_found_again(self) -> None:
        daemon = self.daemon(*NO_PACE)
        ada = self.listener(daemon, "Ada Lovelace").register()
        ada.say("before")
        ada.reads("before")
        self.assertEqual(ada.page.evaluate("window.told"), [], "a quick connect is silent")
        daemon.kill()
        self.told(ada, r"No connection to the server. Next try in [1-9]")
        retry = ada.page.get_by_role("button", name="Retry now")
        # Waits grow: sooner or later one is long enough to be counted.
        self.told(ada, r"in ([3-9]|\d\d) s[^$]*in ([2-8]|\d\d) s", within_s=60)
        ada.say("while away")
        daemon.start()
        if retry.is_visible():
            retry.click(timeout=2_000)
        self.told(ada, "Back again")
        self.arrive_once(ada, "before", "while away")
        ada.page.locator("#banner").wait_for(state="hidden")

        self.forget(ada)
        daemon.stop()
        self.told(ada, "The server is restarting. Next try in")
        daemon.start()
        self.told(ada, "Back again")

    def test_what_was_missed_is_counted_and_the_banner_moves_nothing(self) -> None:
        daemon = self.shared_daemon()
        ada = self.listener(daemon, "Ada Missed")
        wire = Wire(ada)
        ada.register()
        eve = self.person(daemon, "Eve Missed")
        ada.say("here")
        eve.reads("here")
        ada.reads("here")
        # What comes up after the first message does move something.
        ada.page.locator("#offer button").first.wait_for()
        before = ada.page.evaluate(PLACES)
        wire.cut()
        self.told(ada, "Next try in")
        ada.page.get_by_role("button", name="Retry now").wait_for()
        self.assertEqual(ada.page.evaluate(PLACES), before)
        height = ada.page.evaluate(BANNER_HEIGHT)
        texts = [f"missed {number}" for number in range(MISSED)]
        for text in texts:
            eve.say(text)
        eve.reads(*texts)
        wire.mend()
        self.told(ada, f"{MISSED} messages caught up")
        self.assertIn(ada.page.evaluate(BANNER_HEIGHT), (0, height))
        ada.reads(*texts)
        ada.page.locator("#banner").wait_for(state="hidden")
        self.assertEqual(ada.page.evaluate(PLACES)[0], before[0])

    def test_without_a_network_the_page_waits_and_sends_later(self) -> None:
        daemon = DaemonProcess(self.folder(), scheme="https")
        # Not the name of this machine: that one is reached without a network too.
        url = f"https://chat.localhost:{daemon.port}"
        made = certificates()
        tls = ("--tls-cert", str(made.chain), "--tls-key", str(made.key))
        daemon.options = (*tls, "--public-url", url)
        self.addCleanup(daemon.stop)
        daemon.start()
        ada = Visitor(url, "Ada Lovelace")
        self.addCleanup(ada.leave)
        ada.context.add_init_script(LISTEN)
        ada.register()
        ada.say("before")
        ada.reads("before")
        ada.context.set_offline(True)
        self.told(ada, "You are offline. What you write is kept and sent later.")
        ada.say("while offline")
        self.assertIn("while offline", ada.page.locator("li.letter").inner_text())
        ada.context.set_offline(False)
        self.told(ada, "Back again")
        self.arrive_once(ada, "before", "while offline")

    def test_what_is_unsent_outlives_a_reload_that_finds_no_server(self) -> None:
        from playwright.sync_api import Error

        daemon = self.daemon()
        ada = self.listener(daemon, "Ada Lovelace").register()
        ada.say("before")
        ada.reads("before")
        daemon.kill()
        self.told(ada, "Next try in")
        ada.say("while away")
        ada.composer.fill("the next draft")
        # The browser's own error, or the page that stands in while there is no server.
        ada.excuse(r"console: Failed to load resource: the server responded with a status of 503")
        with contextlib.suppress(Error):
            ada.page.reload()
        daemon.start()
        ada.visit("/")
        self.arrive_once(ada, "before", "while away")
        self.assertEqual(ada.composer.input_value(), "the next draft")

    def test_a_session_that_ends_elsewhere_keeps_the_draft_until_the_next_log_in(self) -> None:
        daemon = self.daemon()
        ada = self.listener(daemon, "Ada Lovelace").register()
        ada.say("before")
        ada.reads("before")
        ada.composer.fill("half a sentence")
        self.log_out_elsewhere(ada)
        self.told(ada, "Your session has ended. Your draft is kept.")
        ada.composer.press_sequentially(", and its end")
        self.log_in_again(ada)
        ada.reads("before")
        self.assertEqual(ada.composer.input_value(), "half a sentence, and its end")

        # Another tab that logs out has the browser clear all that the site has kept.
        ada.composer.fill("another draft")
        tab = ada.new_page()
        tab.goto(daemon.url)
        tab.get_by_role("button", name="Log out").click()
        tab.wait_for_url(daemon.url + "/login")
        self.told(ada, "Your session has ended. Your draft is kept.")
        self.log_in_again(ada)
        ada.reads("before")
        self.assertEqual(ada.composer.input_value(), "another draft")

    def log_out_elsewhere(self, visitor: Visitor) -> None:
        """End the session without its browser's knowledge."""
        cookies = "; ".join(
            f"{cookie.get('name')}={cookie.get('value')}" for cookie in visitor.context.cookies()
        )
        token = visitor.page.locator("#logout input[name=csrf]").get_attribute("value") or ""
        request = urllib.request.Request(
            visitor.url + "/logout",
            data=urllib.parse.urlencode({"csrf": token}).encode(),
            headers={"Cookie": cookies, "Origin": visitor.url},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            self.assertTrue(answer.url.endswith("/login"), answer.url)

    def log_in_again(self, visitor: Visitor) -> None:
        visitor.page.get_by_role("link", name="Log in again").click()
        visitor.page.wait_for_url(visitor.url + "/login*")
        visitor.fill(username=visitor.username, password=PASSWORD)
        visitor.submit()

    # -- the database ----------------------------------------------------------------------------

    def test_while_the_database_takes_nothing_the_bubble_stays_and_arrives_once(self) -> None:
        daemon = self.daemon()
        ada = self.listener(daemon, "Ada Lovelace").register()
        ada.say("before")
        ada.reads("before")
        path = daemon.data_dir / "securechat.sqlite3"
        letter = ada.page.locator("li.letter")
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            ada.say("meanwhile")
            letter.get_by_text("Sending").wait_for()
            # Longer than the daemon waits: it has refused the post at least once.
            ada.page.wait_for_timeout(6_000)
            self.assertIn("Sending", letter.inner_text())
            kept = ada.page.evaluate("Object.values(sessionStorage).join()")
            self.assertIn("meanwhile", kept)
            database.execute("ROLLBACK")
        self.arrive_once(ada, "before", "meanwhile")
        self.until(lambda: letter.count() == 0, ada)

    def test_older_messages_that_cannot_be_had_are_asked_for_again_in_place(self) -> None:
        daemon = self.shared_daemon()
        eve = self.person(daemon, "Eve Older")
        eve.create_room("Older")
        texts = [f"older {number}" for number in range(70)]
        for text in texts:
            eve.say(text)
        eve.reads(texts[-1])
        self.until(lambda: eve.page.locator("li.letter").count() == 0, eve)
        wire = Wire(eve)
        wire.refuses_history = True
        eve.page.reload()
        eve.reads(texts[-1])
        eve.page.locator("#timeline").evaluate("(one) => { one.scrollTop = 0; }")
        failed = eve.page.get_by_text("Older messages could not be loaded.")
        failed.wait_for()
        wire.refuses_history = False
        failed.get_by_role("button", name="Retry").click()
        eve.reads(texts[0])
        self.assertFalse(failed.is_visible())

    # -- waiting ---------------------------------------------------------------------------------

    def test_skeleton_rows_wait_a_moment_whoever_wants_less_motion_too(self) -> None:
        daemon = self.shared_daemon()
        for motion, quick in (("no-preference", False), ("reduce", True)):
            ada = self.person(daemon, f"Ada {motion}", reduced_motion=motion)
            found = ada.page.evaluate(SKELETON)
            self.assertEqual(found, {"delay": 200, "quick": quick, "hidden_before": True})

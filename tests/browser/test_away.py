"""When the daemon is away the page says so in words and keeps what is typed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.browser.cases import BrowserCase
from tests.support.browser import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import WebSocketRoute


class Away(BrowserCase):
    def test_the_banner_tells_writing_goes_on_and_drafts_outlive_a_reload(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        ada.excuse_lost_connections()
        ada.say("before")
        ada.reads("before")
        ada.composer.fill("an unfinished sentence")
        ada.page.reload()
        ada.reads("before")
        self.assertEqual(ada.composer.input_value(), "an unfinished sentence")

        daemon.stop()
        banner = ada.page.locator("#banner")
        self.until(lambda: "Next try in" in banner.inner_text(), ada)
        self.assertRegex(banner.inner_text(), r"^(The server is restarting|No connection)")
        self.assertTrue(ada.composer.is_enabled())
        ada.say("while away")
        ada.composer.fill("the next draft")
        letter = ada.page.locator("li.letter")
        self.assertIn("while away", letter.inner_text())
        self.assertEqual(ada.rows(), [("You", "before")])

        daemon.start()
        retry = ada.page.get_by_role("button", name="Retry now")
        if retry.is_visible():
            retry.click(timeout=2_000)
        ada.reads("while away")
        self.until(lambda: letter.count() == 0, ada)
        ada.page.reload()
        ada.reads("while away")
        self.assertEqual(ada.rows(), [("You", "before"), ("You", "while away")])
        self.assertEqual(ada.composer.input_value(), "the next draft")

    def test_what_got_no_answer_outlives_a_reload_and_arrives_once(self) -> None:
        daemon = self.daemon()
        ada = self.visitor(daemon, "Ada Lovelace")
        wire = BadWire(ada)
        ada.register()
        eve = self.person(daemon, "Eve Moneypenny")
        ada.say("before")
        eve.reads("before")

        wire.loses_posts = True
        ada.say("never arrived")
        letter = ada.page.locator("li.letter")
        letter.wait_for()
        wire.loses_posts = False
        ada.page.reload()
        eve.reads("never arrived")

        wire.loses_answers = True
        ada.say("arrived, and nobody said so")
        eve.reads("arrived, and nobody said so")
        self.assertIn("arrived, and nobody said so", letter.inner_text())
        wire.loses_answers = False
        ada.page.reload()
        ada.reads("arrived, and nobody said so")
        self.until(lambda: letter.count() == 0, ada)
        eve.say("after")
        ada.reads("after")
        eve.reads("after")
        bodies = ["before", "never arrived", "arrived, and nobody said so", "after"]
        self.assertEqual([body for _, body in ada.rows()], bodies)
        self.assertEqual([body for _, body in eve.rows()], bodies)


class BadWire:
    """Between a visitor's page and the daemon: loses frames of some kinds while told to."""

    def __init__(self, visitor: Visitor) -> None:
        self.loses_posts = False
        self.loses_answers = False
        visitor.context.route_web_socket("**/ws", self._connect)

    def _connect(self, page: WebSocketRoute) -> None:
        server = page.connect_to_server()

        def from_page(frame: str | bytes) -> None:
            if not (self.loses_posts and kind(frame) == "post"):
                server.send(frame)

        def from_server(frame: str | bytes) -> None:
            if not (self.loses_answers and kind(frame) in ("posted", "event")):
                page.send(frame)

        page.on_message(from_page)
        server.on_message(from_server)


def kind(frame: str | bytes) -> str:
    """The frame's type."""
    return str(json.loads(frame)["type"])

"""Setting up, inviting and joining in a real browser, with scripts and without."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from tests.browser.cases import BrowserCase
from tests.support.browser import PASSWORD, Visitor
from tests.support.daemon import DaemonProcess

if TYPE_CHECKING:
    from playwright.sync_api import Request

SETUP = re.compile(r"/setup\?token=[A-Za-z0-9_-]{43}")
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
REFUSED = r"console: Failed to load resource: the server responded with a status of 4\d\d"


def setup_path(daemon: DaemonProcess) -> str:
    """Where the first administrator is made, as the daemon has printed it."""
    deadline_s = time.monotonic() + 15
    while (found := SETUP.search(daemon.log())) is None:
        assert time.monotonic() < deadline_s, daemon.log()
        time.sleep(0.05)
    return found[0]


def set_up(visitor: Visitor, daemon: DaemonProcess) -> str:
    """Make ``visitor`` the first administrator; the path of the invite that is shown."""
    visitor.visit(setup_path(daemon))
    visitor.fill(fullname=visitor.full_name, username=visitor.username)
    visitor.fill(password=PASSWORD, confirm=PASSWORD)
    visitor.submit()
    link = visitor.page.locator(".link a").get_attribute("href") or ""
    return link.removeprefix(daemon.url)


class Joining(BrowserCase):
    def test_from_the_first_start_to_two_people_who_talk(self) -> None:
        daemon = self.daemon()
        ada = self.visitor(daemon, "Ada Lovelace")
        invite = set_up(ada, daemon)
        picture = ada.page.get_by_alt_text("The invite link as a QR code")
        self.assertGreater(picture.evaluate("(image) => image.naturalWidth"), 100)
        ada.page.get_by_role("link", name="Go to the chat").click()
        ada.say("Come in")
        ada.reads("Come in")

        eve = self.visitor(daemon, "Eve Moneypenny")
        eve.visit(invite)
        self.assertEqual(eve.page.get_by_role("heading", level=1).inner_text(), "Join general")
        eve.fill(fullname="Eve Moneypenny", username="eve", password=PASSWORD, confirm=PASSWORD)
        eve.submit()
        self.assertEqual(eve.page.url, daemon.url + "/#room=general")
        eve.reads("Come in")

    def test_without_scripts_an_account_logs_in_and_is_led_to_the_room(self) -> None:
        daemon = self.daemon()
        ada = self.visitor(daemon, "Ada Lovelace", java_script_enabled=False)
        ada.excuse(REFUSED)
        invite = set_up(ada, daemon)
        ada.visit("/")
        ada.page.locator("form.notice-action button").click()
        ada.page.wait_for_url(daemon.url + "/login")
        ada.visit(invite)
        ada.page.get_by_role("link", name="Log in to join").click()
        ada.fill(username=ada.username, password="wrong horse battery")
        ada.submit()
        ada.fill(password=PASSWORD)
        ada.submit()
        # By way of the invite: she is in that room already, so there is nothing to join.
        self.assertEqual(ada.page.url, daemon.url + "/#room=general")
        ada.visit("/join/" + "A" * 43)
        self.assertIn("does not work any more", ada.page.locator("main").inner_text())


class TellingNobody(BrowserCase):
    def test_no_request_carries_the_address_that_lets_somebody_in(self) -> None:
        daemon = self.daemon()
        ada = self.visitor(daemon, "Ada Lovelace")
        ada.excuse(REFUSED)
        sent: list[Request] = []

        def keep(request: Request) -> None:
            sent.append(request)

        ada.page.on("request", keep)
        secret = SECRET.search(setup_path(daemon))
        invite = set_up(ada, daemon)
        eve = self.visitor(daemon, "Eve Moneypenny")
        eve.excuse(REFUSED)
        eve.page.on("request", keep)
        eve.visit(invite)
        eve.page.get_by_role("link", name="Log in to join").click()
        eve.page.wait_for_url(daemon.url + f"/login?join={invite.removeprefix('/join/')}")
        eve.fill(username="nobody", password=PASSWORD)
        eve.submit()
        eve.visit("/reset/" + "A" * 43)
        eve.visit(invite)
        eve.fill(fullname="Eve Moneypenny", username="eve", password=PASSWORD, confirm=PASSWORD)
        eve.submit()
        self.assertEqual(eve.page.url, daemon.url + "/#room=general")
        assert secret is not None
        told = {one.all_headers().get("referer", "") for one in sent}
        # The origin alone is sent along.
        self.assertIn(daemon.url + "/", told)
        for one in told:
            for token in (secret[0], invite.removeprefix("/join/"), "A" * 43):
                self.assertNotIn(token, one)

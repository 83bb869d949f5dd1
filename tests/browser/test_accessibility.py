"""axe-core finds nothing: every page and state, light and dark, narrow and wide."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Literal
from urllib.parse import urlsplit

from tests.browser.cases import BrowserCase
from tests.browser.test_joining import set_up, setup_path
from tests.support import axe
from tests.support.browser import PASSWORD, Visitor, reason_to_skip
from tests.support.daemon import NO_PACE, ROOT, DaemonProcess

WIDTHS = (320, 1280)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
FOUND = re.compile("found|Nothing")


class AxeCase(BrowserCase):
    """Tests that ask axe-core."""

    skip = reason_to_skip() or axe.missing()

    def findings(self, visitor: Visitor, state: str) -> list[str]:
        """What axe-core says about the page in this state, in every scheme and width."""
        found = []
        for scheme in SCHEMES:
            visitor.page.emulate_media(color_scheme=scheme)
            for width in WIDTHS:
                visitor.page.set_viewport_size({"width": width, "height": 800})
                where = f"{state}, {scheme}, {width} px"
                found += [f"{where}: {one}" for one in axe.violations(visitor.page)]
                found += self.overflow(visitor, where)
        return found

    def overflow(self, visitor: Visitor, where: str) -> list[str]:
        """WCAG 1.4.10: at 320 px nothing needs scrolling sideways."""
        excess_px = visitor.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return [f"{where}: {excess_px} px too wide"] if excess_px > 0 else []


class Accessibility(AxeCase):
    def test_forms_and_errors_have_no_violation(self) -> None:
        daemon = self.daemon()
        ada = self.visitor(daemon, "Ada Lovelace")
        ada.excuse(r"console: Failed to load resource: the server responded with a status of 4")
        found = []
        for path in ("/login", "/login?ended", "/register", "/nothing-here"):
            ada.visit(path)
            found += self.findings(ada, path)
        ada.visit("/register")
        ada.fill(fullname="", username="a!", password="short", confirm="other")
        ada.submit()
        found += self.findings(ada, "/register with errors")
        ada.visit("/login")
        ada.fill(username="ada", password=PASSWORD)
        ada.submit()
        found += self.findings(ada, "/login with an error")
        self.assertEqual(found, [])

    def test_setting_up_joining_and_resetting_have_no_violation(self) -> None:
        daemon = self.daemon()
        ada = self.visitor(daemon, "Ada Lovelace")
        ada.excuse(r"console: Failed to load resource: the server responded with a status of 4")
        ada.visit(setup_path(daemon))
        found = self.findings(ada, "/setup")
        ada.submit()
        found += self.findings(ada, "/setup with errors")
        invite = set_up(ada, daemon)
        found += self.findings(ada, "/setup done")
        ada.visit("/join/nothing")
        found += self.findings(ada, "/join over")
        eve = self.visitor(daemon, "Eve Moneypenny")
        eve.excuse(r"console: Failed to load resource: the server responded with a status of 4")
        for path in (invite, f"/login?join={invite.removeprefix('/join/')}", "/register"):
            eve.visit(path)
            found += self.findings(eve, path[:11])
        found += self.findings(self.invited(eve, ada, invite), "/join signed in")
        eve.visit(reset_path(daemon, ada.username))
        found += self.findings(eve, "/reset")
        eve.submit()
        found += self.findings(eve, "/reset with errors")
        self.assertEqual(found, [])

    def test_the_settings_have_no_violation(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        ada.excuse(r"console: Failed to load resource: the server responded with a status of 4")
        for user_agent in ("curl/8", "Mozilla/5.0 (Android 14; Mobile) Firefox/140.0"):
            self.visitor(daemon, ada.full_name, user_agent=user_agent).log_in()
        ada.visit("/settings")
        found = self.findings(ada, "/settings")
        ada.page.get_by_role("button", name="Change the password").click()
        ada.page.locator("#password-error").wait_for()
        found += self.findings(ada, "/settings with errors")
        ada.page.get_by_role("button", name="End all others").click()
        ada.page.locator("p.notice").wait_for()
        found += self.findings(ada, "/settings with a notice")
        self.assertEqual(found, [])

    def invited(self, eve: Visitor, ada: Visitor, general: str) -> Visitor:
        """``eve``, who has registered by the link ``general``, at one to a room of ``ada``."""
        ada.visit()
        ada.create_room("The board")
        ada.details().get_by_role("button", name="Invite by link").click()
        dialog = ada.page.get_by_role("dialog")
        dialog.get_by_role("button", name="Make a link").click()
        link = dialog.locator("#invite-link")
        link.wait_for()
        eve.visit(general)
        eve.fill(fullname=eve.full_name, username=eve.username)
        eve.fill(password=PASSWORD, confirm=PASSWORD)
        eve.submit()
        eve.excuse_lost_connections()
        eve.visit(link.input_value().removeprefix(ada.url))
        eve.page.get_by_role("heading", name="Join The board").wait_for()
        return eve

    def test_the_chat_has_no_violation_in_any_state(self) -> None:
        daemon = self.daemon()
        eve = self.person(daemon, "Eve Moneypenny")
        ada = self.person(daemon, "Ada Lovelace")
        for one in (ada, eve):
            one.excuse_lost_connections()
        ada.page.get_by_text("No messages yet").wait_for()
        found = self.findings(ada, "empty room")
        ada.page.set_viewport_size({"width": 1280, "height": 800})
        eve.say("Good morning!")
        eve.say("x" * 200)
        ada.reads("Good morning!", "x" * 200)
        ada.say("Good morning, Eve.")
        ada.reads("Good morning, Eve.")
        found += self.findings(ada, "messages")
        ada.page.set_viewport_size({"width": 320, "height": 800})
        ada.page.get_by_role("button", name="Rooms", exact=True).click()
        found += self.findings(ada, "rooms")
        ada.page.set_viewport_size({"width": 320, "height": 800})
        ada.page.get_by_role("button", name="Back", exact=True).click()
        daemon.stop()
        ada.page.locator("#banner").wait_for()
        ada.say("while away")
        ada.page.locator("li.letter").wait_for()
        found += self.findings(ada, "daemon away")
        self.assertEqual(found, [])

    def test_dialogs_menus_and_the_removed_state_have_no_violation(self) -> None:
        daemon = self.daemon()
        eve = self.person(daemon, "Eve Moneypenny")
        ada = self.person(daemon, "Ada Lovelace")
        ada.create_room("The board")
        ada.add(eve.full_name)
        eve.open_room("The board")
        ada.say("Good morning, @eve.moneypenny!")
        eve.reads("Good morning, @eve.moneypenny!")
        found = self.findings(eve, "a mention")
        found += self.new_conversation(ada)
        self.widen(ada)
        ada.details().get_by_role("button", name="Invite by link").click()
        found += self.findings(ada, "invite dialog")
        ada.page.get_by_role("dialog").get_by_role("button", name="Make a link").click()
        ada.page.locator("#invite-link").wait_for()
        found += self.findings(ada, "invite link")
        ada.page.keyboard.press("Escape")
        self.widen(ada)
        ada.details()
        found += self.findings(ada, "details")
        self.widen(ada)
        ada.message("Good morning, @eve.moneypenny!").hover()
        ada.page.get_by_role("button", name="More", exact=True).click()
        ada.page.get_by_role("menuitem", name="Delete").wait_for()
        found += self.findings(ada, "message menu")
        ada.page.keyboard.press("Escape")
        eve.composer.fill("half a thought")
        self.widen(ada)
        ada.change_member(eve.full_name, "Remove", "Remove")
        eve.page.get_by_text("What you wrote and did not send:").wait_for()
        found += self.findings(eve, "removed")
        self.assertEqual(found, [])

    def widen(self, visitor: Visitor) -> None:
        visitor.page.set_viewport_size({"width": WIDTHS[-1], "height": 800})

    def new_conversation(self, ada: Visitor) -> list[str]:
        self.widen(ada)
        ada.page.get_by_role("button", name="New conversation").click()
        dialog = ada.dialog("New conversation")
        found = []
        for way in ("Find a room", "New room", "Message people"):
            dialog.get_by_text(way).click()
            found += self.findings(ada, way)
        ada.page.keyboard.press("Escape")
        return found

    def test_the_ways_around_have_no_violation(self) -> None:
        daemon = self.daemon(*NO_PACE)
        eve = self.person(daemon, "Eve Moneypenny")
        ada = self.person(daemon, "Ada Lovelace")
        ada.create_room("Attic")
        for number in range(40):
            eve.say(f"line {number}")
        ada.room_link("general").locator(".badge").get_by_text("40").wait_for()
        found = self.switcher(ada)
        self.widen(ada)
        ada.page.get_by_role("button", name="Keyboard shortcuts").click()
        ada.dialog("Keyboard shortcuts").wait_for()
        found += self.findings(ada, "keys")
        ada.page.keyboard.press("Escape")
        self.widen(ada)
        ada.open_room("general")
        ada.page.get_by_role("button", name="40 new messages since").wait_for()
        found += self.findings(ada, "much unread")
        ada.message("line 39").focus()
        found += self.findings(ada, "a message with the focus")
        ada.page.set_viewport_size({"width": WIDTHS[0], "height": 800})
        ada.page.get_by_role("button", name="Rooms", exact=True).click()
        for typed in ("e", "nothing"):
            ada.page.locator("#find").fill(typed)
            ada.page.locator("#find-told").filter(has_text=FOUND).wait_for(state="attached")
            found += self.findings(ada, f"rooms with {typed}")
        self.assertEqual(found, [])

    def switcher(self, ada: Visitor) -> list[str]:
        found = []
        ada.page.keyboard.press("Control+k")
        field = ada.page.get_by_role("combobox", name="Name of a room or a person")
        for typed in ("", "e", "nothing"):
            field.fill(typed)
            found += self.findings(ada, f"switcher with “{typed}”")
        ada.page.keyboard.press("Escape")
        return found


def reset_path(daemon: DaemonProcess, username: str) -> str:
    """The link that the command line prints."""
    printed = subprocess.check_output(
        [
            *(sys.executable, "-m", "securechat", "--data-dir", str(daemon.data_dir)),
            *("admin", "reset", username),
        ],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
    )
    return urlsplit(printed.strip()).path

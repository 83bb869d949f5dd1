"""Second factors in a real browser: set up, asked for, lost, and without scripts as well."""

from __future__ import annotations

import contextlib
import sqlite3

from tests.browser.cases import BrowserCase
from tests.browser.test_accessibility import AxeCase
from tests.browser.test_german import GermanCase
from tests.support.browser import PASSWORD, Visitor
from tests.support.daemon import DaemonProcess
from tests.support.factors import App

REFUSED = r"console: Failed to load resource: the server responded with a status of 4"


def press(visitor: Visitor, name: str, role: str = "button") -> None:
    """Press it, and wait for the page that follows."""
    with visitor.page.expect_event("load"):
        visitor.page.get_by_role(role, name=name, exact=True).click()  # type: ignore[arg-type]


def set_up(visitor: Visitor) -> tuple[App, list[str]]:
    """An app whose clock is slow, so that its next codes count; the recovery codes."""
    visitor.visit("/settings")
    press(visitor, "Add a second factor", "link")
    press(visitor, "Set up an app", "link")
    app = App(visitor.page.locator("p.secret").inner_text())
    visitor.fill(code=app.code_now(-1))
    press(visitor, "Use this app")
    return app, visitor.page.locator(".codes code").all_inner_texts()


def begin(visitor: Visitor) -> None:
    """Give the right password: the second form follows."""
    visitor.visit("/login")
    visitor.fill(username=visitor.username, password=PASSWORD)
    visitor.submit()
    assert visitor.page.url == visitor.url + "/login/second", visitor.page.url


def forget_proofs(daemon: DaemonProcess) -> None:
    """As if everybody had logged in long ago."""
    file = daemon.data_dir / "securechat.sqlite3"
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("UPDATE sessions SET proven_ms = 0")
        database.commit()


class Factors(BrowserCase):
    def test_set_up_asked_for_and_removed_again_without_scripts(self) -> None:
        daemon = self.daemon()
        ada = self.visitor(daemon, "Ada Lovelace", java_script_enabled=False).register()
        app, codes = set_up(ada)
        self.assertEqual(len(codes), 10)
        phone = self.visitor(daemon, ada.full_name, java_script_enabled=False)
        phone.excuse(REFUSED)
        begin(phone)
        phone.fill(code="000000")
        phone.submit()
        phone.page.locator("#code-error").wait_for()
        phone.fill(code=app.code_now())
        phone.submit()
        self.assertEqual(phone.page.url, phone.url + "/")
        other = self.visitor(daemon, ada.full_name, java_script_enabled=False)
        begin(other)
        other.fill(code=codes[0].upper().replace("-", " "))
        other.submit()
        self.assertEqual(other.page.url, other.url + "/")
        forget_proofs(daemon)
        ada.visit("/settings")
        press(ada, "Change or remove it", "link")
        ada.fill(password=PASSWORD, code=app.code_now(1))
        press(ada, "Confirm")
        self.assertIn("9 recovery codes are left", ada.page.locator("main").inner_text())
        self.assertIn("2 other browsers", ada.page.locator("main").inner_text())
        press(ada, "Remove the app")
        ada.page.get_by_text("It was removed.").wait_for()
        self.visitor(daemon, ada.full_name, java_script_enabled=False).log_in()

    def test_an_open_chat_is_told_when_a_proof_has_replaced_its_session_and_goes_on(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        ada.say("before")
        ada.reads("before")
        forget_proofs(daemon)
        page, tab = ada.page, ada.new_page()
        ada.page = tab
        ada.visit("/settings/security")
        ada.fill(password=PASSWORD)
        press(ada, "Confirm")
        self.assertEqual(tab.url, ada.url + "/settings/security")
        ada.page = page
        page.locator("#banner").get_by_text("Your session has ended").wait_for()
        ada.visit("/")
        ada.say("after")
        ada.reads("before", "after")

    def test_from_every_page_of_it_there_is_a_way_back_and_a_way_out(self) -> None:
        ada = self.person(self.daemon(), "Ada Lovelace")
        for path, way in (
            ("/settings/security", "Back to the settings"),
            ("/settings/security?app", "Cancel"),
            ("/settings/confirm?security", "Back to the settings"),
            ("/settings/delete", "Back to the settings"),
        ):
            ada.visit(path)
            header = ada.page.get_by_role("banner")
            self.assertTrue(header.get_by_role("link", name=way).is_visible(), path)
            self.assertTrue(header.get_by_role("button", name="Log out").is_visible(), path)
        ada.visit("/settings/security")
        set_up(ada)
        press(ada, "Log out")
        self.assertIn("/login", ada.page.url)

    def test_a_phone_is_shown_the_keyboard_that_fits_and_fills_in_by_itself(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        ada.visit("/settings/security?app")
        field = ada.page.get_by_label("Code")
        self.assertEqual(field.get_attribute("inputmode"), "numeric")
        self.assertEqual(field.get_attribute("autocomplete"), "one-time-code")
        set_up(ada)
        phone = self.visitor(daemon, ada.full_name)
        begin(phone)
        # Recovery codes have letters.
        self.assertEqual(phone.page.get_by_label("Code").get_attribute("inputmode"), "text")


class Accessible(AxeCase):
    def test_no_page_of_it_has_a_violation(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        ada.excuse(REFUSED)
        ada.visit("/settings/security")
        found = self.findings(ada, "security without a factor")
        ada.visit("/settings/security?app")
        found += self.findings(ada, "setting up an app")
        ada.fill(code="000000")
        ada.submit()
        found += self.findings(ada, "setting up an app with an error")
        set_up(ada)
        found += self.findings(ada, "recovery codes")
        press(ada, "I have kept them", "link")
        found += self.findings(ada, "security with a factor")
        phone = self.visitor(daemon, ada.full_name)
        phone.excuse(REFUSED)
        begin(phone)
        found += self.findings(phone, "the second step")
        phone.fill(code="000000")
        phone.submit()
        found += self.findings(phone, "the second step with an error")
        forget_proofs(daemon)
        ada.visit("/settings/confirm?security")
        found += self.findings(ada, "confirming")
        ada.fill(password="a wrong secret", code="000000")
        ada.submit()
        found += self.findings(ada, "confirming with an error")
        ada.visit("/settings")
        found += self.findings(ada, "settings that ask for a proof")
        self.assertEqual(found, [])


class InGerman(GermanCase):
    def test_every_page_of_it_is_german(self) -> None:
        grete = self.person(self.daemon(), "Grete Hermann", locale="de-DE")
        grete.excuse(REFUSED)
        grete.visit("/settings/security")
        self.german_only(grete, 10)
        grete.visit("/settings/security?app")
        app = App(grete.page.locator("p.secret").inner_text())
        grete.fill(code="000000")
        grete.submit()
        self.german_only(grete, 10)
        grete.fill(code=app.code_now())
        grete.submit()
        self.german_only(grete, 10)
        grete.page.get_by_role("link", name="Ich habe sie aufbewahrt").click()
        grete.page.get_by_text("10 Wiederherstellungscodes sind übrig").wait_for()
        self.german_only(grete, 10)

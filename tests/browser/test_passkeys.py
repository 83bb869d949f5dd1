"""Passkeys in a real browser, whose device Chromium plays (CDP: WebAuthn)."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import CDPSession

from tests.browser.cases import BrowserCase
from tests.browser.test_accessibility import AxeCase
from tests.browser.test_factors import begin, forget_proofs, press
from tests.browser.test_german import GermanCase
from tests.support.browser import PASSWORD, Visitor
from tests.support.daemon import DaemonProcess

REFUSED = r"console: Failed to load resource: the server responded with a status of 4"


class Device:
    """A device with passkeys, in somebody's browser."""

    def __init__(self, visitor: Visitor, passkeys: list[Any] | None = None) -> None:
        self._session: CDPSession = visitor.context.new_cdp_session(visitor.page)
        self._session.send("WebAuthn.enable")
        kind = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = self._session.send("WebAuthn.addVirtualAuthenticator", {"options": kind})
        self._id = {"authenticatorId": made["authenticatorId"]}
        for passkey in passkeys or []:
            self._session.send("WebAuthn.addCredential", {**self._id, "credential": passkey})

    @property
    def passkeys(self) -> list[Any]:
        """What it holds, to be put into another device."""
        return list(self._session.send("WebAuthn.getCredentials", self._id)["credentials"])

    def verify(self, is_verified: bool) -> None:
        """Whether it makes sure who holds it."""
        asked = {**self._id, "isUserVerified": is_verified}
        self._session.send("WebAuthn.setUserVerified", asked)


def add(visitor: Visitor, name: str = "My key") -> None:
    """Add a passkey; recovery codes follow."""
    visitor.visit("/settings/security")
    visitor.page.get_by_label("Name of the passkey").fill(name)
    press(visitor, "Add a passkey")


class PasskeysCase(BrowserCase):
    running: DaemonProcess

    def added(self) -> tuple[Visitor, Device]:
        """Ada with a passkey, logged out."""
        self.running = self.daemon()
        ada = self.person(self.running, "Ada Lovelace")
        ada.excuse(REFUSED)
        device = Device(ada)
        add(ada)
        ada.page.get_by_text("The passkey was added.").wait_for()
        self.assertEqual(ada.page.locator(".codes code").count(), 10)
        ada.context.clear_cookies()
        return ada, device


class Passkeys(PasskeysCase):
    def test_one_is_added_signs_in_alone_and_is_removed(self) -> None:
        ada, _ = self.added()
        ada.visit("/login")
        press(ada, "Log in with a passkey")
        self.assertEqual(ada.page.url, ada.url + "/")
        ada.say("in without a password")
        ada.reads("in without a password")
        ada.visit("/settings/security")
        row = ada.page.locator(".sessions li")
        self.assertIn("My key", row.inner_text())
        self.assertIn("last used", row.inner_text())
        self.assertNotIn("UTC", row.inner_text())
        press(ada, "Remove My key")
        ada.page.get_by_text("It was removed.").wait_for()
        self.assertEqual(row.count(), 0)
        ada.context.clear_cookies()
        ada.visit("/login")
        press(ada, "Log in with a passkey")
        ada.page.get_by_text("This passkey was not accepted.").first.wait_for()
        ada.fill(username=ada.username, password=PASSWORD)
        press(ada, "Log in")
        self.assertEqual(ada.page.url, ada.url + "/")

    def test_it_is_the_second_factor_after_a_password_and_a_proof(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        ada.excuse(REFUSED)
        Device(ada)
        add(ada)
        ada.context.clear_cookies()
        begin(ada)
        press(ada, "Use your passkey")
        self.assertEqual(ada.page.url, ada.url + "/")
        forget_proofs(daemon)
        ada.visit("/settings/security")
        self.assertIn("/settings/confirm", ada.page.url)
        press(ada, "Use your passkey")
        self.assertEqual(ada.page.url, ada.url + "/settings/security")

    def test_a_device_that_does_not_know_who_holds_it_is_not_enough(self) -> None:
        ada, device = self.added()
        device.verify(False)
        ada.visit("/login")
        ada.page.get_by_role("button", name="Log in with a passkey").click()
        ada.page.get_by_text("That did not work.").wait_for()
        self.assertEqual(ada.page.url, ada.url + "/login")

    def test_a_copy_of_it_whose_counter_is_behind_is_refused(self) -> None:
        ada, device = self.added()
        early = device.passkeys
        ada.visit("/login")
        press(ada, "Log in with a passkey")
        self.assertEqual(ada.page.url, ada.url + "/")
        eve = self.visitor(self.running, "Eve Moneypenny")
        eve.excuse(REFUSED)
        Device(eve, early)
        eve.visit("/login")
        press(eve, "Log in with a passkey")
        eve.page.get_by_text("This passkey was not accepted.").first.wait_for()

    def test_an_answer_that_was_sent_once_is_refused_when_it_is_sent_again(self) -> None:
        ada, _ = self.added()
        ada.visit("/login")
        cookies = ada.context.cookies()
        with ada.page.expect_request("**/login/passkey") as sent:
            press(ada, "Log in with a passkey")
        self.assertEqual(ada.page.url, ada.url + "/")
        ada.page.goto("about:blank")
        ada.context.clear_cookies()
        ada.context.add_cookies(cookies)  # type: ignore[arg-type]  # what it gives it takes
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": ada.url}
        again = ada.context.request.post(
            sent.value.url, data=sent.value.post_data or "", headers=headers
        )
        self.assertEqual(again.status, 401)
        self.assertIn("This passkey was not accepted.", again.text())

    def test_the_same_device_is_not_added_twice_and_without_a_device_nothing_is_sent(self) -> None:
        ada = self.person(self.daemon(), "Ada Lovelace")
        Device(ada)
        add(ada)
        ada.visit("/settings/security")
        ada.page.get_by_role("button", name="Add a passkey").click()
        ada.page.get_by_text("That did not work.").wait_for()
        self.assertEqual(ada.page.locator(".sessions li").count(), 1)

    def test_where_the_server_has_no_name_there_is_no_button(self) -> None:
        daemon = self.daemon()
        ada = self.visitor(daemon, "Ada Lovelace")
        ada.url = daemon.url.replace("localhost", "127.0.0.1")
        ada.register()
        ada.visit("/settings/security")
        ada.page.get_by_text("Passkeys work only where").wait_for()
        self.assertEqual(ada.page.get_by_role("button", name="Add a passkey").count(), 0)

    def test_without_scripts_there_is_no_button_and_the_password_works(self) -> None:
        ada = self.visitor(self.daemon(), "Ada Lovelace", java_script_enabled=False).register()
        ada.visit("/settings/security")
        self.assertIn("Adding a passkey needs JavaScript.", ada.page.content())
        self.assertFalse(ada.page.get_by_role("button", name="Add a passkey").is_visible())
        ada.context.clear_cookies()
        ada.log_in()


class Accessible(AxeCase):
    def test_no_page_with_passkeys_has_a_violation(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        ada.excuse(REFUSED)
        Device(ada)
        add(ada)
        ada.visit("/settings/security")
        found = self.findings(ada, "security with a passkey")
        forget_proofs(daemon)
        ada.visit("/settings/confirm?security")
        found += self.findings(ada, "confirming with a passkey")
        ada.context.clear_cookies()
        ada.visit("/login")
        found += self.findings(ada, "log-in with a passkey")
        begin(ada)
        found += self.findings(ada, "the second step with a passkey")
        self.assertEqual(found, [])


class InGerman(GermanCase):
    def test_every_page_with_passkeys_is_german(self) -> None:
        daemon = self.daemon()
        grete = self.person(daemon, "Grete Hermann", locale="de-DE")
        Device(grete)
        grete.visit("/settings/security")
        press(grete, "Passkey hinzufügen")
        self.german_only(grete, 10)
        grete.visit("/settings/security")
        self.german_only(grete, 10)
        forget_proofs(daemon)
        grete.visit("/settings/confirm?security")
        self.german_only(grete, 10)
        grete.context.clear_cookies()
        grete.visit("/login")
        self.german_only(grete, 10)

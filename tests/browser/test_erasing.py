"""What goes for good: the account's page, the dialogs of a room, and who is nobody afterwards."""

from __future__ import annotations

from tests.browser.cases import BrowserCase
from tests.browser.test_accessibility import AxeCase
from tests.browser.test_factors import REFUSED, press
from tests.browser.test_german import GermanCase
from tests.support.browser import PASSWORD, Visitor

NOBODY = "Deleted account"
FOCUSED = "document.activeElement.textContent"


def write_to(visitor: Visitor, name: str, text: str) -> None:
    """Begin direct messages with somebody."""
    visitor.page.get_by_role("button", name="New conversation").click()
    dialog = visitor.dialog("New conversation")
    dialog.get_by_text("Message people").click()
    dialog.get_by_text(name, exact=True).click()
    dialog.get_by_role("button", name="Write to them").click()
    visitor.in_room(name)
    visitor.say(text)
    visitor.reads(text)


def delete_account(visitor: Visitor, written: str = "Keep it") -> None:
    """By way of the settings."""
    visitor.visit("/settings")
    press(visitor, "Delete your account …", "link")
    visitor.page.get_by_text(written).click()
    visitor.fill(current=PASSWORD)
    press(visitor, "Delete for good")
    visitor.page.get_by_text("Your account is deleted.").wait_for()


class People(BrowserCase):
    def test_who_is_gone_is_nobody_on_the_pages_that_are_open(self) -> None:
        daemon = self.daemon()
        eve = self.person(daemon, "Eve Moneypenny")
        ada = self.person(daemon, "Ada Lovelace")
        eve.say("Good morning!")
        write_to(eve, ada.full_name, "Only for you.")
        ada.open_room(eve.full_name)
        ada.reads("Only for you.")
        members = ada.details().locator("#details-members li")
        members.filter(has_text="@eve.moneypenny").wait_for()
        delete_account(eve)
        ada.in_room(NOBODY)
        ada.room_link(NOBODY).wait_for()
        self.shows(ada, (NOBODY, "Only for you."))
        gone = members.filter(has_text=NOBODY)
        gone.wait_for()
        words = gone.locator(".member-words").inner_text()
        self.assertEqual(words.strip(), NOBODY)
        ada.composer.press_sequentially("@")
        ada.page.wait_for_timeout(300)
        self.assertEqual(ada.page.locator("#suggestions [role=option]").count(), 0)
        ada.composer.fill("")
        ada.open_room("general")
        self.shows(ada, (NOBODY, "Good morning!"))
        self.assertIn(f"{NOBODY} left.", ada.notices())
        self.assertNotIn("Moneypenny", ada.page.locator("body").inner_text())

    def test_whom_the_operator_erases_is_nobody_on_the_pages_that_are_open(self) -> None:
        daemon = self.daemon()
        eve = self.person(daemon, "Eve Moneypenny")
        ada = self.person(daemon, "Ada Lovelace")
        eve.say("Good morning!")
        self.shows(ada, (eve.full_name, "Good morning!"))
        done = daemon.administer("admin", "erase", eve.username)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.shows(ada, (NOBODY, "Good morning!"))
        self.assertIn(f"{NOBODY} left.", ada.notices())

    def test_what_goes_with_an_account_is_a_deleted_message_and_nobody_deleted_it(self) -> None:
        daemon = self.daemon()
        eve = self.person(daemon, "Eve Moneypenny")
        ada = self.person(daemon, "Ada Lovelace")
        eve.say("Good morning!")
        ada.reads("Good morning!")
        delete_account(eve, "Erase it too")
        self.shows(ada, ("", "A deleted message"))

    def test_a_wrong_password_leads_to_its_field_and_the_choice_is_kept(self) -> None:
        eve = self.person(self.daemon(), "Eve Moneypenny")
        eve.excuse(REFUSED)
        eve.visit("/settings/delete")
        eve.page.get_by_text("Erase it too").click()
        eve.fill(current="not the secret")
        press(eve, "Delete for good")
        self.assertEqual(eve.page.evaluate("document.activeElement.id"), "summary")
        eve.page.keyboard.press("Tab")
        eve.page.keyboard.press("Enter")
        self.assertEqual(eve.page.evaluate("document.activeElement.id"), "current")
        self.assertTrue(eve.page.get_by_label("Erase it too").is_checked())
        press(eve, "Back to the settings", "link")
        self.assertEqual(eve.page.url, eve.url + "/settings")
        titles = eve.page.locator("main h2").all_inner_texts()
        self.assertEqual(titles[:4], ["Profile", "Password", "Second factor", titles[3]])
        self.assertEqual(titles[-1], "Delete your account")


class Dialogs(BrowserCase):
    def test_they_begin_at_what_is_chosen_and_escape_leads_back_to_the_button(self) -> None:
        ada = self.person(self.daemon(), "Ada Lovelace", viewport={"width": 320, "height": 640})
        ada.page.get_by_role("button", name="Rooms", exact=True).click()
        ada.create_room("The board")
        panel = ada.details()
        for button, first in (("Erase old messages", ""), ("Erase room", "name")):
            panel.get_by_role("button", name=button).focus()
            ada.page.keyboard.press("Enter")
            dialog = ada.page.get_by_role("dialog")
            dialog.wait_for()
            name, value = ada.page.evaluate(
                "[document.activeElement.name, document.activeElement.value]"
            )
            self.assertEqual((name, value), (first or "days", ""))
            title, close = (
                dialog.locator(one).bounding_box() for one in ("h2", ".dialog-top .quiet")
            )
            assert title and close
            self.assertGreaterEqual(title["y"], 0)
            self.assertGreaterEqual(close["x"], title["x"] + title["width"])
            ada.page.keyboard.press("Escape")
            dialog.wait_for(state="detached")
            self.assertEqual(ada.page.evaluate(FOCUSED), button)


class Accessible(AxeCase):
    def test_no_page_and_no_dialog_of_it_has_a_violation(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        eve = self.person(daemon, "Eve Moneypenny")
        for one in (ada, eve):
            one.excuse(REFUSED)
        ada.create_room("The board")
        panel = ada.details()
        found = []
        for button in ("Erase room", "Erase old messages"):
            panel.get_by_role("button", name=button).click()
            ada.page.get_by_role("dialog").wait_for()
            found += self.findings(ada, button)
            ada.page.keyboard.press("Escape")
            ada.page.set_viewport_size({"width": 1280, "height": 800})
        write_to(eve, ada.full_name, "Only for you.")
        eve.visit("/settings/delete")
        found += self.findings(eve, "deleting an account")
        press(eve, "Delete for good")
        found += self.findings(eve, "deleting an account with an error")
        delete_account(eve)
        found += self.findings(eve, "a deleted account")
        ada.open_room(NOBODY)
        ada.details().get_by_text(NOBODY, exact=True).wait_for()
        found += self.findings(ada, "with somebody who is gone")
        self.assertEqual(found, [])


class InGerman(GermanCase):
    def test_every_page_of_it_is_german(self) -> None:
        grete = self.person(self.daemon(), "Grete Hermann", locale="de-DE")
        grete.excuse(REFUSED)
        grete.visit("/settings/delete")
        self.german_only(grete, 10)
        press(grete, "Endgültig löschen")
        self.german_only(grete, 10)
        grete.fill(current=PASSWORD)
        press(grete, "Endgültig löschen")
        grete.page.get_by_text("Dein Konto ist gelöscht.").wait_for()
        self.german_only(grete, 3)

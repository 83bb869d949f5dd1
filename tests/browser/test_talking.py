"""Two people talk in two browsers, and lose nothing when the daemon goes away and comes back."""

from __future__ import annotations

from tests.browser.cases import BrowserCase
from tests.support.browser import Visitor
from tests.support.daemon import DaemonProcess


class Talking(BrowserCase):
    def talk(self, ada: Visitor, eve: Visitor) -> None:
        ada.say("Good morning, Eve.")
        eve.reads("Good morning, Eve.")
        eve.say("Grüße, Ada 👋🏽")
        ada.reads("Grüße, Ada 👋🏽")

    def restart_under(self, daemon: DaemonProcess, ada: Visitor, eve: Visitor) -> None:
        for visitor in (ada, eve):
            visitor.excuse_lost_connections()
        daemon.stop()
        for visitor in (ada, eve):
            visitor.page.locator("#banner").wait_for()
        eve.say("Are you still there?")
        ada.composer.fill("half a sen")
        letter = eve.page.locator("li.letter")
        letter.wait_for()
        self.assertEqual(letter.get_attribute("data-state"), "waiting")
        self.assertIn("Sending", letter.inner_text())
        self.assertEqual(ada.rows()[0], ("You", "Good morning, Eve."))
        daemon.start()

    def test_two_people_talk_and_find_it_all_after_a_restart(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        eve = self.person(daemon, "Eve Moneypenny")
        self.talk(ada, eve)
        said = [("You", "Good morning, Eve."), ("Eve Moneypenny", "Grüße, Ada 👋🏽")]
        heard = [("Ada Lovelace", "Good morning, Eve."), ("You", "Grüße, Ada 👋🏽")]
        self.shows(ada, *said)
        self.shows(eve, *heard)

        self.restart_under(daemon, ada, eve)
        for visitor in (ada, eve):
            visitor.reads("Are you still there?")
        self.shows(ada, *said, ("Eve Moneypenny", "Are you still there?"))
        self.shows(eve, *heard, ("You", "Are you still there?"))
        self.assertEqual(eve.page.locator("li.letter").count(), 0)
        self.assertEqual(ada.composer.input_value(), "half a sen")
        ada.composer.press_sequentially("tence")
        ada.composer.press("Enter")
        eve.reads("half a sentence")

        ada.page.reload()
        ada.reads("Good morning, Eve.", "half a sentence")
        self.assertEqual([body for _, body in ada.rows()], [body for _, body in eve.rows()])

    def test_a_second_tab_and_a_late_comer_see_what_was_said(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        ada.say("First of all")
        ada.reads("First of all")
        tab = ada.new_page()
        tab.goto(daemon.url)
        ada.message("First of all", tab).wait_for()
        eve = self.person(daemon, "Eve Moneypenny")
        eve.reads("First of all")
        eve.say("Here I am")
        ada.message("Here I am", tab).wait_for()
        ada.reads("Here I am")
        members = ada.page.locator("#room-members")
        self.until(lambda: members.inner_text() == "2 members", ada)

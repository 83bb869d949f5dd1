"""Two people talk, one in German and one in English: each page has the words of its reader."""

from __future__ import annotations

import json
import re
from typing import Any

from securechat.assets import static_dir
from tests.browser.cases import BrowserCase
from tests.support.browser import Visitor

TEXTS_ON_PAGE = """() => {
  const found = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) found.push(walker.currentNode.data);
  for (const name of ['aria-label', 'title', 'placeholder', 'alt'])
    for (const node of document.querySelectorAll(`[${name}]`)) found.push(node.getAttribute(name));
  return [...new Set(found.map((text) => text.trim()))];
}"""


ERASING = ("Alte Nachrichten löschen", "Raum löschen")


def catalogue(language: str) -> dict[str, Any]:
    """The texts by key."""
    path = static_dir() / "texts" / f"{language}.json"
    return dict(json.loads(path.read_text("utf-8")))


def forms(entry: Any) -> list[str]:
    """A text's forms: one, or one for each plural category."""
    return [entry] if isinstance(entry, str) else list(entry.values())


def english_only() -> re.Pattern[str]:
    """Texts that are English and not German as well, whatever their gaps are filled with."""
    german = {text for entry in catalogue("de").values() for text in forms(entry)}
    english = {text for entry in catalogue("en").values() for text in forms(entry)} - german
    return re.compile("|".join(re.sub(r"\\{\w+\\}", ".+", re.escape(text)) for text in english))


class GermanCase(BrowserCase):
    """Tests of what a German speaker is shown."""

    def setUp(self) -> None:
        self.english = english_only()

    def german_only(self, visitor: Visitor, least: int = 20) -> None:
        """No text of the English catalogue stands on the page, in sight or not, of ``least``."""
        texts = visitor.page.evaluate(TEXTS_ON_PAGE)
        self.assertGreater(len(texts), least)
        self.assertEqual([text for text in texts if self.english.fullmatch(text)], [])


class German(GermanCase):
    def open_menu(self, visitor: Visitor, text: str) -> list[str]:
        visitor.message(text).hover()
        visitor.message(text).locator("[data-action=menu]").click()
        items = visitor.page.get_by_role("menuitem")
        items.first.wait_for()
        return [str(item) for item in items.all_text_contents()]

    def talk(self) -> tuple[Visitor, Visitor]:
        """An English and a German speaker who have greeted each other."""
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        grete = self.person(daemon, "Grete Hermann", locale="de-DE")
        ada.say("Good morning, Grete.")
        grete.reads("Good morning, Grete.")
        self.say(grete, "Moin, Ada!")
        ada.reads("Moin, Ada!")
        return ada, grete

    def say(self, visitor: Visitor, text: str) -> None:
        visitor.page.locator("#composer-text").fill(text)
        visitor.page.locator("#composer-text").press("Enter")
        visitor.reads(text)

    def test_timeline_sidebar_and_composer_have_the_words_of_their_reader(self) -> None:
        ada, grete = self.talk()
        said = [("Ada Lovelace", "Good morning, Grete."), ("Du", "Moin, Ada!")]
        self.shows(grete, *said, last=True)
        heard = [("You", "Good morning, Grete."), ("Grete Hermann", "Moin, Ada!")]
        self.shows(ada, *heard, last=True)
        for visitor, language, day, rooms, hint in (
            (ada, "en", "Today", "Rooms", "Message #general"),
            (grete, "de", "Heute", "Räume", "Nachricht an #general"),
        ):
            page = visitor.page
            self.assertEqual(page.locator("html").get_attribute("lang"), language)
            self.assertEqual(page.locator("li.day:not(.new)").first.inner_text(), day)
            self.assertEqual(page.locator("#room-groups h2").first.inner_text(), rooms)
            self.assertEqual(page.locator("#composer-text").get_attribute("placeholder"), hint)
        title = grete.message("Moin, Ada!").locator("time").get_attribute("title")
        self.assertRegex(str(title), r"^\w+, \d+\. \w+ 20\d\d um \d\d:\d\d:\d\d$")
        self.german_only(grete)

    def test_menus_and_dialogs_are_german(self) -> None:
        _ada, grete = self.talk()
        page = grete.page
        words = self.open_menu(grete, "Good morning, Grete.")
        said = ["Andere …", "Antworten", "Text kopieren", "Link kopieren", "Melden"]
        self.assertEqual(words[-5:], said)
        self.german_only(grete)
        page.keyboard.press("Escape")
        page.locator("#new").click()
        for label in ("Neuer Raum", "Leuten schreiben", "Raum finden"):
            page.get_by_role("dialog", name="Neue Unterhaltung").get_by_text(label).click()
            self.german_only(grete)
        page.keyboard.press("Escape")
        self.open_menu(grete, "Moin, Ada!")
        page.get_by_role("menuitem", name="Löschen").click()
        dialog = page.get_by_role("dialog", name="Diese Nachricht löschen?")
        self.german_only(grete)
        dialog.get_by_role("button", name="Löschen").click()
        page.get_by_text("Du hast diese Nachricht gelöscht.").wait_for()

    def test_a_room_of_ones_own_its_details_and_refusals_are_german(self) -> None:
        grete = self.person(self.daemon(), "Grete Hermann", locale="de-DE")
        page = grete.page
        page.locator("#new").click()
        page.get_by_role("dialog").get_by_text("Neuer Raum").click()
        name = page.get_by_role("dialog").get_by_label("Name", exact=True)
        create = page.get_by_role("button", name="Raum anlegen")
        name.fill("General")
        create.click()
        page.get_by_text("Diesen Namen hat der Server für sich.").wait_for()
        name.fill("Ringe")
        create.click()
        page.get_by_role("dialog").wait_for(state="detached")
        page.get_by_text("Grete Hermann hat diesen Raum angelegt.").wait_for()
        details = page.get_by_role("complementary", name="Details")
        details.get_by_text("Grete Hermann (du)").wait_for()
        details.get_by_text("· Leitung ·").wait_for()
        for action in (
            "Per Link einladen",
            "Thema",
            "Umbenennen",
            "Archivieren",
            *ERASING,
            "Verlassen",
        ):
            details.get_by_role("button", name=action).click()
            page.get_by_role("dialog").wait_for()
            self.german_only(grete)
            page.keyboard.press("Escape")
            page.get_by_role("dialog").wait_for(state="detached")

    def test_the_banner_is_german_while_the_server_is_away(self) -> None:
        daemon = self.daemon()
        grete = self.person(daemon, "Grete Hermann", locale="de-DE")
        grete.excuse_lost_connections()
        self.say(grete, "Moin!")
        # What is loaded behind the first page is here.
        grete.page.locator("#details-members").get_by_text("Grete Hermann (du)").wait_for()
        daemon.stop()
        banner = grete.page.locator("#banner")
        banner.get_by_text("Keine Verbindung zum Server. Nächster Versuch in").wait_for()
        self.assertTrue(banner.get_by_role("button", name="Jetzt versuchen").is_visible())
        grete.page.locator("#composer-text").fill("Noch da?")
        grete.page.locator("#composer-text").press("Enter")
        grete.page.locator("li.letter").get_by_text("Wird gesendet …").wait_for(state="attached")
        self.german_only(grete)
        daemon.start()
        banner.get_by_text("Wieder da").wait_for()
        grete.reads("Noch da?")

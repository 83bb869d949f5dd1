"""Everything works by keyboard alone, and screen readers are told what arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.cases import BrowserCase
from tests.support.browser import PASSWORD, Visitor
from tests.support.daemon import NO_PACE

if TYPE_CHECKING:
    from playwright.sync_api import Locator

READ_PAUSE_MS = 1_500
"""Longer than what is in sight takes to be read."""
IN_TIMELINE = "document.activeElement.matches('#timeline *')"
CHOSEN = """() => document.getElementById(
  document.activeElement.getAttribute('aria-activedescendant'))?.textContent ?? ''"""

FOCUSED = """() => {
  const one = document.activeElement;
  return one.id || one.name || one.getAttribute('aria-label') || one.textContent.trim();
}"""


class Keyboard(BrowserCase):
    def focused(self, visitor: Visitor) -> str:
        return str(visitor.page.evaluate(FOCUSED))

    def press(self, visitor: Visitor, key: str, count: int) -> list[str]:
        """What has the focus after each of so many presses."""
        found = []
        for _ in range(count):
            visitor.page.keyboard.press(key)
            found.append(self.focused(visitor))
        return found

    def type(self, visitor: Visitor, *words: str) -> None:
        """Into the field that has the focus and those after it, past the buttons between."""
        for word in words:
            visitor.page.keyboard.type(word)
            visitor.page.keyboard.press("Tab")
            while self.focused(visitor).startswith("Show "):
                visitor.page.keyboard.press("Tab")

    def test_registering_and_talking_need_no_pointer(self) -> None:
        daemon = self.daemon()
        eve = self.person(daemon, "Eve Moneypenny")
        ada = self.visitor(daemon, "Ada Lovelace")
        ada.visit("/register")
        self.assertEqual(
            self.press(ada, "Tab", 4), ["Skip to the content", "SecureChat", "theme", "fullname"]
        )
        self.type(ada, "Ada Lovelace", "ada", PASSWORD, PASSWORD)
        with ada.page.expect_event("load"):
            ada.page.keyboard.press("Enter")
        self.assertEqual(ada.page.url, daemon.url + "/")
        self.until(lambda: self.focused(ada) == "composer-text", ada)

        ada.page.keyboard.type("first line")
        ada.page.keyboard.press("Shift+Enter")
        ada.page.keyboard.type("second line")
        self.assertEqual(ada.composer.input_value(), "first line\nsecond line")
        self.assertEqual(ada.composer.get_attribute("rows"), "2")
        ada.page.keyboard.press("Enter")
        self.until(lambda: eve.rows() == [("Ada Lovelace", "first line\nsecond line")], eve)
        self.assertEqual(ada.composer.input_value(), "")
        self.assertEqual(self.focused(ada), "composer-text")
        ada.page.keyboard.press("Enter")
        ada.page.keyboard.type("   ")
        ada.page.keyboard.press("Enter")

        self.announcements(ada, eve)
        self.focus_order(ada)

    def announcements(self, ada: Visitor, eve: Visitor) -> None:
        heard = eve.page.locator("#announcer")
        self.until(lambda: heard.text_content() == "Ada Lovelace: first line\nsecond line", eve)
        eve.say("one")
        ada.page.locator("#announcer").get_by_text("Eve Moneypenny: one").wait_for(state="attached")
        for text in ("two", "three", "four"):
            eve.say(text)
        told = ada.page.locator("#announcer")
        self.until(lambda: (told.text_content() or "").endswith((" new messages", ": four")), ada)
        self.assertNotIn("one", heard.text_content() or "", "own messages are not announced")
        self.assertEqual(ada.page.locator("#timeline").get_attribute("aria-live"), "off")

    def focus_order(self, ada: Visitor) -> None:
        ada.page.reload()
        ada.reads("four")
        self.until(lambda: self.focused(ada) == "composer-text", ada)
        # The page has hardly come: what leads from message to message is only now loaded.
        ada.page.keyboard.press("Shift+Tab")
        self.until(lambda: "four" in self.focused(ada), ada)
        back = self.press(ada, "Shift+Tab", 10)
        header = ["details-show", "security-show"]
        sidebar = ["Log out", "Settings", "theme", "#general", "find", "new", "help"]
        self.assertEqual(back, [*header, *sidebar, "Skip to the composer"])
        ada.page.keyboard.press("Enter")
        self.assertEqual(self.focused(ada), "composer-text")
        self.message_menu(ada)
        ada.page.keyboard.type("sent by the button")
        ada.page.keyboard.press("Tab")
        ada.page.keyboard.press("Space")
        ada.reads("sent by the button")

    def message_menu(self, ada: Visitor) -> None:
        """From the composer to the newest message, its menu, and an answer to it."""
        ada.page.keyboard.press("Shift+Tab")
        self.assertRegex(self.focused(ada), r"^Eve Moneypenny, \d\d:\d\d: four$")
        self.assertEqual(self.press(ada, "Tab", 3), ["React with 👍", "Reply", "More"])
        self.press(ada, "Shift+Tab", 3)
        self.assertIn("four", self.focused(ada))
        ada.page.keyboard.press("Enter")
        self.until(lambda: self.focused(ada) == "👍", ada)
        ada.page.keyboard.press("Escape")
        self.until(lambda: "four" in self.focused(ada), ada)
        ada.page.keyboard.press("Escape")
        self.assertEqual(self.focused(ada), "composer-text")

    def test_the_switcher_leads_to_rooms_and_people_and_escape_leads_back(self) -> None:
        daemon = self.daemon(*NO_PACE)
        eve = self.person(daemon, "Eve Moneypenny")
        ada = self.person(daemon, "Ada Lovelace")
        ada.create_room("Garden", "Public")
        ada.create_room("Engine room")
        eve.say("anybody there?")
        ada.room_link("general").locator(".badge").wait_for()
        keys = ada.page.keyboard
        keys.press("Control+k")
        field = ada.page.get_by_role("combobox", name="Name of a room or a person")
        field.wait_for()
        options = ada.dialog("Go to …").get_by_role("option")
        self.until(lambda: options.count() == 3, ada)
        self.assertIn("general", self.chosen(ada), "what is unread comes first")
        keys.press("Escape")
        self.until(lambda: self.focused(ada) == "composer-text", ada)

        keys.press("Control+k")
        field.wait_for()
        keys.type("gar")
        self.assertIn("Garden", self.chosen(ada))
        keys.press("Enter")
        ada.in_room("Garden")
        self.until(lambda: self.focused(ada) == "composer-text", ada)
        self.heard(ada, "Room Garden")

        keys.press("Control+k")
        field.wait_for()
        keys.type("e")
        self.until(lambda: options.count() == 4, ada)
        keys.press("ArrowDown")
        self.assertIn("Eve Moneypenny", self.chosen(ada))
        keys.press("ArrowUp")
        keys.press("ArrowDown")
        keys.press("Enter")
        ada.in_room("Eve Moneypenny")
        self.until(lambda: self.focused(ada) == "composer-text", ada)
        self.nothing_found(ada, field)

    def chosen(self, visitor: Visitor) -> str:
        """What Enter would go to, as a screen reader is told it."""
        return str(visitor.page.evaluate(CHOSEN))

    def heard(self, visitor: Visitor, text: str) -> None:
        told = visitor.page.locator("#announcer")
        self.until(lambda: told.text_content() == text, visitor)

    def nothing_found(self, ada: Visitor, field: Locator) -> None:
        ada.page.keyboard.press("Control+k")
        field.wait_for()
        ada.page.keyboard.type("attic")
        dialog = ada.dialog("Go to …")
        told = dialog.get_by_role("status")
        self.until(lambda: "“attic”" in (told.text_content() or ""), ada)
        self.assertEqual(field.get_attribute("aria-expanded"), "false")
        dialog.get_by_role("button", name="Browse public rooms").press("Enter")
        search = ada.page.get_by_role("searchbox", name="Search public rooms")
        self.until(lambda: search.input_value() == "attic", ada)
        ada.dialog("New conversation").get_by_text("No public room is called").wait_for()

    def to_the_messages(self, visitor: Visitor) -> None:
        """Back from the composer, past what may stand between."""
        while not visitor.page.evaluate(IN_TIMELINE):
            visitor.page.keyboard.press("Shift+Tab")

    def test_the_sidebar_shows_only_what_is_looked_for(self) -> None:
        daemon = self.daemon(*NO_PACE)
        self.person(daemon, "Eve Moneypenny")
        ada = self.person(daemon, "Ada Lovelace")
        ada.create_room("Garden", "Public")
        ada.say("the beans are up")
        ada.reads("the beans are up")
        keys = ada.page.keyboard
        self.to_the_messages(ada)
        keys.press("/")
        self.assertEqual(self.focused(ada), "find")
        keys.type("eve")
        person = ada.page.get_by_role("button", name="Eve Moneypenny")
        person.wait_for()
        self.assertEqual(ada.page.locator("#room-groups a").count(), 0)
        self.assertEqual(ada.page.locator("#find-told").text_content(), "1 found")
        keys.press("Escape")
        self.until(lambda: ada.page.locator("#room-groups a").count() == 2, ada)
        self.assertEqual(ada.page.locator("#find").input_value(), "")
        keys.type("attic")
        ada.page.get_by_text("Nothing is called “attic”").wait_for()
        ada.page.get_by_role("button", name="Browse public rooms").wait_for()
        keys.press("Escape")
        keys.press("Escape")
        self.assertEqual(self.focused(ada), "composer-text")
        ada.page.locator("#find").focus()
        keys.type("eve")
        keys.press("ArrowDown")
        keys.press("Enter")
        ada.in_room("Eve Moneypenny")
        self.until(lambda: self.focused(ada) == "composer-text", ada)
        self.assertEqual(ada.page.locator("#find").input_value(), "")
        ada.page.locator("#find").focus()
        keys.type("gener")
        keys.press("Enter")
        ada.in_room("general")

    def test_keys_lead_from_room_to_room_and_to_what_is_unread(self) -> None:
        daemon = self.daemon(*NO_PACE)
        eve = self.person(daemon, "Eve Moneypenny")
        ada = self.person(daemon, "Ada Lovelace")
        for name in ("Attic", "Balcony"):
            ada.create_room(name)
        keys = ada.page.keyboard
        for key, name in (("Down", "general"), ("Down", "Attic"), ("Up", "general")):
            keys.press(f"Alt+Arrow{key}")
            ada.in_room(name)
            self.heard(ada, f"Room {name}")
            self.assertEqual(self.focused(ada), "composer-text")
        keys.press("Alt+ArrowDown")
        ada.in_room("Attic")
        keys.press("Alt+Shift+ArrowDown")
        self.heard(ada, "No other room has unread messages.")
        eve.say("anybody there?")
        ada.room_link("general").locator(".badge").wait_for()
        keys.press("Alt+Shift+ArrowDown")
        ada.in_room("general")

    def test_single_keys_answer_edit_and_react_until_they_are_switched_off(self) -> None:
        daemon = self.daemon(*NO_PACE)
        eve = self.person(daemon, "Eve Moneypenny")
        ada = self.person(daemon, "Ada Lovelace")
        ada.say("mine")
        ada.reads("mine")
        eve.say("yours")
        ada.reads("yours")
        keys = ada.page.keyboard
        self.to_the_messages(ada)
        self.assertIn("yours", self.focused(ada))
        keys.press("e")
        self.heard(ada, "This is not possible with this message.")
        keys.press("k")
        self.assertIn("You, ", self.focused(ada))
        keys.press("j")
        keys.press("r")
        ada.page.get_by_text("Replying to Eve Moneypenny: yours").wait_for()
        self.assertEqual(self.focused(ada), "composer-text")
        keys.press("Escape")
        self.to_the_messages(ada)
        keys.press("Home")
        keys.press("e")
        self.assertEqual(ada.composer.input_value(), "mine")
        keys.press("Escape")
        self.to_the_messages(ada)
        keys.press("End")
        keys.press("+")
        self.until(lambda: self.focused(ada) == "👍", ada)
        keys.press("ArrowRight")
        keys.press("Enter")
        ada.message("yours").get_by_role("button", name="❤️ 1").wait_for()
        self.help(ada)

    def help(self, ada: Visitor) -> None:
        """The list of keys, and the switch in it."""
        keys = ada.page.keyboard
        self.assertIn("yours", self.focused(ada))
        keys.press("?")
        dialog = ada.dialog("Keyboard shortcuts")
        dialog.get_by_label("Single keys act on messages").uncheck()
        keys.press("Escape")
        self.until(lambda: "yours" in self.focused(ada), ada)
        keys.press("k")
        keys.press("r")
        self.assertIn("yours", self.focused(ada))
        keys.press("ArrowUp")
        self.assertIn("mine", self.focused(ada))
        ada.page.get_by_role("button", name="Keyboard shortcuts").press("Enter")
        dialog.get_by_text("Previous or next unread room").wait_for()
        self.assertFalse(dialog.get_by_label("Single keys act on messages").is_checked())

    def test_who_comes_to_much_unread_is_led_to_where_they_had_stopped(self) -> None:
        daemon = self.daemon(*NO_PACE)
        eve = self.person(daemon, "Eve Moneypenny")
        ada = self.person(daemon, "Ada Lovelace")
        ada.create_room("Attic")
        for number in range(40):
            eve.say(f"line {number}")
        ada.room_link("general").locator(".badge").get_by_text("40").wait_for()
        ada.open_room("general")
        way = ada.page.get_by_role("button", name="40 new messages since")
        way.wait_for()
        ada.page.wait_for_timeout(READ_PAUSE_MS)
        self.assertIn("(40)", ada.page.title(), "what was not reached is not read")
        way.press("Enter")
        self.until(lambda: self.focused(ada).endswith("line 0"), ada)
        self.until(lambda: not way.is_visible(), ada)
        ada.page.keyboard.press("End")
        self.until(lambda: "(" not in ada.page.title(), ada)

        ada.open_room("Attic")
        for number in range(40, 80):
            eve.say(f"line {number}")
        ada.room_link("general").locator(".badge").get_by_text("40").wait_for()
        ada.open_room("general")
        way.wait_for()
        ada.page.get_by_role("button", name="Mark as read").press("Enter")
        self.heard(ada, "Marked as read")
        self.until(lambda: "(" not in ada.page.title(), ada)
        self.assertFalse(way.is_visible())
        self.assertEqual(self.focused(ada), "composer-text")

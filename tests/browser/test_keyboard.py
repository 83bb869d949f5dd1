"""Everything works by keyboard alone, and screen readers are told what arrives."""

from __future__ import annotations

from tests.browser.cases import BrowserCase
from tests.support.browser import PASSWORD, Visitor

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
        back = self.press(ada, "Shift+Tab", 8)
        order = ["timeline", "details-show", "security-show", "Log out", "theme", "#general", "new"]
        self.assertEqual(back, [*order, "Skip to the composer"])
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
        self.assertEqual(self.focused(ada), "timeline")
        ada.page.keyboard.press("ArrowUp")
        self.assertIn("four", self.focused(ada))
        ada.page.keyboard.press("Enter")
        self.until(lambda: self.focused(ada) == "👍", ada)
        ada.page.keyboard.press("Escape")
        self.until(lambda: "four" in self.focused(ada), ada)
        ada.page.keyboard.press("Escape")
        self.assertEqual(self.focused(ada), "composer-text")

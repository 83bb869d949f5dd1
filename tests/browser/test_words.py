"""What people write is shown as they mean it, and writing it is helped; all by keyboard too."""

from __future__ import annotations

from tests.browser.test_accessibility import AxeCase
from tests.support.browser import Visitor

CODE = "def answer():\n    return 42  # " + "x" * 200
EVERYTHING = f"""**bold** *italic* ~~struck~~ `code` for @eve.moneypenny and @ada.lovelace
> quoted
> - point
1. one
2. two
```python
{CODE}
```
[bank.example](https://evil.example/) and https://chat.example.org/{"long/" * 60}"""
CLIPBOARD = """() => {
  window.copied = '';
  Object.defineProperty(navigator, 'clipboard',
    { value: { writeText: async (text) => { window.copied = text; } } });
}"""


class Words(AxeCase):
    def two(self) -> tuple[Visitor, Visitor]:
        daemon = self.daemon()
        eve = self.person(daemon, "Eve Moneypenny")
        ada = self.person(daemon, "Ada Lovelace")
        # Open, it would cover the composer when the page becomes narrow, and take the focus away.
        panel = ada.page.get_by_role("complementary", name="Details")
        panel.wait_for()
        ada.page.get_by_role("button", name="Details", exact=True).click()
        panel.wait_for(state="hidden")
        return eve, ada

    def typed(self, visitor: Visitor, text: str) -> None:
        """Key by key, as suggestions want it."""
        visitor.composer.click()
        visitor.page.keyboard.type(text)

    def active(self, visitor: Visitor) -> str:
        """The suggestion that a screen reader hears, or nothing."""
        id_ = visitor.composer.get_attribute("aria-activedescendant")
        return visitor.page.locator(f"#{id_} .says").inner_text() if id_ else ""

    def test_a_message_shows_what_its_markers_mean(self) -> None:
        eve, ada = self.two()
        eve.say(EVERYTHING)
        body = ada.page.locator("li[data-seq] .body")
        body.locator(".code").wait_for()
        found = {
            tag: body.locator(tag).first.inner_text()
            for tag in ("strong", "em", "s", "p > code", "blockquote > p", "blockquote li")
        }
        expected = ["bold", "italic", "struck", "code", "quoted", "point"]
        self.assertEqual(list(found.values()), expected)
        self.assertEqual(body.locator("ol > li").all_inner_texts(), ["one", "two"])
        called = ["@eve.moneypenny", "@ada.lovelace"]
        self.assertEqual(body.locator(".called").all_inner_texts(), called)
        self.assertEqual(body.locator(".called.mine").all_inner_texts(), ["@ada.lovelace"])
        self.assertEqual(body.locator(".real").inner_text(), "(evil.example)")
        self.assertEqual(body.locator("pre").text_content(), CODE)
        body.hover()
        ada.page.get_by_role("button", name="Reply", exact=True).click()
        about = ada.page.locator("#composer-about-text")
        self.assertIn("bold italic struck code for", about.inner_text())
        self.assertEqual(self.findings(ada, "everything"), [])

    def test_code_scrolls_within_itself_and_is_copied_by_keyboard(self) -> None:
        eve, ada = self.two()
        eve.say(f"```python\n{CODE}\n```")
        block = ada.page.get_by_role("group", name="Code, python")
        block.wait_for()
        ada.page.set_viewport_size({"width": 320, "height": 800})
        self.assertEqual(self.overflow(ada, "code"), [])
        self.assertGreater(block.evaluate("(one) => one.scrollWidth - one.clientWidth"), 500)
        block.focus()
        ada.page.keyboard.press("ArrowRight")
        self.until(lambda: block.evaluate("(one) => one.scrollLeft") > 0, ada)
        ada.page.evaluate(CLIPBOARD)
        ada.page.locator("#timeline .code button").focus()
        ada.page.keyboard.press("Enter")
        ada.page.get_by_role("button", name="Copied").wait_for()
        self.assertEqual(ada.page.evaluate("window.copied"), CODE)
        self.assertEqual(ada.page.locator("#announcer").text_content(), "Copied")
        ada.page.get_by_role("button", name="Copy", exact=True).wait_for()

    def test_an_emoji_is_completed_by_its_name(self) -> None:
        _, ada = self.two()
        self.typed(ada, "well :ta")
        listbox = ada.page.get_by_role("listbox", name="Emoji")
        listbox.wait_for()
        self.assertEqual(self.findings(ada, "suggestions"), [])
        first = self.active(ada)
        ada.page.keyboard.press("ArrowDown")
        self.assertNotEqual(self.active(ada), first)
        ada.page.keyboard.press("ArrowUp")
        self.assertEqual(self.active(ada), first)
        ada.page.keyboard.type("da")
        self.until(lambda: self.active(ada) == "tada", ada)
        ada.page.keyboard.press("Enter")
        self.assertEqual(ada.composer.input_value(), "well 🎉")
        self.assertFalse(listbox.is_visible())
        ada.page.keyboard.type(" and :+1:")
        self.until(lambda: ada.composer.input_value() == "well 🎉 and 👍", ada)
        ada.page.keyboard.press("Enter")
        ada.reads("well 🎉 and 👍")
        self.undisturbed(ada)

    def undisturbed(self, ada: Visitor) -> None:
        """Escape closes the list, which stays closed; an input method's Enter chooses nothing."""
        listbox = ada.page.get_by_role("listbox")
        self.typed(ada, ":tad")
        listbox.wait_for()
        ada.composer.dispatch_event("keydown", {"key": "Enter", "keyCode": 229})
        self.assertEqual(ada.composer.input_value(), ":tad")
        ada.page.keyboard.press("Escape")
        ada.page.keyboard.type("a")
        self.assertFalse(listbox.is_visible())
        ada.page.keyboard.press("Enter")
        ada.reads(":tada")
        self.typed(ada, "`:tada:` at 10:30:15")
        ada.page.keyboard.press("Enter")
        ada.reads(":tada: at 10:30:15")

    def test_somebody_of_the_room_is_completed_by_any_name(self) -> None:
        eve, ada = self.two()
        self.typed(ada, "hello @mon")
        ada.page.get_by_role("listbox", name="People").wait_for()
        self.assertEqual(self.active(ada), "Eve Moneypenny")
        self.assertEqual(self.findings(ada, "people"), [])
        ada.page.keyboard.press("Tab")
        self.assertEqual(ada.composer.input_value(), "hello @eve.moneypenny ")
        ada.page.keyboard.press("Control+z")
        self.assertEqual(ada.composer.input_value(), "hello @mon")
        ada.page.keyboard.press("End")
        ada.page.keyboard.type("e")
        ada.page.get_by_role("option", name="Eve Moneypenny").click()
        ada.page.keyboard.type("!")
        ada.page.keyboard.press("Enter")
        eve.reads("hello @eve.moneypenny !")
        self.until(lambda: eve.page.locator(".called.mine").count() == 1, eve)
        self.typed(ada, "@nobody.here")
        ada.page.keyboard.press("Enter")
        ada.reads("@nobody.here")

    def test_the_picker_is_searched_and_walked_by_keyboard(self) -> None:
        eve, ada = self.two()
        self.typed(ada, "well ")
        ada.page.keyboard.press("Tab")
        ada.page.keyboard.press("Tab")
        ada.page.keyboard.press("Enter")
        dialog = ada.dialog("Insert an emoji")
        dialog.get_by_role("button", name="grinning").wait_for()
        self.assertEqual(self.findings(ada, "picker"), [])
        ada.page.set_viewport_size({"width": 1280, "height": 800})
        ada.page.keyboard.press("ArrowDown")
        ada.page.keyboard.press("ArrowRight")
        self.assertEqual(ada.page.evaluate("document.activeElement.title"), "smiley")
        ada.page.keyboard.press("Enter")
        self.until(lambda: ada.composer.input_value() == "well 😃", ada)
        ada.page.keyboard.press("Enter")
        eve.reads("well 😃")
        eve.choose("well 😃", "Other …")
        reacting = eve.dialog("React with an emoji")
        reacting.wait_for()
        eve.page.keyboard.type("konf")
        reacting.get_by_role("group", name="2 emoji found").wait_for()
        eve.page.keyboard.press("Enter")
        ada.page.get_by_role("button", name="🎉 1: Eve Moneypenny").wait_for()
        eve.choose("well 😃", "Other …")
        reacting.get_by_role("group", name="Recently used").wait_for()
        self.assertEqual(self.findings(eve, "recent"), [])
        eve.page.keyboard.type("nothing of that kind")
        eve.page.get_by_text("No emoji of that name.").wait_for()
        eve.page.keyboard.press("Escape")

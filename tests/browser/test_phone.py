"""On a phone all is done by touch: one view at a time, and a finger that stays opens the menu."""

from __future__ import annotations

from tests.browser.cases import BrowserCase
from tests.support.browser import Visitor
from tests.support.daemon import NO_PACE

PHONE = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
}
LONG_PRESS_MS = 900
FOCUSED = "document.activeElement.id"
TOO_WIDE = "document.documentElement.scrollWidth > innerWidth"
TARGETS = """() => [...document.querySelectorAll('button, a, input, select')]
  .filter((one) => one.checkVisibility() && !one.closest('.hidden, .skip'))
  .filter((one) => one.getBoundingClientRect().height < 44)
  .map((one) => one.id || one.textContent)"""


class Phone(BrowserCase):
    def on_a_phone(self, name: str) -> Visitor:
        visitor = self.person(self.shared_daemon(), name, **PHONE)
        visitor.in_room("general")
        return visitor

    def test_the_list_of_rooms_is_a_view_of_its_own_with_a_way_back(self) -> None:
        ada = self.on_a_phone("Ada Pocket")
        rooms = ada.page.get_by_role("button", name="Rooms", exact=True)
        rooms.tap()
        self.assertEqual(ada.page.evaluate(FOCUSED), "rooms-back")
        self.assertFalse(ada.composer.is_visible())
        self.assertFalse(ada.page.evaluate(TOO_WIDE))
        self.assertEqual(ada.page.evaluate(TARGETS), [])
        ada.page.get_by_role("button", name="Back", exact=True).tap()
        self.assertEqual(ada.page.evaluate(FOCUSED), "rooms-show")
        self.assertTrue(ada.composer.is_visible())
        self.assertEqual(ada.page.evaluate(TARGETS), [])
        rooms.tap()
        ada.page.keyboard.press("Escape")
        self.assertEqual(ada.page.evaluate(FOCUSED), "rooms-show")
        rooms.tap()
        ada.room_link("general").tap()
        self.until(ada.composer.is_visible, ada)
        self.assertEqual(ada.page.evaluate(FOCUSED), "composer-text")

    def test_somebody_is_found_and_written_to(self) -> None:
        self.person(self.shared_daemon(), "Eve Faraway").leave()
        ada = self.on_a_phone("Ada Traveller")
        ada.page.get_by_role("button", name="Rooms", exact=True).tap()
        ada.page.get_by_role("searchbox", name="Find rooms and people").fill("faraway")
        ada.page.get_by_role("button", name="Eve Faraway").tap()
        ada.in_room("Eve Faraway")
        ada.composer.fill("Are you there?")
        ada.page.get_by_role("button", name="Send").tap()
        ada.reads("Are you there?")
        self.assertFalse(ada.page.evaluate(TOO_WIDE))

    def test_a_finger_that_stays_opens_the_menu_and_one_that_moves_does_not(self) -> None:
        ada = self.on_a_phone("Ada Thumb")
        ada.composer.fill("hold me")
        ada.page.get_by_role("button", name="Send").tap()
        ada.reads("hold me")
        menu = ada.page.get_by_role("menu", name="Message actions")
        self.hold(ada, "hold me", moves_px=30)
        self.assertEqual(menu.count(), 0)
        for _ in range(2):
            self.hold(ada, "hold me")
            menu.wait_for()
            ada.page.wait_for_timeout(200)
            self.assertTrue(menu.is_visible(), "lifting the finger leaves it open")
            ada.page.get_by_role("heading", level=1).tap()
            menu.wait_for(state="detached")
        self.hold(ada, "hold me")
        menu.get_by_role("menuitem", name="Reply").tap()
        ada.page.get_by_text("Replying to yourself: hold me").wait_for()

    def hold(self, visitor: Visitor, text: str, moves_px: int = 0) -> None:
        """Put a finger on this message, leave it there, and lift it."""
        box = visitor.message(text).first.locator(".body").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        fingers = visitor.context.new_cdp_session(visitor.page)

        def touch(kind: str, *points: dict[str, float]) -> None:
            sent = {"type": f"touch{kind}", "touchPoints": list(points)}
            fingers.send("Input.dispatchTouchEvent", sent)

        touch("Start", {"x": x, "y": y})
        if moves_px:
            touch("Move", {"x": x, "y": y - moves_px})
        visitor.page.wait_for_timeout(LONG_PRESS_MS)
        touch("End")

    def test_every_menu_offers_what_one_may_do_and_a_link_that_leads_there(self) -> None:
        daemon = self.daemon(*NO_PACE)
        eve = self.person(daemon, "Eve Moneypenny")
        ada = self.person(daemon, "Ada Lovelace")
        ada.context.grant_permissions(["clipboard-read", "clipboard-write"])
        eve.say("look here")
        ada.reads("look here")
        ada.message("look here").focus()
        ada.page.keyboard.press("Enter")
        items = ada.page.get_by_role("menuitem")
        items.first.wait_for()
        offered = [text for text in items.all_text_contents() if text.isascii()]
        self.assertEqual(offered, ["Reply", "Copy text", "Copy link", "Report"])
        ada.page.get_by_role("menuitem", name="Copy link").press("Enter")
        self.until(lambda: ada.page.locator("#announcer").text_content() == "Copied", ada)
        link = str(ada.page.evaluate("navigator.clipboard.readText()"))
        self.assertRegex(link, rf"^{daemon.url}/#room=general&message=\d+$")
        ada.create_room("Attic")
        ada.page.goto(link)
        ada.in_room("general")
        row = ada.message("look here")
        self.until(lambda: row.evaluate("(one) => one === document.activeElement"), ada)
        eve.message("look here").focus()
        eve.page.keyboard.press("Enter")
        items = eve.page.get_by_role("menuitem")
        items.first.wait_for()
        offered = [text for text in items.all_text_contents() if text.isascii()]
        self.assertEqual(offered, ["Reply", "Edit", "Copy text", "Copy link", "Delete"])

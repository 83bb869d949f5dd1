"""What others do, and what the network does, takes nothing out of the reader's hands."""

from __future__ import annotations

from tests.browser.cases import BrowserCase
from tests.browser.test_joining import set_up
from tests.support.browser import PASSWORD, Visitor
from tests.support.daemon import NO_PACE

REACT_MANY = """async (each) => {
  for (const row of document.querySelectorAll('li.message[data-seq]')) {
    for (let number = 0; number < each; number++) {
      const button = document.createElement('button');
      button.dataset.action = 'react';
      button.dataset.emoji = String.fromCodePoint(0x1f600 + number);
      row.append(button);
      button.click();
      button.remove();
    }
    await new Promise((next) => setTimeout(next, 20));
  }
}"""
FOCUSED = "document.activeElement.id || document.activeElement.tagName"
IN_TIMELINE = "document.getElementById('timeline').contains(document.activeElement)"
BOXES = """(row) => ['.message-head', '.body', '.toolbar'].map((part) => {
  const { top, bottom } = row.querySelector(part).getBoundingClientRect();
  return [top, bottom];
})"""
TARGETS = """(row) => [...row.querySelectorAll('.toolbar button')].map((one) => {
  const { width, height } = one.getBoundingClientRect();
  return Math.min(width, height);
})"""

MANY, EACH = 15, 20
"""So many messages, each with so many reactions: as many as one person may give."""


class Calm(BrowserCase):
    def pair(self, ada_name: str, eve_name: str, room: str) -> tuple[Visitor, Visitor]:
        """Two people in a private room of their own."""
        daemon = self.shared_daemon()
        eve = self.person(daemon, eve_name)
        ada = self.person(daemon, ada_name)
        ada.create_room(room)
        ada.add(eve_name)
        eve.open_room(room)
        return ada, eve

    def test_three_hundred_reactions_in_a_row_push_nothing_out_of_sight(self) -> None:
        daemon = self.shared_daemon()
        ada = self.person(daemon, "Ada Many")
        ada.create_room("Many")
        texts = [f"message {number}" for number in range(1, MANY + 1)]
        for text in texts:
            ada.say(text)
        ada.reads(*texts)
        self.until(lambda: ada.page.locator("li.letter").count() == 0, ada)
        ada.page.evaluate(REACT_MANY, EACH)
        chips = ada.page.locator(".reaction")
        self.until(lambda: chips.count() == MANY * EACH, ada, within_s=60)
        self.assertEqual([body for _, body in ada.rows()], texts)
        # The newest page has no row at all: what lies before it comes without being asked for.
        ada.page.reload()
        ada.reads(*texts)
        self.until(lambda: chips.count() == MANY * EACH, ada)

    def test_an_edit_and_an_answer_wait_in_their_rooms(self) -> None:
        ada, eve = self.pair("Ada Drafts", "Eve Drafts", "Drafts")
        ada.say("first words")
        eve.reads("first words")
        ada.choose("first words", "Edit")
        ada.composer.fill("half an edit")
        eve.choose("first words", "Reply")
        eve.composer.fill("half an answer")
        for one in (ada, eve):
            one.open_room("general")
            self.assertEqual(one.composer.input_value(), "")
            self.assertFalse(one.page.locator("#composer-about").is_visible())
            one.open_room("Drafts")
        self.assertEqual(ada.composer.input_value(), "half an edit")
        self.assertEqual(eve.composer.input_value(), "half an answer")
        eve.composer.press("Enter")
        ada.message("half an answer").locator(".quote").wait_for()
        ada.composer.press("Enter")
        eve.reads("half an edit")
        self.assertEqual(ada.composer.input_value(), "")

    def test_a_double_click_reacts_once(self) -> None:
        ada, eve = self.pair("Ada Twice", "Eve Twice", "Twice")
        eve.say("well done")
        ada.message("well done").hover()
        ada.page.get_by_role("button", name="React with 👍").dblclick()
        mine = ada.page.get_by_role("button", name="👍 1: You")
        mine.wait_for()
        self.until(lambda: not ada.page.evaluate("sessionStorage.length"), ada)
        mine.click()
        self.until(lambda: ada.page.locator(".reaction").count() == 0, ada)
        ada.page.wait_for_timeout(300)
        self.assertEqual(ada.page.locator(".reaction").count(), 0)

    def test_what_others_delete_moves_no_focus_and_closes_no_other_window(self) -> None:
        ada, eve = self.pair("Ada Focus", "Eve Focus", "Focus")
        eve.say("to be answered")
        eve.reads("to be answered")
        eve.say("to stay")
        ada.reads("to stay")
        eve.choose("to stay", "Edit")
        eve.say("to stay here")
        ada.choose("to be answered", "Reply")
        ada.composer.fill("half an answer")
        ada.page.get_by_role("button", name="New conversation").focus()
        self.delete(eve, "to be answered")
        self.until(lambda: not ada.page.locator("#composer-about").is_visible(), ada)
        self.assertEqual(ada.page.evaluate(FOCUSED), "new")
        self.assertEqual(ada.composer.input_value(), "half an answer")

        eve.say("third")
        eve.reads("third")
        ada.choose("to stay here", "Show edits")
        self.delete(eve, "third")
        self.until(lambda: ada.message("third").count() == 0, ada)
        self.assertTrue(ada.dialog("Edits").is_visible())
        self.delete(eve, "to stay here")
        ada.dialog("Edits").wait_for(state="detached")

    def delete(self, visitor: Visitor, text: str) -> None:
        visitor.choose(text, "Delete")
        dialog = visitor.dialog("Delete this message?")
        dialog.get_by_role("button", name="Delete").press("Enter")
        dialog.wait_for(state="detached")
        self.until(lambda: visitor.message(text).count() == 0, visitor)

    def test_the_focus_stays_near_what_is_gone(self) -> None:
        ada, eve = self.pair("Ada Near", "Eve Near", "Near")
        eve.say("bad words")
        ada.choose("bad words", "Report")
        report = ada.dialog("Report this message")
        report.get_by_role("button", name="Report").press("Enter")
        report.get_by_text("It has been reported.").wait_for()
        self.until(lambda: ada.page.evaluate("document.activeElement.role") == "status", ada)
        ada.page.keyboard.press("Escape")
        self.until(lambda: ada.page.evaluate(IN_TIMELINE), ada)
        self.delete(eve, "bad words")
        self.until(lambda: eve.page.evaluate(IN_TIMELINE), eve)
        eve.details().get_by_role("button", name="Leave").click()
        eve.page.get_by_role("dialog").get_by_role("button", name="Leave").press("Enter")
        eve.page.get_by_text("You are no longer in this room.").wait_for()
        self.until(lambda: eve.page.evaluate(FOCUSED) == "timeline", eve)

    def test_a_busy_sidebar_and_a_busy_panel_can_be_clicked(self) -> None:
        ada, eve = self.pair("Ada Busy", "Eve Busy", "Busy")
        ada.open_room("general")
        link = ada.room_link("Busy")
        link.hover()
        ada.page.mouse.down()
        eve.say("just now")
        self.until(lambda: link.locator(".badge").count() == 1, ada)
        ada.page.mouse.up()
        ada.in_room("Busy")
        self.assertEqual(link.get_by_text("(private)").count(), 1)

        row = ada.details().locator("#details-members li").filter(has_text="Eve Busy")
        row.get_by_text("online").wait_for()
        change = row.get_by_role("button", name="Change Eve Busy")
        change.click()
        eve.page.goto("about:blank")
        row.get_by_text("away").wait_for()
        ada.page.keyboard.press("Escape")
        self.until(lambda: change.evaluate("(one) => one === document.activeElement"), ada)
        change.click()
        ada.page.get_by_role("menuitem", name="Remove", exact=True).click()
        ada.page.get_by_text("comes back only by an invitation").wait_for()

    def test_people_of_one_name_are_told_apart(self) -> None:
        daemon = self.shared_daemon()
        ada = self.person(daemon, "Ada Same")
        for username in ("vic-one", "vic-two"):
            vic = self.visitor(daemon, "Vic Tim")
            vic.username = username
            vic.register()
            vic.say(f"I am {username}")
        for username in ("vic-one", "vic-two"):
            handle = ada.message(f"I am {username}").locator(".handle")
            self.until(lambda at=handle: at.count() == 1, ada)  # type: ignore[misc]
            self.assertEqual(handle.inner_text(), f"@{username}")

    def test_a_thumb_finds_the_buttons_and_they_cover_nothing(self) -> None:
        size = {"width": 320, "height": 640}
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Thumb", viewport=size, has_touch=True, is_mobile=True)
        ada.page.get_by_role("button", name="Rooms", exact=True).tap()
        ada.create_room("Thumb")
        ada.composer.fill("tap me")
        ada.page.get_by_role("button", name="Send").tap()
        ada.reads("tap me")
        row = ada.message("tap me")
        row.tap()
        row.get_by_role("button", name="More").wait_for()
        self.assertGreaterEqual(min(row.evaluate(TARGETS)), 44)
        head, body, bar = row.evaluate(BOXES)
        self.assertLessEqual(head[1], body[0] + 1)
        self.assertLessEqual(body[1], bar[0] + 1)
        row.get_by_role("button", name="More").tap()
        ada.page.get_by_role("menuitem", name="Copy text").wait_for()

        ada.excuse_lost_connections()
        ada.page.keyboard.press("Escape")
        ada.page.get_by_role("button", name="Rooms", exact=True).tap()
        daemon.stop()
        banner = ada.page.locator("#banner .banner-text")
        self.until(lambda: banner.text_content() != "", ada)
        daemon.start()
        back = ada.page.locator("#rooms-back")
        self.assertEqual(ada.page.evaluate(FOCUSED), "rooms-back")
        ada.page.locator("#banner").wait_for(state="hidden", timeout=30_000)
        self.assertTrue(back.is_visible(), "coming back closes no list of rooms")
        self.assertEqual(ada.page.evaluate(FOCUSED), "rooms-back")

    def test_a_report_leads_to_the_message(self) -> None:
        daemon = self.daemon(*NO_PACE)
        ada = self.visitor(daemon, "Ada Lovelace")
        invite = set_up(ada, daemon)
        ada.visit("/")
        ada.in_room("general")
        ada.say("rude words")
        ada.reads("rude words")
        ada.create_room("Garden", "Public")
        eve = self.visitor(daemon, "Eve Moneypenny")
        eve.visit(invite)
        eve.fill(fullname=eve.full_name, username=eve.username)
        eve.fill(password=PASSWORD, confirm=PASSWORD)
        eve.submit()
        eve.choose("rude words", "Report")
        report = eve.dialog("Report this message")
        report.get_by_role("button", name="Report").click()
        report.get_by_text("It has been reported.").wait_for()
        ada.open_room("Reports")
        ada.page.locator("li.notice-line").get_by_text("Eve Moneypenny reported").wait_for()
        ada.page.get_by_role("link", name="in general").click()
        ada.in_room("general")
        self.until(
            lambda: "rude words" in ada.page.evaluate("document.activeElement.innerText"), ada
        )

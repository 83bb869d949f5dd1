"""Scrolling back through a long room: older pages come, the place is kept, the page stays light."""

from __future__ import annotations

from tests.browser.cases import BrowserCase
from tests.support.browser import Visitor
from tests.support.daemon import NO_PACE

COUNT = 300
MOST_DRAWN = 200
POST_MANY = """async (count) => {
  const text = document.getElementById('composer-text');
  const form = document.getElementById('composer');
  for (let number = 1; number <= count; number++) {
    text.value = `message ${number}`;
    text.dispatchEvent(new Event('input'));
    form.requestSubmit();
    if (number % 50 === 0) await new Promise((next) => setTimeout(next, 20));
  }
}"""
GO_UP = """() => {
  document.getElementById('timeline').scrollTop = 0;
  const { top, bottom } = document.getElementById('timeline').getBoundingClientRect();
  for (const item of document.querySelectorAll('li.message[data-seq]')) {
    const body = item.querySelector('.body').getBoundingClientRect();
    if (body.top >= top && body.bottom <= bottom)
      return [Number(item.dataset.seq), body.top - top];
  }
  return null;
}"""
PLACE_OF = """(seq) => {
  const { top } = document.getElementById('timeline').getBoundingClientRect();
  return document.querySelector(`li[data-seq="${seq}"] .body`).getBoundingClientRect().top - top;
}"""
FIRST = "Number(document.querySelector('li.message[data-seq]').dataset.seq)"


class History(BrowserCase):
    def drawn(self, visitor: Visitor) -> int:
        return visitor.page.locator("li.message[data-seq]").count()

    def go_up(self, eve: Visitor) -> bool:
        """To the top of what is drawn; False when nothing older is there."""
        page = eve.page
        first = page.evaluate(FIRST)
        seq, top = page.evaluate(GO_UP)
        self.until(lambda: page.evaluate(FIRST) in (1, *range(1, first)), eve)
        page.wait_for_timeout(60)
        moved_px = abs(page.evaluate(PLACE_OF, seq) - top)
        self.assertLess(moved_px, 3, f"message {seq} moved when older ones came")
        return bool(first > 1)

    def test_scrolling_up_reaches_the_first_message_without_losing_the_place(self) -> None:
        daemon = self.daemon(*NO_PACE)
        ada = self.person(daemon, "Ada Lovelace")
        ada.composer.wait_for()
        ada.page.evaluate(POST_MANY, COUNT)
        ada.reads(f"message {COUNT}")
        self.until(lambda: ada.page.locator("li.letter").count() == 0, ada)
        self.assertLessEqual(self.drawn(ada), MOST_DRAWN + 10)
        self.assertGreater(ada.page.evaluate(FIRST), 1)
        # Readers of the tree, not of the screen, must not hear of a beginning that is none.
        self.assertFalse(ada.page.get_by_text("This is where the room begins.").is_visible())

        eve = self.person(daemon, "Eve Moneypenny")
        eve.reads(f"message {COUNT}")
        most = 0
        while self.go_up(eve):
            most = max(most, self.drawn(eve))
        eve.page.get_by_text("This is where the room begins.").wait_for()
        eve.reads("message 1")
        self.assertLessEqual(most, MOST_DRAWN + 10)
        self.assertGreater(most, MOST_DRAWN / 2)
        bodies = [body for _, body in eve.rows()]
        self.assertEqual(bodies, [f"message {number}" for number in range(1, len(bodies) + 1)])

        self.comes_back_to_the_end(ada, eve)

    def comes_back_to_the_end(self, ada: Visitor, eve: Visitor) -> None:
        top = eve.page.evaluate(PLACE_OF, 1)
        ada.say("something new")
        pill = eve.page.get_by_role("button", name="1 new message")
        pill.wait_for()
        self.assertEqual(eve.page.evaluate(PLACE_OF, 1), top)
        self.until(lambda: eve.page.title().startswith("(1) #general"), eve)
        pill.click()
        eve.reads("something new")
        self.until(lambda: not pill.is_visible(), eve)
        self.until(lambda: eve.page.title() == "#general · SecureChat", eve)
        self.assertLessEqual(self.drawn(eve), MOST_DRAWN + 10)
        numbers = [int(body.split()[1]) for _, body in eve.rows()[:-1]]
        self.assertEqual(numbers, list(range(numbers[0], COUNT + 1)))

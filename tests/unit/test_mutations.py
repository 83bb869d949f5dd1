"""The table of mutations stays true to the code that it changes."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.mutations import page
from tests.mutations.promises import PROMISES
from tests.mutations.table import MUTATIONS
from tests.support.sources import is_a_test

ROOT = Path(__file__).resolve().parents[2]


class Table(SynchronousTestCase):
    def test_what_is_taken_out_stands_once_in_its_file(self) -> None:
        for one in MUTATIONS:
            found = (ROOT / one.file).read_text(encoding="utf-8").count(one.old)
            self.assertEqual(found, 1, f"{one.promise}: {one.taken_out}")
            self.assertNotEqual(one.old, one.new)

    def test_every_test_that_should_notice_is_there(self) -> None:
        for one in MUTATIONS:
            for test in one.tests:
                self.assertTrue(is_a_test(test), test)

    def test_the_page_has_a_row_for_each_promise_in_their_order(self) -> None:
        promises = [one.promise for one in MUTATIONS]
        self.assertEqual(list(dict.fromkeys(promises)), list(PROMISES))
        shown = (ROOT / "docs" / "security-verification.md").read_text(encoding="utf-8")
        self.assertIn(page.rows(MUTATIONS), shown)

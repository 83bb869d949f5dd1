"""script/fuzz: it runs what makes examples, and ends at the first that fails."""

from __future__ import annotations

import contextlib
import io
from argparse import ArgumentTypeError

import hypothesis.core
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests import fuzz

from . import test_any_event, test_buckets


class Example(SynchronousTestCase):
    """Run by the tests below only: its names begin with no `test`."""

    @settings(database=None)
    @given(st.integers(0, 1_000))
    def holds(self, number: int) -> None:
        self.assertGreaterEqual(number, 0)

    @settings(database=None)
    @given(st.integers(0, 1_000))
    def breaks(self, number: int) -> None:
        self.assertLess(number, 17)


class Fuzzing(SynchronousTestCase):
    def fuzzed(self, name: str, duration_s: float = 0.05) -> tuple[int, str]:
        """The status and what was printed."""
        self.patch(hypothesis.core, "global_force_seed", None)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            status = fuzz.fuzz([Example(name)], duration_s, 7)
        return status, printed.getvalue()

    def test_it_goes_on_until_the_time_is_over_each_round_with_another_seed(self) -> None:
        status, printed = self.fuzzed("holds", 0.2)
        self.assertEqual(status, 0)
        self.assertIn("round 1, seed 7\nround 2, seed 8\n", printed)
        self.assertIn("nothing found", printed)

    def test_it_ends_at_the_first_failure_with_the_smallest_example(self) -> None:
        status, printed = self.fuzzed("breaks")
        self.assertEqual(status, 1)
        self.assertIn("number=17", printed)
        self.assertIn("FAILED in round 1, seed 7: ", printed)

    def test_only_what_makes_examples_is_taken(self) -> None:
        names = [test.id().rpartition(".")[2] for test in fuzz.tests_in([test_buckets])]
        self.assertEqual(names, ["test_never_more_than_burst_and_rate_allow"])
        self.assertGreater(len(fuzz.tests_in([test_any_event])), 2)
        self.assertIn(test_buckets, fuzz.modules("bucket"))
        self.assertEqual(fuzz.modules("no such module"), [])

    def test_times_have_units(self) -> None:
        for text, expected in (("90", 90), ("1.5s", 1.5), ("10m", 600), ("2h", 7200)):
            self.assertEqual(fuzz.seconds(text), expected)
        for text in ("", "m", "0", "-1", "nan", "soon"):
            self.assertRaises(ArgumentTypeError, fuzz.seconds, text)

"""What a message costs, in system calls and calls of functions, stays within its budget."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from bench import budget

RENEW = (
    "Where that is meant, renew bench/budget.json with  python -m bench.budget  (in the"
    " environment of script/test), and say in the commit why it costs more."
)
TRIES = 3
"""A timer that falls into the counting adds some calls, and never takes any away."""

STRACE = """\
 calls syscall
------ ---------
    20 sendto
     3 epoll_wait
     1 futex
------ ---------
    24 total
"""


class Costs(SynchronousTestCase):
    """A real daemon with audiences of 10 and 50, and 200 messages."""

    timeout = 600

    def test_a_message_costs_no_more_than_its_budget(self) -> None:
        gone = [program for program in ("strace", "cc") if shutil.which(program) is None]
        if gone and os.environ.get("SECURECHAT_TESTS") != "all":
            raise SkipTest(f"{' and '.join(gone)} missing: script/test installs them")
        over = [""]
        for _ in range(TRIES):
            folder = Path(self.mktemp()).resolve()
            folder.mkdir(parents=True)
            counts = budget.counted(folder)
            over = list(budget.exceeded(counts, budget.stored()))
            if not over:
                return
        self.fail("\n".join([*over, RENEW, f"All of it: {counts}"]))


class Judging(SynchronousTestCase):
    def test_what_costs_more_than_is_allowed_is_named_with_both_numbers(self) -> None:
        stored = {"system_calls_a_delivery": 1.0, "function_calls_a_message": 800.0}
        within = {"system_calls_a_delivery": 1.14, "function_calls_a_message": 10.0}
        self.assertEqual(list(budget.exceeded(within, stored)), [])
        beyond = {"system_calls_a_delivery": 2.0, "function_calls_a_message": 800.0}
        self.assertEqual(
            list(budget.exceeded(beyond, stored)),
            ["system calls a delivery: 2.00, and the budget is 1.00"],
        )

    def test_a_summary_of_strace_is_read_without_its_head_and_total(self) -> None:
        self.assertEqual(dict(budget.summary(STRACE)), {"sendto": 20, "epoll_wait": 3, "futex": 1})

    def test_everything_that_is_counted_has_a_budget(self) -> None:
        self.assertEqual(
            set(budget.stored()),
            {
                f"{what}_a_{unit}"
                for what in ("system_calls", "function_calls")
                for unit in ("message", "delivery")
            },
        )

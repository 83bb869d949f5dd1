"""Wall time that follows no clock that is set, and does not stop when the machine sleeps."""

from __future__ import annotations

import time
from unittest import skipUnless

from twisted.trial.unittest import SynchronousTestCase

from securechat.clock import wall_clock


class WallClock(SynchronousTestCase):
    @skipUnless(hasattr(time, "CLOCK_BOOTTIME"), "this platform's monotonic clock never stops")
    def test_the_time_that_a_suspended_machine_slept_has_passed(self) -> None:
        slept_s, real = 0.0, time.clock_gettime
        self.patch(
            time,
            "clock_gettime",
            lambda clock: real(clock) + (slept_s if clock == time.CLOCK_BOOTTIME else 0),
        )
        now_ms = wall_clock()
        before_ms = now_ms()
        slept_s = 3_600.0
        self.assertLess(abs(now_ms() - before_ms - 3_600_000), 5_000)

    def test_setting_the_clock_changes_nothing(self) -> None:
        now_ms = wall_clock()
        before_ms = now_ms()
        self.patch(time, "time", lambda: 0.0)
        self.assertLess(abs(now_ms() - before_ms), 5_000)

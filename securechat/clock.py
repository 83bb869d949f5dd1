"""Time that does not jump: timers on the monotonic clock, wall time as start plus elapsed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def use_monotonic_timers(reactor: Any) -> None:
    """Make ``reactor.callLater`` follow the monotonic clock; call before the first timer."""
    reactor.seconds = time.monotonic


def wall_clock() -> Callable[[], int]:
    """Milliseconds since 1970: those of now plus what passes, whatever the clock is set to."""
    start_ms = time.time() * 1000 - _passed_s() * 1000

    def now_ms() -> int:
        return int(start_ms + _passed_s() * 1000)

    return now_ms


def _passed_s() -> float:
    """Seconds since some moment, those that the machine slept through among them."""
    # Linux's monotonic clock stands still in suspend; the others' goes on.
    boottime: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)

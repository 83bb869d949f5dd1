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
    start_ms = time.time() * 1000 - time.monotonic() * 1000

    def now_ms() -> int:
        return int(start_ms + time.monotonic() * 1000)

    return now_ms

"""Guessing is slowed down: each further failure for a name waits longer than the one before."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

FREE = 5
"""So many failures cost nothing: people mistype."""

LONGEST_MS = 60_000
FORGOTTEN_MS = 24 * 60 * 60 * 1_000
"""After so long without a failure all is as if there had been none."""

MOST_COUNTERS = 50_000


class TooSoon(Exception):
    """Another attempt is looked at only after ``wait_ms`` milliseconds."""

    def __init__(self, wait_ms: int) -> None:
        super().__init__(f"too many failures: come back in {wait_ms} ms")
        self.wait_ms = wait_ms


@dataclass(slots=True)
class _Counter:
    failures: int
    free_at_ms: int
    seen_ms: int


class Attempts:
    """How often somebody tried to be ``name``, coming from ``source``.

    A source is a word for where the attempt comes from that strangers cannot choose: each has a
    counter of its own, so that whoever guesses from elsewhere keeps nobody out. An attempt counts
    as a failure from its beginning, or those that are made at the same time would all be free.

    Memory is bounded: past ``max_counters`` the one that was used longest ago is forgotten.
    """

    def __init__(self, max_counters: int = MOST_COUNTERS) -> None:
        self._max_counters = max_counters
        self._counters: OrderedDict[tuple[str, str], _Counter] = OrderedDict()

    def begin(self, name: str, source: str, now_ms: int) -> None:
        """Count an attempt; raises TooSoon, and counts nothing, where it comes too early.

        ``now_ms`` comes from a clock that does not jump.
        """
        key = (name, source)
        counter = self._counters.pop(key, None)
        if counter is None or now_ms - counter.seen_ms >= FORGOTTEN_MS:
            counter = _Counter(0, now_ms, now_ms)
        self._counters[key] = counter
        if len(self._counters) > self._max_counters:
            self._counters.popitem(last=False)
        if now_ms < counter.free_at_ms:
            raise TooSoon(counter.free_at_ms - now_ms)
        counter.failures += 1
        counter.seen_ms = now_ms
        counter.free_at_ms = now_ms + _delay_ms(counter.failures)

    def succeeded(self, name: str, source: str) -> None:
        """It was the right one: begin anew."""
        self._counters.pop((name, source), None)

    def unjudged(self, name: str, source: str) -> None:
        """Nobody could look at the attempt: it does not count."""
        counter = self._counters.get((name, source))
        if counter is not None:
            counter.failures = max(0, counter.failures - 1)
            counter.free_at_ms = counter.seen_ms + _delay_ms(counter.failures)


def _delay_ms(failures: int) -> int:
    return 0 if failures < FREE else min(LONGEST_MS, 1_000 << min(failures - FREE, 16))

"""What is wanted often and done seldom."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Seldom:
    """Does something soon after it is wanted, and never twice within ``interval_s``."""

    def __init__(
        self, clock: IReactorTime, interval_s: float, action: Callable[[], object]
    ) -> None:
        self._clock = clock
        self._interval_s = interval_s
        self._action = action
        self._next_s = 0.0
        self._coming: IDelayedCall | None = None
        self._stopped = False

    def want(self) -> None:
        """Do it at the end of this turn, or as soon as it may be done again."""
        if self._coming is None and not self._stopped:
            wait_s = max(0.0, self._next_s - self._clock.seconds())
            self._coming = self._clock.callLater(wait_s, self._do)

    def stop(self) -> None:
        """Do it never more."""
        self._stopped = True
        if self._coming is not None:
            self._coming.cancel()
            self._coming = None

    def _do(self) -> None:
        self._coming = None
        self._next_s = self._clock.seconds() + self._interval_s
        self._action()

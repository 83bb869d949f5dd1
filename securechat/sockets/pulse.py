"""Whether those who are silent are still there: all connections are asked, without a timer each."""

from __future__ import annotations

from typing import Protocol

from twisted.logger import Logger

log = Logger()

PING_EVERY_S = 30
"""So often every connection is asked, and so long it has to give a sign of life."""


class Asked(Protocol):
    """A connection, as far as its pulse is taken."""

    def ask(self) -> None:
        """Ping; or end it, where nothing has come since the last ping."""


class Pulse:
    """Asks every connection once in PING_EVERY_S; a part of them each second."""

    def __init__(self) -> None:
        self._parts: list[dict[Asked, None]] = [{} for _ in range(PING_EVERY_S)]
        self._next = 0

    def add(self, one: Asked) -> None:
        """Ask ``one`` from now on, for the first time after PING_EVERY_S."""
        self._parts[self._next - 1][one] = None

    def discard(self, one: Asked) -> None:
        """Ask ``one`` no more."""
        for part in self._parts:
            part.pop(one, None)

    def beat(self) -> None:
        """Ask those whose turn it is; call every second."""
        part = self._parts[self._next]
        self._next = (self._next + 1) % len(self._parts)
        for one in list(part):
            try:
                one.ask()
            except Exception:  # noqa: BLE001 - one broken connection must not keep the others from it
                log.failure("a connection could not be asked")

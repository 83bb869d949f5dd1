"""A store of which the n-th call goes wrong, in each of the ways that a call can."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater

from securechat.core.errors import Unavailable
from tests.unit.memory import MemoryRooms, MemoryStore

Port = Callable[[], Awaitable[Any]]
Stumble = Callable[[Clock, Port], Awaitable[Any]]

SLOW_S = 3.0
LATE_S = 4.5
"""The store's own deadline."""


async def away(clock: Clock, port: Port) -> Any:
    """Nothing happens."""
    raise Unavailable("away")


async def unheard(clock: Clock, port: Port) -> Any:
    """It happens, and the answer is lost."""
    await port()
    raise Unavailable("the answer was lost")


async def slow(clock: Clock, port: Port) -> Any:
    """It happens, and takes its time."""
    await deferLater(clock, SLOW_S)
    return await port()


async def late(clock: Clock, port: Port) -> Any:
    """It happens after everybody has given up."""
    await deferLater(clock, LATE_S)
    await port()
    raise Unavailable("late")


async def broken(clock: Clock, port: Port) -> Any:
    """A mistake of our own, before anything happens."""
    raise RuntimeError("bug")


STUMBLES: Sequence[Stumble] = (away, unheard, slow, late, broken)


class Stumbling:
    """Every port of ``store``; call number ``failing`` (from 1) goes the way of ``stumble``."""

    def __init__(self, store: MemoryStore, clock: Clock, failing: int, stumble: Stumble) -> None:
        self._places = (MemoryRooms(store), store)
        self.calls: list[str] = []
        self._clock = clock
        self._failing = failing
        self._stumble = stumble

    def __getattr__(self, name: str) -> Callable[..., Deferred[Any]]:
        port = next(getattr(place, name) for place in self._places if hasattr(place, name))

        async def called(*values: Any) -> Any:
            self.calls.append(name)
            if len(self.calls) == self._failing:
                return await self._stumble(self._clock, lambda: port(*values))
            return await port(*values)

        return lambda *values: Deferred.fromCoroutine(called(*values))

    @property
    def stumbled(self) -> str | None:
        """The call that went wrong; None where the run had fewer calls."""
        return self.calls[self._failing - 1] if len(self.calls) >= self._failing else None

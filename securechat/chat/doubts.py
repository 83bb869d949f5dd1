"""Doubts: what may have been committed although its answer was lost must still be heard of."""

from __future__ import annotations

from collections.abc import Iterable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ..core.errors import Unavailable
from ..core.model import RoomId, UserId
from ..core.ports import Bus, Events, Reached, RoomsChanged

log = Logger()

LOOK_AFTER_S = 1.0
"""How long after a lost answer the room's newest number is asked for, and again until it comes."""


class Doubts:
    """Rooms and people of whom nobody knows whether the last change to them is stored."""

    def __init__(self, events: Events, bus: Bus, clock: IReactorTime) -> None:
        self._events = events
        self._bus = bus
        self._clock = clock
        self._rooms: set[RoomId] = set()
        self._people: set[UserId] = set()
        self._looking: IDelayedCall | None = None
        self._closed = False

    def add(self, rooms: Iterable[RoomId], people: Iterable[UserId] = ()) -> None:
        """As soon as the database answers, tell how far ``rooms`` are.

        And that what rooms ``people`` are in may be another.
        """
        self._rooms.update(rooms)
        self._people.update(people)
        if self._looking is None and not self._closed:
            self._looking = self._clock.callLater(LOOK_AFTER_S, self._look_again)

    def close(self) -> None:
        """Ask no more."""
        self._closed = True
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    def _look_again(self) -> None:
        self._looking = None
        Deferred.fromCoroutine(self._tell()).addErrback(
            lambda failure: log.failure("rooms in doubt were not looked at", failure)
        )

    async def _tell(self) -> None:
        while self._rooms:
            room = self._rooms.pop()
            try:
                seq = await self._events.head(room)
            except Unavailable:
                self.add({room})
                return
            self._bus.publish(Reached(room, seq))
        while self._people:
            self._bus.publish(RoomsChanged(self._people.pop()))

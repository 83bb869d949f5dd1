"""Signals: what people tell without an event: how far they have read, that they are typing."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ..core import rights
from ..core.commands import Read, Typing
from ..core.errors import Code, Refused, Unavailable
from ..core.model import Reading, RoomId, UserId
from ..core.ports import Bus, ReadTo, Rooms, TypingIn

log = Logger()

KEEP_EVERY_S = 0.5
"""Read marks are stored so often, all of them together: every reader moves one at every message,
and the database's writer is there for the messages."""

MOST_AT_ONCE = 500


class Signals:
    """Read marks, which are stored soon, and typing, which is not."""

    def __init__(
        self, rooms: Rooms, bus: Bus, clock: IReactorTime, wall_clock: Callable[[], int]
    ) -> None:
        """``wall_clock`` gives milliseconds since 1970."""
        self._rooms = rooms
        self._bus = bus
        self._clock = clock
        self._wall_clock = wall_clock
        self._reading: dict[tuple[UserId, RoomId], int] = {}
        self._keeping: IDelayedCall | None = None

    async def read(self, user: UserId, command: Read) -> None:
        """Move the person's read mark soon, and tell all of their connections then."""
        if await self._rooms.place_of(user, command.room) is None:
            raise Refused(Code.NOT_A_MEMBER)
        self._note(Reading(user, command.room, command.seq))
        if self._keeping is None:
            self._keep_after(KEEP_EVERY_S)

    async def typing(self, user: UserId, command: Typing) -> None:
        """Tell the others of the room, where ``user`` may post there."""
        place = await self._rooms.place_of(user, command.room)
        if place is None:
            raise Refused(Code.NOT_A_MEMBER)
        rights.check(command, place.standing, place.kind, place.archived, self._wall_clock())
        self._bus.publish(TypingIn(user, command.room, place.last_seq))

    async def drain(self) -> None:
        """Store the marks that wait; one that cannot be is read again by its person."""
        if self._keeping is not None and self._keeping.active():
            self._keeping.cancel()
        try:
            while self._reading:
                await self._keep_some()
        except Unavailable as error:
            log.info("{n} read marks are lost: {why}", n=len(self._reading), why=error)

    def _note(self, reading: Reading) -> None:
        key = reading.user, reading.room
        self._reading[key] = max(reading.seq, self._reading.get(key, 0))

    def _keep_after(self, seconds: float) -> None:
        self._keeping = self._clock.callLater(seconds, self._keep)

    def _keep(self) -> None:
        Deferred.fromCoroutine(self._keep_on()).addErrback(
            lambda failure: log.failure("read marks broke", failure)
        )

    async def _keep_on(self) -> None:
        try:
            await self._keep_some()
        except Unavailable as error:
            log.info("read marks are stored later: {reason}", reason=error)
        except Exception:  # noqa: BLE001 - the next ones must be stored all the same
            log.failure("read marks could not be stored")
        self._keeping = None
        if self._reading:
            self._keep_after(KEEP_EVERY_S)

    async def _keep_some(self) -> None:
        keys = list(self._reading)[:MOST_AT_ONCE]
        batch = [Reading(user, room, self._reading.pop((user, room))) for user, room in keys]
        try:
            marks = await self._rooms.read_to(batch)
        except Unavailable:
            for reading in batch:
                self._note(reading)
            raise
        for reading, mark in zip(batch, marks, strict=True):
            if mark is not None:
                self._bus.publish(ReadTo(reading.user, mark))

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
        self._storing: Deferred[None] | None = None
        self._closed = False

    async def read(self, user: UserId, command: Read) -> None:
        """Move the person's read mark soon, and tell all of their connections then."""
        if await self._rooms.place_of(user, command.room) is None:
            raise Refused(Code.NOT_A_MEMBER)
        if self._closed:
            raise Refused(Code.UNAVAILABLE)
        self._note(Reading(user, command.room, command.seq))
        self._keep_soon()

    async def typing(self, user: UserId, command: Typing) -> None:
        """Tell the others of the room, where ``user`` may post there."""
        place = await self._rooms.place_of(user, command.room)
        if place is None:
            raise Refused(Code.NOT_A_MEMBER)
        rights.check(command, place.standing, place.kind, place.archived, self._wall_clock())
        self._bus.publish(TypingIn(user, command.room, place.last_seq))

    async def drain(self) -> None:
        """Take no more marks and store those that wait; return when nothing is under way.

        One that cannot be stored is read again by its person.
        """
        self._closed = True
        if self._keeping is not None:
            self._keeping.cancel()
            self._keeping = None
        if self._storing is not None:
            await self._storing
        try:
            while self._reading:
                await self._keep_some()
        except Unavailable as error:
            log.info("{n} read marks are lost: {why}", n=len(self._reading), why=error)

    def _note(self, reading: Reading) -> None:
        key = reading.user, reading.room
        self._reading[key] = max(reading.seq, self._reading.get(key, 0))

    def _keep_soon(self) -> None:
        if self._keeping is None and self._storing is None and not self._closed:
            self._keeping = self._clock.callLater(KEEP_EVERY_S, self._keep)

    def _keep(self) -> None:
        self._keeping = None
        storing = self._storing = Deferred.fromCoroutine(self._keep_on())
        storing.addErrback(lambda failure: log.failure("read marks broke", failure))
        storing.addCallback(self._kept)

    def _kept(self, _: None) -> None:
        self._storing = None
        if self._reading:
            self._keep_soon()

    async def _keep_on(self) -> None:
        try:
            await self._keep_some()
        except Unavailable as error:
            log.info("read marks are stored later: {reason}", reason=error)
        except Exception:  # noqa: BLE001 - the next ones must be stored all the same
            log.failure("read marks could not be stored")

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

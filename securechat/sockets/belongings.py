"""What each connection knows of its person's rooms, and telling it what is another now.

Nothing is taken from the news but that something changed: what, is read from the store, once for
all connections of the person. So news that is lost, late or told twice does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ..chat.rooms import RoomReader
from ..core import wire
from ..core.errors import Unavailable
from ..core.model import Belonging, ReadMark, Room, RoomId, UserId
from ..core.ports import News, ReadTo, RoomsChanged
from .reader import Reader, push

log = Logger()

MOST_READINGS = 8
"""So many are under way at once: nobody else's reading waits behind those of a whole crowd."""

_RETRY_S = 1.0

_AGAIN_S = 0.5
"""At least so long between two readings for the same person."""


class Places(Protocol):
    """Where connections are subscribed."""

    def unsubscribe(self, reader: Reader, room: RoomId) -> None:
        """Send ``reader`` nothing more of ``room``."""

    def counted(self, room: RoomId, last_seq: int, members: int) -> None:
        """When ``last_seq`` was the room's newest number, it had so many members."""

    def erased(self, room: RoomId) -> None:
        """Remember nothing of ``room``."""


class Belongings:
    """The rooms of the people who are connected here."""

    def __init__(
        self,
        room_reader: RoomReader,
        clock: IReactorTime,
        places: Places,
        readers_of: Callable[[UserId], Iterable[Reader]],
    ) -> None:
        """``readers_of`` gives all connections of a person, also those that say hello just now."""
        self._room_reader = room_reader
        self._clock = clock
        self._places = places
        self._readers_of = readers_of
        # Of each room only a hash of what was shown: thousands of connections know many rooms.
        self._known: dict[Reader, dict[RoomId, int]] = {}
        self.greeted: dict[UserId, int] = {}
        """Who was welcomed here, and the oldest revision of theirs that a welcome showed."""
        self._outdated: set[Reader] = set()
        self._reading: set[UserId] = set()
        self._again: set[UserId] = set()
        # What connections were shown, or lost, while a reading for their person was under way.
        self._newer: dict[Reader, set[RoomId]] = {}
        self._turns = DeferredSemaphore(MOST_READINGS)

    def know(self, reader: Reader, rooms: Iterable[Room]) -> None:
        """Note that ``reader`` is being shown ``rooms``."""
        known = self._known.setdefault(reader, {})
        for room in rooms:
            known[room.id] = _shown(room)
            self._places.counted(room.id, room.last_seq, room.members)
            self._overtake(reader, room.id)
        if reader in self._outdated:
            # What it is shown was read before something changed.
            self._outdated.discard(reader)
            self._read(reader.user_id)
        elif reader.user_id in self._reading:
            self._again.add(reader.user_id)

    def welcome(self, reader: Reader, belonging: Belonging) -> None:
        """Note that ``reader`` is welcomed with these rooms."""
        user, revision = reader.user_id, belonging.revision
        self.greeted[user] = min(revision, self.greeted.get(user, revision))
        self.know(reader, belonging.rooms)

    def forget(self, reader: Reader) -> None:
        """The connection has ended."""
        self._known.pop(reader, None)
        if not any(other in self._known for other in self._readers_of(reader.user_id)):
            self.greeted.pop(reader.user_id, None)
        self._outdated.discard(reader)
        self._newer.pop(reader, None)

    def lose(self, reader: Reader, room: RoomId) -> None:
        """The fan-out has ended a subscription, since its person may not read on: tell so.

        Whoever is back in the room by now is told that next.
        """
        self._known.get(reader, {}).pop(room, None)
        self._overtake(reader, room)
        reader.outbox.send_live(push("removed", room=room))
        self._read(reader.user_id)

    def hear(self, news: News) -> None:
        """Take news from the bus."""
        if isinstance(news, RoomsChanged):
            self._read(news.user)
        elif isinstance(news, ReadTo):
            self._tell_mark(news.user, news.mark)

    def _tell_mark(self, user: UserId, mark: ReadMark) -> None:
        frame = push(
            "read", room=mark.room, seq=mark.seq, unread=mark.unread, mentions=mark.mentions
        )
        for reader in self._readers_of(user):
            if mark.room in self._known.get(reader, {}):
                reader.outbox.send_live(frame)

    def _overtake(self, reader: Reader, room: RoomId) -> None:
        """What a reading under way says of ``room`` may be older than what ``reader`` knows."""
        if reader.user_id in self._reading:
            self._newer.setdefault(reader, set()).add(room)

    def _read(self, user: UserId) -> None:
        readers = list(self._readers_of(user))
        self._outdated.update(reader for reader in readers if reader not in self._known)
        if user in self._reading:
            self._again.add(user)
        elif any(reader in self._known for reader in readers):
            self._reading.add(user)
            Deferred.fromCoroutine(self._keep_reading(user)).addErrback(
                lambda failure: log.failure("the rooms of {user} were not read", failure, user=user)
            )

    async def _keep_reading(self, user: UserId) -> None:
        """Read and tell until nothing changed meanwhile; a burst of changes is one reading."""
        pause_s = 0.0
        try:
            while True:
                await deferLater(self._clock, pause_s)
                if not any(self._readers_of(user)):
                    return
                try:
                    rooms = await self._rooms_of(user)
                    self._tell(user, rooms, await self._erased(user, rooms))
                    if user not in self._again:
                        return
                    pause_s = _AGAIN_S
                except Unavailable as error:
                    log.info("rooms are looked at later: {reason}", reason=error)
                    pause_s = _RETRY_S
                except Exception:  # noqa: BLE001 - nobody would be told otherwise
                    log.failure("the rooms of {user} could not be told", user=user)
                    pause_s = _RETRY_S
        finally:
            self._reading.discard(user)
            self._again.discard(user)
            self._catch_up(user)

    def _catch_up(self, user: UserId) -> None:
        """Nothing is newer than the next reading."""
        for reader in self._readers_of(user):
            self._newer.pop(reader, None)

    async def _rooms_of(self, user: UserId) -> list[Room]:
        await self._turns.acquire()
        try:
            self._again.discard(user)
            self._catch_up(user)
            return await self._room_reader.rooms_of(user)
        finally:
            self._turns.release()

    async def _erased(self, user: UserId, rooms: list[Room]) -> frozenset[RoomId]:
        """Those of the rooms that the person is not in any more that nobody is in."""
        known = {room for reader in self._readers_of(user) for room in self._known.get(reader, ())}
        gone = known - {room.id for room in rooms}
        erased = await self._room_reader.erased(list(gone)) if gone else frozenset()
        for room in erased:
            self._places.erased(room)
        return erased

    def _tell(self, user: UserId, rooms: list[Room], erased: frozenset[RoomId]) -> None:
        shown = {room.id: _shown(room) for room in rooms}
        for room in rooms:
            self._places.counted(room.id, room.last_seq, room.members)
        for reader in list(self._readers_of(user)):
            known = self._known.get(reader)
            if known is None:
                continue
            newer = self._newer.get(reader, set())
            for gone in known.keys() - shown.keys() - newer:
                del known[gone]
                self._places.unsubscribe(reader, gone)
                why = {"reason": "erased"} if gone in erased else {}
                reader.outbox.send_live(push("removed", room=gone, **why))
            for room in rooms:
                if room.id not in newer and known.get(room.id) != shown[room.id]:
                    known[room.id] = shown[room.id]
                    reader.outbox.send_live(push("room", room=wire.room_fields(room)))


def _shown(room: Room) -> int:
    """A hash of all that a ``room`` frame tells, but for what every message changes."""
    return hash(
        (
            room.name,
            room.kind,
            room.topic,
            room.role,
            room.history,
            room.archived,
            room.since_seq,
            room.retention_days,
            room.people,
        )
    )

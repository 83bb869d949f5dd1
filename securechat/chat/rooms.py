"""Rooms, read: what a member sees on entering, and the pages of what was said.

A room is always found through the person's memberships: one that is not yours does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from twisted.logger import Logger

from ..core.errors import Code, Refused
from ..core.model import (
    Feed,
    Member,
    MessageId,
    Page,
    Person,
    PublicRoom,
    Room,
    RoomId,
    StoredEvent,
    StoredKey,
    UserId,
)
from ..core.ports import Accounts, Events, Rooms

log = Logger()

PAGE_EVENTS = 50
"""What a member who names no number is shown first."""

REPLAY_EVENTS = 500
"""Further behind than this, a member is told of a gap and pages back through it."""

CHUNK_EVENTS = 50

MEMBERS_A_PAGE = 200
FOUND_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """How a member enters a room: events follow from ``start`` + 1, opened by ``keys``.

    ``gap`` is the first and last number that are left out because the member is too far behind.
    """

    room: Room
    start: int
    keys: tuple[StoredKey, ...]
    gap: tuple[int, int] | None


class RoomReader:
    """What members may read."""

    def __init__(self, accounts: Accounts, rooms: Rooms, events: Events) -> None:
        self._accounts = accounts
        self._rooms = rooms
        self._events = events

    async def people(self, viewer: UserId, ids: Sequence[UserId]) -> list[Person]:
        """Those of ``ids`` who are members or authors of rooms that ``viewer`` is in."""
        return await self._accounts.people(viewer, ids)

    async def rooms_of(self, user: UserId) -> list[Room]:
        """The rooms that ``user`` is a member of."""
        return await self._rooms.rooms_of(user)

    async def room_of(self, user: UserId, room_id: RoomId) -> Room:
        """The room as ``user``, a member, sees it."""
        room = await self._rooms.room_of(user, room_id)
        if room is None:
            raise Refused(Code.NOT_A_MEMBER)
        return room

    async def members(
        self, viewer: UserId, room: RoomId, after: str, banned: bool = False
    ) -> tuple[list[Member], bool]:
        """A page of the members (or of those banned) by user name, and whether there are more."""
        read = self._rooms.banned if banned else self._rooms.members
        found = await read(viewer, room, after, MEMBERS_A_PAGE + 1)
        if found is None:
            raise Refused(Code.NOT_A_MEMBER)
        return found[:MEMBERS_A_PAGE], len(found) > MEMBERS_A_PAGE

    async def find(self, viewer: UserId, text: str, after: str) -> tuple[list[PublicRoom], bool]:
        """A page of the public rooms whose name holds ``text``, and whether there are more."""
        found = await self._rooms.find(viewer, text, after, FOUND_A_PAGE + 1)
        return found[:FOUND_A_PAGE], len(found) > FOUND_A_PAGE

    async def enter(self, user: UserId, room_id: RoomId, since: int | None) -> Entry:
        """Where ``user``, who has everything up to ``since`` (None: nothing), goes on reading."""
        room = await self.room_of(user, room_id)
        newest = max(room.since_seq, room.last_seq - PAGE_EVENTS)
        gap = None
        # Of the events up to since_seq this member hears nothing, not even that they are left out.
        have = newest if since is None else max(since, room.since_seq)
        if room.last_seq - have > REPLAY_EVENTS:
            start, gap = newest, (have + 1, newest)
        else:
            start = min(have, room.last_seq)
        keys = await self._events.keys(room_id, start + 1, room.last_seq)
        return Entry(room, start, keys, gap)

    async def after(self, user: UserId, room: RoomId, seq: int) -> Page:
        """The next events after number ``seq``, at most CHUNK_EVENTS, without a hole."""
        page = await self._events.after(user, room, seq, CHUNK_EVENTS)
        if page is None:
            raise Refused(Code.NOT_A_MEMBER)
        first = max(seq, page.since_seq) + 1
        last = min(page.last_seq, first + CHUNK_EVENTS - 1)
        return replace(page, events=_whole(page.events, room, first, last))

    async def before(self, user: UserId, room: RoomId, seq: int, limit: int) -> Page:
        """The last ``limit`` events before number ``seq``, without a hole."""
        page = await self._events.before(user, room, seq, limit)
        if page is None:
            raise Refused(Code.NOT_A_MEMBER)
        last = min(seq - 1, page.last_seq)
        first = max(page.since_seq + 1, last - limit + 1)
        return replace(page, events=_whole(page.events, room, first, last))

    async def heads(self, rooms: Sequence[RoomId]) -> Mapping[RoomId, int]:
        """The newest numbers of ``rooms``."""
        return await self._rooms.heads(rooms)

    async def feed(
        self, room: RoomId, seq: int, people: Sequence[UserId], kid: str | None = None
    ) -> Feed:
        """The next events after number ``seq`` for an audience, without a hole.

        Of ``people`` it says who may see them, unless ``kid``, which seals event ``seq``, proves
        that nobody was removed.
        """
        feed = await self._events.feed(room, seq, CHUNK_EVENTS, people, kid)
        last = min(feed.last_seq, seq + CHUNK_EVENTS)
        return replace(feed, events=_whole(feed.events, room, seq + 1, last))


def _whole(
    events: tuple[StoredEvent, ...], room: RoomId, first: int, last: int
) -> tuple[StoredEvent, ...]:
    """``events`` with every number from ``first`` to ``last``.

    Numbers have no gaps: a row that is missing was taken out of the database. Its place is shown
    as damaged, which is what an event with empty parts is to every reader.
    """
    if [event.seq for event in events] == list(range(first, last + 1)):
        return events
    found = {event.seq: event for event in events}
    missing = [seq for seq in range(first, last + 1) if seq not in found]
    log.error("room {room} lacks {count} events", room=room, count=len(missing), missing=missing)
    return tuple(found.get(seq) or _lost(room, seq) for seq in range(first, last + 1))


def _lost(room: RoomId, seq: int) -> StoredEvent:
    return StoredEvent(room, seq, MessageId(""), UserId(""), b"", b"", b"", b"", b"")

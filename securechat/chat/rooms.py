"""Rooms, read: what a member sees on entering, and the pages of what was said.

A room is always found through the person's memberships: one that is not yours does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from twisted.logger import Logger

from ..core.errors import Code, Refused
from ..core.model import (
    Asking,
    Belonging,
    Feed,
    Glance,
    Member,
    MessageId,
    Page,
    Person,
    PublicRoom,
    Room,
    RoomId,
    Sight,
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

REMEMBERED_EVENTS = 128
"""So many of a room's newest events are read for all who come back."""

CHUNK_EVENTS = 50

NOWHERE = Belonging(0, ())

MEMBERS_A_PAGE = 200
FOUND_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """How a member enters a room: events follow from ``start`` + 1, opened by ``keys``.

    ``gap`` is the first and last number that are left out because the member is too far behind.
    """

    sight: Sight
    start: int
    keys: tuple[StoredKey, ...]
    gap: tuple[int, int] | None


def entry(sight: Sight, keys: Sequence[StoredKey], since: int | None) -> Entry:
    """Where a member who has everything up to ``since`` (None: nothing) goes on reading.

    ``keys`` are the room's, at least those of its newest REPLAY_EVENTS events, by epoch.
    """
    newest = max(sight.since_seq, sight.last_seq - PAGE_EVENTS)
    gap = None
    # Of the events up to since_seq this member hears nothing, not even that they are left out.
    have = newest if since is None else max(since, sight.since_seq)
    if sight.last_seq - have > REPLAY_EVENTS:
        start, gap = newest, (have + 1, newest)
    else:
        start = min(have, sight.last_seq)
    return Entry(sight, start, _sealing(keys, start + 1, sight.last_seq), gap)


def _sealing(keys: Sequence[StoredKey], first: int, last: int) -> tuple[StoredKey, ...]:
    """Those of ``keys`` that seal one of the events ``first`` to ``last``."""
    ends = [key.first_seq - 1 for key in keys[1:]] + [last]
    return tuple(
        key
        for key, end in zip(keys, ends, strict=False)
        if max(first, key.first_seq) <= min(last, end)
    )


class RoomReader:
    """What members may read."""

    def __init__(self, accounts: Accounts, rooms: Rooms, events: Events) -> None:
        self._accounts = accounts
        self._rooms = rooms
        self._events = events

    async def people(self, viewer: UserId, ids: Sequence[UserId]) -> list[Person]:
        """Those of ``ids`` who are members or authors of rooms that ``viewer`` is in."""
        return await self._accounts.people(viewer, ids)

    async def seen_in(
        self, user: UserId, rooms: Sequence[RoomId]
    ) -> tuple[Person, Mapping[RoomId, int]] | None:
        """What somebody is called, and in which of ``rooms`` that is seen, with their last numbers.

        None: nobody has this id.
        """
        return await self._accounts.seen_in(user, rooms)

    async def rooms_of(self, user: UserId) -> list[Room]:
        """The rooms that ``user`` is a member of."""
        return await self._rooms.rooms_of(user)

    async def erased(self, rooms: Sequence[RoomId]) -> frozenset[RoomId]:
        """Those of ``rooms`` that were erased."""
        return await self._rooms.erased(rooms)

    async def belongings(self, users: Sequence[UserId]) -> list[Belonging]:
        """The rooms of each of ``users``, read at once; none of who is nobody."""
        found = await self._rooms.belongings(list(dict.fromkeys(users)))
        return [found.get(user, NOWHERE) for user in users]

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

    async def glance(self, askings: Mapping[RoomId, Asking]) -> Mapping[RoomId, Glance]:
        """What those must know who read on in these rooms, without a hole; for all at once.

        Rooms of which nobody who asks is a member are left out.
        """
        found = await self._events.glance(askings, REMEMBERED_EVENTS, REPLAY_EVENTS)
        return {room: _all_new(room, glance) for room, glance in found.items()}

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
    log.error(
        "room {room} lacks {count} events",
        event="missing",
        room=room,
        count=len(missing),
        missing=missing,
    )
    return tuple(found.get(seq) or _lost(room, seq) for seq in range(first, last + 1))


def _all_new(room: RoomId, glance: Glance) -> Glance:
    destroyed = tuple(event for event in glance.events if event.seq <= glance.fresh)
    new = glance.events[len(destroyed) :]
    last_seq = max(sight.last_seq for sight in glance.sights.values())
    return replace(glance, events=destroyed + _whole(new, room, glance.fresh + 1, last_seq))


def _lost(room: RoomId, seq: int) -> StoredEvent:
    return StoredEvent(room, seq, MessageId(""), UserId(""), b"", b"", b"", b"", b"")

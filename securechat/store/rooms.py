"""Rooms, always found through somebody's memberships; implements the port Rooms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from twisted.internet.defer import Deferred

from ..core.errors import Code, Refused
from ..core.model import (
    Belonging,
    Member,
    PublicRoom,
    Reading,
    ReadMark,
    Room,
    RoomId,
    UserId,
)
from ..core.rights import Place, Rank, Standing
from . import unread
from .admission import until
from .database import Database
from .people import person_from
from .transaction import Row, Transaction, chunks, marks
from .unread import Stretch

REVISIONS = "SELECT id, revision FROM users WHERE id IN ({users})"
ROOMS_OF = """
    SELECT m.user_id, r.id, r.name, r.kind, r.topic, r.last_seq, m.read_seq, r.members,
        m.role, r.history, r.archived, m.since_seq, r.retention_days
    FROM memberships m JOIN rooms r ON r.id = m.room_id
    WHERE m.user_id IN ({users})"""
ROOM_OF = ROOMS_OF.format(users="?") + " AND m.room_id = ?"
PEOPLE = "SELECT room_id, user_id FROM memberships WHERE room_id IN ({rooms})"
PLACE = """
    SELECT u.role, m.role, m.muted_until_ms, r.kind, r.archived, r.last_seq
    FROM memberships m JOIN rooms r ON r.id = m.room_id JOIN users u ON u.id = m.user_id
    WHERE m.room_id = ? AND m.user_id = ?"""
MEMBERS = """
    SELECT u.id, u.username, u.full_name, m.role, m.muted_until_ms
    FROM memberships m JOIN users u ON u.id = m.user_id
    WHERE m.room_id = ? AND u.username > ? ORDER BY u.username LIMIT ?"""
BANNED = """
    SELECT u.id, u.username, u.full_name, 'member', 0
    FROM bans b JOIN users u ON u.id = b.user_id
    WHERE b.room_id = ? AND u.username > ? ORDER BY u.username LIMIT ?"""
# The escape is not the backslash, which MariaDB reads in its own way.
FIND = """
    SELECT r.id, r.name, r.topic, r.members, m.user_id IS NOT NULL
    FROM rooms r LEFT JOIN memberships m ON m.room_id = r.id AND m.user_id = ?
    WHERE r.kind = 'public' AND r.archived = 0 AND r.id > ?
        AND LOWER(r.name) LIKE LOWER(?) ESCAPE '!'
        AND NOT EXISTS (SELECT 1 FROM bans b JOIN users u ON u.id = b.user_id
            WHERE b.room_id = r.id AND b.user_id = ? AND u.role <> 'administrator')
    ORDER BY r.id LIMIT ?"""
READING = """
    SELECT r.last_seq, m.read_seq, m.since_seq
    FROM memberships m JOIN rooms r ON r.id = m.room_id
    WHERE m.room_id = ? AND m.user_id = ?"""
READ_ON = """
    UPDATE memberships SET read_seq = ? WHERE room_id = ? AND user_id = ? AND read_seq < ?"""
HEADS = "SELECT id, last_seq FROM rooms WHERE id IN ({rooms})"
ERASED = "SELECT id FROM rooms WHERE id IN ({rooms}) AND kind = 'erased'"


@dataclass(frozen=True, slots=True)
class _Progress:
    """How far somebody has read; sees nothing up to ``since_seq``."""

    last_seq: int
    read_seq: int
    since_seq: int


class Rooms:
    """All SQL that shows rooms."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rooms_of(self, user: UserId) -> Deferred[list[Room]]:
        """The rooms that ``user`` is a member of, by name."""

        return self._database.read("rooms_of", lambda tx: _rooms_of(tx, [user]).get(user, []))

    def belongings(self, users: Sequence[UserId]) -> Deferred[Mapping[UserId, Belonging]]:
        """The same for many at once; who is nobody is left out."""
        asked = tuple(users)

        def work(tx: Transaction) -> Mapping[UserId, Belonging]:
            # Revisions first: what changes after that shows in the revision that is read next.
            revisions: list[Row] = []
            for some in chunks(asked):
                revisions += tx.all(REVISIONS.format(users=marks(some)), *some)
            rooms = _rooms_of(tx, asked)
            return {
                UserId(user): Belonging(revision, tuple(rooms.get(UserId(user), ())))
                for user, revision in revisions
            }

        return self._database.read("belongings", work)

    def room_of(self, user: UserId, room: RoomId) -> Deferred[Room | None]:
        """The room, or None where it does not exist or ``user`` is not a member."""

        def work(tx: Transaction) -> Room | None:
            rooms = _shown(tx, tx.all(ROOM_OF, user, room)).get(user)
            return rooms[0] if rooms else None

        return self._database.read("room_of", work)

    def place_of(self, user: UserId, room: RoomId) -> Deferred[Place | None]:
        """Where ``user`` stands in the room, if anywhere. Cheaper than ``room_of``."""
        return self._database.read("place_of", lambda tx: place(tx, user, room))

    def members(
        self, viewer: UserId, room: RoomId, after: str, limit: int
    ) -> Deferred[list[Member] | None]:
        """The first ``limit`` members by user name, above ``after``; None: viewer is no member."""

        def work(tx: Transaction) -> list[Member] | None:
            if place(tx, viewer, room) is None:
                return None
            return [_member(row) for row in tx.all(MEMBERS, room, after, limit)]

        return self._database.read("members", work)

    def banned(
        self, viewer: UserId, room: RoomId, after: str, limit: int
    ) -> Deferred[list[Member] | None]:
        """The same of those who are banned; Refused (``forbidden``) below a moderator."""

        def work(tx: Transaction) -> list[Member] | None:
            mine = place(tx, viewer, room)
            if mine is None:
                return None
            if mine.standing.rank < Rank.MODERATOR:
                raise Refused(Code.FORBIDDEN)
            return [_member(row) for row in tx.all(BANNED, room, after, limit)]

        return self._database.read("banned", work)

    def find(self, viewer: UserId, text: str, after: str, limit: int) -> Deferred[list[PublicRoom]]:
        """The first ``limit`` public rooms, by id above ``after``, whose name holds ``text``.

        Without regard to the case of A to Z (MariaDB: of all letters).
        """

        def work(tx: Transaction) -> list[PublicRoom]:
            rows = tx.all(FIND, viewer, after, f"%{_literal(text)}%", viewer, limit)
            return [
                PublicRoom(RoomId(id_), name, topic, members, bool(joined))
                for id_, name, topic, members, joined in rows
            ]

        return self._database.read("find", work)

    def read_to(self, readings: Sequence[Reading]) -> Deferred[list[ReadMark | None]]:
        """Move read marks forward (never back, never past the newest); None: no member.

        The marks that move, move together; one mark a reading, as it is read after that.
        """
        return Deferred.fromCoroutine(self._read_to(tuple(readings)))

    def heads(self, rooms: Sequence[RoomId]) -> Deferred[Mapping[RoomId, int]]:
        """The newest numbers of ``rooms`` (any number of them), read at once."""
        wanted = tuple(rooms)

        def work(tx: Transaction) -> Mapping[RoomId, int]:
            return {
                RoomId(id_): last_seq
                for some in chunks(wanted)
                for id_, last_seq in tx.all(HEADS.format(rooms=marks(some)), *some)
            }

        return self._database.read("heads", work)

    def erased(self, rooms: Sequence[RoomId]) -> Deferred[frozenset[RoomId]]:
        """Those of ``rooms`` that were erased."""
        wanted = tuple(rooms)

        def work(tx: Transaction) -> frozenset[RoomId]:
            return frozenset(
                RoomId(id_)
                for some in chunks(wanted)
                for (id_,) in tx.all(ERASED.format(rooms=marks(some)), *some)
            )

        return self._database.read("erased", work)

    async def _read_to(self, readings: Sequence[Reading]) -> list[ReadMark | None]:
        # The writer is shared with everybody's posts: it is asked for nothing but the moves.
        moves = await self._database.read("reading", lambda tx: _moves(tx, readings))
        if moves:
            await self._database.write("read_to", lambda tx: _move(tx, moves))
        return await self._database.read(
            "read_marks", lambda tx: [_mark(tx, one.user, one.room) for one in readings]
        )


def place(tx: Transaction, user: UserId, room: RoomId) -> Place | None:
    """Where ``user`` stands in ``room``; None: nowhere."""
    row = tx.one(PLACE, room, user)
    if row is None:
        return None
    server_role, room_role, until_ms, kind, archived, last_seq = row
    standing = Standing(user, server_role, room_role, until(until_ms))
    return Place(standing, kind, bool(archived), last_seq)


def _rooms_of(tx: Transaction, users: Sequence[UserId]) -> dict[UserId, list[Room]]:
    rows: list[Row] = []
    for some in chunks(users):
        rows += tx.all(ROOMS_OF.format(users=marks(some)), *some)
    by_name = sorted(rows, key=lambda row: (row[2].casefold(), row[1]))
    return _shown(tx, by_name)


def _shown(tx: Transaction, rows: Sequence[Row]) -> dict[UserId, list[Room]]:
    """The rooms as these rows' people see them, in the same order."""
    counts = unread.counts(
        tx, [Stretch(UserId(row[0]), RoomId(row[1]), max(row[6], row[11]), row[5]) for row in rows]
    )
    people = _people(tx, sorted({RoomId(row[1]) for row in rows if row[3] == "direct"}))
    shown: dict[UserId, list[Room]] = {}
    for row, count in zip(rows, counts, strict=True):
        shown.setdefault(UserId(row[0]), []).append(_room(row, count, people))
    return shown


def _room(row: Row, count: tuple[int, int], people: Mapping[RoomId, list[UserId]]) -> Room:
    _, id_, name, kind, topic, last_seq, read_seq, members, role, history, *others = row
    archived, since_seq, retention_days = others
    messages, mentions = count
    return Room(
        id=RoomId(id_),
        name=name,
        kind=kind,
        topic=topic,
        last_seq=last_seq,
        read_seq=read_seq,
        members=members,
        role=role,
        history=history,
        archived=bool(archived),
        since_seq=since_seq,
        unread=messages,
        mentions=mentions,
        people=tuple(sorted(people.get(id_, ()))),
        retention_days=retention_days or None,
    )


def _people(tx: Transaction, rooms: Sequence[RoomId]) -> dict[RoomId, list[UserId]]:
    people: dict[RoomId, list[UserId]] = {}
    for some in chunks(rooms):
        for room, user in tx.all(PEOPLE.format(rooms=marks(some)), *some):
            people.setdefault(room, []).append(user)
    return people


def _moves(tx: Transaction, readings: Sequence[Reading]) -> list[Reading]:
    """Those marks that move, to where they move; always in the same order, for the locks' sake."""
    moves = []
    for reading in readings:
        progress = _progress(tx, reading.user, reading.room)
        if progress is not None and min(reading.seq, progress.last_seq) > progress.read_seq:
            moves.append(replace(reading, seq=min(reading.seq, progress.last_seq)))
    return sorted(moves, key=lambda one: (one.room, one.user))


def _move(tx: Transaction, moves: Sequence[Reading]) -> None:
    for one in moves:
        tx.run(READ_ON, one.seq, one.room, one.user, one.seq)


def _progress(tx: Transaction, user: UserId, room: RoomId) -> _Progress | None:
    row = tx.one(READING, room, user)
    return None if row is None else _Progress(*row)


def _mark(tx: Transaction, user: UserId, room: RoomId) -> ReadMark | None:
    progress = _progress(tx, user, room)
    if progress is None:
        return None
    seen = max(progress.read_seq, progress.since_seq)
    [(messages, mentions)] = unread.counts(tx, [Stretch(user, room, seen, progress.last_seq)])
    return ReadMark(room, progress.read_seq, messages, mentions)


def _member(row: Row) -> Member:
    id_, username, full_name, role, until_ms = row
    return Member(person_from((id_, username, full_name)), role, until(until_ms))


def _literal(text: str) -> str:
    """``text`` without the meanings that LIKE gives to some characters."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")

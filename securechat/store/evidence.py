"""What an audit is shown: blocking reads on a connection of its own, one moment a statement.

Nothing is locked and no transaction stays open: a daemon may work on the database meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..core.audit import Complaint, Row
from ..core.errors import Damaged
from ..core.model import RoomId, StoredKey
from ..core.trail import Entry, Head
from . import log, roots, trail
from .faults import Lost
from .transaction import Row as Found
from .transaction import Transaction

ROWS_A_PAGE = 200
MOST_COMPLAINTS = 1_000
"""Lines of one kind of damage that a single statement may bring."""

FILE_FAULTS = f"PRAGMA integrity_check({MOST_COMPLAINTS})"
ROOM_IDS = "SELECT id FROM rooms ORDER BY id"
ROOM = """
    SELECT r.id, r.kind, r.last_seq, r.members,
        (SELECT COUNT(*) FROM memberships m WHERE m.room_id = r.id)
    FROM rooms r WHERE r.id = ?"""
OUTSIDE = """
    SELECT e.seq FROM events e WHERE e.room_id = ? AND e.seq < 1
    UNION ALL
    SELECT e.seq FROM events e JOIN rooms r ON r.id = e.room_id
    WHERE e.room_id = ? AND e.seq > r.last_seq
    ORDER BY 1 LIMIT ?"""
LAST_SEQ = "SELECT last_seq FROM rooms WHERE id = ?"
KEYS = """
    SELECT room_id, epoch, root_id, wrapped, first_seq, created_ms
    FROM room_keys WHERE room_id = ? ORDER BY epoch"""
ROW = """
    SELECT e.room_id, e.seq, e.mid, e.author_id, e.protected, e.encrypted_key, e.iv, e.ciphertext,
        e.tag, e.encrypted_key IS NULL, e.ciphertext IS NULL, a.seq, a.kind, a.target
    FROM events e LEFT JOIN annotations a ON a.room_id = e.room_id AND a.seq = e.seq """
PAGE = ROW + "WHERE e.room_id = ? AND e.seq > ? AND e.seq <= ? ORDER BY e.seq LIMIT ?"
TEXTS = """
    SELECT e.seq FROM events e
    LEFT JOIN annotations a ON a.room_id = e.room_id AND a.seq = e.seq
    WHERE e.room_id = ? AND e.seq >= ? AND e.seq <= ? AND e.encrypted_key IS NOT NULL
        AND (a.kind IS NULL OR a.kind IN ('edit', 'reaction'))
    ORDER BY e.seq LIMIT ?"""
AT = ROW + "WHERE e.room_id = ? AND e.seq = ?"

# What no page shows: each with the reason that is told, giving rooms and numbers.
STRAYS = (
    (
        "is an event of a room that does not exist",
        """SELECT e.room_id, e.seq FROM events e
        WHERE NOT EXISTS (SELECT 1 FROM rooms r WHERE r.id = e.room_id)
        ORDER BY e.room_id, e.seq LIMIT ?""",
    ),
    (
        "is noted as something, but there is no such event",
        """SELECT a.room_id, a.seq FROM annotations a
        WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.room_id = a.room_id AND e.seq = a.seq)
        ORDER BY a.room_id, a.seq LIMIT ?""",
    ),
    (
        "calls somebody by name, but is no message (any more)",
        """SELECT DISTINCT n.room_id, n.seq FROM mentions n
        LEFT JOIN events e ON e.room_id = n.room_id AND e.seq = n.seq
        LEFT JOIN annotations a ON a.room_id = n.room_id AND a.seq = n.seq
        WHERE e.encrypted_key IS NULL OR a.seq IS NOT NULL
        ORDER BY n.room_id, n.seq LIMIT ?""",
    ),
    (
        "has been read, or is hidden from a newcomer, but was never written",
        """SELECT m.room_id, MAX(CASE WHEN m.read_seq > m.since_seq
            THEN m.read_seq ELSE m.since_seq END)
        FROM memberships m JOIN rooms r ON r.id = m.room_id
        WHERE m.read_seq > r.last_seq OR m.since_seq > r.last_seq
        GROUP BY m.room_id ORDER BY m.room_id LIMIT ?""",
    ),
)


@dataclass(frozen=True, slots=True)
class RoomRow:
    """A room: its newest number, how many members it says, and how many there are."""

    id: RoomId
    kind: str
    last_seq: int
    members: int
    memberships: int


class Evidence:
    """One open connection that only reads; Damaged where SQLite cannot read its file."""

    def __init__(self, connection: Any, dialect: Any) -> None:
        self._tx = Transaction(connection, dialect)

    def file_faults(self) -> Iterator[str]:
        """What SQLite itself finds wrong with its file; nothing of other databases."""
        if self._tx.dialect_name == "sqlite":
            for (line,) in self._all(FILE_FAULTS):
                if line != "ok":
                    yield str(line)

    def audit_rows(self, last: int) -> Iterator[Entry]:
        """The rows of the audit log up to number ``last``, in order."""
        reached = -(1 << 63)
        while page := self._all(trail.AFTER, reached, last, ROWS_A_PAGE):
            for row in page:
                yield trail.entry_from(row)
            reached = page[-1][0]

    def audit_newest(self, count: int) -> list[Entry]:
        """The newest ``count`` rows of the audit log, the newest last."""
        return [trail.entry_from(row) for row in reversed(self._all(trail.NEWEST, count))]

    def audit_end(self) -> tuple[int, Head | None]:
        """The newest number of a row, and the head as it was then or later."""
        newest = self._one(trail.TIP)
        return 0 if newest is None else newest[0], trail.head_from(self._one(trail.HEAD))

    def retired(self) -> set[int]:
        """The numbers of the root keys that were retired."""
        with _told():
            return roots.retired(self._tx)

    def has_people(self) -> bool:
        """Whether anybody has an account."""
        return self._one("SELECT 1 FROM users LIMIT 1") is not None

    def room_ids(self) -> list[str]:
        """The ids of all rooms; one that is damaged may hold anything."""
        return [str(room) for (room,) in self._all(ROOM_IDS)]

    def room(self, room: RoomId) -> RoomRow | None:
        """The room as it is now."""
        row = self._one(ROOM, room)
        return None if row is None else RoomRow(RoomId(row[0]), *row[1:])

    def outside(self, room: RoomId) -> list[int]:
        """Numbers of events that are below 1 or above the room's newest number."""
        rows = self._all(OUTSIDE, room, room, MOST_COMPLAINTS)
        return [seq for (seq,) in rows]

    def last_seq(self, room: RoomId) -> int:
        """The room's newest number by now."""
        row = self._one(LAST_SEQ, room)
        return 0 if row is None else int(row[0])

    def keys(self, room: RoomId) -> list[StoredKey]:
        """All keys of the room."""
        return [log.key_from(row) for row in self._all(KEYS, room)]

    def rows(self, room: RoomId, after: int, last: int) -> Iterator[Row]:
        """The room's events numbered above ``after``, up to ``last``, a page at a time."""
        while page := self._all(PAGE, room, after, last, ROWS_A_PAGE):
            yield from map(_row, page)
            after = page[-1][1]

    def texts(self, room: RoomId, first: int, last: int) -> list[int]:
        """Which of the numbers ``first`` to ``last`` somebody wrote, and are not destroyed."""
        rows = self._all(TEXTS, room, first, last, MOST_COMPLAINTS)
        return [seq for (seq,) in rows]

    def row(self, room: RoomId, seq: int) -> Row | None:
        """The event as it is now."""
        found = self._one(AT, room, seq)
        return None if found is None else _row(found)

    def _one(self, sql: str, *values: object) -> Found | None:
        rows = self._all(sql, *values)
        return rows[0] if rows else None

    def _all(self, sql: str, *values: object) -> list[Found]:
        with _told():
            return self._tx.all(sql, *values)

    def strays(self) -> Iterator[Complaint]:
        """Rows that belong to nothing, in any room."""
        for why, sql in STRAYS:
            for room, seq in self._all(sql, MOST_COMPLAINTS):
                yield Complaint(RoomId(room), why, seq, seq)


@contextmanager
def _told() -> Iterator[None]:
    """What SQLite cannot read is damage."""
    try:
        yield
    except Lost as lost:
        if getattr(lost.__cause__, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CORRUPT:
            raise Damaged(f"cannot be read any further: {lost}") from lost
        raise


def _row(found: Found) -> Row:
    key_gone, text_gone, noted, kind, target = found[9:]
    note = None if noted is None else (str(kind), target)
    return Row(log.event_from(found[:9]), bool(key_gone), bool(text_gone), note)

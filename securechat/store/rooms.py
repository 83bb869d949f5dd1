"""Rooms, always found through somebody's memberships; implements the port Rooms."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from ..core.model import Room, RoomId, UserId
from .database import Database
from .transaction import Row, Transaction

ROOMS_OF = """
    SELECT r.id, r.name, r.kind, r.topic, r.last_seq, m.read_seq, r.members
    FROM memberships m JOIN rooms r ON r.id = m.room_id
    WHERE m.user_id = ?"""
ROOM_OF = ROOMS_OF + " AND m.room_id = ?"


class Rooms:
    """All SQL that shows rooms."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rooms_of(self, user: UserId) -> Deferred[list[Room]]:
        """The rooms that ``user`` is a member of, by name."""

        def work(tx: Transaction) -> list[Room]:
            rooms = [_room(row) for row in tx.all(ROOMS_OF, user)]
            return sorted(rooms, key=lambda room: (room.name.casefold(), room.id))

        return self._database.read("rooms_of", work)

    def room_of(self, user: UserId, room: RoomId) -> Deferred[Room | None]:
        """The room, or None where it does not exist or ``user`` is not a member."""

        def work(tx: Transaction) -> Room | None:
            row = tx.one(ROOM_OF, user, room)
            return None if row is None else _room(row)

        return self._database.read("room_of", work)


def _room(row: Row) -> Room:
    return Room(RoomId(row[0]), row[1], row[2], row[3], row[4], row[5], row[6])

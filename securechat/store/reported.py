"""What the operator is shown of a reported message: the number of its newest edit."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from ..core.model import RoomId
from .database import Database
from .transaction import Transaction

LATEST_EDIT = """
    SELECT MAX(seq) FROM annotations WHERE room_id = ? AND target = ? AND kind = 'edit'"""
USERNAME = "SELECT username FROM users WHERE id = ?"
ROOM = "SELECT name FROM rooms WHERE id = ?"


class Reported:
    """Reads for whoever holds the machine: no membership is asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def latest_edit(self, room: RoomId, seq: int) -> Deferred[int | None]:
        """The number of the newest edit of this message, if it was edited."""

        def work(tx: Transaction) -> int | None:
            row = tx.one(LATEST_EDIT, room, seq)
            return None if row is None else row[0]

        return self._database.read("latest_edit", work)

    def username(self, user: str) -> Deferred[str | None]:
        """The user name of this person."""
        return self._first("username", USERNAME, user)

    def room_name(self, room: RoomId) -> Deferred[str | None]:
        """What this room is called."""
        return self._first("room_name", ROOM, room)

    def _first(self, name: str, sql: str, value: str) -> Deferred[str | None]:
        def work(tx: Transaction) -> str | None:
            row = tx.one(sql, value)
            return None if row is None else str(row[0])

        return self._database.read(name, work)

"""What is older than a room keeps: destroyed step by step, each with the event that says so.

Only what people wrote has an age. Who came and went, and what became of the room, stays: it tells
who could read what, and holds nothing that anybody wrote.
"""

from __future__ import annotations

import hashlib
from itertools import takewhile

from twisted.internet.defer import Deferred

from ..core import content, envelope
from ..core.encoding import b64url
from ..core.erasing import STEP_EVENTS, WRITTEN, Step
from ..core.errors import Damaged
from ..core.model import SERVER, MessageId, RoomId
from ..core.ports import Sealer
from . import notices, places
from .act import Act
from .database import Database
from .transaction import Row, Transaction

DAY_MS = 86_400_000

FORGETFUL = "SELECT id FROM rooms WHERE retention_days > 0 AND kind <> 'erased' ORDER BY id"
KEEPS = "SELECT retention_days, expired_seq FROM rooms WHERE id = ?"
FOLLOWING = """
    SELECT e.seq, e.protected, e.encrypted_key IS NULL, a.kind
    FROM events e LEFT JOIN annotations a ON a.room_id = e.room_id AND a.seq = e.seq
    WHERE e.room_id = ? AND e.seq > ? ORDER BY e.seq LIMIT ?"""
EXPIRED_TO = "UPDATE rooms SET expired_seq = ? WHERE id = ?"


class Retention:
    """All SQL that erases by age; the part of the port Erasures that does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def forgetful(self) -> Deferred[list[RoomId]]:
        """The rooms that keep texts for a time only."""
        return self._database.read(
            "forgetful", lambda tx: [RoomId(room) for (room,) in tx.all(FORGETFUL)]
        )

    def expire(self, room: RoomId, now_ms: int, sealer: Sealer) -> Deferred[Step]:
        """Destroy the oldest texts of ``room`` that are older than it keeps; one step of them."""
        return self._database.write("expire", lambda tx: _expire(tx, room, now_ms, sealer))


def _expire(tx: Transaction, room: RoomId, now_ms: int, sealer: Sealer) -> Step:
    keeps = None if places.held(tx, room) is None else tx.one(KEEPS, room)
    if keeps is None or keeps[0] == 0:
        return Step()
    days, expired_seq = keeps
    rows = tx.all(FOLLOWING, room, expired_seq, STEP_EVENTS)
    old = list(takewhile(lambda row: _time_ms(row) < now_ms - days * DAY_MS, rows))
    if not old:
        return Step()
    up_to = old[-1][0]
    tx.run(EXPIRED_TO, up_to, room)
    texts = [seq for seq, _, is_gone, kind in old if not is_gone and kind in WRITTEN]
    is_last = len(old) < STEP_EVENTS
    if not texts:
        return Step(is_last=is_last)
    notices.destroy(tx, room, texts)
    act = Act(tx, SERVER, _mid(room, up_to), now_ms, sealer)
    changed = act.tell(room, "expired", content.said("expired", up_to=up_to))
    return Step(changed, len(texts), is_last)


def _time_ms(row: Row) -> int:
    """When the event was made. What does not say so is as old as what it stands among."""
    try:
        time_ms = envelope.header_fields(bytes(row[1])).get("time")
    except Damaged:
        return 0
    return time_ms if type(time_ms) is int else 0


def _mid(room: RoomId, up_to: int) -> MessageId:
    named = f"expired\n{room}\n{up_to}".encode("ascii")
    return MessageId(b64url(hashlib.sha256(named).digest()[:16]))

"""What is older than a room keeps: destroyed step by step, each with the event that says so.

Only what people wrote has an age. Who came and went, and what became of the room, stays: it tells
who could read what, and holds nothing that anybody wrote.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from twisted.internet.defer import Deferred

from ..core import content, envelope
from ..core.encoding import b64url
from ..core.erasing import STEP_EVENTS, WRITTEN, Step
from ..core.errors import Damaged
from ..core.model import SERVER, MessageId, RoomId, StoredEvent, StoredKey
from ..core.ports import Sealer
from . import log, notices, places
from .act import Act
from .database import Database
from .transaction import Transaction

DAY_MS = 86_400_000

FORGETFUL = "SELECT id FROM rooms WHERE retention_days > 0 AND kind <> 'erased' ORDER BY id"
KEEPS = "SELECT retention_days, expired_seq FROM rooms WHERE id = ?"
FOLLOWING = """
    SELECT e.room_id, e.seq, e.mid, e.author_id, e.protected, e.encrypted_key, e.iv, e.ciphertext,
        e.tag, a.kind
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
    old = _old(tx, room, expired_seq, now_ms - days * DAY_MS, sealer)
    if old.up_to == expired_seq:
        return Step()
    tx.run(EXPIRED_TO, old.up_to, room)
    if not old.texts:
        return Step(is_last=old.is_all)
    notices.destroy(tx, room, old.texts)
    act = Act(tx, SERVER, _mid(room, old.up_to), now_ms, sealer)
    changed = act.tell(room, "expired", content.said("expired", up_to=old.up_to))
    return Step(changed, len(old.texts), old.is_all)


@dataclass
class _Old:
    """What is too old behind a number: up to which, the texts in it, whether that is all of it."""

    up_to: int
    texts: list[int]
    is_all: bool


def _old(tx: Transaction, room: RoomId, after: int, before_ms: int, sealer: Sealer) -> _Old:
    """A step of what was made before ``before_ms``, or less than one where that is all.

    Only what opens says when it was made. What does not, since it is gone or damaged, goes with
    something old behind it: whoever could write to the database must not have us say under our
    seal that what they destroyed had its age.
    """
    old = _Old(after, [], is_all=True)
    texts: list[int] = []
    reached = after
    while rows := tx.all(FOLLOWING, room, reached, STEP_EVENTS):
        events = [(log.event_from(row[:9]), row[9]) for row in rows]
        keys = log.keys_between(tx, room, events[0][0].seq, events[-1][0].seq)
        for event, kind in events:
            made_ms = _made_ms(event, keys, sealer)
            if made_ms is not None and made_ms >= before_ms:
                return old
            if event.encrypted_key and kind in WRITTEN:
                texts.append(event.seq)
            if made_ms is not None:
                old.up_to = event.seq
                old.texts += texts
                texts.clear()
        reached = events[-1][0].seq
        if old.up_to > after:
            old.is_all = len(rows) < STEP_EVENTS
            return old
    return old


def _made_ms(event: StoredEvent, keys: Sequence[StoredKey], sealer: Sealer) -> int | None:
    """When the event was made, as it was sealed; None: it does not open."""
    key = log.key_sealing(keys, event.seq)
    if key is None or not event.encrypted_key:
        return None
    try:
        sealer.open(event, key)
        time_ms = envelope.header_fields(event.protected).get("time")
    except Damaged:
        return None
    return time_ms if type(time_ms) is int else None


def _mid(room: RoomId, up_to: int) -> MessageId:
    named = f"expired\n{room}\n{up_to}".encode("ascii")
    return MessageId(b64url(hashlib.sha256(named).digest()[:16]))

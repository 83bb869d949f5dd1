"""What those need who read on in a room: who they are to it, and what is not remembered of it."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.model import Asking, Glance, RoomId, Sight, UserId
from . import log
from .transaction import Transaction, chunks, marks

SIGHTS = """
    SELECT m.user_id, r.last_seq, r.members, m.since_seq
    FROM memberships m JOIN rooms r ON r.id = m.room_id
    WHERE m.room_id = ? AND m.user_id IN ({users})"""
UNKNOWN = (
    log.EVENT
    + """WHERE room_id = ? AND seq > ? AND seq <= ? AND (seq > ? OR encrypted_key IS NULL)
    ORDER BY seq"""
)


def glance(
    tx: Transaction, askings: Mapping[RoomId, Asking], limit: int, most_behind: int
) -> dict[RoomId, Glance]:
    """Every room in which one of those who ask is a member."""
    found = ((room, _one(tx, room, asking, limit, most_behind)) for room, asking in askings.items())
    return {room: one for room, one in found if one is not None}


def _one(
    tx: Transaction, room: RoomId, asking: Asking, limit: int, most_behind: int
) -> Glance | None:
    """Places are read first, each with the newest number of the same moment.

    Where each statement has a moment of its own, what is read after that may be younger than the
    numbers, never older: whatever was destroyed up to there is seen to be.
    """
    sights: dict[UserId, Sight] = {}
    for some in chunks(asking.people):
        for user, *sight in tx.all(SIGHTS.format(users=marks(some)), room, *some):
            sights[UserId(user)] = Sight(*sight)
    if not sights:
        return None
    last_seq = max(sight.last_seq for sight in sights.values())
    newest = max(0, last_seq - limit)
    lacking = newest if asking.seq is None else min(newest, asking.seq)
    first, last = asking.known or (0, -limit - 1)
    if last_seq - last <= limit:
        floor = first - 1
    else:
        floor = lacking if last_seq - lacking <= most_behind else newest
    fresh = max(floor, last)
    rows = tx.all(UNKNOWN, room, floor, last_seq, fresh)
    seen_from = min(sight.since_seq for sight in sights.values())
    first_key = max(lacking, last_seq - most_behind, seen_from) + 1
    keys = log.keys_between(tx, room, min(first_key, last_seq), last_seq)
    return Glance(sights, floor, fresh, tuple(map(log.event_from, rows)), keys)

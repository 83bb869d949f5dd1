"""What the fan-out reads: a room's next events, and who of its audience may see them."""

from __future__ import annotations

from collections.abc import Sequence

from ..core import envelope
from ..core.model import Feed, RoomId, StoredEvent, UserId
from . import log
from .transaction import Transaction, chunks, marks

SIZE = "SELECT last_seq, members FROM rooms WHERE id = ?"
SINCE = "SELECT user_id, since_seq FROM memberships WHERE room_id = ? AND user_id IN ({users})"


def feed(
    tx: Transaction,
    room: RoomId,
    seq: int,
    limit: int,
    people: Sequence[UserId],
    kid: str | None = None,
) -> Feed:
    """The first ``limit`` events above ``seq``, and those of ``people`` who are members.

    Nobody is asked for where ``kid`` seals all of the events, none missing. Memberships are read
    last: where each statement has a moment of its own, whoever was removed before the newest of
    these events is out of ``since``.
    """
    row = tx.one(SIZE, room)
    if row is None:
        return Feed((), (), 0, 0, {})
    last_seq, members = row
    rows = tx.all(log.AFTER, room, seq, last_seq, limit)
    events = tuple(log.event_from(row) for row in rows)
    keys = log.keys_between(tx, room, events[0].seq, events[-1].seq) if events else ()
    is_whole = len(events) == min(limit, last_seq - seq)
    if is_whole and events and _are_sealed_by(kid, events):
        return Feed(events, keys, last_seq, members, None)
    since: dict[UserId, int] = {}
    for some in chunks(people):
        since.update(tx.all(SINCE.format(users=marks(some)), room, *some))
    return Feed(events, keys, last_seq, members, since)


def _are_sealed_by(kid: str | None, events: Sequence[StoredEvent]) -> bool:
    return kid is not None and all(envelope.kid_of(event) == kid for event in events)

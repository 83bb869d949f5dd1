"""Who is called by name: finds the members that messages mean, and keeps it for their counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..core.model import RoomId, UserId
from .transaction import Transaction, chunks, marks

NAMED = """
    SELECT u.username, u.id FROM users u JOIN memberships m ON m.user_id = u.id
    WHERE m.room_id = ? AND u.username IN ({names})"""
CALLED = "SELECT seq, user_id FROM mentions WHERE room_id = ? AND seq IN ({seqs})"
INSERT_MENTION = "INSERT INTO mentions (user_id, room_id, seq) VALUES (?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Call:
    """Message ``seq`` of a room calls these (folded) user names."""

    room: RoomId
    seq: int
    author: UserId
    names: tuple[str, ...]


def insert(tx: Transaction, calls: Sequence[Call]) -> None:
    """Keep whom the messages call: members of the room, but not the author; each once a message.

    The rooms must be held, so that nobody comes or goes meanwhile.
    """
    for room in sorted({call.room for call in calls}):
        own = [call for call in calls if call.room == room]
        members = _members_named(tx, room, sorted({name for call in own for name in call.names}))
        called = {
            (call.seq, members[name])
            for call in own
            for name in call.names
            if name in members and members[name] != call.author
        }
        fresh = sorted(called - _called(tx, room, sorted({seq for seq, _ in called})))
        tx.run_many(INSERT_MENTION, [(user, room, seq) for seq, user in fresh])


def _members_named(tx: Transaction, room: RoomId, names: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for some in chunks(names):
        found.update(tx.all(NAMED.format(names=marks(some)), room, *some))
    return found


def _called(tx: Transaction, room: RoomId, seqs: Sequence[int]) -> set[tuple[int, str]]:
    """Those of these messages whom somebody was called by already: edits call again."""
    return {
        (seq, user)
        for some in chunks(seqs)
        for seq, user in tx.all(CALLED.format(seqs=marks(some)), room, *some)
    }

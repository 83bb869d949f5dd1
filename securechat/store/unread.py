"""What somebody has not read yet, counted for many rooms in few statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..core.model import MOST_UNREAD, RoomId, UserId
from .transaction import Transaction, chunks

WINDOW_EVENTS = 2_000
"""Only the newest so many events of a room are looked through: a bound for rooms full of
reactions, where a hundred unread messages are far apart."""

COUNTS = """
    SELECT ?,
        (SELECT COUNT(*) FROM (
            SELECT e.seq FROM events e
            LEFT JOIN annotations a ON a.room_id = e.room_id AND a.seq = e.seq
            WHERE e.room_id = ? AND e.seq > ? AND e.seq <= ? AND e.author_id <> ?
                AND (a.seq IS NULL OR a.kind = 'report') AND e.encrypted_key IS NOT NULL
            LIMIT ?) AS messages),
        (SELECT COUNT(*) FROM (
            SELECT n.seq FROM mentions n
            WHERE n.user_id = ? AND n.room_id = ? AND n.seq > ? AND n.seq <= ?
            LIMIT ?) AS calls)"""
ROOMS_A_STATEMENT = 50


@dataclass(frozen=True, slots=True)
class Stretch:
    """The events of a room that ``user`` sees and has not read: above ``seq``, to ``last_seq``."""

    user: UserId
    room: RoomId
    seq: int
    last_seq: int


def counts(tx: Transaction, stretches: Sequence[Stretch]) -> list[tuple[int, int]]:
    """Others' messages and calls of the user in each stretch, each at most MOST_UNREAD.

    A report is a message to those who can see it.
    """
    found = [(0, 0)] * len(stretches)
    open_ones = [number for number, one in enumerate(stretches) if one.last_seq > one.seq]
    for some in chunks(open_ones, ROOMS_A_STATEMENT):
        values = [value for number in some for value in (number, *_values(stretches[number]))]
        for number, *both in tx.all(" UNION ALL ".join([COUNTS] * len(some)), *values):
            found[number] = (both[0], both[1])
    return found


def _values(one: Stretch) -> tuple[object, ...]:
    first = max(one.seq, one.last_seq - WINDOW_EVENTS)
    messages = (one.room, first, one.last_seq, one.user, MOST_UNREAD)
    return *messages, one.user, one.room, one.seq, one.last_seq, MOST_UNREAD

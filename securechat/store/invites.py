"""All SQL about links that let their holder into a room."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.model import InviteLink, RoomId, UserId
from .transaction import Transaction

MOST_GOOD_LINKS = 100
"""Links to one room that are good at the same time."""

INVITE = "SELECT room_id, expires_ms, uses_left FROM invites WHERE digest = ?"
USE = "UPDATE invites SET uses_left = uses_left - 1 WHERE digest = ?"
KEEP = """
    INSERT INTO invites (digest, room_id, author_id, created_ms, expires_ms, uses_left)
    VALUES (?, ?, ?, ?, ?, ?)"""
GOOD = "SELECT COUNT(*) FROM invites WHERE room_id = ? AND expires_ms > ? AND uses_left > 0"
FORGET_EXPIRED = "DELETE FROM invites WHERE room_id = ? AND expires_ms <= ?"
FORGET_ALL = "DELETE FROM invites WHERE room_id = ?"
FORGET_OF = "DELETE FROM invites WHERE room_id = ? AND author_id = ?"


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link as it is kept. A link that is used up stays until it expires: a resend finds it."""

    room: RoomId
    expires_ms: int
    uses_left: int

    def is_good(self, now_ms: int) -> bool:
        """Whether it still lets somebody in, as far as the link goes."""
        return self.expires_ms > now_ms and self.uses_left > 0


def find(tx: Transaction, digest: bytes) -> Invitation | None:
    """The link with this digest; it may change until its room is held."""
    row = tx.one(INVITE, digest)
    return None if row is None else Invitation(RoomId(row[0]), row[1], row[2])


def use(tx: Transaction, digest: bytes) -> None:
    """Take one use of a good link, whose room is held."""
    tx.run(USE, digest)


def keep(tx: Transaction, link: InviteLink, now_ms: int) -> None:
    """Store a new link, and forget those of the same room that have expired."""
    tx.run(FORGET_EXPIRED, link.room, now_ms)
    tx.run(KEEP, link.digest, link.room, link.author, now_ms, link.expires_ms, link.uses)


def how_many_good(tx: Transaction, room: RoomId, now_ms: int) -> int:
    """How many links to the room still let somebody in."""
    row = tx.one(GOOD, room, now_ms)
    return 0 if row is None else int(row[0])


def forget_all(tx: Transaction, room: RoomId) -> None:
    """No link to the room works any more."""
    tx.run(FORGET_ALL, room)


def forget_of(tx: Transaction, room: RoomId, author: UserId) -> None:
    """No link that ``author`` made to the room works any more."""
    tx.run(FORGET_OF, room, author)

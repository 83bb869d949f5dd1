"""All SQL about links that let their holder into a room."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.model import InviteLink, RoomId, UserId
from .transaction import Transaction

MOST_GOOD_LINKS = 1_000
"""Links to one room that are good at the same time …"""

MOST_OWN_GOOD_LINKS = 10
"""… and how many of them one person may have made."""

INVITE = "SELECT room_id, expires_ms, uses_left FROM invites WHERE digest = ?"
BEHIND = """
    SELECT i.room_id FROM invites i
    JOIN memberships m ON m.room_id = i.room_id AND m.user_id = ? WHERE i.digest = ?"""
USE = "UPDATE invites SET uses_left = uses_left - 1 WHERE digest = ?"
KEEP = """
    INSERT INTO invites (digest, room_id, author_id, created_ms, expires_ms, uses_left)
    VALUES (?, ?, ?, ?, ?, ?)"""
GOOD = "SELECT COUNT(*) FROM invites WHERE room_id = ? AND expires_ms > ? AND uses_left > 0"
OWN_GOOD = GOOD + " AND author_id = ?"
FORGET_EXPIRED = "DELETE FROM invites WHERE room_id = ? AND expires_ms <= ?"
FORGET_ALL = "DELETE FROM invites WHERE room_id = ?"
FORGET_OF = "DELETE FROM invites WHERE room_id = ? AND author_id = ?"


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it is kept. A link that is used up stays until it expires: a resend finds it."""

    room: RoomId
    expires_ms: int
    uses_left: int

    def is_good(self, now_ms: int) -> bool:
        """Whether it still lets somebody in, as far as the link goes."""
        return self.expires_ms > now_ms and self.uses_left > 0


def reference(digest: bytes) -> str:
    """What the audit log calls a link; it opens nothing."""
    return digest[:6].hex()


def find(tx: Transaction, digest: bytes) -> Link | None:
    """The link with this digest; it may change until its room is held."""
    row = tx.one(INVITE, digest)
    return None if row is None else Link(RoomId(row[0]), row[1], row[2])


def room_behind(tx: Transaction, digest: bytes, user: UserId) -> RoomId | None:
    """The room of a link, whether or not it is good, where ``user`` is in that room."""
    row = tx.one(BEHIND, user, digest)
    return None if row is None else RoomId(row[0])


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


def how_many_own_good(tx: Transaction, room: RoomId, author: UserId, now_ms: int) -> int:
    """How many of them ``author`` has made."""
    row = tx.one(OWN_GOOD, room, now_ms, author)
    return 0 if row is None else int(row[0])


def forget_all(tx: Transaction, room: RoomId) -> None:
    """No link to the room works any more."""
    tx.run(FORGET_ALL, room)


def forget_of(tx: Transaction, room: RoomId, author: UserId) -> None:
    """No link that ``author`` made to the room works any more."""
    tx.run(FORGET_OF, room, author)

"""All SQL about who is in which room as what, and about a room that is held to be changed.

Rooms are locked before anything else, several of them by id; people (``people.touch``) come after.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..core.model import HistoryRule, PublicRoom, RoomId, RoomKind, RoomRole, UserId
from ..core.rights import Standing
from .admission import WITHOUT_END_MS, until
from .transaction import Transaction

ROOM = """
    SELECT id, name, kind, topic, history, archived, last_seq, members, retention_days
    FROM rooms WHERE id = ?"""
ADD_ROOM = """
    INSERT INTO rooms
        (id, name, kind, topic, last_seq, revision, members, created_ms, history, archived)
    VALUES (?, ?, ?, ?, 0, 1, 0, ?, ?, 0)"""
SHOWN = "SELECT id, name, topic, members FROM rooms WHERE id = ? AND archived = 0"
NAME = "UPDATE rooms SET name = ? WHERE id = ?"
TOPIC = "UPDATE rooms SET topic = ? WHERE id = ?"
ARCHIVED = "UPDATE rooms SET archived = ? WHERE id = ?"
RETENTION = "UPDATE rooms SET retention_days = ? WHERE id = ?"
COUNT = "UPDATE rooms SET members = members + ?, revision = revision + 1 WHERE id = ?"
SEAT = """
    SELECT u.role, m.role, m.muted_until_ms, m.since_seq
    FROM memberships m JOIN users u ON u.id = m.user_id
    WHERE m.room_id = ? AND m.user_id = ?"""
ENTER = """
    INSERT INTO memberships
        (room_id, user_id, role, read_seq, since_seq, joined_ms, muted_until_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
MUTE_LEFT = "SELECT muted_until_ms FROM mutes WHERE room_id = ? AND user_id = ?"
KEEP_MUTE = """
    INSERT INTO mutes (room_id, user_id, muted_until_ms)
    SELECT room_id, user_id, muted_until_ms FROM memberships
    WHERE room_id = ? AND user_id = ? AND muted_until_ms <> 0"""
FORGET_MUTE = "DELETE FROM mutes WHERE room_id = ? AND user_id = ?"
LEAVE = "DELETE FROM memberships WHERE room_id = ? AND user_id = ?"
SET_ROLE = "UPDATE memberships SET role = ? WHERE room_id = ? AND user_id = ?"
SET_MUTE = "UPDATE memberships SET muted_until_ms = ? WHERE room_id = ? AND user_id = ?"
OTHER_OWNER = """
    SELECT 1 FROM memberships WHERE room_id = ? AND user_id <> ? AND role = 'owner' LIMIT 1"""
HEIR = """
    SELECT user_id FROM memberships WHERE room_id = ? AND user_id <> ?
    ORDER BY CASE role WHEN 'moderator' THEN 0 ELSE 1 END, joined_ms, user_id LIMIT 1"""
# No ban keeps out an administrator, also one who became so after it.
BANNED = """
    SELECT 1 FROM bans b JOIN users u ON u.id = b.user_id
    WHERE b.room_id = ? AND b.user_id = ? AND u.role <> 'administrator'"""
HOW_MANY = "SELECT COUNT(*) FROM memberships WHERE user_id = ?"
BAN = "INSERT INTO bans (room_id, user_id, author_id, created_ms) VALUES (?, ?, ?, ?)"
UNBAN = "DELETE FROM bans WHERE room_id = ? AND user_id = ?"


@dataclass(frozen=True, slots=True)
class HeldRoom:
    """A room's row as it was when it was locked; nobody else changes it before COMMIT."""

    id: RoomId
    name: str
    kind: RoomKind
    topic: str
    history: HistoryRule
    archived: bool
    last_seq: int
    members: int
    retention_days: int = 0
    """0: all texts are kept."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody's membership of a room: of the events up to ``since_seq`` they see none."""

    standing: Standing
    since_seq: int


ERASED = "erased"
"""In the place of its kind in the row that is left of a room."""


def held(tx: Transaction, room: RoomId) -> HeldRoom | None:
    """Lock the room until COMMIT; None where there is no such room, or no more."""
    row = tx.one(ROOM + tx.for_update, room)
    if row is None or row[2] == ERASED:
        return None
    id_, name, kind, topic, history, archived, *others = row
    return HeldRoom(RoomId(id_), name, kind, topic, history, bool(archived), *others)


def all_held(tx: Transaction, rooms: Iterable[RoomId]) -> dict[RoomId, HeldRoom]:
    """Lock several rooms, always in the same order; those that exist."""
    found = [held(tx, room) for room in sorted(set(rooms))]
    return {room.id: room for room in found if room is not None}


def add_room(
    tx: Transaction,
    room: RoomId,
    kind: RoomKind,
    name: str,
    topic: str,
    history: HistoryRule,
    now_ms: int,
) -> HeldRoom:
    """Store a room that nobody is in. Raises Conflict where the id exists."""
    tx.run(ADD_ROOM, room, name, kind, topic, now_ms, history)
    return HeldRoom(room, name, kind, topic, history, archived=False, last_seq=0, members=0)


def shown(tx: Transaction, room: RoomId) -> PublicRoom | None:
    """What somebody who is not in the room is shown of it; None where nobody may come in."""
    row = tx.one(SHOWN, room)
    if row is None:
        return None
    id_, name, topic, members = row
    return PublicRoom(RoomId(id_), name, topic, members, joined=False)


def seat_of(tx: Transaction, room: RoomId, user: UserId) -> Seat | None:
    """Where ``user`` sits in the room; None where that is nowhere."""
    row = tx.one(SEAT, room, user)
    if row is None:
        return None
    server_role, room_role, until_ms, since_seq = row
    return Seat(Standing(user, server_role, room_role, until(until_ms)), since_seq)


def enter(
    tx: Transaction, room: HeldRoom, user: UserId, role: RoomRole, since_seq: int, now_ms: int
) -> None:
    """Make ``user`` a member. What was said before has been said to others: it is not unread."""
    mute = tx.one(MUTE_LEFT, room.id, user)
    if mute is not None:
        tx.run(FORGET_MUTE, room.id, user)
    muted_until_ms = 0 if mute is None else mute[0]
    tx.run(COUNT, 1, room.id)
    tx.run(ENTER, room.id, user, role, room.last_seq, since_seq, now_ms, muted_until_ms)


def how_many_of(tx: Transaction, user: UserId) -> int:
    """How many rooms ``user`` is in."""
    row = tx.one(HOW_MANY, user)
    return 0 if row is None else int(row[0])


def leave(tx: Transaction, room: RoomId, user: UserId) -> None:
    """End the membership of ``user``, who has one; a mute outlasts it."""
    tx.run(COUNT, -1, room)
    tx.run(KEEP_MUTE, room, user)
    tx.run(LEAVE, room, user)


def set_role(tx: Transaction, room: RoomId, user: UserId, role: RoomRole) -> None:
    """Give a member another role."""
    tx.run(SET_ROLE, role, room, user)


def set_mute(tx: Transaction, room: RoomId, user: UserId, until_ms: int | None) -> None:
    """Until when (ms since 1970) a member may not post; 0 not muted, None without end."""
    tx.run(SET_MUTE, WITHOUT_END_MS if until_ms is None else until_ms, room, user)


def has_other_owner(tx: Transaction, room: RoomId, user: UserId) -> bool:
    """Whether anybody but ``user`` owns the room."""
    return tx.one(OTHER_OWNER, room, user) is not None


def heir_of(tx: Transaction, room: RoomId, user: UserId) -> UserId | None:
    """Who has been in the room longest beside ``user``: of its moderators, else of all."""
    row = tx.one(HEIR, room, user)
    return None if row is None else UserId(row[0])


def is_banned(tx: Transaction, room: RoomId, user: UserId) -> bool:
    """Whether ``user`` may not come into the room."""
    return tx.one(BANNED, room, user) is not None


def ban(tx: Transaction, room: RoomId, user: UserId, author: UserId, now_ms: int) -> None:
    """Keep ``user``, who is not banned yet, out of the room."""
    tx.run(BAN, room, user, author, now_ms)


def unban(tx: Transaction, room: RoomId, user: UserId) -> bool:
    """Let ``user`` come again; whether that was forbidden."""
    return tx.run(UNBAN, room, user) > 0

"""Erasing rooms: the keys first, then everything else in steps; implements the port Erasures."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred

from ..core import rights
from ..core.commands import EraseRoom
from ..core.erasing import STEP_EVENTS, Erasing
from ..core.errors import Code, Refused
from ..core.model import RoomId, UserId
from ..core.trail import OPERATOR, Deed, Kind
from . import deeds, invites, people, places
from .database import Database
from .departing import Departing
from .places import HeldRoom
from .retention import Retention
from .trail import Trail
from .transaction import Transaction

BEGUN_BY = "SELECT author_id FROM erasures WHERE kind = 'room' AND subject = ?"
BEGIN = """
    INSERT INTO erasures (kind, subject, author_id, messages, begun_ms, ended_ms)
    VALUES (?, ?, ?, ?, ?, 0)"""
UNDER_WAY = """
    SELECT kind, subject, messages FROM erasures WHERE ended_ms = 0 ORDER BY kind, subject"""
END = "UPDATE erasures SET ended_ms = ? WHERE kind = ? AND subject = ?"

MEMBERS = "SELECT user_id FROM memberships WHERE room_id = ? ORDER BY user_id"
FORGET_MEMBERS = "DELETE FROM memberships WHERE room_id = ?"
FORGET_KEYS = "DELETE FROM room_keys WHERE room_id = ?"
# The row stays: an id that came again would be taken for the room that it was.
FORGET_ROOM = """
    UPDATE rooms SET kind = 'erased', name = '', topic = '', archived = 1, members = 0,
        revision = revision + 1
    WHERE id = ?"""

OLDEST = "SELECT seq FROM events WHERE room_id = ? ORDER BY seq LIMIT ?"
# What is about an event goes before it, so that no look in between finds it without one.
FORGET_EVENTS = (
    "DELETE FROM mentions WHERE room_id = ? AND seq <= ?",
    "DELETE FROM annotations WHERE room_id = ? AND seq <= ?",
    "DELETE FROM events WHERE room_id = ? AND seq <= ?",
)
FORGET_REST = (
    "DELETE FROM mentions WHERE room_id = ?",
    "DELETE FROM annotations WHERE room_id = ?",
    "DELETE FROM bans WHERE room_id = ?",
    "DELETE FROM mutes WHERE room_id = ?",
)

TAKE_TURN = "SELECT GET_LOCK(LEFT(CONCAT('erasing:', DATABASE()), 64), 0)"
END_TURN = "SELECT RELEASE_LOCK(LEFT(CONCAT('erasing:', DATABASE()), 64))"


class Erasures(Retention, Departing):
    """All SQL that erases rooms; what erases by age, and people, is in its bases."""

    def __init__(self, database: Database, trail: Trail) -> None:
        Retention.__init__(self, database)
        Departing.__init__(self, database, trail)

    def erase_room(
        self, actor: UserId | None, room: RoomId, now_ms: int
    ) -> Deferred[Sequence[UserId]]:
        """Destroy the room's keys, name, topic, links and memberships; who was a member."""

        def work(tx: Transaction) -> Sequence[UserId]:
            held = places.held(tx, room)
            if held is None:
                begun_by = tx.one(BEGUN_BY, room)
                if begun_by is not None and actor in (None, begun_by[0]):
                    return ()
                raise Refused(Code.NOT_FOUND if actor is None else Code.NOT_A_MEMBER)
            _require_right(tx, actor, held, now_ms)
            members = [UserId(user) for (user,) in tx.all(MEMBERS, room)]
            people.touch(tx, members)
            tx.run(FORGET_KEYS, room)
            tx.run(FORGET_MEMBERS, room)
            invites.forget_all(tx, room)
            tx.run(FORGET_ROOM, room)
            tx.run(BEGIN, "room", room, actor or "", 1, now_ms)
            done = Deed(Kind.ROOM_ERASED, actor or OPERATOR, room)
            self._trail.record(tx, done.saying(members=len(members)))
            return members

        return self._database.write("erase_room", work)

    def under_way(self) -> Deferred[Sequence[Erasing]]:
        """The erasures that have not ended."""

        def work(tx: Transaction) -> Sequence[Erasing]:
            rows = tx.all(UNDER_WAY)
            return [Erasing(kind, subject, bool(messages)) for kind, subject, messages in rows]

        return self._database.read("erasures", work)

    def clear_room(self, room: RoomId, now_ms: int) -> Deferred[int]:
        """Take away the oldest STEP_EVENTS events of an erased room; how many there were.

        With the last of them goes what else there is of the room but its id, and the erasure ends.
        """

        def work(tx: Transaction) -> int:
            oldest = [seq for (seq,) in tx.all(OLDEST, room, STEP_EVENTS)]
            if oldest:
                tx.run_each(FORGET_EVENTS, room, oldest[-1])
            if len(oldest) < STEP_EVENTS:
                tx.run_each(FORGET_REST, room)
                tx.run(END, now_ms, "room", room)
            return len(oldest)

        return self._database.write("clear_room", work)

    def take_turn(self) -> Deferred[bool]:
        """Whether nobody else is at work on erasures now, and whoever asks may begin.

        Only so that daemons do not do the same work: each step is right beside any other.
        """

        def work(tx: Transaction) -> bool:
            if tx.dialect_name == "sqlite":
                return True
            taken = tx.one(TAKE_TURN)
            return taken is not None and taken[0] == 1

        return self._database.write("take_turn", work)

    def end_turn(self) -> Deferred[None]:
        """Let others take their turn. It also ends with the writer's connection."""

        def work(tx: Transaction) -> None:
            if tx.dialect_name != "sqlite":
                tx.one(END_TURN)

        return self._database.write("end_turn", work)


def _require_right(tx: Transaction, actor: UserId | None, room: HeldRoom, now_ms: int) -> None:
    command = EraseRoom("", room.id)
    if actor is not None:
        deeds.require_right(tx, actor, command, room, now_ms)
    else:
        rights.check_room(command, room.id)
        rights.check_kind(command, room.kind)

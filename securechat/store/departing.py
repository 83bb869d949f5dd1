"""Erasing people: the account at once, then places in rooms, and what they wrote, in steps."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from twisted.internet.defer import Deferred

from ..core import content
from ..core.erasing import STEP_EVENTS, Step
from ..core.errors import Code, Refused
from ..core.model import REPORTS, Changed, MessageId, PasswordHash, RoomId, SessionDigest, UserId
from ..core.names import reserved_username
from ..core.ports import Sealer
from ..core.trail import OPERATOR, Deed, Kind
from . import factors, log, membership, notices, places
from .act import Act
from .administration import end_sessions
from .database import Database
from .deletion import is_as_sealed
from .trail import Trail
from .transaction import Transaction

FORGET_MUTES = "DELETE FROM mutes WHERE user_id = ?"
BELONGINGS = (
    "DELETE FROM invites WHERE author_id = ?",
    "DELETE FROM resets WHERE user_id = ?",
    "DELETE FROM mentions WHERE user_id = ?",
    "DELETE FROM bans WHERE user_id = ?",
    FORGET_MUTES,
)
"""What refers to a person and goes with the account, beside sessions, second factors and places in
rooms: every table that is keyed by a user belongs here."""

HELD = """
    SELECT username, role, password_bcrypt, password_root_id FROM users
    WHERE id = ? AND state <> 'erased'"""
OTHER_ADMINISTRATOR = """
    SELECT 1 FROM users WHERE role = 'administrator' AND state = 'active' AND id <> ? LIMIT 1"""
ERASE = """
    UPDATE users SET username = ?, full_name = '', role = 'member', password_bcrypt = ?,
        password_root_id = 0, state = 'erased', revision = revision + 1
    WHERE id = ?"""
BEGIN = """
    INSERT INTO erasures (kind, subject, author_id, messages, begun_ms, ended_ms)
    VALUES ('person', ?, ?, ?, ?, 0)"""
END = "UPDATE erasures SET ended_ms = ? WHERE kind = 'person' AND subject = ?"
ROOM_TO_LEAVE = """
    SELECT m.room_id FROM memberships m JOIN rooms r ON r.id = m.room_id
    WHERE m.user_id = ? AND r.kind <> 'direct' ORDER BY m.room_id LIMIT 1"""
WRITTEN_IN = """
    SELECT r.id FROM rooms r WHERE r.kind <> 'erased' AND EXISTS
        (SELECT 1 FROM events e WHERE e.room_id = r.id AND e.author_id = ?)
    ORDER BY r.id"""
TEXTS = """
    SELECT e.room_id, e.seq, e.mid, e.author_id, e.protected, e.encrypted_key, e.iv, e.ciphertext,
        e.tag, a.kind
    FROM events e LEFT JOIN annotations a ON a.room_id = e.room_id AND a.seq = e.seq
    WHERE e.room_id = ? AND e.author_id = ? AND e.encrypted_key IS NOT NULL AND e.seq > ?
        AND (a.kind IS NULL OR a.kind IN ('edit', 'reaction'))
    ORDER BY e.seq LIMIT ?"""

LAST_ADMINISTRATOR = "This is the last administrator: make somebody else one first."


class Departing:
    """All SQL that erases people; the part of the port Erasures that does."""

    def __init__(self, database: Database, trail: Trail) -> None:
        self._database = database
        self._trail = trail

    def erase_person(
        self, user: UserId, messages: bool, now_ms: int, proof: PasswordHash | None = None
    ) -> Deferred[tuple[SessionDigest, ...] | None]:
        """Take a person's account away; which sessions have ended. None: see the port."""

        def work(tx: Transaction) -> tuple[SessionDigest, ...] | None:
            # Whoever makes administrators, or takes one away, holds their room: one is left.
            places.held(tx, REPORTS)
            row = tx.one(HELD + tx.for_update, user)
            if row is None:
                return None
            username, role, bcrypt, root_id = row
            if proof is not None and PasswordHash(bytes(bcrypt), root_id) != proof:
                return None
            if role == "administrator" and tx.one(OTHER_ADMINISTRATOR, user) is None:
                raise Refused(Code.FORBIDDEN, LAST_ADMINISTRATOR)
            ended = end_sessions(tx, user)
            factors.forget(tx, user)
            tx.run_each(BELONGINGS, user)
            tx.run(ERASE, reserved_username(username), b"", user)
            tx.run(BEGIN, user, "" if proof is None else user, int(messages), now_ms)
            done = Deed(Kind.ACCOUNT_ERASED, OPERATOR if proof is None else user, user)
            self._trail.record(tx, done.saying(messages=messages, sessions_ended=len(ended)))
            return ended

        return self._database.write("erase_person", work)

    def leave_next(self, user: UserId, now_ms: int, sealer: Sealer) -> Deferred[Changed | None]:
        """An erased person goes out of one more room, as whoever leaves; None: out of all."""

        def work(tx: Transaction) -> Changed | None:
            while (row := tx.one(ROOM_TO_LEAVE, user)) is not None:
                room = places.held(tx, RoomId(row[0]))
                seat = None if room is None else places.seat_of(tx, room.id, user)
                if room is not None and seat is not None:
                    return membership.leave(Act(tx, user, _mid(), now_ms, sealer), room, seat)
                # Somebody has put them out, or erased the room, just now.
            return None

        return self._database.write("leave_next", work)

    def rooms_written_in(self, user: UserId) -> Deferred[Sequence[RoomId]]:
        """Every room in which the person has written, whether or not still in it."""
        return self._database.read(
            "rooms_written_in", lambda tx: [RoomId(room) for (room,) in tx.all(WRITTEN_IN, user)]
        )

    def erase_texts(
        self, user: UserId, room: RoomId, now_ms: int, sealer: Sealer
    ) -> Deferred[Step]:
        """Destroy what the person wrote in ``room``, one step of it."""

        def work(tx: Transaction) -> Step:
            # What is posted later finds another revision, asks who may, and is refused.
            if places.held(tx, room) is None:
                return Step()
            act = Act(tx, user, _mid(), now_ms, sealer)
            rows = _written(act, room)
            if not rows:
                return Step()
            notices.destroy(tx, room, [seq for seq, _ in rows])
            plaintext = content.said(
                "erased",
                user=user,
                targets=[seq for seq, kind in rows if kind is None],
                others=[seq for seq, kind in rows if kind is not None],
            )
            changed = act.tell(room, "erased", plaintext)
            return Step(changed, len(rows), len(rows) < STEP_EVENTS)

        return self._database.write("erase_texts", work)

    def end_person(self, user: UserId, now_ms: int) -> Deferred[None]:
        """Nothing is left to be done about the person."""

        def work(tx: Transaction) -> None:
            # Whoever left while muted is as muted as before, should they come back.
            tx.run(FORGET_MUTES, user)
            tx.run(END, now_ms, user)

        return self._database.write("end_person", work)


def _written(act: Act, room: RoomId) -> list[tuple[int, str | None]]:
    """Number and kind of STEP_EVENTS texts of the actor, or of all that are left.

    Not of rows that somebody has put under this name: we would destroy what others wrote, and say
    under our seal that it was so.
    """
    found: list[tuple[int, str | None]] = []
    reached = 0
    while rows := act.tx.all(TEXTS, room, act.actor, reached, STEP_EVENTS - len(found)):
        texts = [(log.event_from(row[:9]), row[9]) for row in rows]
        keys = log.keys_between(act.tx, room, texts[0][0].seq, texts[-1][0].seq)
        found += [(one.seq, kind) for one, kind in texts if is_as_sealed(act, one, kind, keys)]
        reached = texts[-1][0].seq
        if len(found) == STEP_EVENTS:
            break
    return found


def _mid() -> MessageId:
    """An id that nobody has used up beforehand: ids are their author's, who could know any rule.

    It need not be the same if the step is repeated, since that finds nothing left to do.
    """
    return MessageId(secrets.token_urlsafe(16))

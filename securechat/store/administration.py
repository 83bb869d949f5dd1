"""What only administrators, and whoever holds the machine, may do; implements Administration."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from twisted.internet.defer import Deferred

from ..core.errors import Code, Refused
from ..core.model import (
    GENERAL,
    REPORTS,
    PasswordHash,
    Registration,
    Session,
    SessionDigest,
    User,
    UserId,
)
from ..core.trail import OPERATOR, Deed, Kind
from . import factors, people, places
from .database import Database
from .places import HeldRoom
from .trail import Trail
from .transaction import Transaction

ADMINISTRATOR = "SELECT 1 FROM users WHERE role = 'administrator' LIMIT 1"
REGISTRATION = "SELECT value FROM meta WHERE name = 'registration'"
FORGET_REGISTRATION = "DELETE FROM meta WHERE name = 'registration'"
KEEP_REGISTRATION = "INSERT INTO meta (name, value) VALUES ('registration', ?)"
NAMED = "SELECT id, username, full_name, role, state FROM users WHERE username = ?"
SET_STATE = "UPDATE users SET state = ? WHERE id = ?"
FORGET_LINKS = "DELETE FROM invites WHERE author_id = ?"
GRANT = "UPDATE users SET role = 'administrator' WHERE id = ?"
FORGET_RESET = "DELETE FROM resets WHERE user_id = ?"
KEEP_RESET = "INSERT INTO resets (user_id, digest, expires_ms) VALUES (?, ?, ?)"
RESET = """
    SELECT u.id, u.username, u.full_name, u.role FROM resets r JOIN users u ON u.id = r.user_id
    WHERE r.digest = ? AND r.expires_ms > ? AND u.state = 'active'"""
USE_RESET = "DELETE FROM resets WHERE user_id = ? AND digest = ?"
PERSON = "SELECT id FROM users WHERE id = ?"
SESSIONS = "SELECT digest FROM sessions WHERE user_id = ?"
END_SESSIONS = "DELETE FROM sessions WHERE user_id = ?"


class Administration:
    """The first administrator, further ones, and passwords that were lost."""

    def __init__(self, database: Database, trail: Trail) -> None:
        self._database = database
        self._trail = trail

    def has_administrator(self) -> Deferred[bool]:
        """Whether anybody is an administrator of this server."""
        return self._database.read(
            "has_administrator", lambda tx: tx.one(ADMINISTRATOR) is not None
        )

    def set_up(
        self, user: User, password: PasswordHash, session: Session, registration: Registration
    ) -> Deferred[None]:
        """Add the first administrator (also to REPORTS), and keep who may register.

        Raises NameTaken, and Refused (``forbidden``) where there is an administrator already.
        """
        first = replace(user, role="administrator")

        def work(tx: Transaction) -> None:
            # Two that set up at once wait for each other here: every grant holds REPORTS too.
            rooms = places.all_held(tx, (GENERAL, REPORTS))
            if tx.one(ADMINISTRATOR) is not None:
                raise Refused(Code.FORBIDDEN)
            people.add(tx, first, password, session.created_ms)
            places.enter(tx, rooms[GENERAL], first.id, "member", 0, session.created_ms)
            _let_into_reports(tx, rooms[REPORTS], first.id, session.created_ms)
            people.add_session(tx, session)
            tx.run(FORGET_REGISTRATION)
            tx.run(KEEP_REGISTRATION, registration.encode("ascii"))
            done = Deed(Kind.SET_UP, first.id, first.id, address=session.device.address)
            self._trail.record(tx, done.saying(registration=registration))

        return self._database.write("set_up", work)

    def registration(self) -> Deferred[Registration | None]:
        """Who may register, as ``set_up`` has kept it; None where nobody has chosen."""

        def work(tx: Transaction) -> Registration | None:
            row = tx.one(REGISTRATION)
            return None if row is None else cast("Registration", bytes(row[0]).decode("ascii"))

        return self._database.read("registration", work)

    def grant(self, username: str) -> Deferred[UserId | None]:
        """Make this person an administrator and a member of REPORTS; None: no such person.

        No event says so, as whoever holds the machine has no name here; the revisions do.
        """

        def work(tx: Transaction) -> UserId | None:
            reports = places.all_held(tx, (REPORTS,))[REPORTS]
            user = _named(tx, username)
            if user is None:
                return None
            is_in = places.seat_of(tx, REPORTS, user.id) is not None
            if user.role != "administrator" or not is_in:
                people.touch(tx, [user.id])
                tx.run(GRANT, user.id)
            if not is_in:
                _let_into_reports(tx, reports, user.id, 0)
            self._trail.record(tx, Deed(Kind.ADMINISTRATOR_GRANTED, OPERATOR, user.id))
            return user.id

        return self._database.write("grant", work)

    def find(self, username: str) -> Deferred[UserId | None]:
        """Who has this user name; None: nobody."""

        def work(tx: Transaction) -> UserId | None:
            user = _named(tx, username)
            return None if user is None else user.id

        return self._database.write("find", work)

    def disable(self, username: str) -> Deferred[tuple[SessionDigest, ...] | None]:
        """Let this person in no more: which sessions have ended. None: no such person.

        The person's row is held: whoever logs in meanwhile is out again, or does not come in.
        """

        def work(tx: Transaction) -> tuple[SessionDigest, ...] | None:
            user = _named(tx, username)
            if user is None:
                return None
            tx.run(SET_STATE, "disabled", user.id)
            tx.run(FORGET_RESET, user.id)
            tx.run(FORGET_LINKS, user.id)
            ended = end_sessions(tx, user.id)
            done = Deed(Kind.ACCOUNT_DISABLED, OPERATOR, user.id)
            self._trail.record(tx, done.saying(sessions_ended=len(ended)))
            return ended

        return self._database.write("disable", work)

    def enable(self, username: str) -> Deferred[UserId | None]:
        """Let a disabled person log in again; None: no such person."""

        def work(tx: Transaction) -> UserId | None:
            user = _named(tx, username)
            if user is None:
                return None
            tx.run(SET_STATE, "active", user.id)
            self._trail.record(tx, Deed(Kind.ACCOUNT_ENABLED, OPERATOR, user.id))
            return user.id

        return self._database.write("enable", work)

    def add_reset(self, username: str, digest: bytes, expires_ms: int) -> Deferred[UserId | None]:
        """Keep the digest of a one-time link with which this person may set a new password.

        An earlier link of theirs works no more. None: no such person, or it is disabled.
        """

        def work(tx: Transaction) -> UserId | None:
            user = _named(tx, username, only_active=True)
            if user is None:
                return None
            tx.run(FORGET_RESET, user.id)
            tx.run(KEEP_RESET, user.id, digest, expires_ms)
            made = Deed(Kind.RESET_MADE, OPERATOR, user.id)
            self._trail.record(tx, made.saying(expires_ms=expires_ms))
            return user.id

        return self._database.write("add_reset", work)

    def reset_of(self, digest: bytes, now_ms: int) -> Deferred[User | None]:
        """Whose link this is, where it is still good."""

        def work(tx: Transaction) -> User | None:
            row = tx.one(RESET, digest, now_ms)
            return None if row is None else people.user_from(row)

        return self._database.read("reset_of", work)

    def use_reset(
        self, digest: bytes, password: PasswordHash, now_ms: int, address: str | None = None
    ) -> Deferred[tuple[SessionDigest, ...] | None]:
        """Set the password, use the link up, end all sessions; which. None: no such link."""

        def work(tx: Transaction) -> tuple[SessionDigest, ...] | None:
            row = tx.one(RESET, digest, now_ms)
            if row is None:
                return None
            # Who deletes the link has it; whoever comes at the same time waits here, in vain.
            tx.one(PERSON + tx.for_update, row[0])
            if tx.run(USE_RESET, row[0], digest) == 0:
                return None
            people.set_password(tx, UserId(row[0]), password)
            ended = end_sessions(tx, UserId(row[0]))
            done = Deed(Kind.PASSWORD_RESET, row[0], row[0], address=address)
            self._trail.record(tx, done.saying(sessions_ended=len(ended)))
            return ended

        return self._database.write("use_reset", work)

    def remove_factors(
        self, username: str
    ) -> Deferred[tuple[bool, tuple[SessionDigest, ...]] | None]:
        """Take this person's second factors away and end all sessions: whether there was one, and
        which have ended. None: no such person.
        """

        def work(tx: Transaction) -> tuple[bool, tuple[SessionDigest, ...]] | None:
            user = _named(tx, username)
            if user is None:
                return None
            had, ended = factors.forget(tx, user.id), end_sessions(tx, user.id)
            done = Deed(Kind.FACTORS_REMOVED, OPERATOR, user.id)
            self._trail.record(tx, done.saying(had_one=had, sessions_ended=len(ended)))
            return had, ended

        return self._database.write("remove_factors", work)


def end_sessions(tx: Transaction, user: UserId) -> tuple[SessionDigest, ...]:
    """End all sessions of a person whose row is held; which."""
    ended = tx.all(SESSIONS + tx.for_update, user)
    tx.run(END_SESSIONS, user)
    return tuple(SessionDigest(bytes(one)) for (one,) in ended)


def _named(tx: Transaction, username: str, *, only_active: bool = False) -> User | None:
    row = tx.one(NAMED + tx.for_update, username)
    # MariaDB ignores spaces at the end when it compares; SQLite does not, nor do we.
    if row is None or row[1] != username or (only_active and row[4] != "active"):
        return None
    return people.user_from(row)


def _let_into_reports(tx: Transaction, reports: HeldRoom, user: UserId, now_ms: int) -> None:
    places.unban(tx, REPORTS, user)
    places.enter(tx, reports, user, "owner", 0, now_ms)

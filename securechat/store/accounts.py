"""People and their sessions; implements the port Accounts."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred

from ..core.errors import NameTaken
from ..core.model import GENERAL, PasswordHash, Person, Session, SessionDigest, User, UserId
from .database import Database
from .faults import Conflict
from .transaction import Row, Transaction, marks

ADD_USER = """
    INSERT INTO users
        (id, username, full_name, role, password_bcrypt, password_root_id, created_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
TAKEN = "SELECT 1 FROM users WHERE username = ?"
GROW_ROOM = "UPDATE rooms SET revision = revision + 1, members = members + 1 WHERE id = ?"
ENTER_ROOM = """
    INSERT INTO memberships (room_id, user_id, role, read_seq, since_seq, joined_ms)
    VALUES (?, ?, 'member', 0, 0, ?)"""
CREDENTIALS = """
    SELECT id, username, full_name, role, password_bcrypt, password_root_id
    FROM users WHERE username = ?"""
ADD_SESSION = "INSERT INTO sessions (digest, user_id, created_ms, seen_ms) VALUES (?, ?, ?, ?)"
SESSION = """
    SELECT u.id, u.username, u.full_name, u.role, s.digest, s.created_ms, s.seen_ms
    FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.digest = ?"""
TOUCH_SESSION = "UPDATE sessions SET seen_ms = ? WHERE digest = ? AND seen_ms < ?"
END_SESSION = "DELETE FROM sessions WHERE digest = ?"
END_SESSIONS = "DELETE FROM sessions WHERE created_ms < ? OR seen_ms < ?"
PEOPLE = """
    SELECT u.id, u.username, u.full_name FROM users u
    WHERE u.id IN ({ids}) AND (
        EXISTS (SELECT 1 FROM memberships mine JOIN memberships theirs
                ON theirs.room_id = mine.room_id AND theirs.user_id = u.id
                WHERE mine.user_id = ?)
        OR EXISTS (SELECT 1 FROM memberships mine JOIN events e
                ON e.room_id = mine.room_id AND e.author_id = u.id
                WHERE mine.user_id = ?))"""


class Accounts:
    """All SQL about people and sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_user(self, user: User, password: PasswordHash, session: Session) -> Deferred[None]:
        """Store a new person, their membership of ``general`` and their first session, or nothing.

        Raises NameTaken where the user name exists.
        """

        def work(tx: Transaction) -> None:
            # The room's row first: everybody who changes a room takes it before anything else.
            tx.run(GROW_ROOM, GENERAL)
            _add_person(tx, user, password, session.created_ms)
            tx.run(ENTER_ROOM, GENERAL, user.id, session.created_ms)
            _add_session(tx, session)

        return self._database.write("add_user", work)

    def credentials(self, username: str) -> Deferred[tuple[User, PasswordHash] | None]:
        """The person with this (folded) user name and the stored password."""

        def work(tx: Transaction) -> tuple[User, PasswordHash] | None:
            row = tx.one(CREDENTIALS, username)
            # MariaDB ignores spaces at the end when it compares; SQLite does not, nor do we.
            if row is None or row[1] != username:
                return None
            return _user(row), PasswordHash(bytes(row[4]), row[5])

        return self._database.read("credentials", work)

    def people(self, viewer: UserId, ids: Sequence[UserId]) -> Deferred[list[Person]]:
        """Those of ``ids`` (at most 200) who are in, or wrote in, a room that ``viewer`` is in."""

        def work(tx: Transaction) -> list[Person]:
            if not ids:
                return []
            rows = tx.all(PEOPLE.format(ids=marks(ids)), *ids, viewer, viewer)
            return [Person(UserId(id_), username, name) for id_, username, name in rows]

        return self._database.read("people", work)

    def add_session(self, session: Session) -> Deferred[None]:
        """Store a new session of an existing person."""
        return self._database.write("add_session", lambda tx: _add_session(tx, session))

    def session(self, digest: SessionDigest) -> Deferred[Session | None]:
        """The session with this digest, whatever its age."""

        def work(tx: Transaction) -> Session | None:
            row = tx.one(SESSION, digest)
            if row is None:
                return None
            return Session(SessionDigest(bytes(row[4])), _user(row), row[5], row[6])

        return self._database.read("session", work)

    def touch_session(self, digest: SessionDigest, seen_ms: int) -> Deferred[None]:
        """Move the session's last use forward (never back)."""

        def work(tx: Transaction) -> None:
            tx.run(TOUCH_SESSION, seen_ms, digest, seen_ms)

        return self._database.write("touch_session", work)

    def end_session(self, digest: SessionDigest) -> Deferred[None]:
        """Forget the session; ending one that is unknown changes nothing."""

        def work(tx: Transaction) -> None:
            tx.run(END_SESSION, digest)

        return self._database.write("end_session", work)

    def end_sessions_before(self, created_ms: int, seen_ms: int) -> Deferred[int]:
        """Forget sessions made before ``created_ms`` or not seen since ``seen_ms``; how many."""
        return self._database.write(
            "end_sessions_before", lambda tx: tx.run(END_SESSIONS, created_ms, seen_ms)
        )


def _add_person(tx: Transaction, user: User, password: PasswordHash, now_ms: int) -> None:
    try:
        tx.run(
            ADD_USER,
            user.id,
            user.username,
            user.full_name,
            user.role,
            password.bcrypt,
            password.root_id,
            now_ms,
        )
    except Conflict as conflict:
        # Asked, not read out of the message: both databases go on after a refused INSERT.
        if tx.one(TAKEN, user.username) is None:
            raise
        raise NameTaken(user.username) from conflict


def _add_session(tx: Transaction, session: Session) -> None:
    tx.run(ADD_SESSION, session.digest, session.user.id, session.created_ms, session.seen_ms)


def _user(row: Row) -> User:
    return User(UserId(row[0]), row[1], row[2], row[3])

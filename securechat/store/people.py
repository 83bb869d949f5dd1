"""All SQL that makes people, shows them to each other, and tells that their rooms have changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..core.errors import NameTaken
from ..core.model import Device, PasswordHash, Person, RoomId, Session, SessionDigest, User, UserId
from ..core.names import is_reserved, reserved_username
from . import roots
from .faults import Conflict
from .transaction import Row, Transaction, chunks, marks

ADD_USER = """
    INSERT INTO users
        (id, username, full_name, role, password_bcrypt, password_root_id, created_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
ADMINISTRATOR = "SELECT 1 FROM users WHERE id = ? AND role = 'administrator'"
ERASED = "SELECT 1 FROM users WHERE id = ? AND state = 'erased'"
TAKEN = "SELECT 1 FROM users WHERE username = ?"
STORE_HASH = "UPDATE users SET password_bcrypt = ?, password_root_id = ? WHERE id = ?"
EXCHANGE_HASH = STORE_HASH + " AND password_bcrypt = ? AND password_root_id = ?"
ADD_SESSION = """
    INSERT INTO sessions (digest, user_id, created_ms, seen_ms, browser, platform, proven_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
TOUCH = "UPDATE users SET revision = revision + 1 WHERE id IN ({ids})"
SEEN = """
    SELECT u.id, u.username, u.full_name FROM users u
    WHERE u.id IN ({ids}) AND (
        EXISTS (SELECT 1 FROM memberships mine JOIN memberships theirs
                ON theirs.room_id = mine.room_id AND theirs.user_id = u.id
                WHERE mine.user_id = ?)
        OR EXISTS (SELECT 1 FROM memberships mine JOIN events e
                ON e.room_id = mine.room_id AND e.author_id = u.id
                WHERE mine.user_id = ?))"""

PERSON = "SELECT id, username, full_name FROM users WHERE id = ?"
SEEN_IN = """
    SELECT r.id, r.last_seq FROM rooms r
    WHERE r.id IN ({rooms}) AND (
        EXISTS (SELECT 1 FROM memberships m WHERE m.room_id = r.id AND m.user_id = ?)
        OR EXISTS (SELECT 1 FROM events e WHERE e.room_id = r.id AND e.author_id = ?))"""


def add(tx: Transaction, user: User, password: PasswordHash, now_ms: int) -> None:
    """Store a new person, who is in no room yet.

    Raises NameTaken, and Unavailable where the password's root key was retired.
    """
    roots.require_in_service(tx, {password.root_id})
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
        # Asked now: whoever had the name may just have been erased by another daemon.
        if tx.one(TAKEN, reserved_username(user.username)) is not None:
            raise NameTaken(user.username)
    except Conflict as conflict:
        # Asked, not read out of the message: both databases go on after a refused INSERT.
        if tx.one(TAKEN, user.username) is None:
            raise
        raise NameTaken(user.username) from conflict


def set_password(
    tx: Transaction, user: UserId, password: PasswordHash, instead_of: PasswordHash | None = None
) -> None:
    """Store the password, where ``instead_of`` is the one that stands (None: whatever stands).

    Unavailable where its root key was retired.
    """
    roots.require_in_service(tx, {password.root_id})
    if instead_of is None:
        tx.run(STORE_HASH, password.bcrypt, password.root_id, user)
    else:
        values = (password.bcrypt, password.root_id, user, instead_of.bcrypt, instead_of.root_id)
        tx.run(EXCHANGE_HASH, *values)


def is_administrator(tx: Transaction, user: UserId) -> bool:
    """Whether ``user`` is an administrator of this server."""
    return tx.one(ADMINISTRATOR, user) is not None


def is_erased(tx: Transaction, user: UserId) -> bool:
    """Whether nothing is left of ``user`` but the id."""
    return tx.one(ERASED, user) is not None


def add_session(tx: Transaction, session: Session) -> None:
    """Store a new session of an existing person."""
    tx.run(
        ADD_SESSION,
        session.digest,
        session.user.id,
        session.created_ms,
        session.seen_ms,
        session.device.browser,
        session.device.platform,
        session.proven_ms,
    )


def touch(tx: Transaction, users: Iterable[UserId]) -> None:
    """Raise the revision of people whose rooms, or whose roles in them, are about to change.

    Before their memberships are written: the foreign key takes a weaker lock of the same rows, and
    who then wants the stronger one waits for others who want it too. By id: for no two acts to wait
    in a circle, each calls this once, with everybody concerned.
    """
    for some in chunks(sorted(set(users))):
        tx.run(TOUCH.format(ids=marks(some)), *some)


def seen_by(tx: Transaction, viewer: UserId, ids: Sequence[UserId]) -> list[Person]:
    """Those of ``ids`` who are in, or wrote in, a room that ``viewer`` is in."""
    rows: list[Row] = []
    for some in chunks(ids):
        rows += tx.all(SEEN.format(ids=marks(some)), *some, viewer, viewer)
    return [person_from(row) for row in rows]


def seen_in(
    tx: Transaction, user: UserId, rooms: Sequence[RoomId]
) -> tuple[Person, Mapping[RoomId, int]] | None:
    """A person, and those of ``rooms`` that they are in, or wrote in, with their last numbers."""
    row = tx.one(PERSON, user)
    if row is None:
        return None
    heads: dict[RoomId, int] = {}
    for some in chunks(rooms):
        heads.update(tx.all(SEEN_IN.format(rooms=marks(some)), *some, user, user))
    return person_from(row), heads


def person_from(row: Row) -> Person:
    """A row of id, username, full_name; of an erased person both names are empty."""
    id_, username, full_name = row
    return Person(UserId(id_), "" if is_reserved(username) else username, full_name)


def session_from(row: Row, user: User) -> Session:
    """A row of digest, created_ms, seen_ms, browser, platform, proven_ms as one of ``user``."""
    digest, created_ms, seen_ms, browser, platform, proven_ms = row
    device = Device(browser, platform)
    return Session(SessionDigest(bytes(digest)), user, created_ms, seen_ms, device, proven_ms)


def user_from(row: Row) -> User:
    """A row that begins with id, username, full_name, role as a value."""
    return User(UserId(row[0]), row[1], row[2], row[3])

"""Log-ins that wait for a second factor; the part of the port Factors that knows of them."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from ..core.model import Halfway, PasswordHash, User
from . import people
from .database import Database
from .transaction import Transaction

FORGET_LATE = "DELETE FROM halfway WHERE expires_ms <= ?"
ADD_HALFWAY = """
    INSERT INTO halfway
        (digest, user_id, password_bcrypt, password_root_id, tries_left, expires_ms)
    VALUES (?, ?, ?, ?, ?, ?)"""
TAKE_A_TRY = """
    UPDATE halfway SET tries_left = tries_left - 1
    WHERE digest = ? AND tries_left > 0 AND expires_ms > ?"""
HALFWAY = """
    SELECT u.id, u.username, u.full_name, u.role,
        h.password_bcrypt, h.password_root_id, h.tries_left
    FROM halfway h JOIN users u ON u.id = h.user_id WHERE h.digest = ? AND h.expires_ms > ?"""
END_HALFWAY = "DELETE FROM halfway WHERE digest = ?"
FORGET_ALL = "DELETE FROM halfway WHERE user_id = ?"


class Halfways:
    """All SQL about log-ins whose password was right."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(
        self, digest: bytes, user: User, proof: PasswordHash, tries: int, now_ms: int, end_ms: int
    ) -> Deferred[None]:
        """Keep that a log-in of ``user`` waits, until ``end_ms``; those that are too late go."""

        def work(tx: Transaction) -> None:
            tx.run(FORGET_LATE, now_ms)
            tx.run(ADD_HALFWAY, digest, user.id, proof.bcrypt, proof.root_id, tries, end_ms)

        return self._database.write("begin_halfway", work)

    def waiting(self, digest: bytes, now_ms: int) -> Deferred[Halfway | None]:
        """The log-in that waits under this digest; None: none does (any more)."""
        return self._database.read("halfway", lambda tx: _waiting(tx, digest, now_ms))

    def take_a_try(self, digest: bytes, now_ms: int) -> Deferred[Halfway | None]:
        """The same, and one try less; None also where there was none left."""

        def work(tx: Transaction) -> Halfway | None:
            taken = tx.run(TAKE_A_TRY, digest, now_ms)
            return _waiting(tx, digest, now_ms) if taken else None

        return self._database.write("take_a_try", work)

    def end(self, digest: bytes) -> Deferred[None]:
        """Forget a log-in that waited; ending one that is unknown changes nothing."""

        def work(tx: Transaction) -> None:
            tx.run(END_HALFWAY, digest)

        return self._database.write("end_halfway", work)


def _waiting(tx: Transaction, digest: bytes, now_ms: int) -> Halfway | None:
    row = tx.one(HALFWAY, digest, now_ms)
    if row is None:
        return None
    return Halfway(people.user_from(row), PasswordHash(bytes(row[4]), row[5]), row[6])

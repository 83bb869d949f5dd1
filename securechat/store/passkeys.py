"""All SQL about passkeys and the challenges that they have answered."""

from __future__ import annotations

from ..core.errors import FactorSpent
from ..core.model import Passkey, PasskeyUse, SpentChallenge, User, UserId
from ..core.passkeys import MOST_PASSKEYS, goes_on
from . import people
from .faults import Conflict
from .transaction import Row, Transaction

OF = """
    SELECT id, user_id, name, public_key, sign_count, created_ms, used_ms
    FROM passkeys WHERE user_id = ?"""
FIND = """
    SELECT u.id, u.username, u.full_name, u.role,
        p.id, p.user_id, p.name, p.public_key, p.sign_count, p.created_ms, p.used_ms
    FROM passkeys p JOIN users u ON u.id = p.user_id WHERE p.id = ?"""
ADD = """
    INSERT INTO passkeys (id, user_id, name, public_key, sign_count, created_ms, used_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
COUNT = "SELECT sign_count FROM passkeys WHERE user_id = ? AND id = ?"
USE = "UPDATE passkeys SET sign_count = ?, used_ms = ? WHERE user_id = ? AND id = ?"
FORGET = "DELETE FROM passkeys WHERE user_id = ? AND id = ?"
FORGET_ALL = "DELETE FROM passkeys WHERE user_id = ?"
FORGET_EXPIRED = "DELETE FROM spent_challenges WHERE expires_ms <= ?"
SPEND = "INSERT INTO spent_challenges (digest, expires_ms) VALUES (?, ?)"


def of(tx: Transaction, user: UserId) -> tuple[Passkey, ...]:
    """The passkeys of ``user``, the oldest first."""
    found = [_passkey_from(row) for row in tx.all(OF, user)]
    return tuple(sorted(found, key=lambda one: (one.created_ms, one.id)))


def find(tx: Transaction, id_: bytes) -> tuple[User, Passkey] | None:
    """The passkey with this id, and whose it is."""
    row = tx.one(FIND, id_)
    return None if row is None else (people.user_from(row), _passkey_from(row[4:]))


def add(tx: Transaction, passkey: Passkey, challenge: SpentChallenge) -> None:
    """Store a passkey of somebody who is held.

    Raises FactorSpent where the challenge was answered before, the passkey is known, or there are
    too many.
    """
    if len(tx.all(OF, passkey.user)) >= MOST_PASSKEYS:
        raise FactorSpent
    _spend(tx, challenge, passkey.created_ms)
    try:
        tx.run(
            ADD,
            passkey.id,
            passkey.user,
            passkey.name,
            passkey.public_key,
            passkey.sign_count,
            passkey.created_ms,
            passkey.used_ms,
        )
    except Conflict:
        raise FactorSpent from None


def use(tx: Transaction, user: UserId, use: PasskeyUse) -> None:
    """Note that a passkey of ``user``, who is held, has signed.

    Raises FactorSpent where the challenge was answered before, it is gone, or its counter does not
    go on from where it stands.
    """
    row = tx.one(COUNT, user, use.id)
    if row is None or not goes_on(row[0], use.sign_count):
        raise FactorSpent
    _spend(tx, use.challenge, use.at_ms)
    tx.run(USE, use.sign_count, use.at_ms, user, use.id)


def _spend(tx: Transaction, challenge: SpentChallenge, now_ms: int) -> None:
    tx.run(FORGET_EXPIRED, now_ms)
    try:
        tx.run(SPEND, challenge.digest, challenge.expires_ms)
    except Conflict:
        raise FactorSpent from None


def _passkey_from(row: Row) -> Passkey:
    id_, user, name, public_key, sign_count, created_ms, used_ms = row
    return Passkey(
        bytes(id_), UserId(user), name, bytes(public_key), sign_count, created_ms, used_ms
    )

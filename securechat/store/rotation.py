"""What needs each root key, re-wrapping what is wrapped under older ones, and retiring."""

from __future__ import annotations

from collections.abc import Iterable

from ..core.model import RootUse, SealedSecret, StoredKey, UserId
from ..core.trail import OPERATOR, Deed, Kind
from . import log, roots
from .trail import Trail
from .transaction import Transaction

KEYS_A_PAGE = 500

ROOM_KEYS_UNDER = "SELECT root_id, COUNT(*) FROM room_keys GROUP BY root_id"
PASSWORDS_UNDER = """
    SELECT password_root_id, COUNT(*) FROM users WHERE state <> 'erased'
    GROUP BY password_root_id"""
FACTORS_UNDER = "SELECT root_id, COUNT(*) FROM apps GROUP BY root_id"
NAMES_UNDER = """
    SELECT username FROM users WHERE password_root_id = ? AND state <> 'erased'
    ORDER BY username LIMIT ?"""

ROOM_KEYS = """
    SELECT room_id, epoch, root_id, wrapped, first_seq, created_ms
    FROM room_keys WHERE room_id >= ? AND (room_id > ? OR epoch > ?)
    ORDER BY room_id, epoch LIMIT ?"""
REWRAP = """
    UPDATE room_keys SET root_id = ?, wrapped = ?
    WHERE room_id = ? AND epoch = ? AND root_id = ? AND wrapped = ?"""
APPS = """
    SELECT user_id, root_id, wrapped, since_ms FROM apps WHERE user_id > ?
    ORDER BY user_id LIMIT ?"""
RESEAL = """
    UPDATE apps SET root_id = ?, wrapped = ?
    WHERE user_id = ? AND root_id = ? AND wrapped = ?"""


def uses(tx: Transaction) -> dict[int, RootUse]:
    """What needs each root key, by its number."""
    room_keys: dict[int, int] = dict(tx.all(ROOM_KEYS_UNDER))
    passwords: dict[int, int] = dict(tx.all(PASSWORDS_UNDER))
    factors: dict[int, int] = dict(tx.all(FACTORS_UNDER))
    return {
        root_id: RootUse(
            room_keys.get(root_id, 0), passwords.get(root_id, 0), factors.get(root_id, 0)
        )
        for root_id in sorted(room_keys.keys() | passwords.keys() | factors.keys())
    }


def usernames_under(tx: Transaction, root_id: int, limit: int) -> list[str]:
    """Whose passwords need this root key: the first ``limit`` user names."""
    return [str(name) for (name,) in tx.all(NAMES_UNDER, root_id, limit)]


def retire(tx: Transaction, root_id: int, trail: Trail) -> RootUse:
    """Take a root key out of service, unless something needs it: then it says what.

    The audit log says so first, and proves its head while the key still counts.
    """
    roots.hold(tx, root_id)
    use = uses(tx).get(root_id, RootUse())
    if not use:
        trail.record(tx, Deed(Kind.KEY_RETIRED, OPERATOR, str(root_id)))
        roots.close(tx, root_id)
    return use


def room_keys_after(tx: Transaction, room: str, epoch: int) -> list[StoredKey]:
    """The next KEYS_A_PAGE room keys by room and epoch; ``""`` and 0 begin."""
    return [log.key_from(row) for row in tx.all(ROOM_KEYS, room, room, epoch, KEYS_A_PAGE)]


def rewrap(tx: Transaction, pairs: Iterable[tuple[StoredKey, StoredKey]]) -> int:
    """Put the second of each pair in the first one's place, where that still stands; how many."""
    return sum(
        tx.run(REWRAP, new.root_id, new.wrapped, old.room, old.epoch, old.root_id, old.wrapped)
        for old, new in pairs
    )


def apps_after(tx: Transaction, user: str) -> list[SealedSecret]:
    """The next KEYS_A_PAGE secrets of apps by user id; ``""`` begins."""
    rows = tx.all(APPS, user, KEYS_A_PAGE)
    return [
        SealedSecret(UserId(id_), root_id, bytes(wrapped), ms) for id_, root_id, wrapped, ms in rows
    ]


def reseal(tx: Transaction, pairs: Iterable[tuple[SealedSecret, SealedSecret]]) -> int:
    """Put the second of each pair in the first one's place, where that still stands; how many."""
    return sum(
        tx.run(RESEAL, new.root_id, new.wrapped, old.user, old.root_id, old.wrapped)
        for old, new in pairs
    )

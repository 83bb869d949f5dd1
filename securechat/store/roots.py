"""Root keys as the database knows them: which are in service.

A root key is in service from the moment its check value stands in ``meta``. Once it is retired the
row is empty and stays, so that its number is never given again and nothing new is stored under it.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..core.errors import Misconfigured, Unavailable
from ..core.model import Identity
from .transaction import Transaction

FACTS = "SELECT name, value FROM meta"
FACT = "SELECT value FROM meta WHERE name = ?"
CLOSE = "UPDATE meta SET value = ? WHERE name = ?"
SET_FACT = "INSERT INTO meta (name, value) VALUES (?, ?)"

_CHECK = "key_check"


def _name(root_id: int) -> str:
    # The first one's name is from the time when there was no other.
    return _CHECK if root_id == 1 else f"{_CHECK}_{root_id}"


def identity(tx: Transaction) -> Identity | None:
    """Which database this is; None for one that nobody has claimed. Misconfigured: half of it."""
    facts = {str(name): bytes(value) for name, value in tx.all(FACTS)}
    database_id = facts.get("database_id")
    checks = {
        int(name.removeprefix(_CHECK + "_")) if name != _CHECK else 1: value
        for name, value in facts.items()
        if name.startswith(_CHECK)
    }
    if database_id is None and not checks:
        return None
    if database_id is None or not checks:
        raise Misconfigured("The database's identity is incomplete: restore it from a backup.")
    return Identity(database_id.decode("ascii"), checks)


def claim(tx: Transaction, mine: Identity) -> None:
    """Give a database that has none its identity."""
    tx.run(SET_FACT, "database_id", mine.database_id.encode("ascii"))
    admit(tx, Identity(mine.database_id, {}), mine)


def admit(tx: Transaction, known: Identity, mine: Identity) -> None:
    """Take those root keys of ``mine`` into service that ``known`` does not name."""
    for root_id, check in mine.checks.items():
        if root_id not in known.checks:
            tx.run(SET_FACT, _name(root_id), check)


def require_in_service(tx: Transaction, root_ids: Iterable[int]) -> None:
    """Hold these root keys in service until COMMIT; Unavailable where one was retired.

    For whoever stores something new under them: a daemon may not have heard of that yet.
    """
    for root_id in sorted(set(root_ids)):
        row = tx.one(FACT + tx.for_update, _name(root_id))
        if row is not None and not row[0]:
            raise Unavailable(
                f"root key {root_id} was retired: give this daemon the newest keyring, and SIGHUP"
            )


def retired(tx: Transaction) -> set[int]:
    """The numbers of all root keys that were retired."""
    found = identity(tx)
    return set() if found is None else {one for one, check in found.checks.items() if not check}


def hold(tx: Transaction, root_id: int) -> None:
    """Wait for whoever is just storing something under this root key, and keep others off it."""
    tx.one(FACT + tx.for_update, _name(root_id))


def close(tx: Transaction, root_id: int) -> None:
    """Take a root key out of service, for good."""
    tx.run(CLOSE, b"", _name(root_id))

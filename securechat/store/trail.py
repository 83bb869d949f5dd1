"""The audit log in the database: rows are added behind the one that the head names.

The head's row is locked from the first look at it until COMMIT, so all daemons and commands add to
one chain. Whoever records beside a change does so last: nothing is locked after the head.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from ..core import trail
from ..core.errors import Damaged, RootUnknown
from ..core.trail import Deed, Entry, Head, Kind, Signer, Tip
from . import roots
from .database import Database
from .transaction import Row, Transaction

ADD = """
    INSERT INTO audit
        (number, time_ms, kind, actor, subject, outcome, detail, address, root_id, hash, mac)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
ROW = """
    SELECT number, time_ms, kind, actor, subject, outcome, detail, address, root_id, hash, mac
    FROM audit """
AFTER = ROW + "WHERE number > ? AND number <= ? ORDER BY number LIMIT ?"
NEWEST = ROW + "WHERE number > 0 ORDER BY number DESC LIMIT ?"
TIP = "SELECT number, root_id, hash, mac FROM audit WHERE number > 0 ORDER BY number DESC LIMIT 1"
HEAD = "SELECT number, root_id, mac FROM audit_head WHERE id = 1"
SET_HEAD = "UPDATE audit_head SET number = ?, root_id = ?, mac = ? WHERE id = 1"
NEW_HEAD = "INSERT INTO audit_head (id, number, root_id, mac) VALUES (1, ?, ?, ?)"

log = Logger()


def _wall_clock_ms() -> int:
    return int(time.time() * 1_000)


class Trail:
    """Adds to the log within a transaction. Without a ``signer`` nothing is recorded."""

    def __init__(self, signer: Signer | None, now_ms: Callable[[], int] = _wall_clock_ms) -> None:
        self._signer = signer
        self._now_ms = now_ms

    def record(self, tx: Transaction, *deeds: Deed) -> None:
        """Add a row for each of ``deeds``; the last thing before COMMIT.

        Unavailable where this daemon's newest root key was retired.
        """
        if self._signer is None or not deeds:
            return
        root_id = self._signer.root_id
        # Before the head: whoever seals something new holds the root key's row already.
        roots.require_in_service(tx, {root_id})
        found = tx.one(HEAD + tx.for_update)
        head, tip = head_from(found), tip_now(tx)
        doubt = _doubt(tx, head, tip, self._signer)
        if doubt is not None:
            deeds = (doubt, *deeds)
        rows = []
        for deed in deeds:
            rows.append(trail.entry(deed, tip, self._signer, root_id, self._now_ms()))
            tip = trail.tip_of(rows[-1])
        tx.run_many(ADD, [_values(row) for row in rows])
        head = self._signer.head(tip, root_id)
        if found is None:
            tx.run(NEW_HEAD, head.number, head.root_id, head.mac)
        else:
            tx.run(SET_HEAD, head.number, head.root_id, head.mac)


class AuditLog:
    """Implements the port AuditLog: rows in a transaction of their own."""

    def __init__(self, database: Database, trail_: Trail) -> None:
        self._database = database
        self._trail = trail_

    def append(self, deeds: Sequence[Deed]) -> Deferred[None]:
        """Record ``deeds`` in this order, all or none."""
        return self._database.write("audit", lambda tx: self._trail.record(tx, *deeds))


def head_from(row: Row | None) -> Head | None:
    """The head as it is stored; None where its row is missing."""
    return None if row is None else Head(row[0], row[1], bytes(row[2]))


def tip_now(tx: Transaction) -> Tip:
    """The newest row that there is, whatever the head says."""
    row = tx.one(TIP)
    return Tip() if row is None else Tip(row[0], row[1], bytes(row[2]), bytes(row[3]))


def entry_from(row: Row) -> Entry:
    """A row of the log as a value."""
    number, time_ms, kind, actor, subject, outcome, detail, address, root_id, hash_, mac = row
    what = (number, time_ms, kind, actor, subject, outcome, detail, address)
    return Entry(*what, root_id, bytes(hash_), bytes(mac))


def _values(row: Entry) -> tuple[object, ...]:
    what = (row.number, row.time_ms, row.kind, row.actor, row.subject, row.outcome)
    return *what, row.detail, row.address, row.root_id, row.hash, row.mac


def _doubt(tx: Transaction, head: Head | None, tip: Tip, signer: Signer) -> Deed | None:
    """What must be said first where the log does not end as it was left, for all to see."""
    if head is None:
        return _broken("its head is missing")
    try:
        if signer.is_genuine(head, tip):
            return None
    except (Damaged, RootUnknown):
        if head.root_id not in roots.retired(tx):
            # Another machine has a newer keyring: whoever verifies has it too, and looks at this.
            return trail.unproven(head)
    return _broken(f"its head names number {head.number}, and its newest row is {tip.number}")


def _broken(why: str) -> Deed:
    log.error("the audit log was changed: {reason}", event="audit_broken", reason=why)
    return Deed(Kind.BROKEN, outcome="found").saying(why=why)

"""What ``python -m securechat audit`` does, beside running daemons or without one; blocking.

Reads and changes nothing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TextIO

from . import keyring
from .config import Config
from .core.errors import Damaged, Misconfigured, Unavailable
from .core.settings import SqliteDatabase
from .core.trail import Entry, Fault, Signer, first_fault
from .keyring import Keyring
from .log import escaped
from .store import Store
from .store.evidence import Evidence

INTACT, TAMPERED, NOT_LOOKED = 0, 1, 2


def run(config: Config, command: str, out: TextIO, lines: int = 0, as_json: bool = False) -> int:
    """Carry out ``audit`` with this command; the exit status. Reasons go to standard error."""

    def tail(evidence: Evidence, ring: Keyring) -> int:
        for row in evidence.audit_newest(lines):
            print(_as_json(row) if as_json else _as_text(row), file=out)
        return INTACT

    def verify(evidence: Evidence, ring: Keyring) -> int:
        fault, count = verified(evidence, Signer(ring.roots))
        told = f"the audit log is intact: {count} rows" if fault is None else str(fault)
        print(escaped(told), file=out)
        return INTACT if fault is None else TAMPERED

    commands: dict[str, Callable[[Evidence, Keyring], int]] = {"tail": tail, "verify": verify}
    try:
        store, ring = opened(config)
        with store.ledger.evidence() as evidence:
            return commands[command](evidence, ring)
    except Damaged as damage:
        reason, status = f"the database's file: {damage}", TAMPERED
    except (Misconfigured, Unavailable) as error:
        reason, status = f"the audit log could not be looked at: {error}", NOT_LOOKED
    sys.stderr.write(f"securechat: {escaped(reason)}\n")
    return status


def opened(config: Config) -> tuple[Store, Keyring]:
    """The store and the keyring that fits it; Misconfigured, or Unavailable."""
    if isinstance(config.database, SqliteDatabase) and not config.database.path.exists():
        raise Misconfigured(f"there is no database {config.database.path}.")
    store = Store(config.database)
    identity = store.ledger.examine()
    if identity is None:
        raise Misconfigured(
            "the database is new, or of an earlier version: start the daemon once, then try again."
        )
    ring = keyring.read(config.keyring)
    ring.check(identity)
    return store, ring


def verified(evidence: Evidence, signer: Signer) -> tuple[Fault | None, int]:
    """The first row that is not as it was written, None where all are; and how many there are."""
    # The head first: daemons may add rows meanwhile, and move it.
    _, head = evidence.audit_end()
    reached = 0 if head is None else head.number
    fault = first_fault(evidence.audit_rows(reached), head, signer, evidence.retired())
    newest, later = evidence.audit_end()
    if fault is None and later is not None and newest > later.number:
        fault = Fault(newest, "is numbered behind the newest row that was written")
    if fault is None and not newest and evidence.has_people():
        fault = Fault(1, "is missing: the log is empty, and whatever daemon starts writes into it")
    return fault, reached


def _as_json(row: Entry) -> str:
    told: dict[str, Any] = {
        "number": row.number,
        "time": _moment(row.time_ms),
        "kind": row.kind,
        "actor": row.actor,
        "subject": row.subject,
        "outcome": row.outcome,
        "address": row.address,
        "detail": _read(row.detail),
        "hash": row.hash.hex(),
    }
    return json.dumps(told)


def _as_text(row: Entry) -> str:
    words = [str(row.number), _moment(row.time_ms), row.kind, row.outcome]
    for name, value in (("actor", row.actor), ("subject", row.subject), ("address", row.address)):
        if value is not None:
            words.append(f"{name}={value}")
    return escaped(" ".join([*words, row.detail] if row.detail != "{}" else words))


def _read(detail: str) -> object:
    """The detail as it was given; what is no JSON was not written by us, and is shown as it is."""
    try:
        return json.loads(detail)
    except (ValueError, RecursionError):
        return detail


def _moment(time_ms: int) -> str:
    try:
        moment = datetime.fromtimestamp(time_ms / 1_000, UTC)
    except (OverflowError, OSError, ValueError):
        return f"{time_ms}ms"
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

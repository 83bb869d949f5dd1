"""The audit log: who did what to accounts, rights and keys, in a chain that shows each change.

Rows are numbered 1, 2, 3 … without gaps. Each has the SHA-256 of the row before and of itself, and
a MAC under the newest root key, so that whoever can write to the database and has no keyring makes
none. The head names the newest row under a MAC of its own: a tail that is cut off is missed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from .errors import Damaged, RootUnknown
from .keys import Roots, purpose_key

OPERATOR: Final = "operator"
"""The actor of what is done on the machine itself, where nobody has a user id."""

MOST_DETAIL: Final = 1_000
"""Characters of a row's detail."""


class Kind(StrEnum):
    """What is recorded; docs/operations.md says of each who, about whom, and with which detail."""

    STARTED = "started"
    REGISTERED = "registered"
    SET_UP = "set_up"
    LOGGED_IN = "logged_in"
    LOG_IN_REFUSED = "log_in_refused"
    LOGGED_OUT = "logged_out"
    SESSIONS_ENDED = "sessions_ended"
    RENAMED = "renamed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a kind, and no password
    PASSWORD_REFUSED = "password_refused"  # noqa: S105 - a kind, and no password
    RESET_MADE = "reset_made"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a kind, and no password
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    RECOVERY_RENEWED = "recovery_renewed"
    CONFIRMED = "confirmed"
    FACTORS_REMOVED = "factors_removed"
    ADMINISTRATOR_GRANTED = "administrator_granted"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    ACCOUNT_ERASED = "account_erased"
    REPORTS_READ = "reports_read"
    ROOM_CREATED = "room_created"
    ROOM_ARCHIVED = "room_archived"
    ROOM_ERASED = "room_erased"
    JOINED = "joined"
    LEFT = "left"
    REMOVED = "removed"
    BANNED = "banned"
    UNBANNED = "unbanned"
    MUTED = "muted"
    UNMUTED = "unmuted"
    ROLE = "role"
    INVITE_MADE = "invite_made"
    INVITE_USED = "invite_used"
    INVITES_REVOKED = "invites_revoked"
    KEY_ADDED = "key_added"
    KEYS_REWRAPPED = "keys_rewrapped"
    KEY_RETIRED = "key_retired"
    KEYRING_READ = "keyring_read"
    KEYRING_REFUSED = "keyring_refused"
    DROPPED = "dropped"
    UNPROVEN = "unproven"
    BROKEN = "broken"


Value = str | int | bool | None | tuple[int, ...] | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done, or refused, and is to be recorded.

    ``actor`` is a user id, OPERATOR, or None where nobody knows; ``subject`` the id of the person
    or room, or the number of the key, that it was done to. Never a body, token, password or key.
    ``time_ms`` is when (ms since 1970); None: when it is written.
    """

    kind: Kind
    actor: str | None = None
    subject: str | None = None
    outcome: str = "done"
    detail: tuple[tuple[str, Value], ...] = ()
    address: str | None = None
    time_ms: int | None = None

    def saying(self, **detail: Value) -> Deed:
        """The same deed with more to say."""
        return replace(self, detail=(*self.detail, *detail.items()))


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as it is stored; ``detail`` is JSON, byte for byte."""

    number: int
    time_ms: int
    kind: str
    actor: str | None
    subject: str | None
    outcome: str
    detail: str
    address: str | None
    root_id: int
    hash: bytes = b""
    mac: bytes = b""


@dataclass(frozen=True, slots=True)
class Tip:
    """What the next row follows: the newest number, and of the row that has it what proves it."""

    number: int = 0
    root_id: int = 0
    hash: bytes = bytes(32)
    mac: bytes = bytes(32)


@dataclass(frozen=True, slots=True)
class Head:
    """Which number is the newest, and the MAC that proves it, under which root key."""

    number: int = 0
    root_id: int = 0
    mac: bytes = b""


@dataclass(frozen=True, slots=True)
class Fault:
    """The first row that is not as it was written, and why."""

    number: int
    why: str

    def __str__(self) -> str:
        return f"{self.number}: {self.why}"


class Signer:
    """Makes MACs, and proves them under whichever root key they were made."""

    def __init__(self, roots: Roots) -> None:
        self._roots = roots
        self._derived: dict[bytes, bytes] = {}

    @property
    def root_id(self) -> int:
        """The number of the root key that signs from now on."""
        return self._roots.newest[0]

    def row(self, entry: Entry) -> bytes:
        """The MAC of a row that has its hash."""
        return self._mac(entry.root_id, b"row", entry.number, entry.hash)

    def head(self, tip: Tip, root_id: int) -> Head:
        """The head that names this row the newest."""
        return Head(
            tip.number, root_id, self._mac(root_id, b"head", tip.number, tip.hash + tip.mac)
        )

    def is_genuine(self, head: Head, tip: Tip) -> bool:
        """Whether ``head`` was made for this newest row; raises as ``Roots.key`` does."""
        if (head.number, head.root_id) != (tip.number, tip.root_id):
            return False
        if tip.number == 0:
            return head == Head()
        return hmac.compare_digest(self.head(tip, head.root_id).mac, head.mac)

    def _mac(self, root_id: int, use: bytes, number: int, what: bytes) -> bytes:
        root_key = self._roots.key(root_id)
        key = self._derived.get(root_key)
        if key is None:
            key = self._derived[root_key] = purpose_key(root_key, "audit")
        message = use + number.to_bytes(8, "big", signed=True) + what
        return hmac.digest(key, message, hashlib.sha256)


def entry(deed: Deed, tip: Tip, signer: Signer, root_id: int, now_ms: int) -> Entry:
    """The row that records ``deed`` behind ``tip``."""
    detail = json.dumps(dict(deed.detail), separators=(",", ":"))
    if len(detail) > MOST_DETAIL:
        detail = json.dumps({"too_long": len(detail)})
    row = Entry(
        tip.number + 1,
        now_ms if deed.time_ms is None else deed.time_ms,
        deed.kind,
        deed.actor,
        deed.subject,
        deed.outcome,
        detail,
        deed.address,
        root_id,
    )
    row = replace(row, hash=_hash(row, tip))
    return replace(row, mac=signer.row(row))


def tip_of(row: Entry) -> Tip:
    """What follows ``row`` follows this."""
    return Tip(row.number, row.root_id, row.hash, row.mac)


def _hash(row: Entry, tip: Tip) -> bytes:
    """SHA-256 over hash and MAC of the row before, and this one's fields as one JSON array.

    The MAC before is in it, since that of a row under a root key that was retired proves nothing
    any more: it must not change all the same.
    """
    fields = (
        row.number,
        row.time_ms,
        row.kind,
        row.actor,
        row.subject,
        row.outcome,
        row.detail,
        row.address,
        row.root_id,
    )
    written = json.dumps(fields, separators=(",", ":")).encode("ascii")
    return hashlib.sha256(tip.hash + tip.mac + written).digest()


def first_fault(
    rows: Iterable[Entry], head: Head | None, signer: Signer, retired: Collection[int]
) -> Fault | None:
    """The first of ``rows`` (all up to the head's number, in order) that is not as it was written.

    None where all are. ``retired`` are the root keys that prove nothing any more: rows under them
    are held by the chain, whose later rows and whose head are under others.
    """
    tip = Tip()
    for row in rows:
        why = _why_not(row, tip, signer, retired)
        if why is not None:
            return Fault(min(row.number, tip.number + 1), why)
        tip = tip_of(row)
    return _fault_of_end(head, tip, signer)


def _why_not(row: Entry, tip: Tip, signer: Signer, retired: Collection[int]) -> str | None:
    if row.number > tip.number + 1:
        return f"is missing: the next one is {row.number}"
    if row.number != tip.number + 1:
        return "is numbered outside of the log"
    if not hmac.compare_digest(row.hash, _hash(row, tip)):
        return "was changed, or the one before it was: its hash does not fit"
    if row.kind == Kind.UNPROVEN and not _is_proven(row, tip, signer, retired):
        return "goes on behind a head that was not genuine"
    if row.root_id not in retired:
        try:
            is_ours = hmac.compare_digest(row.mac, signer.row(row))
        except (Damaged, RootUnknown):
            return f"names root key {row.root_id}, which is unknown"
        if not is_ours:
            return "was written without the keyring: its MAC does not fit"
    return f"says that the log was broken: {row.detail}" if row.kind == Kind.BROKEN else None


def unproven(head: Head) -> Deed:
    """What is said where this head cannot be proven yet, since its root key is not known here."""
    deed = Deed(Kind.UNPROVEN, outcome="root_key_unknown")
    return deed.saying(number=head.number, root_id=head.root_id, mac=head.mac.hex())


def _is_proven(row: Entry, tip: Tip, signer: Signer, retired: Collection[int]) -> bool:
    try:
        said = json.loads(row.detail)
        head = Head(said["number"], said["root_id"], bytes.fromhex(said["mac"]))
        if head.root_id in retired:
            return (head.number, head.root_id) == (tip.number, tip.root_id)
        return signer.is_genuine(head, tip)
    except (ValueError, KeyError, TypeError, RecursionError, Damaged, RootUnknown):
        return False


def _fault_of_end(head: Head | None, tip: Tip, signer: Signer) -> Fault | None:
    newest = max(tip.number, 1)
    if head is None:
        return Fault(newest, "is the newest, but the log's head is missing")
    if head.number > tip.number:
        return Fault(tip.number + 1, f"is missing, and what follows up to {head.number}")
    try:
        is_genuine = signer.is_genuine(head, tip)
    except (Damaged, RootUnknown):
        is_genuine = False
    if is_genuine:
        return None
    return Fault(newest, "is not the newest that was written: the head's MAC does not fit")

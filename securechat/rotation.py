"""What ``python -m securechat keys`` does, beside running daemons or without one; blocking.

Every step is whole or not begun, wherever it is broken off, and whoever takes it again goes on. A
new root key is on the disk before the database puts it in service; an old one is out of service
before it leaves the disk.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO, TypeVar

from . import keyfile, keyring
from .config import Config
from .core.errors import Damaged, Misconfigured, Unavailable
from .core.factors import FactorKeys
from .core.keys import RoomKeys, RootKeys
from .core.model import Identity, RootUse, SealedSecret, StoredKey
from .core.settings import SqliteDatabase
from .core.trail import OPERATOR, Deed, Kind, Signer
from .keyring import Keyring
from .log import escaped
from .store import Store
from .store.ledger import Ledger
from .store.trail import Trail

DONE, FAILED = 0, 1

AT_ONCE = 100
"""So many room keys or secrets change in one transaction."""

NAMES_SHOWN = 10

NEXT = """\
Next: keep a copy of the keyring, put it on every other machine, and send every daemon SIGHUP.
Then run  keys rewrap.
"""


class Refusal(Exception):
    """Why it was not done, as a sentence."""


def run(config: Config, command: str, root_id: int | None, out: TextIO) -> int:
    """Carry out ``keys`` with this command; the exit status. Reasons go to standard error.

    ``root_id`` is which root key to retire.
    """
    try:
        rotation = Rotation(config.keyring, *_opened(config), out)
        if command == "retire" and root_id is not None:
            return rotation.retire(root_id)
        commands: dict[str, Callable[[], int]] = {
            "status": rotation.status,
            "rotate": rotation.rotate,
            "rewrap": rotation.rewrap,
            "verify": rotation.verify,
        }
        return commands[command]()
    except (Refusal, Misconfigured) as error:
        reason = str(error)
    except Unavailable as error:
        reason = f"the database is away: {error}. Run it again: it goes on from there."
    sys.stderr.write(f"securechat: {escaped(reason)}\n")
    return FAILED


def _opened(config: Config) -> tuple[Ledger, Identity]:
    if isinstance(config.database, SqliteDatabase) and not config.database.path.exists():
        raise Refusal(f"there is no database {config.database.path}: start the daemon once first")
    ledger = Store(config.database).ledger
    identity = ledger.examine()
    if identity is None:
        raise Refusal("the database is new, or an older version's: start the daemon once first")
    return ledger, identity


class Rotation:
    """One keyring file and one database, known as ``identity``."""

    def __init__(self, path: Path, ledger: Ledger, identity: Identity, out: TextIO) -> None:
        self._path = path
        self._ledger = ledger
        self._identity = identity
        self._out = out

    def status(self) -> int:
        """Tell of every root key what needs it, and what may be done with it."""
        roots, uses = keyring.read(self._path).roots, self._ledger.root_uses()
        self._say(f"keyring {self._path}, database {roots.database_id}")
        for root_id in sorted({*roots.keys, *uses, *self._in_service()}, reverse=True):
            use = uses.get(root_id, RootUse())
            made_ms = roots.made_ms.get(root_id)
            facts = [
                "made at an unknown time" if made_ms is None else f"made {_minute(made_ms)}",
                f"wraps {_count(use.room_keys, 'room key')}",
                f"peppers {_count(use.passwords, 'password')}",
                f"wraps {_count(use.factors, 'second factor')}",
            ]
            self._say(
                f"root key {root_id}: {', '.join(facts)}; {self._standing(roots, root_id, use)}"
            )
        return DONE

    def _standing(self, roots: RootKeys, root_id: int, use: RootUse) -> str:
        if root_id not in roots.keys:
            return "IT IS NOT IN THIS KEYRING"
        if root_id not in self._identity.checks:
            return "not in service yet: run  keys rotate  again"
        if not self._identity.checks[root_id]:
            return f"retired: run  keys retire {root_id}  again, which removes it"
        if root_id == roots.newest_id:
            return "the newest, for new things"
        return _what_is_left(use) or f"nothing needs it: keys retire {root_id}  removes it"

    def rotate(self) -> int:
        """Add a root key to the keyring, for all new things."""
        with keyfile.held(self._path):
            ring = self._ring()
            if ring.roots.news_for(self._identity) is None:
                root_id = max({*ring.roots.keys, *self._identity.checks}) + 1
                self._put_in_service(ring, root_id)
            else:  # a rotation that was broken off
                ring.settle(self._ledger)
                root_id = ring.roots.newest_id
        self._record(keyring.read(self._path).roots, Deed(Kind.KEY_ADDED, OPERATOR, str(root_id)))
        self._say(f"root key {root_id} is in the keyring {self._path}, for new things.")
        self._out.write(NEXT)
        return DONE

    def _put_in_service(self, ring: Keyring, root_id: int) -> None:
        new = replace(ring, roots=ring.roots.adding(root_id, *keyring.fresh()))
        keyfile.replace(self._path, new.roots)
        try:
            new.settle(self._ledger)
        except Misconfigured:  # another machine's has this number
            keyfile.replace(self._path, ring.roots)
            raise

    def rewrap(self) -> int:
        """Wrap all that is wrapped under the newest root key; FAILED where something does not open.

        These are the room keys, and the secrets of second factors.
        """
        ring = self._ring()
        ring.settle(self._ledger)
        newest, ledger = ring.roots.newest_id, self._ledger
        room_keys, factors = RoomKeys(ring.roots), FactorKeys(ring.roots)
        damages: dict[str, None] = {}
        keys = _move(ledger.room_keys, newest, room_keys.rewrapped, ledger.rewrap, damages)
        secrets = _move(ledger.apps, newest, factors.resealed, ledger.reseal, damages)
        moved_all = Deed(Kind.KEYS_REWRAPPED, OPERATOR, str(newest))
        moved = {"moved": keys, "factors": secrets, "damaged": len(damages)}
        self._record(ring.roots, moved_all.saying(**moved))
        for damage in damages:
            self._say(damage)
        self._say(
            f"{_count(keys, 'room key')} wrapped anew, and {_count(secrets, 'second factor')}, "
            f"under root key {newest}."
        )
        return FAILED if damages else DONE

    def retire(self, root_id: int) -> int:
        """Remove a root key that nothing needs from the keyring, for good."""
        with keyfile.held(self._path):
            ring = keyring.read(self._path)
            if root_id not in {*ring.roots.keys, *self._identity.checks}:
                raise Refusal(f"there is no root key {root_id}; keys status  shows which there are")
            if root_id == ring.roots.newest_id:
                raise Refusal(f"root key {root_id} is the newest: run  keys rotate  first")
            # One that the keyring has lost may go as well, where nothing needs it.
            others = {one: check for one, check in self._identity.checks.items() if one != root_id}
            ring.check(replace(self._identity, checks=others))
            trail = Trail(Signer(ring.roots))
            left = _what_is_left(self._ledger.retire(root_id, trail))
            if left:
                raise Refusal(f"root key {root_id} stays: {left}{self._whose(root_id)}")
            if root_id in ring.roots.keys:
                keyfile.replace(self._path, ring.roots.without(root_id))
        self._say(f"root key {root_id} is retired, and gone from the keyring {self._path}.")
        self._say("Put this keyring on every other machine, and send every daemon SIGHUP.")
        return DONE

    def verify(self) -> int:
        """Open every room key and look for every pepper; FAILED where something is missing."""
        ring = keyring.read(self._path)
        faults = 0
        misfit = ring.roots.misfit(self._identity)
        if misfit is not None:
            faults += 1
            self._say(f"the keyring {self._path} {misfit}.")
        room_keys, factors = RoomKeys(ring.roots), FactorKeys(ring.roots)
        keys, damaged_keys = _opened_all(self._ledger.room_keys(), room_keys.unwrap)
        secrets, damaged_secrets = _opened_all(self._ledger.apps(), factors.open)
        for damage in (*damaged_keys, *damaged_secrets):
            faults += 1
            self._say(damage)
        uses = self._ledger.root_uses()
        for root_id, use in uses.items():
            if use.passwords and root_id not in ring.roots.keys:
                faults += 1
                self._say(
                    f"{_count(use.passwords, 'password')} cannot be checked, since root key "
                    f"{root_id} is unknown{self._whose(root_id)}"
                )
        passwords = sum(use.passwords for use in uses.values())
        found = (
            f"{_count(keys, 'room key')}, {_count(secrets, 'second factor')} "
            f"and the peppers of {_count(passwords, 'password')}"
        )
        self._say(f"{found}: {f'{faults} wrong' if faults else 'all in order'}")
        return FAILED if faults else DONE

    def _ring(self) -> Keyring:
        ring = keyring.read(self._path)
        ring.check(self._identity)
        return ring

    def _in_service(self) -> list[int]:
        return [root_id for root_id, check in self._identity.checks.items() if check]

    def _whose(self, root_id: int) -> str:
        """The first of those whose passwords need this root key, for the end of a sentence."""
        names = self._ledger.usernames_under(root_id, NAMES_SHOWN + 1)
        if not names:
            return ""
        shown = ", ".join(names[:NAMES_SHOWN])
        return f" ({shown}{' …' if len(names) > NAMES_SHOWN else ''})"

    def _record(self, roots: RootKeys, deed: Deed) -> None:
        """Have the audit log say what is done already: to fail now would have it done twice."""
        try:
            self._ledger.record(Trail(Signer(roots)), deed)
        except Unavailable as error:
            self._say(f"The audit log does not say so, since the database is away: {error}")

    def _say(self, line: str) -> None:
        print(escaped(line), file=self._out)


Wrapped = TypeVar("Wrapped", StoredKey, SealedSecret)


def _move(
    pages: Callable[[], Iterator[list[Wrapped]]],
    newest: int,
    renewed: Callable[[Wrapped], Wrapped],
    store: Callable[[Sequence[tuple[Wrapped, Wrapped]]], int],
    damages: dict[str, None],
) -> int:
    """Store anew, under ``newest``, all that is under an older root key; how many were.

    What does not open stays as it is, and is told in ``damages``.
    """
    done = moved = _move_once(pages(), newest, renewed, store, damages)
    # A daemon that has not read the keyring yet may have made more meanwhile.
    while moved:
        moved = _move_once(pages(), newest, renewed, store, damages)
        done += moved
    return done


def _move_once(
    pages: Iterator[list[Wrapped]],
    newest: int,
    renewed: Callable[[Wrapped], Wrapped],
    store: Callable[[Sequence[tuple[Wrapped, Wrapped]]], int],
    damages: dict[str, None],
) -> int:
    moved = 0
    for page in pages:
        older = [one for one in page if one.root_id != newest]
        for start in range(0, len(older), AT_ONCE):
            pairs = []
            for one in older[start : start + AT_ONCE]:
                try:
                    pairs.append((one, renewed(one)))
                except Damaged as damage:
                    damages[str(damage)] = None
            began_s = time.monotonic()
            moved += store(pairs)
            # Half of the time is the daemons'.
            time.sleep(time.monotonic() - began_s)
    return moved


def _opened_all(
    pages: Iterator[list[Wrapped]], open_: Callable[[Wrapped], bytes]
) -> tuple[int, list[str]]:
    """How many there are, and what is wrong with those that do not open."""
    count, damages = 0, []
    for page in pages:
        for one in page:
            count += 1
            try:
                open_(one)
            except Damaged as damage:
                damages.append(str(damage))
    return count, damages


def _what_is_left(use: RootUse) -> str:
    """What must happen before the root key can go; empty where nothing must."""
    reasons = []
    if use.room_keys:
        reasons.append(f"{_count(use.room_keys, 'room key')} to be moved by  keys rewrap")
    if use.factors:
        reasons.append(f"{_count(use.factors, 'second factor')} to be moved by  keys rewrap")
    if use.passwords:
        reasons.append(f"{_count(use.passwords, 'password')} to move when their owners log in")
    return " and ".join(reasons)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _minute(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1_000, UTC):%Y-%m-%d %H:%M} UTC"

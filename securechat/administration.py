"""What ``python -m securechat admin`` does, beside a running daemon or without one."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TextIO

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from . import keyring
from .chat.administration import RESET_MS
from .config import Config
from .core import content
from .core.encoding import b64url
from .core.errors import Damaged, Misconfigured, Unavailable
from .core.keys import RoomKeys
from .core.model import REPORTS, Feed, RoomId, StoredEvent, digest_of
from .core.names import BadName, fold_username
from .core.settings import SqliteDatabase
from .log import escaped
from .store import Store
from .store.reported import Reported

DONE, FAILED = 0, 1
PAGE_EVENTS = 200
HOME = "http://localhost:8080"
"""Where people find a daemon that was not told its address."""


class _Refusal(Exception):
    """Why nothing was done, as a sentence."""


def run(config: Config, command: str | None, name: str | None) -> int:
    """Carry out ``admin`` with this command; the exit status. Reasons go to standard error."""
    status = FAILED

    async def work(reactor: Any) -> None:
        nonlocal status
        store, ring = _opened(config, reactor)
        # Not store.start(): the file's lock belongs to the daemon, which may be running.
        store.database.start()
        try:
            await _COMMANDS[command or ""](config, store, RoomKeys(ring.roots), name or "")
            status = DONE
        finally:
            await store.database.stop()

    def begin(reactor: Any) -> Deferred[None]:
        return Deferred.fromCoroutine(work(reactor)).addErrback(_tell)

    try:
        react(begin, ())
    except SystemExit as end:
        return status if end.code in (0, None) else FAILED


def _tell(failure: Any) -> None:
    if failure.check(_Refusal, Misconfigured, Unavailable) is None:
        failure.raiseException()
    reason = failure.value
    if isinstance(reason, Unavailable):
        reason = f"the database is away: {reason}"
    sys.stderr.write(f"securechat: {escaped(str(reason))}\n")


def _opened(config: Config, reactor: Any) -> tuple[Store, keyring.Keyring]:
    if isinstance(config.database, SqliteDatabase) and not config.database.path.exists():
        raise _Refusal(f"there is no database {config.database.path}: start the daemon once first")
    store = Store(config.database, reactor)
    identity = store.ledger.examine()
    if identity is None:
        raise _Refusal("the database is new, or an older version's: start the daemon once first")
    ring = keyring.read(config.keyring)
    ring.check(identity)
    return store, ring


async def _grant(config: Config, store: Store, keys: RoomKeys, name: str) -> None:
    if await store.administration.grant(_folded(name)) is None:
        raise _nobody(name)
    sys.stdout.write(f"{_folded(name)} is an administrator now.\n")


async def _reset(config: Config, store: Store, keys: RoomKeys, name: str) -> None:
    token = b64url(os.urandom(32))
    expires_ms = int(time.time() * 1_000) + RESET_MS
    user = await store.administration.add_reset(_folded(name), digest_of(token), expires_ms)
    if user is None:
        raise _nobody(name)
    sys.stdout.write(f"{config.public_url or HOME}/reset/{token}\n")


async def _reports(config: Config, store: Store, keys: RoomKeys, name: str) -> None:
    await Reports(store, keys, sys.stdout).tell()


def _folded(name: str) -> str:
    try:
        return fold_username(name)
    except BadName:
        raise _nobody(name) from None


def _nobody(name: str) -> _Refusal:
    return _Refusal(f"there is nobody with the user name {name!r}")


_COMMANDS: dict[str, Callable[[Config, Store, RoomKeys, str], Awaitable[None]]] = {
    "grant": _grant,
    "reset": _reset,
    "reports": _reports,
}


class Reports:
    """Opens the room of reports, and the messages that these are about."""

    def __init__(self, store: Store, keys: RoomKeys, out: TextIO) -> None:
        self._events = store.events
        self._reported = Reported(store.database)
        self._keys = keys
        self._out = out

    async def tell(self) -> None:
        """Print every report, oldest first."""
        seq = count = 0
        while True:
            feed = await self._events.feed(REPORTS, seq, PAGE_EVENTS, ())
            for event in feed.events:
                seq = event.seq
                count += await self._tell_one(event, feed)
            if not feed.events or seq >= feed.last_seq:
                break
        self._say("nothing was reported" if not count else f"{count} reports")

    async def _tell_one(self, event: StoredEvent, feed: Feed) -> int:
        said = self._opened(event, feed)
        if said is None:
            self._say(f"report {event.seq}: damaged\n")
            return 1
        if said["kind"] != "report":
            return 0
        room, target = RoomId(str(said.get("room"))), int(said.get("target", 0))
        about = await self._event(room, target)
        who = await self._person(about[0]) if about else "?"
        self._say(f"{_when(event)}, reported by {await self._person(event)}")
        self._say(
            f"  room: {await self._reported.room_name(room) or '-'} ({room}), number {target}"
        )
        self._say(f"  author: {who}")
        self._say(f"  reason: {said.get('body', '')}")
        self._say(f"  message: {await self._text(room, target, about)}\n")
        return 1

    async def _event(self, room: RoomId, seq: int) -> tuple[StoredEvent, Feed] | None:
        feed = await self._events.feed(room, seq - 1, 1, ())
        found = feed.events[0] if feed.events else None
        return None if found is None or found.seq != seq else (found, feed)

    async def _text(self, room: RoomId, seq: int, about: tuple[StoredEvent, Feed] | None) -> str:
        """The message as it reads now, or in brackets why it cannot be read."""
        if about is not None and not about[0].ciphertext:
            return "(deleted)"
        latest = await self._reported.latest_edit(room, seq)
        shown = about if latest is None else await self._event(room, latest)
        said = None if shown is None else self._opened(*shown)
        # Which event is an edit of which is noted in the clear: only what is sealed is believed.
        if said is None or (latest is not None and said.get("target") != seq):
            return "(damaged)"
        return str(said.get("body", ""))

    def _opened(self, event: StoredEvent, feed: Feed) -> dict[str, Any] | None:
        under = [key for key in feed.keys if key.first_seq <= event.seq]
        try:
            return content.read(self._keys.open(event, under[-1])) if under else None
        except Damaged:
            return None

    async def _person(self, event: StoredEvent) -> str:
        username = await self._reported.username(event.author)
        return f"@{username}" if username else f"(unknown) {event.author}"

    def _say(self, line: str) -> None:
        end = "\n\n" if line.endswith("\n") else "\n"
        self._out.write(escaped(line.removesuffix("\n")) + end)


def _when(event: StoredEvent) -> str:
    time_ms = json.loads(event.protected)["time"]
    return datetime.fromtimestamp(time_ms / 1_000, UTC).isoformat(timespec="seconds")

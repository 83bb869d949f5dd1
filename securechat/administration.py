"""What ``python -m securechat admin`` does, beside a running daemon or without one."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from . import keyring
from .chat.erasure import Erasure
from .chat.operator import Operator
from .chat.reports import Reports
from .config import Config
from .config.endpoints import parse_listen
from .core.errors import Code, Misconfigured, Refused, Unavailable
from .core.keys import RoomKeys
from .core.model import ROOM_ID, RoomId
from .core.names import fold_username
from .core.ports import Bus, RoomsChanged, SessionEnded
from .core.settings import SqliteDatabase
from .core.trail import OPERATOR, Deed, Kind, Signer
from .log import escaped
from .metrics import Metrics
from .news import make_bus, reached
from .roots import LiveRoots
from .store import Store
from .store.reported import Reported
from .store.trail import Trail
from .web.origins import Origins

DONE, FAILED = 0, 1


class Refusal(Exception):
    """Why it was not done, as a sentence."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """What a command works with; ``name`` is what it was told beside, if anything."""

    config: Config
    store: Store
    keys: RoomKeys
    bus: Bus
    name: str
    messages: bool


def run(config: Config, command: str | None, name: str | None, *, messages: bool = False) -> int:
    """Carry out ``admin`` with this command; the exit status. Reasons go to standard error.

    ``messages``: whether what an erased person wrote goes too.
    """

    async def work(reactor: Any) -> None:
        store, ring = _opened(config, reactor)
        bus = make_bus(config, LiveRoots(ring), _now_ms, Metrics(), reactor)
        # Not store.start(): the file's lock belongs to the daemon, which may be running.
        store.database.start()
        try:
            await reached(bus, reactor)
            desk = _Desk(config, store, RoomKeys(ring.roots), bus, name or "", messages)
            await _COMMANDS[command or ""](desk)
        finally:
            await bus.stop()
            await store.database.stop()

    return carry_out(work)


def carry_out(work: Callable[[Any], Awaitable[None]]) -> int:
    """Run the reactor for ``work``, which is handed it; the exit status.

    Where work raises Refusal, Misconfigured or Unavailable, standard error has the reason.
    """
    status = FAILED

    async def whole(reactor: Any) -> None:
        nonlocal status
        await work(reactor)
        status = DONE

    def begin(reactor: Any) -> Deferred[None]:
        return Deferred.fromCoroutine(whole(reactor)).addErrback(_tell)

    try:
        react(begin, ())
    except SystemExit as end:
        return status if end.code in (0, None) else FAILED


def _tell(failure: Any) -> None:
    if failure.check(Refusal, Misconfigured, Unavailable) is None:
        failure.raiseException()
    reason = failure.value
    if isinstance(reason, Unavailable):
        reason = f"the database is away: {reason}"
    sys.stderr.write(f"securechat: {escaped(str(reason))}\n")


def _opened(config: Config, reactor: Any) -> tuple[Store, keyring.Keyring]:
    if isinstance(config.database, SqliteDatabase) and not config.database.path.exists():
        raise Refusal(f"there is no database {config.database.path}: start the daemon once first")
    identity = Store(config.database).ledger.examine()
    if identity is None:
        raise Refusal("the database is new, or an older version's: start the daemon once first")
    ring = keyring.read(config.keyring)
    ring.check(identity)
    return Store(config.database, reactor, trail=Trail(Signer(ring.roots))), ring


async def _grant(desk: _Desk) -> None:
    granted = await _operator(desk).grant(desk.name)
    if granted is None:
        raise _nobody(desk.name)
    desk.bus.publish(RoomsChanged(granted))
    sys.stdout.write(f"{fold_username(desk.name)} is an administrator now.\n")


async def _disable(desk: _Desk) -> None:
    ended = await _operator(desk).disable(desk.name)
    if ended is None:
        raise _nobody(desk.name)
    for digest in ended:
        desk.bus.publish(SessionEnded(digest))
    name = fold_username(desk.name)
    sys.stdout.write(f"{name} is disabled: cannot log in, and is logged out everywhere.\n")


async def _enable(desk: _Desk) -> None:
    if await _operator(desk).enable(desk.name) is None:
        raise _nobody(desk.name)
    sys.stdout.write(f"{fold_username(desk.name)} may log in.\n")


async def _erase_room(desk: _Desk) -> None:
    if not ROOM_ID.fullmatch(desk.name):
        raise Refusal(f"{desk.name!r} is no id of a room; the address of a room ends with it")
    erasure = Erasure(desk.store.erasures, desk.keys, desk.bus, _now_ms, Metrics())
    try:
        await erasure.erase_room(None, RoomId(desk.name))
    except Refused as refused:
        none = f"there is no room with the id {desk.name}"
        raise Refusal(none if refused.code is Code.NOT_FOUND else refused.text) from None
    await erasure.done()
    sys.stdout.write(f"The room {desk.name} is erased.\n")


async def _erase(desk: _Desk) -> None:
    found = await _operator(desk).find(desk.name)
    if found is None:
        raise _nobody(desk.name)
    erasure = Erasure(desk.store.erasures, desk.keys, desk.bus, _now_ms, Metrics())
    try:
        await erasure.erase_person(found, desk.messages)
    except Refused as refused:
        raise Refusal(refused.text) from None
    await erasure.done()
    sys.stdout.write(f"The account of {fold_username(desk.name)} is erased.\n")


async def _reset(desk: _Desk) -> None:
    token = await _operator(desk).new_reset(desk.name, _now_ms())
    if token is None:
        raise Refusal(f"there is nobody with the user name {desk.name!r} who is not disabled")
    home = home_of(desk.config)
    if not home:
        sys.stderr.write(
            "securechat: put the address of your server in front; --public-url would tell it\n"
        )
    sys.stdout.write(f"{home}/reset/{token}\n")


async def _remove_factors(desk: _Desk) -> None:
    removed = await _operator(desk).remove_factors(desk.name)
    if removed is None:
        raise _nobody(desk.name)
    had_one, ended = removed
    for digest in ended:
        desk.bus.publish(SessionEnded(digest))
    was = "had one, and logs in with the password alone now" if had_one else "had none"
    who = fold_username(desk.name)
    sys.stdout.write(f"second factor of {who}: {was}; sessions ended: {len(ended)}\n")


async def _reports(desk: _Desk) -> None:
    def say(line: str) -> None:
        sys.stdout.write(f"{escaped(line)}\n")

    store = desk.store
    await store.audit.append([Deed(Kind.REPORTS_READ, OPERATOR)])
    await Reports(store.events, Reported(store.database), desk.keys, say).tell()


def home_of(config: Config) -> str:
    """Where people find the daemon: its public URL, else this machine on its first port.

    Empty where it has neither, or any free port.
    """
    origins = Origins(config.public_url)
    ports = [port for address in config.listen if (port := parse_listen(address).port)]
    origins.listen_on(ports[:1], "https" if config.tls_cert else "http")
    return origins.home


def _operator(desk: _Desk) -> Operator:
    return Operator(desk.store.administration, os.urandom)


def _now_ms() -> int:
    return int(time.time() * 1_000)


def _nobody(name: str) -> Refusal:
    return Refusal(f"there is nobody with the user name {name!r}")


_COMMANDS: dict[str, Callable[[_Desk], Awaitable[None]]] = {
    "grant": _grant,
    "disable": _disable,
    "enable": _enable,
    "erase-room": _erase_room,
    "erase": _erase,
    "reset": _reset,
    "remove-factors": _remove_factors,
    "reports": _reports,
}

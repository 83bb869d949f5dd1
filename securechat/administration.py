"""What ``python -m securechat admin`` does, beside a running daemon or without one."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from . import keyring
from .chat.operator import Operator
from .chat.reports import Reports
from .config import Config
from .config.endpoints import parse_listen
from .core.errors import Misconfigured, Unavailable
from .core.keys import RoomKeys
from .core.names import fold_username
from .core.settings import SqliteDatabase
from .core.trail import OPERATOR, Deed, Kind, Signer
from .log import escaped
from .store import Store
from .store.reported import Reported
from .store.trail import Trail
from .web.origins import Origins

DONE, FAILED = 0, 1


class Refusal(Exception):
    """Why it was not done, as a sentence."""


def run(config: Config, command: str | None, name: str | None) -> int:
    """Carry out ``admin`` with this command; the exit status. Reasons go to standard error."""

    async def work(reactor: Any) -> None:
        store, ring = _opened(config, reactor)
        # Not store.start(): the file's lock belongs to the daemon, which may be running.
        store.database.start()
        try:
            await _COMMANDS[command or ""](config, store, RoomKeys(ring.roots), name or "")
        finally:
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


async def _grant(config: Config, store: Store, keys: RoomKeys, name: str) -> None:
    if await _operator(store).grant(name) is None:
        raise _nobody(name)
    sys.stdout.write(f"{fold_username(name)} is an administrator now.\n")


async def _reset(config: Config, store: Store, keys: RoomKeys, name: str) -> None:
    token = await _operator(store).new_reset(name, int(time.time() * 1_000))
    if token is None:
        raise _nobody(name)
    home = home_of(config)
    if not home:
        sys.stderr.write(
            "securechat: put the address of your server in front; --public-url would tell it\n"
        )
    sys.stdout.write(f"{home}/reset/{token}\n")


async def _remove_factors(config: Config, store: Store, keys: RoomKeys, name: str) -> None:
    removed = await _operator(store).remove_factors(name)
    if removed is None:
        raise _nobody(name)
    had_one, ended = removed
    was = "had one, and logs in with the password alone now" if had_one else "had none"
    sys.stdout.write(f"second factor of {fold_username(name)}: {was}; sessions ended: {ended}\n")


async def _reports(config: Config, store: Store, keys: RoomKeys, name: str) -> None:
    def say(line: str) -> None:
        sys.stdout.write(f"{escaped(line)}\n")

    await store.audit.append([Deed(Kind.REPORTS_READ, OPERATOR)])
    await Reports(store.events, Reported(store.database), keys, say).tell()


def home_of(config: Config) -> str:
    """Where people find the daemon: its public URL, else this machine on its first port.

    Empty where it has neither, or any free port.
    """
    origins = Origins(config.public_url)
    ports = [port for address in config.listen if (port := parse_listen(address).port)]
    origins.listen_on(ports[:1], "https" if config.tls_cert else "http")
    return origins.home


def _operator(store: Store) -> Operator:
    return Operator(store.administration, os.urandom)


def _nobody(name: str) -> Refusal:
    return Refusal(f"there is nobody with the user name {name!r}")


_COMMANDS: dict[str, Callable[[Config, Store, RoomKeys, str], Awaitable[None]]] = {
    "grant": _grant,
    "reset": _reset,
    "remove-factors": _remove_factors,
    "reports": _reports,
}

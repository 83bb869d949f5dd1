"""The daemon's life: listen, become ready, serve, drain, end."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.internet.task import LoopingCall, deferLater
from twisted.internet.threads import deferToThread
from twisted.logger import Logger
from twisted.python.failure import Failure

from .chat.accounts import Accounts
from .chat.journal import Journal
from .core.errors import Misconfigured, Unavailable
from .hashing import BcryptPool
from .keyring import Keyring
from .sockets.factory import SWEEP_S, ChatFactory
from .store import Store
from .web import Origins

log = Logger()

TRY_AGAIN_S = 1.0
TEND_SESSIONS_EVERY_S = 3600.0
OUT_WITHIN_S = 8.0
"""What is not finished by then, when the daemon is told to stop, is left behind."""


@dataclass(frozen=True)
class Listener:
    """One endpoint string and what is served there."""

    description: str
    factory: IProtocolFactory
    is_chat: bool


class Daemon(Service):
    """Starts and stops everything that ``service`` has put together."""

    def __init__(
        self,
        *,
        store: Store,
        ring: Keyring,
        prepared: bool,
        accounts: Accounts,
        hashing: BcryptPool,
        journal: Journal,
        sockets: ChatFactory,
        origins: Origins,
        wall_clock: Callable[[], int],
        reactor: Any,
    ) -> None:
        """``prepared`` says whether the database is ready and belongs to ``ring``."""
        self.listeners: list[Listener] = []
        self.draining = False
        self._store = store
        self._ring = ring
        self._prepared = prepared
        self._accounts = accounts
        self._hashing = hashing
        self._journal = journal
        self._sockets = sockets
        self._origins = origins
        self._wall_clock = wall_clock
        self._reactor = reactor
        self._ports: list[tuple[Listener, IListeningPort]] = []
        self._can_listen = True
        self._loops = [
            (LoopingCall(sockets.sweep), SWEEP_S),
            (LoopingCall(self._tend_sessions), TEND_SESSIONS_EVERY_S),
        ]

    async def why_not_ready(self) -> str | None:
        """None when everything is there to serve, else the reason in a few words."""
        if self.draining:
            return "stopping"
        if not self._prepared:
            return "the database is not ready"
        try:
            await self._store.ping()
        except Unavailable:
            return "the database is away"
        return None

    def privilegedStartService(self) -> None:
        """Listen while the process may still open low ports; a port in use ends it, status 1."""
        for listener in self.listeners:
            endpoint = serverFromString(self._reactor, listener.description)
            listening = endpoint.listen(listener.factory)
            listening.addCallbacks(
                self._listening, self._not_listening, [listener], None, [listener]
            )
        if not self._can_listen:
            raise SystemExit(1)
        chat_ports = [port for listener, port in self._ports if listener.is_chat]
        numbers = [getattr(port.getHost(), "port", None) for port in chat_ports]
        self._origins.listen_on([number for number in numbers if number is not None])

    def _listening(self, port: IListeningPort, listener: Listener) -> None:
        self._ports.append((listener, port))
        log.info(
            "listening on {address}", address=str(port.getHost()), endpoint=listener.description
        )

    def _not_listening(self, failure: Failure, listener: Listener) -> None:
        failure.trap(CannotListenError)
        error = getattr(failure.value, "socketError", failure.value)
        log.critical(
            "cannot listen on {endpoint}: {reason}",
            endpoint=listener.description,
            reason=str(error),
        )
        self._can_listen = False

    def startService(self) -> None:
        """Start what needs the reactor; try until the database is ready."""
        Service.startService(self)
        self._hashing.start()
        if self._prepared:
            self._be_ready()
        else:
            log.warn("the database is away; trying every {seconds} s", seconds=TRY_AGAIN_S)
            Deferred.fromCoroutine(self._prepare()).addErrback(self._must_not_run)

    async def _prepare(self) -> None:
        while self.running:
            try:
                await deferToThread(self._settle)
            except Unavailable as error:
                log.debug("still not ready: {reason}", reason=error)
                await deferLater(self._reactor, TRY_AGAIN_S)
            else:
                if self.running:
                    self._be_ready()
                return

    def _settle(self) -> None:
        self._store.ledger.prepare()
        self._ring.settle(self._store.ledger)

    def _be_ready(self) -> None:
        # Not before: until it is known to be ours, nobody registers or logs in on this database.
        self._store.start()
        self._prepared = True
        log.info("ready at {address}", address=self._origins.home)
        for loop, interval_s in self._loops:
            loop.clock = self._reactor
            loop.start(interval_s, now=False).addErrback(
                lambda failure: log.failure("a regular task has ended", failure)
            )

    def _must_not_run(self, failure: Failure) -> None:
        """The database came back, and it is the wrong one: stop, status 1."""
        if failure.check(Misconfigured):
            log.critical("securechat must not run like this: {reason}", reason=failure.value)
        else:
            log.failure("the start failed", failure)
        # The reactor knows no exit status.
        atexit.register(os._exit, 1)
        self._reactor.stop()

    async def _tend_sessions(self) -> None:
        """An open socket keeps its session in use; sessions that have expired are forgotten."""
        try:
            now_ms = self._wall_clock()
            for digest in self._sockets.sessions():
                await self._accounts.touch(digest, now_ms)
            await self._accounts.end_expired(now_ms)
        except Unavailable as error:
            log.info("sessions are tended later: {reason}", reason=error)

    def stopService(self) -> Deferred[None]:
        """Stop accepting, finish what is under way, say goodbye, close; at most OUT_WITHIN_S."""
        self.draining = True
        stopping = Deferred.fromCoroutine(self._stop())
        stopping.addTimeout(OUT_WITHIN_S, self._reactor)
        stopping.addErrback(lambda failure: log.failure("the end was not orderly", failure))
        return stopping

    async def _stop(self) -> None:
        Service.stopService(self)
        for loop, _ in self._loops:
            if loop.running:
                loop.stop()
        for _, port in self._ports:
            stopped = port.stopListening()
            if stopped is not None:
                await stopped
        await self._journal.drain()
        await self._sockets.drain()
        self._hashing.stop()
        await self._store.stop()
        log.info("everything is stored; goodbye")

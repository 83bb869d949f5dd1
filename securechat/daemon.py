"""The daemon's life: listen, become ready, serve, drain, end."""

from __future__ import annotations

import atexit
import gc
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from . import __version__
from .chat.accounts import Accounts
from .chat.administration import Administration
from .chat.changes import RoomChanges
from .chat.erasure import ERASE_EVERY_S, Erasure
from .chat.journal import Journal
from .chat.recorder import Recorder
from .chat.signals import Signals
from .config.endpoints import with_backlog
from .core.errors import Misconfigured, Unavailable
from .core.ports import SessionEnded
from .core.trail import OPERATOR, Deed, Kind
from .hangup import on_hangup
from .hashing import BcryptPool
from .heartbeat import BEAT_S, Heartbeat
from .keyring import Keyring
from .rereading import Rereading
from .sockets.factory import SWEEP_S, ChatFactory
from .sockets.presence import REPEAT_S
from .store import Store
from .threads import run_apart
from .tls import LOOK_S, LiveCertificate
from .web import Origins

log = Logger()

TRY_AGAIN_S = 1.0
PULSE_S = 1.0
TEND_SESSIONS_EVERY_S = 3600.0
OUT_WITHIN_S = 8.0
"""What is not finished by then, when the daemon is told to stop, is left behind."""


COLLECT_AFTER = (10_000, 20, 20)
"""So many new objects, and so many collections of the young and of the older."""


@dataclass(frozen=True)
class Listener:
    """One endpoint string and what is served there."""

    description: str
    factory: IProtocolFactory
    is_chat: bool


class Startable(Protocol):
    """The part of a bus's life that the daemon leads."""

    def start(self) -> None:
        """Reach for the other daemons; whether they are there or not, it returns at once."""

    async def stop(self) -> None:
        """Let what was said last leave, briefly."""


def _collect_seldom() -> None:
    """Look for garbage that only the collector finds less often, and never in what stays.

    Every connection adds hundreds of objects that live long, and a message leaves none behind that
    reference counts do not free; the defaults go through all of them again and again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


class Daemon(Service):
    """Starts and stops everything that ``service`` has put together."""

    def __init__(
        self,
        *,
        store: Store,
        ring: Keyring,
        rereading: Rereading,
        certificate: LiveCertificate | None,
        prepared: bool,
        accounts: Accounts,
        administration: Administration,
        hashing: BcryptPool,
        journal: Journal,
        room_changes: RoomChanges,
        erasure: Erasure,
        signals: Signals,
        sockets: ChatFactory,
        heartbeat: Heartbeat,
        bus: Startable,
        origins: Origins,
        wall_clock: Callable[[], int],
        reactor: Any,
        recorder: Recorder,
        foreground: bool = False,
    ) -> None:
        """``prepared`` says whether the database is ready and belongs to ``ring``."""
        self.listeners: list[Listener] = []
        self.draining = False
        self._is_ready = False
        self._store = store
        self._ring = ring
        self._rereading = rereading
        self._certificate = certificate
        self._prepared = prepared
        self._accounts = accounts
        self._administration = administration
        self._hashing = hashing
        self._journal = journal
        self._room_changes = room_changes
        self._erasure = erasure
        self._signals = signals
        self._sockets = sockets
        self._bus = bus
        self._origins = origins
        self._wall_clock = wall_clock
        self._reactor = reactor
        self._recorder = recorder
        self._foreground = foreground
        self._ports: list[tuple[Listener, IListeningPort]] = []
        self._can_listen = True
        self._loops = [
            (LoopingCall(heartbeat.beat), BEAT_S),
            (LoopingCall(sockets.presence.repeat), REPEAT_S),
            (LoopingCall(sockets.sweep), SWEEP_S),
            (LoopingCall(sockets.pulse.beat), PULSE_S),
            (LoopingCall(self._tend_sessions), TEND_SESSIONS_EVERY_S),
            (LoopingCall(erasure.soon), ERASE_EVERY_S),
        ]
        if certificate is not None:
            self._loops.append((LoopingCall(certificate.look), LOOK_S))

    async def why_not_ready(self) -> str | None:
        """None when everything is there to serve, else the reason in a few words."""
        if self.draining:
            return "stopping"
        if not self._is_ready:
            return "the database is not ready"
        try:
            await self._store.ping()
        except Unavailable:
            return "the database is away"
        return None

    def privilegedStartService(self) -> None:
        """Listen while the process may still open low ports; status 1 where that is impossible."""
        for listener in self.listeners:
            maybeDeferred(self._listen, listener).addCallbacks(
                self._listening, self._not_listening, (listener,), {}, (listener,)
            )
        if not self._can_listen:
            # In the foreground the log has said why. A daemonizing twistd must be told by an
            # ordinary exception: past any other its parent would wait for ever.
            raise SystemExit(1) if self._foreground else Misconfigured("cannot listen, see the log")
        chat_ports = [port for listener, port in self._ports if listener.is_chat]
        numbers = [getattr(port.getHost(), "port", None) for port in chat_ports]
        self._origins.listen_on([number for number in numbers if number is not None])

    def _listen(self, listener: Listener) -> Deferred[IListeningPort]:
        endpoint = serverFromString(self._reactor, with_backlog(listener.description))
        listening: Deferred[IListeningPort] = endpoint.listen(listener.factory)
        return listening

    def _listening(self, port: IListeningPort, listener: Listener) -> None:
        self._ports.append((listener, port))
        log.info(
            "listening on {address}",
            event="listening",
            address=str(port.getHost()),
            endpoint=listener.description,
        )

    def _not_listening(self, failure: Failure, listener: Listener) -> None:
        # Whatever it is: a daemon that does not listen must not look as if it did.
        error = getattr(failure.value, "socketError", failure.value)
        log.critical(
            "cannot listen on {endpoint}: {reason}",
            endpoint=listener.description,
            reason=str(error) or type(error).__name__,
        )
        self._can_listen = False

    def startService(self) -> None:
        """Start what needs the reactor; try until the database is ready."""
        Service.startService(self)
        _collect_seldom()
        on_hangup(self._reactor, self._reread)
        self._hashing.start()
        Deferred.fromCoroutine(self._begin()).addErrback(self._must_not_run)

    def _reread(self) -> None:
        self._rereading.reread()
        if self._certificate is not None:
            self._certificate.reread()

    async def _begin(self) -> None:
        if not self._prepared:
            log.warn("the database is away; trying every {seconds} s", seconds=TRY_AGAIN_S)
            await self._prepare()
        if self.running:
            # Not before: until it is known to be ours, nobody registers or logs in here.
            self._store.start()
            await self._tell_start()
        if self.running:
            self._be_ready()

    async def _prepare(self) -> None:
        while self.running:
            try:
                await run_apart(self._reactor, self._settle)
            except Unavailable as error:
                log.debug("still not ready: {reason}", reason=error)
                await deferLater(self._reactor, TRY_AGAIN_S)
            else:
                return

    async def _tell_start(self) -> None:
        """Begin the audit log, if that is possible: an empty one looks like an emptied one."""
        started = Deed(Kind.STARTED, OPERATOR).saying(version=__version__)
        try:
            await self._store.audit.append([started])
        except Unavailable:
            # With a full disk people can still read.
            self._recorder.record(started)

    def _settle(self) -> None:
        self._store.ledger.prepare()
        self._ring.settle(self._store.ledger)

    def _be_ready(self) -> None:
        self._bus.start()
        self._is_ready = True
        self._rereading.be_ready()
        log.info("ready at {address}", event="ready", address=self._origins.home)
        Deferred.fromCoroutine(self._offer_setup()).addErrback(
            lambda failure: log.failure("the way to set up could not be told", failure)
        )
        # What was broken off goes on.
        self._erasure.soon()
        for loop, interval_s in self._loops:
            loop.clock = self._reactor
            loop.start(interval_s, now=False).addErrback(
                lambda failure: log.failure("a regular task has ended", failure)
            )

    async def _offer_setup(self) -> None:
        """Where nobody is an administrator yet, say how somebody becomes one; the only time."""
        try:
            await self._administration.registration()
            if await self._administration.is_set_up():
                return
        except Unavailable as error:
            log.warn("nobody could be asked about administrators: {reason}", reason=str(error))
            return
        log.warn(
            "no administrator yet: open {setup_address}",
            event="no_administrator",
            # This is how the token is handed over: to whoever reads the log, and for one use.
            # nosemgrep: nothing-secret-logged
            setup_address=f"{self._origins.home}/setup?token={self._administration.setup_token}",
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
        """An open socket keeps its session in use, and ends with it; the expired are forgotten.

        A session can vanish without our hearing of it: by another daemon's or the operator's hand.
        """
        try:
            now_ms = self._wall_clock()
            for digest in self._sockets.sessions():
                if not await self._accounts.still_open(digest, now_ms):
                    self._sockets.hear(SessionEnded(digest))
            await self._accounts.end_expired(now_ms)
        except Unavailable as error:
            log.info("sessions are tended later: {reason}", reason=error)
        except Exception:  # noqa: BLE001 - one bad hour must not be the last
            log.failure("sessions could not be tended")

    def stopService(self) -> Deferred[None]:
        """Stop accepting, finish what is under way, say goodbye, close; at most OUT_WITHIN_S."""
        self.draining = True
        stopping = Deferred.fromCoroutine(self._stop())
        stopping.addErrback(lambda failure: log.failure("the end was not orderly", failure))
        # Not a timeout of `stopping`: what was cancelled may go on waiting, and hold the process.
        out: Deferred[None] = Deferred()
        out.addTimeout(OUT_WITHIN_S, self._reactor)
        out.addErrback(lambda _: log.error("something hangs at the end and is left behind"))
        stopping.addBoth(lambda _: None if out.called else out.callback(None))
        return out

    async def _stop(self) -> None:
        Service.stopService(self)
        for loop, _ in self._loops:
            if loop.running:
                loop.stop()
        for _, port in self._ports:
            stopped = port.stopListening()
            if stopped is not None:
                await stopped
        # Both take nothing more from now on, and are waited for together.
        changes = Deferred.fromCoroutine(self._room_changes.drain())
        await self._journal.drain()
        await changes
        await self._erasure.drain()
        await self._sockets.drain()
        await self._signals.drain()
        await self._bus.stop()
        await self._hashing.stop()
        await self._recorder.drain()
        await self._store.stop()
        log.info("everything is stored; goodbye", event="stopped")

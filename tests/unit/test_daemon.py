"""The daemon's life where no process is needed: listening, sessions of open sockets, the end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from twisted.internet.defer import Deferred, fail
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.logger import LogEvent, LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from securechat.bus.local import LocalBus
from securechat.chat.accounts import Accounts
from securechat.core.errors import Unavailable
from securechat.core.model import RoomId, SessionDigest, UserId
from securechat.core.ports import News, SessionEnded
from securechat.core.settings import Limits
from securechat.core.trail import Deed, Kind
from securechat.daemon import OUT_WITHIN_S, Daemon, Listener
from securechat.heartbeat import Heartbeat
from securechat.web import Origins

from .fakes_accounts import START_MS, MemoryAccounts
from .fakes_browser import PASSWORD
from .fakes_ports import CountingRandom, HeardBus, InlineHashing, memory_sealer


class Sockets:
    """The connections as the daemon sees them."""

    def __init__(self) -> None:
        self.open: dict[SessionDigest, UserId] = {}
        self.heard: list[News] = []
        self.presence = self
        self.pulse = self

    def sessions(self) -> dict[SessionDigest, UserId]:
        return self.open

    def told(self) -> dict[RoomId, int]:
        return {}

    def greeted(self) -> dict[UserId, int]:
        return {}

    def repeat(self) -> None:
        return None

    def hear(self, news: News) -> None:
        self.heard.append(news)

    def sweep(self) -> None:
        return None

    def beat(self) -> None:
        return None

    def soon(self) -> None:
        return None

    async def drain(self) -> None:
        return None


class Hanging:
    """A part that never ends, not even when it is cancelled."""

    async def drain(self) -> None:
        while True:
            never: Deferred[None] = Deferred(lambda waiting: waiting.callback(None))
            await never
            await Deferred()


class DaemonCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.store, self.sockets = Clock(), MemoryAccounts(), Sockets()
        hashing = InlineHashing()
        self.accounts = Accounts(
            self.store, hashing, HeardBus(), Limits(), CountingRandom(), memory_sealer()
        )
        self.events: list[LogEvent] = []
        observer: Any = self.events.append
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def daemon(self, reactor: Any = None, journal: Any = None, certificate: Any = None) -> Daemon:
        nothing: Any = None
        return Daemon(
            store=cast(Any, None),
            ring=cast(Any, None),
            rereading=cast(Any, None),
            certificate=certificate,
            prepared=True,
            accounts=self.accounts,
            administration=nothing,
            hashing=cast(Any, None),
            journal=journal,
            room_changes=cast(Any, self.sockets),
            erasure=cast(Any, self.sockets),
            signals=cast(Any, self.sockets),
            sockets=cast(Any, self.sockets),
            heartbeat=Heartbeat(nothing, nothing, self.sockets),
            bus=LocalBus(),
            origins=Origins(),
            wall_clock=lambda: START_MS,
            reactor=reactor or self.clock,
            recorder=cast(Any, self.sockets),
            foreground=True,
        )


class OpenSockets(DaemonCase):
    def test_a_session_that_is_gone_from_the_database_takes_its_sockets_along(self) -> None:
        for name in ("ada", "bob"):
            made = self.accounts.register("X Y", name, PASSWORD, PASSWORD, START_MS)
            session, _ = self.successResultOf(Deferred.fromCoroutine(made))
            self.sockets.open[session.digest] = session.user.id
        ada, bob = self.sockets.open
        del self.store.sessions[ada]
        self.successResultOf(Deferred.fromCoroutine(self.daemon()._tend_sessions()))
        self.assertEqual(self.sockets.heard, [SessionEnded(ada)])
        self.assertEqual(self.store.touches, 1)
        self.assertIn(bob, self.store.sessions)

    def test_without_a_database_no_socket_is_ended(self) -> None:
        self.sockets.open[SessionDigest(b"x" * 32)] = UserId("u-ada")
        self.store.away = True
        self.successResultOf(Deferred.fromCoroutine(self.daemon()._tend_sessions()))
        self.assertEqual(self.sockets.heard, [])


class Broken:
    """A reactor on which listening fails in a way of its own."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def listenTCP(self, *args: object, **options: object) -> None:
        raise self.error


class Listening(DaemonCase):
    def test_every_failure_to_listen_is_one_line_and_status_1(self) -> None:
        for error in (FileNotFoundError(2, "No such file or directory"), KeyError()):
            self.events.clear()
            daemon = self.daemon(Broken(error))
            daemon.listeners = [Listener("tcp:8080", Factory(), is_chat=True)]
            ended = self.assertRaises(SystemExit, daemon.privilegedStartService)
            self.assertEqual(ended.code, 1)
            told = [one for one in self.events if one["log_level"] >= LogLevel.warn]
            self.assertEqual([one["endpoint"] for one in told], ["tcp:8080"])
            self.assertTrue(told[0]["reason"])
            self.assertEqual(self.flushLoggedErrors(), [])


class Starting(DaemonCase):
    def test_a_start_that_cannot_be_recorded_now_waits_with_what_is_recorded_later(self) -> None:
        waiting: list[Deed] = []
        away = fail(Unavailable("the disk is full"))
        daemon = self.daemon()
        daemon._store = cast(Any, SimpleNamespace(audit=SimpleNamespace(append=lambda _: away)))
        daemon._recorder = cast(Any, SimpleNamespace(record=waiting.append))
        self.successResultOf(Deferred.fromCoroutine(daemon._tell_start()))
        self.assertEqual([deed.kind for deed in waiting], [Kind.STARTED])


class Regularly(DaemonCase):
    def test_the_certificate_is_looked_at_twice_a_minute(self) -> None:
        certificate = SimpleNamespace(look=lambda: None)
        loops = self.daemon(certificate=certificate)._loops
        self.assertIn((certificate.look, 30.0), [(loop.f, every_s) for loop, every_s in loops])


class TheEnd(DaemonCase):
    def test_what_hangs_does_not_hold_the_end(self) -> None:
        stopped = self.daemon(journal=Hanging()).stopService()
        self.assertNoResult(stopped)
        self.clock.advance(OUT_WITHIN_S)
        self.successResultOf(stopped)

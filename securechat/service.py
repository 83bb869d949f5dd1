"""The wiring: the one place where the daemon's objects meet."""

from __future__ import annotations

import os
from collections.abc import Callable

from twisted.application.service import IService
from twisted.internet import reactor as global_reactor
from twisted.internet.interfaces import IProtocolFactory

from . import assets, keyring, tls
from .chat.accounts import Accounts
from .chat.administration import Administration
from .chat.changes import RoomChanges
from .chat.erasure import Erasure
from .chat.factors import Factors
from .chat.invitations import Invitations
from .chat.journal import Journal
from .chat.own_account import OwnAccount
from .chat.passkeys import Passkeys
from .chat.recorder import Recorder
from .chat.rooms import RoomReader
from .chat.signals import Signals
from .clock import use_monotonic_timers, wall_clock
from .config import Config
from .core.buckets import Capacity
from .core.conversation import Pace
from .core.errors import Misconfigured, Unavailable
from .core.factors import FactorKeys
from .core.keys import RoomKeys
from .core.ports import Ledger
from .core.settings import SqliteDatabase
from .core.trail import Signer
from .daemon import Daemon, Listener
from .direct import DirectFactory
from .files import allowed_connections, allowed_peers, check_data_dir, make_data_dir
from .hashing import BcryptPool
from .heartbeat import Heartbeat
from .keyring import Keyring
from .metrics import Metrics, MetricsResource
from .news import make_bus, require_bus_packages
from .rereading import Rereading
from .roots import LiveRoots
from .sockets.factory import ChatFactory
from .store import Store
from .store.trail import Trail
from .web import Origins, SecureSite, StaticFiles, build_site


def makeService(config: Config, *, foreground: bool = False) -> IService:
    """The whole daemon for ``config``; ``foreground`` says that a terminal waits for its end.

    What is certain to be wrong ends the process here, with status 1 and the reason; a database
    that is away does not: the daemon starts, is not ready, and keeps trying.
    """
    use_monotonic_timers(global_reactor)
    try:
        make_data_dir(config)
        return _daemon(config, foreground)
    except Misconfigured as error:
        raise SystemExit(f"securechat: {error}") from None


def check(config: Config) -> list[str]:
    """Why a daemon with this ``config`` could not serve; empty when everything is in order.

    Starts and changes nothing: a new database stays as it is.
    """
    reasons: list[str] = []

    def note(examine: Callable[[], object]) -> None:
        try:
            examine()
        except (Misconfigured, Unavailable) as error:
            reasons.append(f"securechat: {error}")

    note(lambda: check_data_dir(config))
    ring: list[Keyring] = []
    note(lambda: ring.append(keyring.read_or_draft(config.keyring)))
    if config.tls_cert is not None and config.tls_key is not None:
        certificate, key = config.tls_cert, config.tls_key
        note(lambda: tls.server_context(certificate, key, config.tls_minimum))
    note(lambda: require_bus_packages(config))
    note(lambda: _examine_database(config, ring))
    return reasons


def _examine_database(config: Config, ring: list[Keyring]) -> None:
    if isinstance(config.database, SqliteDatabase) and not config.database.path.exists():
        return
    identity = Store(config.database).ledger.examine()
    for found in ring:
        found.check(identity)


def _daemon(config: Config, foreground: bool) -> Daemon:
    reactor = global_reactor
    now_ms = wall_clock()
    metrics = Metrics()
    ring = keyring.read_or_draft(config.keyring)
    roots = LiveRoots(ring)
    store = Store(config.database, reactor, trail=Trail(Signer(roots), now_ms))
    prepared = _prepare_now(store.ledger, ring)

    recorder = Recorder(store.audit, reactor, now_ms)
    bus = make_bus(config, roots, now_ms, metrics, reactor)
    room_keys = RoomKeys(roots)
    hashing = BcryptPool(reactor, roots.peppers)
    accounts = Accounts(
        store.accounts, hashing, bus, config.limits, os.urandom, room_keys, config.host
    )
    administration = Administration(
        store.administration, accounts, bus, os.urandom, config.registration
    )
    room_reader = RoomReader(store.accounts, store.rooms, store.events)
    journal = Journal(
        events=store.events,
        room_keys=room_keys,
        bus=bus,
        clock=reactor,
        wall_clock=now_ms,
        most_waiting=config.limits.journal,
        metrics=metrics,
    )
    room_changes = RoomChanges(
        changes=store.changes,
        rooms=store.rooms,
        sealer=room_keys,
        bus=bus,
        clock=reactor,
        wall_clock=now_ms,
        random_bytes=os.urandom,
        doubt=journal.doubts.add,
    )
    erasure = Erasure(store.erasures, room_keys, bus, now_ms, metrics)
    origins = Origins(config.public_url)
    limits = config.limits
    capacity = Capacity(
        connections=allowed_connections(limits.connections),
        per_address=limits.connections_per_address,
        per_user=limits.connections_per_user,
    )
    signals = Signals(store.rooms, bus, reactor, now_ms)
    static = StaticFiles(assets.static_dir())
    sockets = ChatFactory(
        journal=journal,
        room_changes=room_changes,
        erasure=erasure,
        signals=signals,
        room_reader=room_reader,
        room_keys=room_keys,
        pace=Pace(config.limits),
        reactor=reactor,
        wall_clock=now_ms,
        metrics=metrics,
        publish=bus.publish,
        gone=capacity.gone,
        assets=static.digest,
    )
    certificate = _certificate(config)
    bus.listen(sockets.hear)
    daemon = Daemon(
        store=store,
        ring=ring,
        rereading=Rereading(ring.path, roots, store.ledger, store.events.forget, reactor, recorder),
        certificate=certificate,
        prepared=prepared,
        accounts=accounts,
        administration=administration,
        hashing=hashing,
        journal=journal,
        room_changes=room_changes,
        erasure=erasure,
        signals=signals,
        sockets=sockets,
        heartbeat=Heartbeat(store.rooms, store.accounts, sockets),
        bus=bus,
        origins=origins,
        wall_clock=now_ms,
        reactor=reactor,
        recorder=recorder,
        foreground=foreground,
    )
    factors = Factors(store.factors, accounts, bus, FactorKeys(roots), os.urandom, config.host)
    site = build_site(
        accounts=accounts,
        administration=administration,
        own_account=OwnAccount(store.own_account, accounts, bus, erasure),
        factors=factors,
        passkeys=Passkeys(store.factors, accounts, factors, bus),
        invitations=Invitations(store.changes, room_changes, os.urandom),
        limits=limits,
        origins=origins,
        purposes=roots.purposes,
        ready=daemon.why_not_ready,
        draining=lambda: daemon.draining,
        admit=sockets.admit,
        capacity=capacity,
        metrics=metrics,
        audit=recorder,
        wall_clock_ms=now_ms,
        secure_cookies=origins.over_tls,
        behind_proxy=config.behind_proxy,
        reactor=reactor,
        templates_dir=assets.templates_dir(),
        static=static,
        most_connections=allowed_peers(),
    )
    daemon.listeners = _listeners(config, site, certificate, metrics)
    return daemon


def _prepare_now(ledger: Ledger, ring: Keyring) -> bool:
    """Whether the database could be made ready at once; Misconfigured where it must not be used."""
    try:
        ledger.prepare()
        ring.settle(ledger)
    except Unavailable:
        return False
    return True


def _certificate(config: Config) -> tls.LiveCertificate | None:
    if config.tls_cert is None or config.tls_key is None:
        return None
    return tls.LiveCertificate(config.tls_cert, config.tls_key, config.tls_minimum)


def _listeners(
    config: Config, site: SecureSite, certificate: tls.LiveCertificate | None, metrics: Metrics
) -> list[Listener]:
    chat: IProtocolFactory = site if certificate is None else tls.over_tls(site, certificate)
    chat = DirectFactory(chat)
    listeners = [Listener(description, chat, is_chat=True) for description in config.listen]
    if config.plain_listen is not None:
        listeners.append(Listener(config.plain_listen, site.in_clear(), is_chat=False))
    if config.metrics_listen is not None:
        # Counted apart: looking at the figures must not change them.
        exposition = site.on_loopback(MetricsResource(metrics), Metrics())
        listeners.append(Listener(config.metrics_listen, exposition, is_chat=False))
    return listeners

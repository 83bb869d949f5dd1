"""The web edge in memory, under a fake clock."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock

from securechat.assets import static_dir, templates_dir
from securechat.chat.accounts import Accounts
from securechat.chat.administration import Administration
from securechat.chat.factors import Factors
from securechat.chat.invitations import Invitations
from securechat.chat.own_account import OwnAccount
from securechat.chat.passkeys import Passkeys
from securechat.core.buckets import Capacity
from securechat.core.factors import FactorKeys
from securechat.core.keys import RootKeys
from securechat.core.model import (
    Registration,
    Visitor,
)
from securechat.core.settings import Limits
from securechat.web import Origins, SecureSite, StaticFiles, build_site

from .fakes_accounts import START_MS, MemoryAccounts
from .fakes_administration import MemoryAdministration
from .fakes_erasing import MemoryErasure
from .fakes_factors import MemoryFactors
from .fakes_invites import MemoryRooms
from .fakes_own_account import MemoryOwnAccount
from .fakes_ports import (
    CountedMetrics,
    CountingRandom,
    HeardAudit,
    HeardBus,
    InlineHashing,
    memory_sealer,
)
from .fakes_wire import Response, Wire, parse

ROOTS = RootKeys("memory", {1: b"r" * 32})


class Web:
    """A whole site under a fake clock, and a browser's way to talk to it."""

    def __init__(
        self,
        *,
        public_url: str | None = None,
        limits: Limits | None = None,
        registration: Registration | None = None,
        behind_proxy: Iterable[str] = (),
        admit: Callable[[Visitor], IProtocol] | None = None,
        templates: Path | None = None,
        static: Path | None = None,
        capacity: Capacity | None = None,
        most_connections: int = 0,
    ) -> None:
        self.clock = Clock()
        self.store = MemoryAccounts()
        self.hashing = InlineHashing()
        self.bus = HeardBus()
        self.metrics = CountedMetrics()
        self.audit = HeardAudit()
        self.limits = limits or Limits()
        self.random = CountingRandom()
        self.accounts = Accounts(
            self.store,
            self.hashing,
            self.bus,
            self.limits,
            self.random,
            memory_sealer(),
            urlsplit(public_url or "").hostname or "localhost",
        )
        self.operator = MemoryAdministration(self.store)
        self.administration = Administration(
            self.operator, self.accounts, self.bus, self.random, registration
        )
        self.own = MemoryOwnAccount(self.store, self.operator)
        self.factor_store = MemoryFactors(self.store)
        self.factors = Factors(
            self.factor_store, self.accounts, self.bus, FactorKeys(ROOTS), self.random
        )
        self.rooms = MemoryRooms(self.store)
        rooms: Any = self.rooms
        self.erasure = MemoryErasure(self.store)
        erasure: Any = self.erasure
        self.origins = Origins(public_url)
        self.origins.listen_on([8080])
        self.capacity = capacity or Capacity(20_000, 1_000, 20)
        self.not_ready: str | None = None
        self.draining = False
        self.secure = self.origins.over_tls
        self.site: SecureSite = build_site(
            accounts=self.accounts,
            administration=self.administration,
            own_account=OwnAccount(self.own, self.accounts, self.bus, erasure),
            factors=self.factors,
            passkeys=Passkeys(self.factor_store, self.accounts, self.factors, self.bus),
            invitations=Invitations(rooms, rooms, self.random),
            limits=self.limits,
            origins=self.origins,
            purposes=lambda name: [hashlib.sha256(name.encode()).digest()],
            ready=lambda: self.not_ready,
            draining=lambda: self.draining,
            admit=admit or (lambda visitor: Protocol()),
            capacity=self.capacity,
            metrics=self.metrics,
            audit=self.audit,
            wall_clock_ms=self.now_ms,
            secure_cookies=self.secure,
            behind_proxy=[ip_network(network) for network in behind_proxy],
            reactor=self.clock,
            templates_dir=templates or templates_dir(),
            static=StaticFiles(static or static_dir()),
            most_connections=most_connections,
            random_bytes=self.random,
        )

    @property
    def static_file(self) -> str:
        """The address of a static file, as a page names it."""
        found = re.search(r'"(/static/[^"]*\.css)"', self.request("GET", "/login").text)
        assert found is not None
        return found[1]

    def now_ms(self) -> int:
        """The fake clock as wall time."""
        return START_MS + int(self.clock.seconds() * 1_000)

    def connect(self, address: str = "127.0.0.1", over_tls: bool = False) -> tuple[Any, Wire]:
        """A new connection: the channel and its transport."""
        channel = self.site.buildProtocol(IPv4Address("TCP", address, 40_000))
        assert channel is not None
        wire = Wire(address, over_tls)
        channel.makeConnection(wire)
        return channel, wire

    def send(self, raw: bytes, address: str = "127.0.0.1", over_tls: bool = False) -> Response:
        """Send bytes on a connection of their own and read the one answer."""
        channel, wire = self.connect(address, over_tls)
        channel.dataReceived(raw)
        responses = parse(wire.value())
        assert len(responses) == 1, wire.value()
        return responses[0]

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        host: str | None = None,
        address: str = "127.0.0.1",
        over_tls: bool = False,
    ) -> Response:
        """One request as a browser writes it."""
        default = self.origins.home.partition("//")[2]
        lines = [f"{method} {path} HTTP/1.1", f"Host: {default if host is None else host}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if body or method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        raw = "\r\n".join([*lines, "", ""]).encode("latin-1") + body
        channel, wire = self.connect(address, over_tls)
        channel.dataReceived(raw)
        return parse(wire.value(), head=method == "HEAD")[0]

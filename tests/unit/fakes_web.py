"""The web edge in memory: a store of dictionaries, real bcrypt at its lowest cost, a fake clock."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from email.parser import BytesParser
from email.policy import HTTP
from http.cookies import SimpleCookie
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.resource import IResource, Resource
from zope.interface import directlyProvides, providedBy

from securechat.assets import static_dir, templates_dir
from securechat.chat.accounts import Accounts
from securechat.chat.administration import Administration
from securechat.chat.changes import Invitation
from securechat.chat.invitations import Invitations
from securechat.core import commands
from securechat.core.buckets import Capacity
from securechat.core.errors import Busy, Code, NameTaken, Refused, Unavailable
from securechat.core.keys import RoomKeys, RootKeys
from securechat.core.model import (
    GENERAL,
    Changed,
    Draft,
    MessageId,
    PasswordHash,
    Person,
    PublicRoom,
    Registration,
    Room,
    RoomId,
    Session,
    SessionDigest,
    User,
    UserId,
    Visitor,
    digest_of,
)
from securechat.core.passwords import hash_password, password_matches
from securechat.core.ports import News, Sealer
from securechat.core.settings import Limits
from securechat.web import Origins, SecureSite, build_site

START_MS = 1_800_000_000_000
PEPPERS = {1: b"p" * 32}
CSRF_KEY = b"c" * 32
PASSWORD = "a long enough secret"


class MemoryAccounts:
    """The port Accounts over dictionaries.

    ``away`` makes every call fail, ``unwritable`` those that touch or end a session; while ``slow``
    has not fired they all wait, while ``slow_writes`` has not those two.
    """

    def __init__(self) -> None:
        self.users: dict[str, tuple[User, PasswordHash]] = {}
        self.sessions: dict[SessionDigest, Session] = {}
        self.invites: dict[bytes, RoomId] = {}
        self.joined: list[tuple[UserId, RoomId]] = []
        self.away = False
        self.unwritable = False
        self.slow_writes: Deferred[None] | None = None
        self.touches = 0
        self.slow: Deferred[None] | None = None

    async def _ready(self) -> None:
        if self.slow is not None:
            await self.slow
        if self.away:
            raise Unavailable("the database is away")

    async def _writable(self) -> None:
        await self._ready()
        if self.slow_writes is not None:
            await self.slow_writes
        if self.unwritable:
            raise Unavailable("the disk is full")

    async def add_user(self, user: User, password: PasswordHash, session: Session) -> None:
        await self._ready()
        if user.username in self.users:
            raise NameTaken(user.username)
        self.users[user.username] = (user, password)
        self.sessions[session.digest] = session

    async def add_invited_user(
        self,
        user: User,
        password: PasswordHash,
        session: Session,
        invite: bytes,
        mid: MessageId,
        sealer: Sealer,
    ) -> Changed:
        await self._ready()
        room = self.invites.get(invite)
        if room is None:
            raise Refused(Code.NOT_FOUND)
        await self.add_user(user, password, session)
        del self.invites[invite]
        self.joined.append((user.id, room))
        key = sealer.new_key(room, 1, 1, START_MS)
        draft = Draft(room, mid, user.id, START_MS, b" " * 128)
        return Changed(room, sealer.seal(draft, 1, key), key, (user.id,))

    async def credentials(self, username: str) -> tuple[User, PasswordHash] | None:
        await self._ready()
        return self.users.get(username)

    async def people(self, viewer: UserId, ids: Sequence[UserId]) -> list[Person]:
        return [user for user, _ in self.users.values() if user.id in ids]

    async def add_session(self, session: Session) -> None:
        await self._ready()
        self.sessions[session.digest] = session

    async def session(self, digest: SessionDigest) -> Session | None:
        await self._ready()
        return self.sessions.get(digest)

    async def touch_session(self, digest: SessionDigest, seen_ms: int) -> None:
        self.touches += 1
        await self._writable()
        session = self.sessions.get(digest)
        if session is not None:
            self.sessions[digest] = replace(session, seen_ms=max(seen_ms, session.seen_ms))

    async def end_session(self, digest: SessionDigest) -> None:
        await self._writable()
        self.sessions.pop(digest, None)

    async def living(self, digests: Sequence[SessionDigest]) -> dict[SessionDigest, int]:
        await self._ready()
        return {digest: 0 for digest in digests if digest in self.sessions}

    async def end_sessions_before(self, created_ms: int, seen_ms: int) -> int:
        await self._ready()
        old = [
            session.digest
            for session in self.sessions.values()
            if session.created_ms < created_ms or session.seen_ms < seen_ms
        ]
        for digest in old:
            del self.sessions[digest]
        return len(old)


class MemoryAdministration:
    """The port Administration over the dictionaries of ``people``."""

    def __init__(self, people: MemoryAccounts) -> None:
        self.people = people
        self.kept: Registration | None = None
        self.resets: dict[bytes, tuple[str, int]] = {}

    async def has_administrator(self) -> bool:
        await self.people._ready()
        return any(user.role == "administrator" for user, _ in self.people.users.values())

    async def set_up(
        self, user: User, password: PasswordHash, session: Session, registration: Registration
    ) -> None:
        if await self.has_administrator():
            raise Refused(Code.FORBIDDEN)
        await self.people.add_user(replace(user, role="administrator"), password, session)
        self.kept = registration

    async def registration(self) -> Registration | None:
        await self.people._ready()
        return self.kept

    async def grant(self, username: str) -> UserId | None:
        await self.people._ready()
        if username not in self.people.users:
            return None
        user, password = self.people.users[username]
        self.people.users[username] = (replace(user, role="administrator"), password)
        return user.id

    async def add_reset(self, username: str, digest: bytes, expires_ms: int) -> UserId | None:
        await self.people._ready()
        if username not in self.people.users:
            return None
        self.resets = {key: one for key, one in self.resets.items() if one[0] != username}
        self.resets[digest] = (username, expires_ms)
        return self.people.users[username][0].id

    async def reset_of(self, digest: bytes, now_ms: int) -> User | None:
        await self.people._ready()
        username, expires_ms = self.resets.get(digest, ("", 0))
        return self.people.users[username][0] if now_ms < expires_ms else None

    async def use_reset(
        self, digest: bytes, password: PasswordHash, now_ms: int
    ) -> tuple[SessionDigest, ...] | None:
        user = await self.reset_of(digest, now_ms)
        if user is None:
            return None
        del self.resets[digest]
        self.people.users[user.username] = (user, password)
        sessions = self.people.sessions
        ended = tuple(key for key, one in sessions.items() if one.user.id == user.id)
        for key in ended:
            del sessions[key]
        return ended


class MemoryRooms:
    """What invitations need of rooms: links that lead into one, and who has followed them."""

    def __init__(self, people: MemoryAccounts) -> None:
        self.people = people
        self.banned: set[UserId] = set()
        self.invited: list[commands.Invite] = []

    def link(self, name: str, room: str = "r00m") -> str:
        """A new link, good for one person; its token."""
        token = hashlib.sha256(name.encode()).hexdigest()[:43]
        self.people.invites[digest_of(token)] = RoomId(room)
        return token

    async def invitation(self, invite: bytes, now_ms: int) -> PublicRoom | None:
        await self.people._ready()
        room = self.people.invites.get(invite)
        return None if room is None else PublicRoom(room, "Chess <club>", "Fridays", 3, False)

    async def join(self, actor: UserId, command: commands.JoinRoom) -> Room:
        invite = digest_of(command.token or "")
        room = self.people.invites.get(invite)
        if actor in self.banned:
            raise Refused(Code.NOT_A_MEMBER)
        if room is None:
            raise Refused(Code.NOT_FOUND)
        del self.people.invites[invite]
        self.people.joined.append((actor, room))
        return Room(room, "Chess <club>", "private", "", 1, 0, 4)

    async def invite(self, actor: UserId, command: commands.Invite) -> Invitation:
        self.invited.append(command)
        return Invitation(self.link("general", GENERAL), START_MS, command.uses)


def memory_sealer() -> RoomKeys:
    """A sealer with a root key of its own."""
    return RoomKeys(RootKeys("memory", {1: b"r" * 32}))


class InlineHashing:
    """The port Hashing without threads, which counts what it hashes."""

    def __init__(self) -> None:
        self.work = 0
        self.busy = False
        self._nobody = hash_password("nobody", PEPPERS, 4)

    def _start(self) -> None:
        if self.busy:
            raise Busy(3)
        self.work += 1

    def hash(self, password: str) -> Deferred[PasswordHash]:
        self._start()
        return succeed(hash_password(password, PEPPERS, 4))

    def matches(self, password: str, stored: PasswordHash | None) -> Deferred[bool]:
        self._start()
        same = password_matches(password, stored or self._nobody, PEPPERS)
        return succeed(same and stored is not None)


class HeardBus:
    """The port Bus, which remembers."""

    def __init__(self) -> None:
        self.news: list[News] = []

    def publish(self, news: News) -> None:
        self.news.append(news)

    def listen(self, hear: Callable[[News], None]) -> None:
        raise AssertionError("accounts only publish")


class CountedMetrics:
    """What the web edge counted."""

    def __init__(self) -> None:
        self.logins: list[str] = []
        self.registrations = 0
        self.statuses: list[int] = []

    def login(self, outcome: str) -> None:
        self.logins.append(outcome)

    def registered(self) -> None:
        self.registrations += 1

    def responded(self, status: int) -> None:
        self.statuses.append(status)


class CountingRandom:
    """A source of randomness that repeats itself in every test run and never within one."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, n_bytes: int) -> bytes:
        self._count += 1
        return hashlib.shake_256(self._count.to_bytes(8, "big")).digest(n_bytes)


@dataclass
class Response:
    """One parsed HTTP answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The only value of a header; None where there is none."""
        values = self.all(name)
        assert len(values) < 2, f"{name} was sent {len(values)} times"
        return values[0] if values else None

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def csrf(self) -> str:
        """The token in the page's first form."""
        found = re.search(r'name="csrf" value="([^"]*)"', self.text)
        assert found is not None, self.text
        return found[1]


class Wire(StringTransport):
    """A connection from ``address`` that keeps what was written."""

    def __init__(self, address: str, over_tls: bool) -> None:
        super().__init__(peerAddress=IPv4Address("TCP", address, 40_000))
        self.aborted = False
        self.high_water_bytes: int | None = None
        if over_tls:
            directlyProvides(self, providedBy(self), ISSLTransport)

    def write(self, data: bytes) -> None:
        super().write(data)
        full = self.high_water_bytes is not None and len(self.value()) > self.high_water_bytes
        if full and self.producer is not None:
            self.producer.pauseProducing()

    def drain(self) -> None:
        """The peer has read everything."""
        self.clear()
        if self.producer is not None:
            self.producer.resumeProducing()

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Part of what a TLS transport can do."""

    def abortConnection(self) -> None:
        self.aborted = True
        self.disconnecting = True

    def loseConnection(self) -> None:
        self.disconnecting = True
        super().loseConnection()


class Web:
    """A whole site under a fake clock, and a browser's way to talk to it."""

    def __init__(
        self,
        *,
        public_url: str | None = None,
        limits: Limits | None = None,
        registration: Registration | None = None,
        behind_proxy: Iterable[str] = (),
        admit: Callable[[Visitor], IResource] | None = None,
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
        self.limits = limits or Limits()
        self.random = CountingRandom()
        self.accounts = Accounts(
            self.store, self.hashing, self.bus, self.limits, self.random, memory_sealer()
        )
        self.operator = MemoryAdministration(self.store)
        self.administration = Administration(
            self.operator, self.accounts, self.bus, self.random, registration
        )
        self.rooms = MemoryRooms(self.store)
        rooms: Any = self.rooms
        self.origins = Origins(public_url)
        self.origins.listen_on([8080])
        self.capacity = capacity or Capacity(20_000, 1_000, 20)
        self.not_ready: str | None = None
        self.draining = False
        self.secure = self.origins.over_tls
        self.site: SecureSite = build_site(
            accounts=self.accounts,
            administration=self.administration,
            invitations=Invitations(rooms, rooms, self.random),
            limits=self.limits,
            origins=self.origins,
            csrf_key=CSRF_KEY,
            ready=lambda: self.not_ready,
            draining=lambda: self.draining,
            admit=admit or (lambda visitor: Resource()),
            capacity=self.capacity,
            metrics=self.metrics,
            wall_clock_ms=self.now_ms,
            secure_cookies=self.secure,
            behind_proxy=[ip_network(network) for network in behind_proxy],
            reactor=self.clock,
            templates_dir=templates or templates_dir(),
            static_dir=static or static_dir(),
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


class Browser:
    """Keeps cookies and fills in forms."""

    def __init__(self, web: Web, address: str = "127.0.0.1", over_tls: bool = False) -> None:
        self.web = web
        self.address = address
        self.over_tls = over_tls
        self.cookies: dict[str, str] = {}

    def get(self, path: str, *headers: tuple[str, str]) -> Response:
        """GET with our cookies."""
        return self._send("GET", path, list(headers), b"")

    def post(
        self, path: str, fields: dict[str, str] | bytes, *headers: tuple[str, str]
    ) -> Response:
        """POST a form from our own page."""
        body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
        sent = {name.lower() for name, _ in headers}
        extra = list(headers)
        if "content-type" not in sent:
            extra.append(("Content-Type", "application/x-www-form-urlencoded"))
        if "origin" not in sent:
            extra.append(("Origin", self.web.origins.home))
        return self._send("POST", path, extra, body)

    def submit(self, path: str, **fields: str) -> Response:
        """Open the page and send its form."""
        return self.post(path, {"csrf": self.get(path).csrf, **fields})

    def register(self, username: str = "ada", full_name: str = "Ada Lovelace") -> Response:
        """Register with the usual password."""
        return self.submit(
            "/register", fullname=full_name, username=username, password=PASSWORD, confirm=PASSWORD
        )

    def log_in(self, username: str = "ada", password: str = PASSWORD) -> Response:
        """Log in."""
        return self.submit("/login", username=username, password=password)

    def _send(
        self, method: str, path: str, headers: list[tuple[str, str]], body: bytes
    ) -> Response:
        if self.cookies:
            pairs = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            headers = [*headers, ("Cookie", pairs)]
        response = self.web.request(
            method,
            path,
            headers=[pair for pair in headers if pair[1]],
            body=body,
            address=self.address,
            over_tls=self.over_tls,
        )
        self._keep(response)
        return response

    def _keep(self, response: Response) -> None:
        for value in response.all("Set-Cookie"):
            for name, morsel in SimpleCookie(value).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value


def parse(raw: bytes, head: bool = False) -> list[Response]:
    """The answers on a connection, one after the other; ``head``: they have no bodies."""
    responses = []
    while raw:
        top, _, raw = raw.partition(b"\r\n\r\n")
        first, _, lines = top.partition(b"\r\n")
        headers = BytesParser(policy=HTTP).parsebytes(lines + b"\r\n\r\n", headersonly=True)
        length = 0 if head else int(headers.get("Content-Length", "0"))
        status = int(first.split(b" ")[1])
        pairs = [(name, str(value)) for name, value in headers.items()]
        responses.append(Response(status, pairs, raw[:length]))
        assert "Transfer-Encoding" not in headers, "every answer of ours tells its length"
        raw = raw[length:]
    return responses

"""The door to /ws: who gets in, who hears why not, and that a real socket is taken over."""

from __future__ import annotations

import gc
import weakref
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol, wrapClientTLS
from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.ssl import DN, CertificateOptions, KeyPair
from twisted.internet.task import deferLater
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from securechat.core.buckets import Capacity
from securechat.core.model import Visitor
from securechat.sockets.framing import Framing

from .fakes_browser import Browser
from .fakes_web import Web
from .fakes_wire import Response

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Protocol": "securechat.v1",
    "Origin": "http://localhost:8080",
}


# RFC 6455 section 1.3 has this key and what is to be answered.
SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Upgrade: websocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Sec-WebSocket-Protocol: securechat.v1\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    b"\r\n"
)


class DoorCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.admitted: list[Visitor] = []
        self.web = Web(admit=self.admit, capacity=Capacity(5, 4, 2))
        self.browser = Browser(self.web)
        self.assertEqual(self.browser.register().status, 303)
        self.cookie = "; ".join(f"{name}={value}" for name, value in self.browser.cookies.items())

    def admit(self, visitor: Visitor) -> IProtocol:
        self.admitted.append(visitor)
        return Protocol()

    def raw(
        self, host: str | None = "localhost:8080", path: str | None = "/ws", **changes: str | None
    ) -> bytes:
        headers: dict[str, str | None] = {"Host": host, "Cookie": self.cookie, **HANDSHAKE}
        headers.update({name.replace("_", "-"): value for name, value in changes.items()})
        lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
        return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode("latin-1")

    def knock(self, **changes: str | None) -> Response:
        return self.web.send(self.raw(**changes))

    def enter(self, **changes: str | None) -> tuple[Any, Any]:
        channel, wire = self.web.connect()
        channel.dataReceived(self.raw(**changes))
        return channel, wire


class Refusals(DoorCase):
    """Every way to stay outside, with our headers and nothing left counted."""

    def assertRefused(self, response: Response, status: int) -> None:
        self.assertEqual(response.status, status, response.text)
        self.assertIn("default-src 'none'", response.header("Content-Security-Policy") or "")
        self.assertIsNone(response.header("Server"))
        self.assertNotIn("autobahn", response.text.lower())
        self.assertEqual(self.admitted, [])
        self.assertEqual(self.web.capacity.open, 0)

    def test_a_foreign_host_is_refused_first(self) -> None:
        self.assertRefused(self.knock(Host="evil.example", Origin=None), 421)

    def test_every_origin_that_is_not_exactly_ours_is_refused(self) -> None:
        for origin in (
            None,
            "",
            "null",
            "http://localhost",
            "https://localhost:8080",
            "http://localhost:8081",
            "http://localhost:8080.evil.example",
            "http://localhost:8080@evil.example",
            "http://evil.example",
            "http://localhost:8080/",
            "http://LOCALHOST:8080",
            "http://localhost:8080, http://localhost:8080",
        ):
            self.assertRefused(self.knock(Origin=origin), 403)

    def test_no_cookie_a_forged_one_and_an_ended_one_are_refused(self) -> None:
        for cookie in (None, "securechat=", "securechat=" + "A" * 43, "securechat=x'--"):
            self.assertRefused(self.knock(Cookie=cookie), 401)
        self.web.store.sessions.clear()
        self.assertRefused(self.knock(), 401)

    def test_an_expired_session_is_refused(self) -> None:
        self.web.clock.advance(7 * 86_400)
        self.assertRefused(self.knock(), 401)

    def test_without_a_database_nobody_enters(self) -> None:
        self.web.store.away = True
        response = self.knock()
        self.assertRefused(response, 503)
        self.assertEqual(response.header("Retry-After"), "5")

    def test_a_draining_daemon_refuses_before_it_looks_at_the_session(self) -> None:
        self.web.draining = True
        response = self.knock(Cookie=None)
        self.assertRefused(response, 503)
        self.assertEqual(response.header("Retry-After"), "5")

    def test_the_subprotocol_must_be_offered(self) -> None:
        for offered in (None, "", "securechat.v2", "securechat.v1, securechat.v1"):
            self.assertRefused(self.knock(Sec_WebSocket_Protocol=offered), 400)

    def test_what_is_no_handshake_is_refused_by_us_and_not_by_autobahn(self) -> None:
        for changes, status in (
            ({"Upgrade": None}, 426),
            ({"Upgrade": "h2c"}, 426),
            ({"Connection": "keep-alive"}, 426),
            ({"Sec_WebSocket_Version": "8"}, 426),
            ({"Sec_WebSocket_Version": None}, 426),
            ({"Sec_WebSocket_Key": None}, 400),
            ({"Sec_WebSocket_Key": "short"}, 400),
            ({"Sec_WebSocket_Key": "!" * 24}, 400),
            ({"path": "/ws?token=1"}, 400),
        ):
            self.assertRefused(self.knock(**changes), status)

    def test_frames_that_do_not_wait_for_the_answer_are_refused(self) -> None:
        self.web.store.slow = Deferred()
        channel, wire = self.web.connect()
        channel.dataReceived(self.raw() + b"\x81\x80\x00\x00\x00\x00")
        self.web.store.slow.callback(None)
        self.assertTrue(wire.value().startswith(b"HTTP/1.1 400 "), wire.value()[:40])

    def test_a_handshake_with_a_body_is_refused_whatever_comes_behind_it(self) -> None:
        hello = b"\x81\x80\x00\x00\x00\x00"
        for header, body in (
            (b"Transfer-Encoding: chunked", b"0\r\n\r\n" + hello),
            (b"Transfer-Encoding: chunked", b"0\r\n\r\n"),
            (b"Content-Length: 6", hello),
        ):
            channel, wire = self.web.connect()
            head = self.raw().removesuffix(b"\r\n\r\n")
            channel.dataReceived(head + b"\r\n" + header + b"\r\n\r\n" + body)
            self.assertTrue(wire.value().startswith(b"HTTP/1.1 400 "), wire.value()[:40])

    def test_only_get_knocks(self) -> None:
        response = self.web.request("POST", "/ws", headers=[("Origin", "http://localhost:8080")])
        self.assertRefused(response, 405)
        self.assertEqual(response.header("Allow"), "GET")


class Places(DoorCase):
    """The caps, and that no place is ever lost."""

    def test_a_visitor_is_admitted_with_what_the_socket_needs_to_know(self) -> None:
        self.enter()
        (visitor,) = self.admitted
        (session,) = self.web.store.sessions.values()
        self.assertEqual(visitor.user.username, "ada")
        self.assertEqual(visitor.session, session.digest)
        self.assertEqual(visitor.address, "127.0.0.1")
        self.assertEqual(visitor.expires_ms, session.created_ms + 30 * 86_400_000)

    def test_each_cap_refuses_one_too_many_and_a_closed_socket_makes_room(self) -> None:
        self.enter()
        self.enter()
        response = self.knock()
        self.assertEqual(response.status, 429)
        self.assertEqual(response.header("Retry-After"), "5")
        self.assertEqual(self.web.capacity.open, 2)
        self.web.capacity.gone(self.admitted[0])
        self.enter()
        self.assertEqual(len(self.admitted), 3)

    def test_the_caps_by_address_and_in_all_come_before_the_session(self) -> None:
        capacity = self.web.capacity
        for _ in range(4):
            self.assertIsNotNone(capacity.enter("127.0.0.1"))
        self.assertEqual(self.knock(Cookie=None).status, 429)
        self.assertEqual(self.web.send(self.raw(Cookie=None), address="10.0.0.1").status, 401)
        self.assertIsNotNone(capacity.enter("10.0.0.2"))
        self.assertEqual(self.web.send(self.raw(Cookie=None), address="10.0.0.1").status, 429)

    def test_a_visitor_who_leaves_during_the_look_up_leaves_nothing_behind(self) -> None:
        self.web.store.slow = Deferred()
        channel, _ = self.enter()
        self.assertEqual(self.web.capacity.open, 1)
        channel.connectionLost(Failure(ConnectionError()))
        self.assertEqual(self.web.capacity.open, 0)
        self.assertEqual(self.admitted, [])

    def test_no_deadline_is_left_on_an_admitted_socket(self) -> None:
        before = set(self.web.clock.getDelayedCalls())
        _, wire = self.enter()
        self.assertEqual(set(self.web.clock.getDelayedCalls()), before)
        self.assertIsNone(wire.producer)

    def test_nothing_of_the_request_and_its_channel_outlives_the_handshake(self) -> None:
        self.web.store.slow = Deferred()
        channel, wire = self.enter()
        left = [weakref.ref(channel), weakref.ref(channel.requests[0])]
        del channel
        self.addCleanup(gc.enable)
        gc.disable()
        self.web.store.slow.callback(None)
        self.assertIn(b"HTTP/1.1 101 ", wire.value())
        self.assertEqual([one() for one in left], [None, None])

    def test_an_error_at_the_last_step_is_a_500_that_frees_the_place(self) -> None:
        web = Web(admit=fail)
        browser = Browser(web)
        browser.register()
        headers = [*HANDSHAKE.items(), ("Cookie", f"securechat={browser.cookies['securechat']}")]
        response = web.request("GET", "/ws", headers=headers)
        self.assertEqual(response.status, 500)
        self.assertNotIn("canary", response.text)
        self.assertEqual(web.capacity.open, 0)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)


def fail(visitor: Visitor) -> IProtocol:
    """Break where no socket exists yet."""
    raise RuntimeError("canary in the machine")


def self_signed() -> CertificateOptions:
    """A certificate for nobody, made for this test."""
    key = KeyPair.generate(size=2_048)
    request = key.certificateRequest(DN(commonName="localhost"), digestAlgorithm="sha256")
    signed = key.signCertificateRequest(
        DN(commonName="localhost"), request, lambda _: True, 1, digestAlgorithm="sha256"
    )
    certificate: CertificateOptions = key.newCertificate(signed).options()
    return certificate


class Echo(Framing):
    """Sends back what it hears and tells of its end."""

    capacity: Capacity
    visitor: Visitor
    ended: Deferred[None]

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        self.sendMessage(payload, isBinary)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        self.capacity.gone(self.visitor)
        self.ended.callback(None)


class Collector(Protocol):
    """A client that keeps every byte."""

    def __init__(self) -> None:
        self.received = b""

    def dataReceived(self, data: bytes) -> None:
        self.received += data


class OverARealSocket(TestCase):
    """Handing over after a slow look-up, over TCP."""

    def listen(self, reactor: Any, factory: Any) -> int:
        listening = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(listening.stopListening)
        port: int = listening.getHost().port
        return port

    async def _talk(self, slow: bool, tls: bool = False) -> None:
        from twisted.internet import reactor

        self.ended: Deferred[None] = Deferred()
        web = Web(admit=self.admit)
        browser = Browser(web)
        browser.register()
        self.capacity = web.capacity
        factory: Any = TLSMemoryBIOFactory(self_signed(), False, web.site) if tls else web.site
        port = self.listen(reactor, factory)
        web.origins.listen_on([port])
        if slow:
            web.store.slow = deferLater(reactor, 0.05)
        here: Any = HostnameEndpoint(reactor, "127.0.0.1", port)
        if tls:
            here = wrapClientTLS(CertificateOptions(verify=False), here)
        client = await connectProtocol(here, Collector())
        origin = f"127.0.0.1:{port}"
        headers = {**HANDSHAKE, "Origin": f"http://{origin}", "Host": origin}
        headers["Cookie"] = f"securechat={browser.cookies['securechat']}"
        lines = [f"{name}: {value}" for name, value in headers.items()]
        client.transport.write("\r\n".join(["GET /ws HTTP/1.1", *lines, "", ""]).encode())
        await self._until(lambda: b"\r\n\r\n" in client.received)
        self.assertEqual(client.received, SWITCHING)
        self.assertEqual(web.capacity.open, 1)
        # A masked text frame (RFC 6455 section 5.7) comes back unmasked, twice.
        for _ in range(2):
            client.received = b""
            client.transport.write(bytes.fromhex("818537fa213d7f9f4d5158"))
            await self._until(lambda: len(client.received) >= 7)
            self.assertEqual(client.received, b"\x81\x05Hello")
        web.clock.advance(3_600)
        client.transport.loseConnection()
        await self.ended
        self.assertEqual(web.capacity.open, 0)

    def admit(self, visitor: Visitor) -> IProtocol:
        from twisted.internet import reactor

        echo = Echo()
        echo.factory = WebSocketServerFactory(reactor=reactor)
        echo.factory.setProtocolOptions(utf8validateIncoming=False)
        echo.capacity, echo.visitor, echo.ended = self.capacity, visitor, self.ended
        return echo

    async def _until(self, true: Any) -> None:
        from twisted.internet import reactor

        for _ in range(500):
            if true():
                return
            await deferLater(reactor, 0.01)
        self.fail("nothing came within five seconds")

    def test_a_visitor_who_is_known_at_once_talks(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._talk(slow=False))

    def test_a_visitor_over_tls_talks(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._talk(slow=True, tls=True))

    def test_a_visitor_whom_the_database_finds_later_talks(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._talk(slow=True))

"""Whoever is refused, cut off or sent away leaves an event that says why: S01 to S43, each way."""

from __future__ import annotations

from typing import Any

from twisted.logger import LogEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from securechat.core.conversation import FRAMES_AT_ONCE
from securechat.core.errors import Close
from securechat.core.model import Visitor
from securechat.sockets.protocol import HELLO_WITHIN_S, ChatProtocol
from securechat.web.channel import BODY_DEADLINE_S, HEADER_DEADLINE_S
from securechat.web.connections import TELL_EVERY_S
from tests.unit.fakes_browser import Browser
from tests.unit.fakes_web import Web
from tests.unit.test_ending import UNMASKED, Wire
from tests.unit.test_intake import frame
from tests.unit.test_sockets import ADA, MINE, FactoryCase


class Heard:
    """What the log said since; ``of`` gives the events with a name."""

    def __init__(self, case: Any) -> None:
        self.events: list[LogEvent] = []
        observer: Any = self.events.append
        globalLogPublisher.addObserver(observer)
        case.addCleanup(globalLogPublisher.removeObserver, observer)

    def of(self, *names: str) -> list[tuple[Any, ...]]:
        """Name and reason of each."""
        return [
            (event["event"], event.get("why", event.get("code")))
            for event in self.events
            if event.get("event") in names
        ]


class OnASocket(FactoryCase):
    def setUp(self) -> None:
        super().setUp()
        self.heard = Heard(self)

    def opened(self) -> tuple[ChatProtocol, Wire]:
        protocol, wire = ChatProtocol(Visitor(ADA, MINE, 10**15, "::1")), Wire()
        protocol.factory = self.factory
        protocol.makeConnection(wire)
        return protocol, wire

    def told(self) -> list[tuple[Any, ...]]:
        return self.heard.of("closed", "cut", "frames_broken", "command_refused")

    def test_each_code_is_told_once_a_connection_with_whose_it_is(self) -> None:
        protocol, _ = self.opened()
        for bad in (b'{"type":"typing","room":"general"}', b"{"):
            for _ in range(3):
                protocol.dataReceived(frame(bad))
        self.clock.advance(0)
        codes = ["bad_command", "bad_frame"]
        expected = [("command_refused", code) for code in codes] + [("closed", "bad_frames")]
        self.assertEqual(self.told(), expected)
        [first, *_] = [one for one in self.heard.events if one.get("event") == "command_refused"]
        self.assertEqual((first["user"], first["id"]), (ADA.id, protocol.id))
        other, _ = self.opened()
        other.dataReceived(frame(b"{"))
        self.clock.advance(0)
        self.assertEqual(self.told(), [*expected, *expected[1:]])

    def test_no_hello(self) -> None:
        self.opened()
        self.clock.advance(HELLO_WITHIN_S)
        self.assertEqual(self.told(), [("closed", "no_hello")])

    def test_floods_ended_sessions_and_restarts(self) -> None:
        protocol, _ = self.opened()
        protocol.dataReceived(frame(b"", 10) * (FRAMES_AT_ONCE + 1))
        for code in (Close.SESSION_ENDED, Close.RESTARTING, Close.BAD_FRAMES):
            self.opened()[0].end(code)
        whys = ["flooding", "session_ended", "restarting", "bad_frames"]
        self.assertEqual(self.told(), [("closed", why) for why in whys])

    def test_a_slow_reader(self) -> None:
        protocol, _ = self.opened()
        protocol._cut()
        self.assertEqual(self.told(), [("cut", "reads too slowly")])

    def test_one_that_gives_no_sign_of_life(self) -> None:
        protocol, wire = self.opened()
        protocol.ask()
        protocol.ask()
        self.assertEqual(self.told(), [("cut", "is silent")])
        self.assertTrue(wire.aborted)

    def test_what_is_no_websocket(self) -> None:
        protocol, _ = self.opened()
        protocol.dataReceived(UNMASKED)
        self.assertEqual(self.told(), [("frames_broken", 1002)])


class BelowAPage(SynchronousTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.heard = Heard(self)
        self.web = Web()

    def refusals(self) -> list[str]:
        return [why for _, why in self.heard.of("refused")]

    def test_a_request_that_does_not_become_whole_in_time(self) -> None:
        for begun, after_s in (
            (b"GET /login HTTP/1.1\r\nHost: localhost:8080\r\n", HEADER_DEADLINE_S),
            (
                b"POST /login HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 9\r\n\r\nx",
                BODY_DEADLINE_S,
            ),
        ):
            channel, _ = self.web.connect()
            channel.dataReceived(begun)
            self.web.clock.advance(after_s)
        self.assertEqual(self.refusals(), ["deadline", "deadline"])

    def test_connections_that_ask_for_nothing_are_counted_once_a_minute(self) -> None:
        for _ in range(5):
            channel, _ = self.web.connect("192.0.2.9")
            channel.dataReceived(b"GET /")
        self.web.clock.advance(HEADER_DEADLINE_S)
        self.web.clock.rightNow += TELL_EVERY_S  # not advance: nobody is to leave meanwhile
        self.web.site.connections.silent("192.0.2.8")
        silent = [one for one in self.heard.events if one.get("event") == "silent"]
        self.assertEqual([event["count"] for event in silent], [1, 5])
        self.assertEqual(silent[0]["address"], "192.0.2.9")

    def test_what_a_proxy_could_read_otherwise(self) -> None:
        for smuggled in (
            b"Content-Length: 1\r\nTransfer-Encoding: chunked",
            b"Content-Length: 1\r\nContent-Length: 2",
            b"Transfer-Encoding: identity",
            b"X: 1\r\n folded",
        ):
            self.web.send(b"POST /login HTTP/1.1\r\nHost: localhost\r\n" + smuggled + b"\r\n\r\n")
        self.assertEqual(self.refusals(), ["malformed"] * 4)

    def test_what_is_too_large(self) -> None:
        head = b"POST /login HTTP/1.1\r\nHost: localhost:8080\r\n"
        self.web.send(head + b"Content-Length: 70000\r\n\r\n")
        self.web.send(head + b"X: " + b"x" * 20_000 + b"\r\n\r\n")
        self.assertEqual(self.refusals(), ["too_large", "too_large"])

    def test_in_clear(self) -> None:
        web = Web(public_url="https://chat.example.org")
        web.site = web.site.in_clear()
        web.request("POST", "/login")
        web.request("GET", "/ws")
        web.request("GET", "/login")
        self.assertEqual(self.refusals(), ["in_clear", "in_clear"])

    def test_the_door_the_setup_and_the_pictures(self) -> None:
        browser = Browser(self.web)
        self.web.request("POST", "/ws")
        ours = ("Origin", self.web.origins.home)
        browser.get("/ws", ours)
        browser.post("/qr", {})
        browser.register()
        self.web.draining = True
        browser.get("/ws", ours)
        self.web.draining = False
        browser.get("/ws", ours)
        self.web.administration._is_set_up = True
        browser.get("/setup?token=" + "x" * 43)
        expected = ["method", "session", "session", "draining", "upgrade", "set_up"]
        self.assertEqual(self.refusals(), expected)

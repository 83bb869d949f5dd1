"""No peer takes all connections, and a flood of them leaves the daemon its files and its voice."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol
from twisted.internet.ssl import CertificateOptions
from twisted.logger import LogEvent, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from securechat import tls
from securechat.core.settings import Limits
from securechat.web.connections import HEALTH_RESERVE, PAGES_PER_ADDRESS, TELL_EVERY_S

from .fakes_web import Web
from .fakes_wire import Wire, parse

HEALTHZ = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
LOGIN = b"GET /login HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"


class ByAddress(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web(limits=Limits(connections_per_address=2), behind_proxy=["10.0.0.0/8"])
        self.most = 2 + PAGES_PER_ADDRESS

    def test_one_too_many_from_an_address_is_cut_at_once_and_others_come_in(self) -> None:
        held = [self.web.connect("192.0.2.1") for _ in range(self.most)]
        self.assertFalse([wire for _, wire in held if wire.aborted])
        _, wire = self.web.connect("192.0.2.1")
        self.assertTrue(wire.aborted)
        self.assertEqual(wire.value(), b"")
        self.assertEqual(self.web.send(LOGIN, "192.0.2.2").status, 200)

    def test_whoever_leaves_makes_room(self) -> None:
        held = [self.web.connect("192.0.2.1") for _ in range(self.most)]
        held[0][0].connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.web.send(LOGIN, "192.0.2.1").status, 200)
        self.assertTrue(self.web.connect("192.0.2.1")[1].aborted)

    def test_a_connection_that_has_become_a_socket_makes_room(self) -> None:
        held = [self.web.connect("192.0.2.1") for _ in range(self.most)]
        held[0][0].hand_over(Protocol(), b"")
        self.assertFalse(self.web.connect("192.0.2.1")[1].aborted)
        held[0][0].connectionLost(Failure(ConnectionDone()))
        self.assertTrue(self.web.connect("192.0.2.1")[1].aborted)

    def test_a_proxy_of_ours_is_not_limited_by_its_address(self) -> None:
        held = [self.web.connect("10.0.0.1") for _ in range(self.most + 50)]
        self.assertFalse([wire for _, wire in held if wire.aborted])

    def test_an_address_gets_at_most_half_of_what_the_open_files_allow(self) -> None:
        web = Web(most_connections=100)
        held = [web.connect("192.0.2.1")[1] for _ in range(60)]
        self.assertEqual(sum(wire.aborted for wire in held), 10)
        self.assertEqual(web.send(LOGIN, "192.0.2.2").status, 200)

    def test_behind_tls_one_too_many_is_cut_too(self) -> None:
        factory: Any = tls.over_tls(self.web.site, CertificateOptions())
        wires = []
        for _ in range(self.most + 1):
            address: IAddress = IPv4Address("TCP", "192.0.2.1", 40_000)
            wires.append(Wire("192.0.2.1", over_tls=False))
            factory.buildProtocol(address).makeConnection(wires[-1])
        self.assertEqual([wire.aborted for wire in wires], [False] * self.most + [True])


class InAll(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web(limits=Limits(connections_per_address=0), most_connections=40)

    def fill(self, count: int) -> list[Any]:
        return [self.web.connect(f"192.0.2.{number}") for number in range(count)]

    def test_past_the_cap_the_connection_is_cut_before_the_files_run_out(self) -> None:
        held = self.fill(40)
        self.assertFalse([wire for _, wire in held if wire.aborted])
        self.assertTrue(self.web.connect("198.51.100.1")[1].aborted)

    def test_open_sockets_count(self) -> None:
        self.web.capacity.open = 30
        self.assertEqual(sum(wire.aborted for _, wire in self.fill(12)), 2)

    def test_the_last_ones_are_kept_for_the_health_checks(self) -> None:
        self.fill(40 - HEALTH_RESERVE)
        channel, wire = self.web.connect("198.51.100.1")
        channel.dataReceived(HEALTHZ)
        self.assertEqual(parse(wire.value())[0].status, 200)
        channel, wire = self.web.connect("198.51.100.1")
        channel.dataReceived(LOGIN)
        answer = parse(wire.value())[0]
        self.assertEqual((answer.status, answer.header("Connection")), (503, "close"))
        self.assertIsNotNone(answer.header("Retry-After"))
        self.assertTrue(wire.disconnecting)

    def test_who_says_nothing_does_not_hold_the_reserve(self) -> None:
        self.fill(40 - HEALTH_RESERVE)
        _, wire = self.web.connect("198.51.100.1")
        self.web.clock.advance(2)
        self.assertTrue(wire.disconnecting)

    def test_a_flood_is_told_once_a_minute_with_its_size(self) -> None:
        heard: list[LogEvent] = []
        observer: Any = heard.append
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.fill(40 + 100)
        told = [event for event in heard if event.get("event") == "turned_away"]
        self.assertEqual([event["count"] for event in told], [1])
        connections = self.web.site.connections
        for _ in range(3):
            self.assertIsNone(connections.enter("198.51.100.1"))
        self.web.clock.rightNow += TELL_EVERY_S  # not advance: nobody is to leave meanwhile
        self.assertIsNone(connections.enter("198.51.100.1"))
        told = [event for event in heard if event.get("event") == "turned_away"]
        self.assertEqual([event["count"] for event in told], [1, 103])

"""A connection that ends looks at nothing any more, tells nothing, and is gone in time."""

from __future__ import annotations

import gc
import weakref
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from securechat.core.conversation import FRAMES_AT_ONCE
from securechat.core.errors import Close
from securechat.core.model import SessionDigest, Visitor
from securechat.sockets.protocol import CLOSE_WITHIN_S, OVER_WITHIN_S, PING, ChatProtocol
from tests.unit.memory import person
from tests.unit.test_intake import frame
from tests.unit.test_sockets import FactoryCase

CLOSE, PONG = 8, 10
UNMASKED = frame(b"x", is_masked=False)
HUGE_PING = b"\x89\xff" + (1 << 40).to_bytes(8, "big") + b"\1\2\3\4"


class Wire(StringTransport):
    """Remembers whether it was aborted."""

    aborted = False

    def abortConnection(self) -> None:
        self.aborted = True


class Ends(FactoryCase):
    def opened(self) -> tuple[ChatProtocol, Wire]:
        protocol = ChatProtocol(Visitor(person("ada"), SessionDigest(b"s" * 32), 10**15, "::1"))
        protocol.factory = self.factory
        wire = Wire()
        protocol.makeConnection(wire)
        return protocol, wire

    def code(self, wire: Wire) -> int:
        """The code of the close frame that was sent, which is the last thing that was."""
        sent = wire.value()
        self.assertEqual(sent[0], 0x80 | CLOSE)
        self.assertEqual(len(sent), 2 + sent[1])
        return int.from_bytes(sent[2:4], "big")

    def test_a_control_frame_without_end_is_not_kept(self) -> None:
        protocol, wire = self.opened()
        protocol.dataReceived(HUGE_PING)
        self.assertEqual(self.code(wire), 1002)
        for _ in range(100):
            protocol.dataReceived(bytes(1 << 16))
        held: Any = protocol
        kept = (held.data, *held.control_frame_data, *held.frame_data, *held.message_data)
        self.assertEqual(sum(map(len, kept)), 0)

    def test_after_a_breach_of_the_protocol_nothing_is_told_or_carried_out(self) -> None:
        protocol, wire = self.opened()
        protocol.dataReceived(UNMASKED)
        protocol.outbox.send_live(b"live")
        protocol.dataReceived(frame(b'{"type":"typing","room":"general"}'))
        self.clock.advance(0)
        self.assertEqual((self.code(wire), protocol.is_ending), (1002, True))
        self.assertEqual(wire.aborted, False)

    def test_who_does_not_answer_our_close_is_cut_off(self) -> None:
        for end in (
            lambda protocol: protocol.dataReceived(UNMASKED),
            lambda protocol: protocol.end(Close.RESTARTING),
        ):
            protocol, wire = self.opened()
            end(protocol)
            self.clock.advance(CLOSE_WITHIN_S - 0.1)
            self.assertFalse(wire.aborted)
            self.clock.advance(0.2)
            self.assertTrue(wire.aborted)

    def test_a_hello_that_is_answered_too_late_puts_the_end_off_for_nobody(self) -> None:
        protocol, wire = self.opened()
        protocol.dataReceived(UNMASKED)
        protocol.greeted()
        self.clock.advance(CLOSE_WITHIN_S)
        self.assertTrue(wire.aborted)

    def test_who_breaks_the_protocol_twice_is_not_waited_for(self) -> None:
        protocol, wire = self.opened()
        protocol.end(Close.RESTARTING)
        protocol.dataReceived(UNMASKED)
        self.assertTrue(wire.aborted)

    def test_who_closes_and_stays_is_cut_off_and_not_listened_to(self) -> None:
        protocol, wire = self.opened()
        protocol.dataReceived(frame(b"\x03\xe8", CLOSE))
        self.assertTrue(wire.disconnecting)
        for _ in range(100):
            protocol.dataReceived(bytes(1 << 16))
        held: Any = protocol
        self.assertEqual(len(held.data), 0)
        self.clock.advance(CLOSE_WITHIN_S + 0.1)
        self.assertTrue(wire.aborted)

    def test_a_session_that_ends_takes_a_connection_along_that_ends_already(self) -> None:
        protocol, wire = self.opened()
        protocol.end(Close.RESTARTING)
        protocol.end(Close.SESSION_ENDED)
        self.assertTrue(wire.aborted)

    def test_whose_session_has_ended_is_gone_within_a_second(self) -> None:
        protocol, wire = self.opened()
        protocol.end(Close.SESSION_ENDED)
        self.assertFalse(wire.aborted)
        self.clock.advance(OVER_WITHIN_S)
        self.assertTrue(wire.aborted)

    def test_frames_without_a_command_have_their_pace(self) -> None:
        pieces = frame(b"", first=0x01) + frame(b"", first=0x00) * FRAMES_AT_ONCE
        for flood in (frame(b"", PONG) * (FRAMES_AT_ONCE + 1), pieces):
            protocol, wire = self.opened()
            protocol.dataReceived(flood)
            self.assertEqual(self.code(wire), Close.FLOODING)

    def test_a_paused_reader_cannot_ping_for_nothing(self) -> None:
        protocol, wire = self.opened()
        protocol.outbox.pauseProducing()
        protocol.dataReceived(frame(b"", 9) * (FRAMES_AT_ONCE + 1))
        self.assertEqual(self.code(wire), Close.FLOODING)

    def test_the_answer_to_our_ping_costs_nothing(self) -> None:
        protocol, wire = self.opened()
        for _ in range(FRAMES_AT_ONCE + 1):
            protocol.ask()
            protocol.dataReceived(frame(b"", PONG))
        self.assertEqual(wire.value(), PING * (FRAMES_AT_ONCE + 1))

    def test_a_message_may_come_in_pieces(self) -> None:
        protocol, wire = self.opened()
        protocol.dataReceived(frame(b'{"type":', first=0x01) + frame(b'"nothing"}', first=0x80))
        self.clock.advance(0)
        self.assertIn(b"bad_frame", wire.value())

    def test_nothing_of_a_connection_waits_for_the_collector(self) -> None:
        for last in (frame(b"\x03\xe8", CLOSE), UNMASKED, frame(b"half", first=0x01)):
            protocol, wire = self.opened()
            protocol.dataReceived(last)
            protocol.connectionLost(Failure(ConnectionDone()))
            self.clock.advance(0)
            gone = weakref.ref(protocol)
            gc.disable()
            try:
                del protocol, wire
                self.assertIsNone(gone())
            finally:
                gc.enable()

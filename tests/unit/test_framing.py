"""A connection begins where Autobahn's own stands after its handshake, and holds little."""

from __future__ import annotations

from typing import Any

from autobahn.twisted.websocket import WebSocketServerProtocol
from twisted.internet.testing import StringTransport

from securechat.core.model import SessionDigest, Visitor
from securechat.sockets.framing import Framing
from tests.unit.memory import person
from tests.unit.test_sockets import FactoryCase

UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
OF_THE_HANDSHAKE = frozenset(
    {
        *("_transport_details", "_wskey", "http_headers", "http_request_data", "http_request_host"),
        *("http_request_params", "http_request_path", "http_request_uri", "http_response_data"),
        *("http_status_line", "is_open", "websocket_extensions", "websocket_extensions_in_use"),
        *("websocket_origin", "websocket_protocol_in_use", "websocket_protocols"),
    }
)
"""What Autobahn keeps of it, and looks at no more."""

OUT_OF_USE = frozenset(
    {
        *("_results", "_valid_events", "is_closed", "send_queue", "trafficStats", "triggered"),
        *("utf8validator",),
    }
)
"""What is for listeners, pieces, statistics and texts that are checked while they come."""

PLACES = frozenset({"factory", "peer", "transport"})
MOST_ATTRIBUTES = 30
"""So many names Python 3.11 shares between the objects of a class (``SHARED_KEYS_MAX_SIZE``)."""


class Plain(WebSocketServerProtocol):
    """Autobahn's own, which asks nobody what to speak."""

    def onConnect(self, request: Any) -> None:
        return None


class Beginning(FactoryCase):
    def setUp(self) -> None:
        super().setUp()
        # Autobahn's timers run on the real reactor, and would outlive the test.
        self.factory.setProtocolOptions(openHandshakeTimeout=0, closeHandshakeTimeout=0)

    def wire(self) -> Any:
        wire: Any = StringTransport()
        wire.setTcpNoDelay = lambda enabled: None
        wire.abortConnection = wire.loseConnection
        return wire

    def test_a_connection_begins_as_autobahns_own_stands_after_its_handshake(self) -> None:
        plain: Any = Plain()
        plain.factory = self.factory
        plain.makeConnection(self.wire())
        plain.dataReceived(UPGRADE)
        self.assertEqual(plain.state, plain.STATE_OPEN)
        ours = Framing()
        ours.factory = self.factory
        ours.makeConnection(self.wire())
        left_out = OF_THE_HANDSHAKE | OUT_OF_USE | PLACES
        expected = {name: value for name, value in vars(plain).items() if name not in left_out}
        self.assertEqual({name: getattr(ours, name) for name in expected}, expected)
        self.assertEqual(self.factory.getConnectionCount(), 2)

    def test_nothing_is_left_out_that_autobahn_does_not_have(self) -> None:
        plain: Any = Plain()
        plain.factory = self.factory
        plain.makeConnection(self.wire())
        plain.dataReceived(UPGRADE)
        self.assertLessEqual(OF_THE_HANDSHAKE | OUT_OF_USE | PLACES, set(vars(plain)))

    def test_options_are_the_factorys_as_they_are_now(self) -> None:
        ours: Any = Framing()
        ours.factory = self.factory
        self.factory.setProtocolOptions(maxFramePayloadSize=77)
        self.assertEqual(ours.maxFramePayloadSize, 77)

    def test_a_connection_has_no_more_attributes_than_python_shares_the_names_of(self) -> None:
        visitor = Visitor(person("ada"), SessionDigest(b"s" * 32), 10**15, "127.0.0.1")
        connection: Any = self.factory.admit(visitor)
        wire = self.wire()
        connection.makeConnection(wire)
        connection.ask()
        connection.dataReceived(b"\x8a\x80" + bytes(4))
        connection.dataReceived(b"\x01\x81" + bytes(4) + b"{" + b"\x80\x81" + bytes(4) + b"}")
        self.assertLess(len(vars(connection)), MOST_ATTRIBUTES)

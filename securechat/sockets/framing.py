"""Autobahn's frames without its handshake: what is equal for all connections is held once.

Autobahn copies its options into every connection, keeps the handshake, and makes queues,
validators, Deferreds and statistics that nobody here asks for: more than half of what an idle
connection held, and a third of what its opening cost. The door has examined the handshake and
answered it, so a connection begins here where Autobahn's own would stand behind one.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from autobahn.twisted.websocket import WebSocketServerProtocol
from autobahn.websocket.protocol import TrafficStats
from twisted.internet.defer import Deferred


class Framing(WebSocketServerProtocol):
    """A server's connection whose handshake is over when it is made.

    What Autobahn sets for each connection are the class's attributes here, until one differs.
    """

    transport: Any
    wasNotCleanReason: Any = None

    state = WebSocketServerProtocol.STATE_OPEN
    send_state = WebSocketServerProtocol.SEND_STATE_GROUND
    data = b""
    current_frame: Any = None
    inside_message = False
    websocket_version = 13

    closedByMe = False
    failedByMe = False
    droppedByMe = False
    wasClean = False
    wasMaxFramePayloadSizeExceeded = False
    wasMaxMessagePayloadSizeExceeded = False
    wasServerConnectionDropTimeout = False
    wasOpenHandshakeTimeout = False
    wasCloseHandshakeTimeout = False
    wasServingFlashSocketPolicyFile = False
    localCloseCode = None
    localCloseReason = None
    remoteCloseCode: int | None = None
    remoteCloseReason: str | None = None

    openHandshakeTimeoutCall = None
    closeHandshakeTimeoutCall = None
    autoPingTimeoutCall = None
    autoPingPending = None
    autoPingPendingCall = None
    autoPingPendingSeq = 0
    autoPingPendingSent = None

    # Never used: compression and the check of UTF-8 are off, nothing is sent in pieces or timed.
    _perMessageCompress = None
    utf8validator: Any = None
    trackedTimings: Any = None
    # Counted together, and read by nobody.
    trafficStats = TrafficStats()

    def __init__(self) -> None:
        """Not Autobahn's, which makes what nobody here waits for."""

    def connectionMade(self) -> None:
        """The handshake is over."""
        factory: Any = self.factory
        factory.countConnections += 1
        self.onOpen()

    def dataReceived(self, data: bytes) -> None:
        self._dataReceived(data)

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        """Everything that Autobahn sends, at once and whole."""
        self.transport.write(data)

    @property
    def is_closed(self) -> Deferred[Any]:
        """What Autobahn calls at the end; nobody waits for it."""
        return Deferred()


def _ask_the_factory() -> None:
    """Options are the factory's, looked up where Autobahn would have copied them."""
    for option in Framing.CONFIG_ATTRS:
        setattr(Framing, option, property(attrgetter(f"factory.{option}")))


_ask_the_factory()

# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""Writing to the socket at once, where nothing waits for it.

Twisted's transports keep what is written until the end of the reactor's turn, and ask the kernel to
be told when the socket takes it: two system calls beside the one that sends, and most of what a
delivery costs. Nearly always the socket would have taken it there and then. So each connection's
transport is wrapped, below TLS where that is spoken: all that anybody writes passes one place, in
order, and only what the socket does not take goes to Twisted.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IProtocolFactory, IPullProducer
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from zope.interface import implementer


@implementer(IPullProducer)
class _Below:
    """What the transport below calls exactly when all is sent: a pull producer.

    Not the wrapper itself, whose ``resumeProducing`` is that of reading.
    """

    __slots__ = ("_wrapper",)

    def __init__(self, wrapper: DirectTransport) -> None:
        self._wrapper = wrapper

    def resumeProducing(self) -> None:
        self._wrapper.sent()

    def stopProducing(self) -> None:
        self._wrapper.gone()


class DirectTransport(ProtocolWrapper):
    """A connection whose bytes leave with the call that writes them, or else after those before.

    A streaming producer above is paused as long as anything waits.
    """

    transport: Any

    def __init__(self, factory: Any, wrapped: Any) -> None:
        super().__init__(factory, wrapped)
        self._waits = False
        self._above: Any = None
        self._streams = False
        self._paused = False

    def makeConnection(self, transport: Any) -> None:
        self._send = transport.getHandle().send
        transport.registerProducer(_Below(self), False)
        super().makeConnection(transport)

    def write(self, data: bytes) -> None:
        """Send ``data`` after everything written before."""
        if self._waits:
            self.transport.write(data)
            return
        try:
            sent = self._send(data)
        except OSError:
            # Full, or broken: the transport below tries again, and is the one to end it.
            sent = 0
        if sent < len(data):
            self._waits = True
            self.transport.write(data[sent:])
            self._pause()

    def writeSequence(self, data: Any) -> None:
        self.write(b"".join(data))

    def sent(self) -> None:
        """Nothing waits any more."""
        self._waits = False
        if self._above is not None and (self._paused or not self._streams):
            self._paused = False
            self._above.resumeProducing()

    def gone(self) -> None:
        """The connection has ended."""
        above, self._above = self._above, None
        if above is not None:
            above.stopProducing()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        if self._above is not None:
            raise RuntimeError(f"{self._above!r} produces already, before {producer!r}")
        if self.transport.disconnected:
            producer.stopProducing()
            return
        self._above, self._streams, self._paused = producer, streaming, False
        if not streaming:
            producer.resumeProducing()
        elif self._waits:
            self._pause()

    def unregisterProducer(self) -> None:
        self._above = None
        if self.disconnecting:
            self._finish()

    def loseConnection(self) -> None:
        """End it when all is sent and whoever produces has nothing more."""
        self.disconnecting = 1
        if self._above is None or self._streams:
            self._finish()

    def _finish(self) -> None:
        # The transport below does not end while a pull producer may have more.
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def _pause(self) -> None:
        if self._above is not None and self._streams and not self._paused:
            self._paused = True
            self._above.pauseProducing()


class DirectFactory(WrappingFactory[DirectTransport]):
    """``wrapped`` over connections that send at once."""

    protocol = DirectTransport
    noisy = False

    def __init__(self, wrapped: IProtocolFactory) -> None:
        super().__init__(wrapped)

# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""One HTTP connection: absolute deadlines, a body cap, and our headers on every response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall, IProtocol
from twisted.protocols.policies import ProtocolWrapper
from twisted.web.http import HTTPChannel, Request
from twisted.web.http_headers import Headers

from . import headers

if TYPE_CHECKING:
    from .site import SecureSite

HEADER_DEADLINE_S = 10
RESERVE_DEADLINE_S = 2
BODY_DEADLINE_S = 20
KEEP_ALIVE_S = 60
MAX_AGE_S = 600
MAX_REQUESTS = 1_000
MAX_BODY_BYTES = 65_536

# A connection that is closed with bytes unread is reset, and a reset may overtake the answer.
LINGER_S = 2
MAX_LINGER_BYTES = 1_048_576


class SecureChannel(HTTPChannel):
    """Twisted's channel with the deadlines that bytes do not put off.

    Headers have 10 s from the connection's beginning or from the request's first byte, a body 20 s
    and 64 KiB; a connection lives through at most 1,000 requests or 10 minutes. A malformed request
    is answered like any other error: with our headers and without a version.
    """

    site: SecureSite
    transport: Any

    def __init__(self) -> None:
        super().__init__()
        self._deadline: IDelayedCall | None = None
        self._refused = False
        self._discarded_bytes = 0
        self._requests_seen = 0
        self._born_s = 0.0
        self._body_bytes = 0
        self.early_bytes = False
        self.only_health = False
        self.counted_as: str | None = None

    def connectionMade(self) -> None:
        self._born_s = self.site.reactor.seconds()
        super().connectionMade()
        self._arm(RESERVE_DEADLINE_S if self.only_health else HEADER_DEADLINE_S)

    def connectionLost(self, reason: Any) -> None:  # type: ignore[override]  # no default needed
        self._count_out()
        self._disarm()
        super().connectionLost(reason)

    def dataReceived(self, data: bytes) -> None:
        if self._refused:
            self._discard(data)
            return
        waits = self._handlingRequest or self.paused or self._in_body
        if self._deadline is None and not waits:
            self._arm(HEADER_DEADLINE_S)
        super().dataReceived(data)

    def rawDataReceived(self, data: bytes) -> None:
        if self._refused:
            self._discard(data)
            return
        if self._handlingRequest:
            self.early_bytes = self.early_bytes or bool(data)
        super().rawDataReceived(data)

    def lineReceived(self, line: bytes) -> None:
        if self._refused:
            return
        if line[:1] in (b" ", b"\t"):
            # A folded header (RFC 9112 section 5.2): proxies differ in what they read into it.
            self.refuse(400)
            return
        super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:
        """Answer an over-long line, where Twisted would close without a word."""
        if not self._refused:
            self.refuse(431 if self.requests else 400)

    def headerReceived(self, line: bytes) -> bool:
        """Refuse every doubt about where a body ends (RFC 9112 section 6.3).

        Twisted refuses Content-Length that is doubled, no number, or beside chunks.
        """
        name, _, value = line.partition(b":")
        if name.lower() == b"transfer-encoding":
            twice = self.requests[-1].requestHeaders.hasHeader(b"Transfer-Encoding")
            chunked = value.strip(b" \t").lower() == b"chunked"
            if twice or not chunked or self._version != b"HTTP/1.1":
                self.refuse(400)
                return False
        return bool(super().headerReceived(line))

    @property
    def _in_body(self) -> bool:
        return self.length != 0

    def allHeadersReceived(self) -> None:
        self._disarm()
        if self._refused:
            return
        if self.length is not None and self.length > MAX_BODY_BYTES:
            self.refuse(413)
            return
        self._body_bytes = 0
        self._requests_seen += 1
        super().allHeadersReceived()
        if self.length != 0:
            self._arm(BODY_DEADLINE_S)

    def allContentReceived(self) -> None:
        if self._refused:
            return
        self._disarm()
        super().allContentReceived()

    def checkPersistence(self, request: Request, version: bytes) -> bool:
        """End a connection that has served long enough, with the answer to this request."""
        age_s = self.site.reactor.seconds() - self._born_s
        if self._requests_seen >= MAX_REQUESTS or age_s >= MAX_AGE_S:
            request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
            return False
        return bool(super().checkPersistence(request, version))

    def requestDone(self, request: Request) -> None:
        """Go on with the next request, once this one's answer is on its way.

        Twisted would answer all requests that arrived together, however slowly they are read, and
        keep the answers in memory.
        """
        self.early_bytes = False
        if self._waitingForTransport:
            self.paused = True
            self._networkProducer.pauseProducing()
        super().requestDone(request)

    def resumeProducing(self) -> None:
        super().resumeProducing()
        if self.paused:
            self.paused = False
            kept = self.clearLineBuffer()
            if kept:
                self.dataReceived(kept)

    def count_body(self, n_bytes: int) -> bool:
        """Whether ``n_bytes`` more of a body are still within the cap; refuses it where not."""
        self._body_bytes += n_bytes
        if self._body_bytes > MAX_BODY_BYTES:
            self.refuse(413)
        return not self._refused

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers_: Headers) -> None:
        """Every response passes here: ours, Twisted's and Klein's."""
        headers.secure(headers_, self.over_tls)
        self.site.metrics.responded(int(code))
        super().writeHeaders(version, code, reason, headers_)

    @property
    def over_tls(self) -> bool:
        """Whether the browser came over https (RFC 6797 forbids HSTS in clear)."""
        if self.site.clear or any(request.in_clear for request in self.requests[:1]):
            return False
        return bool(self.isSecure()) or self.site.origins.over_tls

    def refuse(self, status: int) -> None:
        """Answer a request that never became whole, and close."""
        if self._refused:
            return
        self._refused = True
        self._disarm()
        self.setTimeout(None)
        self.site.note_malformed(status, self.transport.getPeer())
        words = self.site.words(self.requests[-1].accept_language() if self.requests else "")
        body = self.site.error_page(words, status)
        answer = Headers({"Content-Type": [headers.HTML], "Connection": ["close"]})
        headers.tell_language(answer, words.language)
        answer.setRawHeaders("Content-Length", [str(len(body))])
        reason = self.site.phrase(status)
        self.writeHeaders(b"HTTP/1.1", str(status).encode(), reason, answer)
        self.transport.write(body)
        self._deadline = self.site.reactor.callLater(LINGER_S, self._close)

    def _respondToBadRequestAndDisconnect(self) -> None:
        self.refuse(400)

    def hand_over(self, protocol: IProtocol, answer: bytes) -> None:
        """Answer, and let go of the connection, which is ``protocol``'s from then on.

        Nothing of it holds on to us or to the request: no deadline, no producer, and no circle that
        only the garbage collector would find.
        """
        self._disarm()
        self._count_out()
        self.setTimeout(None)
        self.requests.clear()
        transport, self.transport = self.transport, None
        transport.unregisterProducer()
        if isinstance(transport, ProtocolWrapper):
            transport.wrappedProtocol = protocol
        else:
            transport.protocol = protocol
        transport.write(answer)
        protocol.makeConnection(transport)
        transport.resumeProducing()

    def _count_out(self) -> None:
        peer, self.counted_as = self.counted_as, None
        if peer is not None:
            self.site.connections.leave(peer)

    def _discard(self, data: bytes) -> None:
        self._discarded_bytes += len(data)
        if self._discarded_bytes > MAX_LINGER_BYTES:
            self._close()

    def _close(self) -> None:
        self._disarm()
        self._deadline = self.site.reactor.callLater(LINGER_S, self._abort)
        self.loseConnection()

    def _abort(self) -> None:
        self._deadline = None
        self.forceAbortClient()

    def _arm(self, seconds: int) -> None:
        self._disarm()
        self._deadline = self.site.reactor.callLater(seconds, self._too_late)

    def _disarm(self) -> None:
        deadline, self._deadline = self._deadline, None
        if deadline is None:
            return
        try:
            deadline.cancel()
        except (AlreadyCalled, AlreadyCancelled):
            return

    def _too_late(self) -> None:
        self._deadline = None
        if self._requests_seen == 0 and not self.requests:
            # Nothing was asked: browsers open connections ahead of need, and 408 would confuse.
            self.site.connections.silent(self.site.peer(self.transport.getPeer()))
            self._close()
            return
        self.refuse(408)

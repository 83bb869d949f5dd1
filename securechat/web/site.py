# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""The web site: which requests are answered at all, and how errors look."""

from __future__ import annotations

import re
from http import HTTPStatus
from io import BytesIO
from typing import Any, Literal, Protocol
from urllib.parse import unquote_to_bytes

from twisted.internet.interfaces import IAddress, IProtocol
from twisted.internet.protocol import Protocol as Connection
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import IResource, NoResource
from twisted.web.server import Request, Site

from ..core.sentences import Sentence
from . import headers
from .channel import KEEP_ALIVE_S, SecureChannel
from .connections import Connections
from .origins import Origins
from .proxies import LOCAL, Proxies
from .templates import Templates
from .texts import Words

HEALTH = frozenset({b"/healthz", b"/readyz"})
REFUSALS = {
    400: "malformed",
    405: "method",
    408: "deadline",
    413: "too_large",
    421: "host",
    431: "too_large",
}
"""What metrics and logs call the refusals that happen before any page."""
METHODS = (b"GET", b"HEAD", b"POST")
SOCKET = b"/ws"
FOR_SCRIPTS = frozenset({SOCKET, b"/session"})
"""What no person opens: whoever asks for it in clear is told so and not sent on."""

_SECRET = re.compile(r"\A(/+(?:join|reset)/).+", re.DOTALL)
_LETS_IN = re.compile(rb"\A/+(?:(?:join|reset)/|[^?]*\?(?:.*&)?(?:join|token)=)", re.DOTALL)
RETRY_S = 5

log = Logger()


class WebMetrics(Protocol):
    """What the web edge counts."""

    def login(self, outcome: Literal["ok", "refused", "throttled"]) -> None:
        """Somebody tried to log in."""

    def registered(self) -> None:
        """An account was made."""

    def responded(self, status: int) -> None:
        """An HTTP answer was sent."""


class SecureRequest(Request):
    """A request that is refused before any page sees it where it is not meant for us."""

    site: SecureSite
    channel: SecureChannel
    content: Any

    def gotLength(self, length: int | None) -> None:
        """Bodies stay in memory: they are capped."""
        self.content = BytesIO()

    def handleContentChunk(self, data: bytes) -> None:
        if self.channel.count_body(len(data)):
            super().handleContentChunk(data)

    def process(self) -> None:
        self.site = self.channel.site
        if _LETS_IN.match(self.uri):
            self.setHeader(b"Referrer-Policy", headers.NO_ADDRESS.encode())
        refusal = self._refusal()
        if refusal is not None:
            self.site.note_refusal(REFUSALS[refusal], self.client_address())
            self.refuse(refusal)
        elif self.path in HEALTH:
            # Any name is good here, and Klein must not stumble over a strange one.
            self.requestHeaders.setRawHeaders(b"Host", [b"localhost"])
            super().process()
        elif self.channel.only_health:
            self.site.note_refusal("full", self.client_address())
            self.setHeader(b"Connection", b"close")
            self.channel.persistent = False
            self.refuse(503, retry_after=RETRY_S)
        elif self.in_clear:
            self._send_to_tls()
        else:
            super().process()

    def _refusal(self) -> int | None:
        if not self.path.startswith(b"/") or not _is_utf8(unquote_to_bytes(self.path)):
            return 400
        if self.method not in METHODS:
            return 405
        if self.path in HEALTH:
            return None
        hosts = self.requestHeaders.getRawHeaders(b"Host") or []
        if len(hosts) != 1:
            return 400 if hosts else 421
        host = hosts[0].decode("latin-1")
        origins = self.site.origins
        ours = origins.allows_name(host) if self.site.any_port else origins.allows_host(host)
        return None if ours else 421

    @property
    def in_clear(self) -> bool:
        """Whether the browser should have come over https and did not."""
        site = self.channel.site
        forwarded = self._sent(b"X-Forwarded-Proto")
        return site.clear or (
            site.origins.over_tls
            and site.proxies.over_plain_http(site.peer(self.client), forwarded)
        )

    def _send_to_tls(self) -> None:
        if self.method == b"POST" or self.path in FOR_SCRIPTS:
            # What came in clear has been read on the way: a redirect would hide that.
            self.site.note_refusal("in_clear", self.client_address())
            self.refuse(403, Sentence("status.308.text"))
            return
        # The host is from our own settings: a redirect never goes where a header says.
        self.setHeader(b"Location", self.site.origins.home.encode() + self.path)
        self.refuse(308)

    def client_address(self) -> str:
        """The address that limits count and logs name."""
        forwarded = self._sent(b"X-Forwarded-For")
        return self.site.proxies.client_address(self.site.peer(self.client), forwarded)

    def _sent(self, name: bytes) -> list[str]:
        """The values of a header; latin-1 has a character for every byte that may come."""
        sent = self.requestHeaders.getRawHeaders(name) or []
        return [value.decode("latin-1") for value in sent]

    def accept_language(self) -> str:
        """The languages that the browser asks for."""
        sent = self.requestHeaders.getRawHeaders(b"Accept-Language") or []
        return b",".join(sent).decode("latin-1")

    def user_agent(self) -> str | None:
        """What the browser calls itself."""
        sent = self.requestHeaders.getRawHeaders(b"User-Agent") or [b""]
        return sent[0].decode("latin-1") or None

    def words(self) -> Words:
        """The texts in the language that the browser asks for, as the answer's headers then say."""
        words = self.site.words(self.accept_language())
        headers.tell_language(self.responseHeaders, words.language)
        return words

    def refuse(
        self, status: int, text: Sentence | None = None, retry_after: int | None = None
    ) -> None:
        """Answer with the error page for ``status``; ``retry_after`` in seconds."""
        self.write(self.refusal(status, text, retry_after))
        self.finish()

    def refusal(
        self, status: int, text: Sentence | None = None, retry_after: int | None = None
    ) -> bytes:
        """The error page for ``status``, its headers set: for whoever writes and ends by itself."""
        if status == 405 and not self.responseHeaders.hasHeader(b"Allow"):
            self.setHeader(b"Allow", b", ".join(METHODS))
        if retry_after is not None:
            self.setHeader(b"Retry-After", str(retry_after).encode())
        body = self.site.error_page(self.words(), status, text, retry_after)
        self._prepare(status, body, headers.HTML)
        return body

    def answer(self, status: int, body: bytes, content_type: str) -> None:
        """Write the whole response and end it."""
        self._prepare(status, body, content_type)
        self.write(body)
        self.finish()

    def _prepare(self, status: int, body: bytes, content_type: str) -> None:
        self.setResponseCode(status, self.site.phrase(status))
        self.setHeader(b"Content-Type", content_type.encode())
        self.setHeader(b"Content-Length", str(len(body)).encode())

    def processingFailed(self, reason: Failure) -> Failure:
        """An unexpected exception: told to the log, and to the visitor only that it happened."""
        log.failure(
            "a request failed", failure=reason, event="request_failed", path=_told(self.path)
        )
        if not self.startedWriting and not self._disconnected:
            self.refuse(500)
        elif not self.finished:
            self.loseConnection()
        return reason


class _TurnedAway(Connection):
    """A connection too many: it is cut before a byte is read.

    Not None in its place: behind TLS somebody has to answer for the connection.
    """

    transport: Any

    def connectionMade(self) -> None:
        self.transport.abortConnection()


class SecureSite(Site):
    """Every response that leaves the daemon's web port is written by this site's channels."""

    requestFactory = SecureRequest
    displayTracebacks = False

    def __init__(
        self,
        pages: IResource,
        door: IResource,
        *,
        origins: Origins,
        proxies: Proxies,
        templates: Templates,
        metrics: WebMetrics,
        reactor: Any,
        connections: Connections,
        clear: bool = False,
        any_port: bool = False,
    ) -> None:
        """``clear``: this is the plain port beside TLS, which serves nothing but the way there.

        ``any_port``: a Host that is ours may name any port.
        """
        Site.__init__(
            self, pages, parsePOSTFormSubmission=False, timeout=KEEP_ALIVE_S, reactor=reactor
        )
        self._door = door
        self._templates = templates
        self.metrics = metrics
        self.origins = origins
        self.proxies = proxies
        self.clear = clear
        self.any_port = any_port or clear
        self.connections = connections

    def in_clear(self) -> SecureSite:
        """The same site for a plain port beside TLS.

        Pages are sent to https (308), forms and sockets refused (403); the two health addresses
        answer. Nothing else is served.
        """
        return SecureSite(
            self.resource,
            self._door,
            origins=self.origins,
            proxies=self.proxies,
            templates=self._templates,
            metrics=self.metrics,
            reactor=self.reactor,
            connections=self.connections,
            clear=True,
        )

    def on_loopback(self, resource: IResource, metrics: WebMetrics) -> SecureSite:
        """A site for ``resource`` with the same deadlines, headers and limits.

        It answers under the names of loopback, on any port: no page of another site that the
        operator has open can read it by pointing its own name here.
        """
        loopback = Origins()
        loopback.listen_on([80])
        return SecureSite(
            resource,
            NoResource(),
            origins=loopback,
            proxies=Proxies(),
            templates=self._templates,
            metrics=metrics,
            reactor=self.reactor,
            connections=self.connections,
            any_port=True,
        )

    # Straight to the channel: Twisted's wrapper around it exists to change to HTTP/2.
    protocol = SecureChannel  # type: ignore[assignment]  # Twisted names its wrapper there

    def buildProtocol(self, addr: IAddress) -> IProtocol | None:  # type: ignore[override]
        """A channel for the connection from ``addr``, or what ends one too many at once."""
        peer = self.peer(addr)
        entry = self.connections.enter(peer)
        if entry is None:
            return _TurnedAway()
        channel = super().buildProtocol(addr)
        assert isinstance(channel, SecureChannel)
        channel.counted_as = peer
        channel.only_health = entry == "health"
        return channel

    def acceptableProtocols(self) -> list[bytes]:
        """HTTP/1.1 only: over HTTP/2 Autobahn's resource has no transport to take over."""
        return [b"http/1.1"]

    def startFactory(self) -> None:
        """No access log file, and no timer for its dates."""

    def stopFactory(self) -> None:
        """See startFactory."""

    def log(self, request: Request) -> None:  # type: ignore[override]
        """One structured event for each answer, in place of Twisted's access log line."""
        log.debug(
            "{method} {path} {status}",
            event="answered",
            method=request.method.decode("latin-1"),
            path=_told(request.path),
            status=request.code,
            address=self.peer(request.client),
        )

    def getResourceFor(self, request: SecureRequest) -> IResource:
        """The door for /ws, the pages for everything else."""
        if request.path == SOCKET:
            return self._door
        resource: IResource = super().getResourceFor(request)
        return resource

    def words(self, accept_language: str) -> Words:
        """The texts for a browser that sends this Accept-Language."""
        return self._templates.words(accept_language)

    def error_page(
        self,
        words: Words,
        status: int,
        text: Sentence | None = None,
        retry_after: int | None = None,
    ) -> bytes:
        """The page that says ``status``, also when its template is broken."""
        try:
            return self._templates.error(words, status, text, retry_after)
        except Exception:  # noqa: BLE001 - an error page that fails must not fail the answer
            log.failure("the template of error pages failed")
            return f"{status} {HTTPStatus(status).phrase}".encode()

    @staticmethod
    def phrase(status: int) -> bytes:
        """The reason phrase of ``status``."""
        return HTTPStatus(status).phrase.encode()

    @staticmethod
    def peer(address: IAddress) -> str:
        """The address of a connection's other end; a local socket has none and says so."""
        return str(getattr(address, "host", LOCAL))

    def note_malformed(self, status: int, address: IAddress) -> None:
        """Log a request that never became whole."""
        self.note_refusal(REFUSALS[status], address)

    def note_refusal(self, why: str, address: IAddress | str) -> None:
        """Log a refusal; ``why`` is one of a few fixed words."""
        where = address if isinstance(address, str) else self.peer(address)
        log.info("refused: {why} from {address}", event="refused", why=why, address=where)


def _told(path: bytes) -> str:
    """A path as the log may have it: what lets somebody in is left out."""
    return _SECRET.sub(r"\1…", path.decode("latin-1"))


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True

"""A connection in memory, and the answers that were written to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.testing import StringTransport
from zope.interface import directlyProvides, providedBy


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

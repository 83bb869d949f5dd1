# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""The opening handshake of a WebSocket (RFC 6455 section 4.2): what came, and our answer.

Autobahn could do both, but would read the request a second time, and refuse with a page of its own
and without our headers.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping

from ..core.sentences import Sentence
from ..core.wire import SUBPROTOCOL
from .site import SecureRequest

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Refusal(Exception):
    """The visitor stays outside: a status, and the word for it in metrics and logs."""

    def __init__(self, status: int, why: str, text: Sentence | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.text = text


def examine(request: SecureRequest) -> str:
    """The client's key; raises Refusal for what is no handshake of ours (section 4.2.1)."""
    if not _names(request, "Upgrade", "websocket") or not _names(request, "Connection", "upgrade"):
        request.setHeader(b"Upgrade", b"websocket")
        raise Refusal(426, "upgrade")
    if _only(request, "Sec-WebSocket-Version") != "13":
        request.setHeader(b"Sec-WebSocket-Version", b"13")
        raise Refusal(426, "upgrade")
    if request.clientproto != b"HTTP/1.1" or b"?" in request.uri:
        raise Refusal(400, "handshake")
    key = _only(request, "Sec-WebSocket-Key")
    if not _is_key(key):
        raise Refusal(400, "handshake")
    offered = _values(request, "Sec-WebSocket-Protocol")
    if offered.count(SUBPROTOCOL) != 1 or len(set(offered)) != len(offered):
        raise Refusal(400, "subprotocol", Sentence("door.subprotocol", {"name": SUBPROTOCOL}))
    if request.channel.early_bytes or _has_body(request):
        # Frames before our answer would be lost on the way to the socket.
        raise Refusal(400, "handshake")
    return key


def answer(key: str, more: Mapping[str, str]) -> bytes:
    """The answer 101 to whoever sent ``key`` (section 4.2.2), with ``more`` headers.

    No extension is agreed to: ciphertext does not shrink.
    """
    accept = base64.b64encode(hashlib.sha1(key.encode("ascii") + _GUID).digest())  # noqa: S324 - RFC 6455
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        *(f"{name}: {value}" for name, value in more.items()),
        f"Sec-WebSocket-Protocol: {SUBPROTOCOL}",
        f"Sec-WebSocket-Accept: {accept.decode('ascii')}",
        "\r\n",
    ]
    return "\r\n".join(lines).encode("ascii")


def _has_body(request: SecureRequest) -> bool:
    headers = request.requestHeaders
    lengths = headers.getRawHeaders(b"Content-Length") or []
    return headers.hasHeader(b"Transfer-Encoding") or any(length != b"0" for length in lengths)


def _values(request: SecureRequest, name: str) -> list[str]:
    sent = request.requestHeaders.getRawHeaders(name.encode("ascii")) or []
    return [part.strip() for value in sent for part in value.decode("latin-1").split(",")]


def _names(request: SecureRequest, name: str, word: str) -> bool:
    return word in (value.lower() for value in _values(request, name))


def _only(request: SecureRequest, name: str) -> str:
    values = _values(request, name)
    return values[0] if len(values) == 1 else ""


def _is_key(key: str) -> bool:
    try:
        return len(key) == 24 and len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False

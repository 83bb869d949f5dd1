# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""The door to ``/ws``: everything a visitor must show before Autobahn sees the request."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET

from ..chat.accounts import Accounts
from ..core.buckets import Capacity, Place
from ..core.errors import Unavailable
from ..core.model import Session, Visitor
from ..core.sentences import Sentence
from ..core.wire import SUBPROTOCOL
from .origins import Origins
from .sessions import Cookies, origin_is_ours
from .site import SecureRequest

RETRY_S = 5

log = Logger()

Admit = Callable[[Visitor], IResource]
"""Makes the resource that turns one request into this visitor's socket.

Once that socket has ended, its owner calls ``Capacity.gone`` with the same visitor, exactly once.
"""


class _Refusal(Exception):
    """The visitor stays outside: a status, and the word for it in metrics and logs."""

    def __init__(self, status: int, why: str, text: Sentence | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.text = text


class Door(Resource):
    """Decides in the order of the protocol; every refusal carries our headers.

    Host (by the site, 421), Origin (403), caps (429), draining or no database (503), session
    (401), caps of the user (429), subprotocol and handshake (400, 426).
    """

    isLeaf = True

    def __init__(
        self,
        *,
        accounts: Accounts,
        cookies: Cookies,
        origins: Origins,
        capacity: Capacity,
        draining: Callable[[], bool],
        admit: Admit,
        wall_clock_ms: Callable[[], int],
    ) -> None:
        Resource.__init__(self)
        self._accounts = accounts
        self._cookies = cookies
        self._origins = origins
        self._capacity = capacity
        self._draining = draining
        self._admit = admit
        self._wall_clock_ms = wall_clock_ms

    def render(self, request: SecureRequest) -> int:
        """Decide, which takes a look into the database; the visitor may leave meanwhile."""
        if request.method != b"GET":
            request.setHeader(b"Allow", b"GET")
            request.refuse(405)
            return NOT_DONE_YET
        deciding = Deferred.fromCoroutine(self._decide(request))
        deciding.addErrback(self._failed, request)
        request.notifyFinish().addErrback(lambda _gone: deciding.cancel())
        return NOT_DONE_YET

    async def _decide(self, request: SecureRequest) -> None:
        place: Place | None = None
        try:
            place = self._place(request)
            visitor = await self._visitor(request, place)
            check_handshake(request)
            self._hand_over(request, visitor, place)
        except _Refusal as refusal:
            request.site.note_refusal(refusal.why, request.client_address())
            retry_after = RETRY_S if refusal.status in (429, 503) else None
            request.refuse(refusal.status, refusal.text, retry_after)
        finally:
            if place is not None:
                place.leave()

    def _place(self, request: SecureRequest) -> Place:
        if not origin_is_ours(request, self._origins):
            raise _Refusal(403, "origin")
        place = self._capacity.enter(request.client_address())
        if place is None:
            raise _Refusal(429, "connections", Sentence("door.connections"))
        return place

    async def _visitor(self, request: SecureRequest, place: Place) -> Visitor:
        if self._draining():
            raise _Refusal(503, "draining", Sentence("door.draining"))
        try:
            session = await self._session(request)
        except Unavailable:
            raise _Refusal(503, "unavailable") from None
        if session is None:
            raise _Refusal(401, "session", Sentence("status.401.text"))
        # The look-up took its time: the daemon may have begun to drain.
        if self._draining():
            raise _Refusal(503, "draining", Sentence("door.draining"))
        if not place.seat(session.user.id):
            raise _Refusal(429, "connections_per_user", Sentence("door.connections_per_user"))
        expires_ms = self._accounts.expires_ms(session)
        return Visitor(session.user, session.digest, expires_ms, request.client_address())

    async def _session(self, request: SecureRequest) -> Session | None:
        token = self._cookies.token(request)
        return await self._accounts.session_of(token, self._wall_clock_ms())

    def _hand_over(self, request: SecureRequest, visitor: Visitor, place: Place) -> None:
        resource = self._admit(visitor)
        request.channel.hand_over()
        place.keep()
        try:
            resource.render(request)
        finally:
            # Autobahn takes the transport when it has made the visitor's protocol, which tells of
            # its end from then on; before, nobody would.
            if request.channel.transport is not None:
                self._capacity.gone(visitor)
        if request.channel.transport is not None:
            raise _Refusal(503, "socket")

    def _failed(self, failure: Failure, request: SecureRequest) -> None:
        if failure.check(CancelledError) is not None:
            return
        if request.channel.transport is None:
            # The transport is the socket's by now: there is nobody left to answer.
            log.failure("a socket could not be opened", failure=failure)
        else:
            request.processingFailed(failure)


def check_handshake(request: SecureRequest) -> None:
    """Refuse what is not an opening handshake of our protocol (RFC 6455 section 4.2.1).

    Autobahn would refuse it too, but with its own page and without our headers.
    """
    if not _names(request, "Upgrade", "websocket") or not _names(request, "Connection", "upgrade"):
        request.setHeader(b"Upgrade", b"websocket")
        raise _Refusal(426, "upgrade")
    if _only(request, "Sec-WebSocket-Version") != "13":
        request.setHeader(b"Sec-WebSocket-Version", b"13")
        raise _Refusal(426, "upgrade")
    if request.clientproto != b"HTTP/1.1" or b"?" in request.uri:
        raise _Refusal(400, "handshake")
    if not _is_key(_only(request, "Sec-WebSocket-Key")):
        raise _Refusal(400, "handshake")
    offered = _values(request, "Sec-WebSocket-Protocol")
    if offered.count(SUBPROTOCOL) != 1 or len(set(offered)) != len(offered):
        raise _Refusal(400, "subprotocol", Sentence("door.subprotocol", {"name": SUBPROTOCOL}))
    if request.channel.early_bytes or request.content.read(1):
        # Frames before our answer would be lost on the way to Autobahn.
        raise _Refusal(400, "handshake")


def _values(request: SecureRequest, name: str) -> list[str]:
    sent = request.requestHeaders.getRawHeaders(name.encode("ascii")) or []
    return [part.strip() for value in sent for part in value.decode("latin-1").split(",")]


def _names(request: SecureRequest, name: str, token: str) -> bool:
    return token in (value.lower() for value in _values(request, name))


def _only(request: SecureRequest, name: str) -> str:
    values = _values(request, name)
    return values[0] if len(values) == 1 else ""


def _is_key(key: str) -> bool:
    try:
        return len(key) == 24 and len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False

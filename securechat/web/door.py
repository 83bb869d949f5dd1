# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""The door to ``/ws``: everything a visitor must show before there is a socket."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from ..chat.accounts import Accounts
from ..core.buckets import Capacity, Place
from ..core.errors import Unavailable
from ..core.model import Session, Visitor
from ..core.sentences import Sentence
from . import handshake
from .handshake import Refusal
from .headers import upgrade_headers
from .origins import Origins
from .sessions import Cookies, origin_is_ours
from .site import SecureRequest

RETRY_S = 5

log = Logger()

Admit = Callable[[Visitor], IProtocol]
"""Makes what speaks for this visitor once the handshake is over.

When its connection has ended, its owner calls ``Capacity.gone`` with the same visitor, once.
"""


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
        self._headers = upgrade_headers(origins.over_tls)

    def render(self, request: SecureRequest) -> int:
        """Decide, which takes a look into the database; the visitor may leave meanwhile."""
        if request.method != b"GET":
            request.site.note_refusal("method", request.client_address())
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
            key = handshake.examine(request)
            socket = self._admit(visitor)
            answer = handshake.answer(key, self._headers)
            place.keep()
            request.channel.hand_over(socket, answer)
        except Refusal as refusal:
            request.site.note_refusal(refusal.why, request.client_address())
            retry_after = RETRY_S if refusal.status in (429, 503) else None
            request.refuse(refusal.status, refusal.text, retry_after)
        finally:
            if place is not None:
                place.leave()

    def _place(self, request: SecureRequest) -> Place:
        if not origin_is_ours(request, self._origins):
            raise Refusal(403, "origin")
        place = self._capacity.enter(request.client_address())
        if place is None:
            raise Refusal(429, "connections", Sentence("door.connections"))
        return place

    async def _visitor(self, request: SecureRequest, place: Place) -> Visitor:
        if self._draining():
            raise Refusal(503, "draining", Sentence("door.draining"))
        try:
            session = await self._session(request)
        except Unavailable:
            raise Refusal(503, "unavailable") from None
        if session is None:
            raise Refusal(401, "session", Sentence("status.401.text"))
        # The look-up took its time: the daemon may have begun to drain.
        if self._draining():
            raise Refusal(503, "draining", Sentence("door.draining"))
        if not place.seat(session.user.id):
            raise Refusal(429, "connections_per_user", Sentence("door.connections_per_user"))
        expires_ms = self._accounts.expires_ms(session)
        return Visitor(session.user, session.digest, expires_ms, request.client_address())

    async def _session(self, request: SecureRequest) -> Session | None:
        token = self._cookies.token(request)
        return await self._accounts.session_of(token, self._wall_clock_ms())

    def _failed(self, failure: Failure, request: SecureRequest) -> None:
        if failure.check(CancelledError) is not None:
            return
        if request.channel.transport is None:
            # The transport is the socket's by now: there is nobody left to answer.
            log.failure("a socket could not be opened", failure=failure)
        else:
            request.processingFailed(failure)

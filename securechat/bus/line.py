"""One connection to Redis that is kept: made again when lost, given up when nobody answers.

The protocols are txredisapi's, on hiredis. Its factories are left out: they give up for ever when
a password is refused (or while Redis is loading), and the operator may be about to set it right.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory, connectionDone
from twisted.internet.task import LoopingCall, deferLater
from twisted.python.failure import Failure
from txredisapi import ConnectionError as LostConnection
from txredisapi import InvalidData, RedisError, RedisProtocol, SubscriberProtocol

from ..core.credentials import read_password
from ..core.settings import RedisServer
from .endpoint import endpoint

PING_EVERY_S = 2.0
ANSWER_WITHIN_S = 3.0
"""What has not connected, greeted or answered a ping by then is dropped and tried again."""

NO_ANSWER = f"no answer within {ANSWER_WITHIN_S:.0f} s"
RETRY_FIRST_S = 0.1
RETRY_MOST_S = 5.0
FLUSH_WITHIN_S = 1.0
"""At the end: how long what was published last gets to arrive."""


class _Kept:
    """Beside txredisapi's protocol: why the connection was lost, and no nonsense from a peer."""

    transport: Any
    lost_because: str = "the connection was lost"

    def dataReceived(self, data: bytes, unpause: bool = False) -> None:
        try:
            super().dataReceived(data, unpause)  # type: ignore[misc]
        except InvalidData:
            self.lost_because = "what answers does not speak Redis' protocol"
            self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.lost_because == _Kept.lost_because:
            self.lost_because = str(reason.value) or type(reason.value).__name__
        super().connectionLost(reason)  # type: ignore[misc]


class Publisher(_Kept, RedisProtocol):
    """The connection on which messages leave."""


class Subscriber(_Kept, SubscriberProtocol):
    """The connection on which messages come."""

    hear: Callable[[bytes], None]

    def messageReceived(self, pattern: bytes | None, channel: bytes, message: object) -> None:
        # hiredis hands on whatever type the peer chose; ours are bytes.
        if isinstance(message, bytes):
            self.hear(message)


class Line:
    """Keeps one connection; ``protocol`` is None while there is none that has been greeted."""

    def __init__(
        self,
        reactor: Any,
        server: RedisServer,
        build: Callable[[], Any],
        prepare: Callable[[Any], Any] | None,
        changed: Callable[[str | None], None],
    ) -> None:
        """``build`` makes a protocol, ``prepare`` sends its first command (a Deferred).

        ``changed`` is told None when the connection is usable, and why when it (still) is not.
        """
        self.protocol: Any = None
        self._reactor = reactor
        self._server = server
        self._build = build
        self._prepare = prepare
        self._changed = changed
        self._failures = 0
        self._is_stopped = False
        self._keeping: Deferred[None] | None = None

    def start(self) -> None:
        """Connect, and go on connecting."""
        self._keeping = Deferred.fromCoroutine(self._keep())
        self._keeping.addErrback(lambda failure: failure.trap(CancelledError))

    async def flush(self) -> None:
        """Return when all that was sent has arrived, at the latest after FLUSH_WITHIN_S."""
        if self.protocol is not None:
            # Whether it is lost or hangs: nobody waits for it at the end.
            with suppress(RedisError, DeferredTimeout):
                await self._within(FLUSH_WITHIN_S, self.protocol.ping())

    def stop(self) -> None:
        """Close, and connect no more."""
        self._is_stopped = True
        if self._keeping is not None:
            self._keeping.cancel()

    async def _keep(self) -> None:
        while True:
            try:
                await self._live()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told and tried again
                # What a cancelled connection attempt raises depends on the kind of endpoint.
                if self._is_stopped:
                    return
                self._changed(_reason(error))
            delay_s = min(RETRY_MOST_S, RETRY_FIRST_S * 2 ** min(self._failures, 10))
            self._failures += 1
            # Jitter: all daemons have lost the same server at the same moment.
            await deferLater(self._reactor, delay_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter

    async def _live(self) -> None:
        """One connection from its beginning to its end; raises for the reason of the end."""
        protocol = await self._connect()
        pings = LoopingCall(self._ping, protocol)
        pings.clock = self._reactor
        try:
            ended = protocol.whenDisconnected()
            try:
                await self._within(ANSWER_WITHIN_S, Deferred.fromCoroutine(self._greet(protocol)))
            except LostConnection:
                raise ConnectionError(protocol.lost_because) from None
            self.protocol = protocol
            self._changed(None)
            pings.start(PING_EVERY_S, now=False)
            await ended
            raise ConnectionError(protocol.lost_because)
        finally:
            self.protocol = None
            if pings.running:
                pings.stop()
            protocol.transport.abortConnection()

    async def _connect(self) -> Any:
        way: IStreamClientEndpoint = endpoint(self._reactor, self._server, ANSWER_WITHIN_S)
        factory = Factory()
        factory.noisy = False
        factory.protocol = self._build
        return await way.connect(factory)

    async def _greet(self, protocol: Any) -> None:
        server = self._server
        if server.password_file is not None:
            # Read each time: a new password needs no restart.
            await protocol.auth(read_password(server.password_file), server.user or None)
        if server.number:
            await protocol.select(server.number)
        if self._prepare is not None:
            await self._prepare(protocol)
        await protocol.ping()

    async def _ping(self, protocol: Any) -> None:
        try:
            await self._within(ANSWER_WITHIN_S, protocol.ping())
            # Not before: a server that greets and hangs up must not be called ten times a second.
            self._failures = 0
        except RedisError:
            pass  # whoever waits for the end of the connection hears why
        except DeferredTimeout:
            protocol.lost_because = NO_ANSWER
            protocol.transport.abortConnection()

    def _within(self, seconds: float, answer: Deferred[Any]) -> Deferred[Any]:
        return answer.addTimeout(seconds, self._reactor)


def _reason(error: Exception) -> str:
    if isinstance(error, DeferredTimeout):
        return NO_ANSWER
    return str(error) or type(error).__name__

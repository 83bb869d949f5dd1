"""The bus of several daemons: a call to every listener here, a message over Redis to the others.

Redis' publish and subscribe lose what nobody listens to at that moment. That is enough: news only
wakes, the database is asked, and a heartbeat finds what no news told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol

from twisted.logger import Logger
from twisted.python.failure import Failure

from ..core.ports import News
from ..core.settings import RedisServer
from .codec import Codec, Unheard
from .line import Line, Publisher, Subscriber
from .local import LocalBus

log = Logger()

MOST_UNANSWERED = 1_000
"""So many messages may wait for Redis; what comes then is dropped."""

MOST_REASONS = 20

Drop = Literal["away", "busy", "refused", "forged", "stale", "unreadable"]


class BusMetrics(Protocol):
    """What the bus counts."""

    def bus_is_up(self, is_up: bool) -> None:
        """The bus carries news both ways, or no longer does."""

    def bus_sent(self) -> None:
        """A message was handed to the bus."""

    def bus_received(self) -> None:
        """A message came from the bus."""

    def bus_dropped(self, why: Drop) -> None:
        """A message was not sent, or was not believed."""


class RedisBus:
    """Implements :class:`~securechat.core.ports.Bus` for all daemons on one database.

    Listeners here hear everything that is published here at once and in order, whatever Redis
    does. A message is never kept for later: while Redis is away it is dropped and counted.
    """

    def __init__(
        self,
        server: RedisServer,
        *,
        codec: Codec,
        database_id: str,
        metrics: BusMetrics,
        reactor: Any,
    ) -> None:
        """``database_id`` names the channel, so that several chats may share a server."""
        self._local = LocalBus()
        self._server = server
        self._codec = codec
        self._metrics = metrics
        self._channel = f"securechat:v1:{database_id}"
        self._was_up = False
        self._told: set[str] = set()
        self._publisher = Line(reactor, server, _publisher, None, self._changed)
        self._subscriber = Line(reactor, server, self._hearing, self._subscribe, self._changed)

    @property
    def is_up(self) -> bool:
        """News can leave and come now."""
        return self._publisher.protocol is not None and self._subscriber.protocol is not None

    def start(self) -> None:
        """Connect to Redis, and stay connected; a server that is away is tried again."""
        self._subscriber.start()
        self._publisher.start()

    async def stop(self) -> None:
        """Let what was published arrive, briefly, and close both connections."""
        await self._publisher.flush()
        self._publisher.stop()
        self._subscriber.stop()

    def listen(self, hear: Callable[[News], None]) -> None:
        """Call ``hear`` with all news from now on, of this daemon and of the others."""
        self._local.listen(hear)

    def publish(self, news: News) -> None:
        """Tell the other daemons, where that is possible now, and every listener here."""
        self._send(news)
        self._local.publish(news)

    def _send(self, news: News) -> None:
        publisher = self._publisher.protocol
        if publisher is None:
            self._metrics.bus_dropped("away")
        elif len(publisher.replyQueue.waiting) >= MOST_UNANSWERED:
            self._metrics.bus_dropped("busy")
        else:
            try:
                sent = publisher.publish(self._channel, self._codec.encode(news))
            except Exception:  # noqa: BLE001 - whoever publishes has committed and must go on
                log.failure("{news} could not be sent", news=type(news).__name__)
                return
            self._metrics.bus_sent()
            sent.addErrback(self._not_sent)

    def _not_sent(self, failure: Failure) -> None:
        self._metrics.bus_dropped("refused" if self._publisher.protocol is not None else "away")
        if self._publisher.protocol is not None:
            self._warn(failure.getErrorMessage())

    def _hearing(self) -> Subscriber:
        subscriber = Subscriber(charset=None, convertNumbers=False)  # type: ignore[no-untyped-call]
        subscriber.hear = self._received
        return subscriber

    def _subscribe(self, subscriber: Any) -> Any:
        return subscriber.subscribe([self._channel])

    def _received(self, message: bytes) -> None:
        self._metrics.bus_received()
        try:
            news = self._codec.decode(message)
        except Unheard as unheard:
            self._metrics.bus_dropped(unheard.why)
            self._warn(f"a message on {self._channel} is {unheard.why}")
            return
        for each in news:
            self._local.publish(each)

    def _changed(self, why: str | None) -> None:
        is_up = self.is_up
        self._metrics.bus_is_up(is_up)
        if why is not None:
            self._warn(why)
        elif is_up and not self._was_up:
            self._told.clear()
            log.info("the bus at {address} is here", event="bus_up", address=self._server.address)
        self._was_up = is_up

    def _warn(self, why: str) -> None:
        # Each reason once, until all is well again: a server that is away for a night says it once.
        if why in self._told or len(self._told) >= MOST_REASONS:
            return
        self._told.add(why)
        log.warn(
            "the bus at {address} is in trouble: {why}; until that ends, news from the other "
            "daemons is found by asking the database every few seconds",
            event="bus_trouble",
            address=self._server.address,
            why=why,
        )


def _publisher() -> Publisher:
    return Publisher(charset=None, convertNumbers=False)  # type: ignore[no-untyped-call]

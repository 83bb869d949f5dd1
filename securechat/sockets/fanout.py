"""Fan-out: one frame an event, built once, to every subscribed connection in contiguous order.

Every subscription is a cursor, the last number its connection was given. A live event is sent only
where it is the next number; anything else is read from the store first. So a connection gets each
number once and in order, whatever raced with what.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..chat.rooms import RoomReader
from ..core import envelope, wire
from ..core.encoding import b64url
from ..core.errors import Damaged, Refused, Unavailable
from ..core.keys import Channel, RoomKeys
from ..core.model import RoomId, StoredEvent, StoredKey, UserId
from ..core.ports import News, Posted, Reached
from .outbox import Outbox

log = Logger()

_RETRY_S = 1.0


def wrap_keys(
    channel: Channel, room_keys: RoomKeys, keys: Iterable[StoredKey]
) -> list[dict[str, str]]:
    """``[{"kid","wrapped"}]`` for one connection; a key that is damaged is logged and left out."""
    wrapped = []
    for key in keys:
        try:
            wrapped.append({"kid": key.kid, "wrapped": b64url(channel.wrap(room_keys.unwrap(key)))})
        except Damaged as error:
            log.error("the key {kid} is damaged: {reason}", kid=key.kid, reason=error)
    return wrapped


class FanoutMetrics(Protocol):
    """What the fan-out counts."""

    def fanned_out(self, deliveries: int, seconds: float) -> None:
        """One batch of events went to ``deliveries`` places in ``seconds``."""


class Reader(Protocol):
    """A connection, as the fan-out sees it."""

    user_id: UserId
    outbox: Outbox
    channel: Channel

    def posts_answered(self) -> Awaitable[None]:
        """When the posts that are under way now have been answered."""


@dataclass(slots=True, eq=False)
class Subscription:
    """One connection's place in one room."""

    reader: Reader
    room: RoomId
    cursor: int
    live: bool = False
    closed: bool = False
    kids: set[str] = field(default_factory=set)

    def is_closed(self) -> bool:
        """Whether nothing more may be sent; asked anew after every await."""
        return self.closed


class Fanout:
    """Who is subscribed to what, and how news reaches them."""

    def __init__(
        self,
        room_reader: RoomReader,
        room_keys: RoomKeys,
        clock: IReactorTime,
        metrics: FanoutMetrics,
    ) -> None:
        self._room_reader = room_reader
        self._room_keys = room_keys
        self._clock = clock
        self._metrics = metrics
        self._rooms: dict[RoomId, dict[Reader, Subscription]] = {}
        self._heads: dict[RoomId, int] = {}
        self._places: dict[Reader, set[RoomId]] = {}

    def subscribe(
        self, reader: Reader, room: RoomId, cursor: int, keys: Iterable[StoredKey]
    ) -> Subscription:
        """Note that ``reader`` has ``room`` up to ``cursor`` and knows ``keys``; not yet live."""
        self.unsubscribe(reader, room)
        subscription = Subscription(reader, room, cursor, kids={key.kid for key in keys})
        self._rooms.setdefault(room, {})[reader] = subscription
        self._places.setdefault(reader, set()).add(room)
        return subscription

    def unsubscribe(self, reader: Reader, room: RoomId) -> None:
        """Send ``reader`` nothing more of ``room``."""
        members = self._rooms.get(room)
        subscription = members.pop(reader, None) if members else None
        if subscription is not None:
            subscription.closed = True
            self._places[reader].discard(room)
        if not members:
            self._rooms.pop(room, None)
            self._heads.pop(room, None)

    def leave(self, reader: Reader) -> None:
        """Send ``reader`` nothing more of any room."""
        for room in list(self._places.get(reader, ())):
            self.unsubscribe(reader, room)
        self._places.pop(reader, None)

    async def catch_up(self, subscription: Subscription) -> None:
        """Send what the store has above the cursor, as the socket drains; then go live.

        Raises Refused where the reader is no member (any more), Unavailable.
        """
        reader = subscription.reader
        while not subscription.is_closed():
            page = await self._room_reader.after(
                reader.user_id, subscription.room, subscription.cursor
            )
            # What the reader itself has just posted is acknowledged before it is shown.
            await reader.posts_answered()
            if subscription.is_closed():
                return
            keys = {key.kid: key for key in page.keys}
            for event in page.events:
                self._send_key(subscription, keys.get(envelope.kid_of(event) or ""))
                reader.outbox.send(wire.text_frame(wire.encode_event(event)))
            # Numbers from which on this member may not read, or that are gone, are passed over.
            last_seq = page.events[-1].seq if page.events else page.last_seq
            subscription.cursor = max(subscription.cursor, last_seq)
            if subscription.cursor >= max(page.last_seq, self._heads.get(subscription.room, 0)):
                subscription.live = True
                return
            await reader.outbox.drained()

    def hear(self, news: News) -> None:
        """Take news from the bus."""
        if isinstance(news, Posted):
            started_s = self._clock.seconds()
            deliveries = sum(self._tell(event, news.keys) for event in news.events)
            self._metrics.fanned_out(deliveries, self._clock.seconds() - started_s)
        elif isinstance(news, Reached):
            self._reach(news.room, news.seq)

    def _tell(self, event: StoredEvent, keys: Mapping[str, StoredKey]) -> int:
        members = self._rooms.get(event.room)
        if not members:
            return 0
        self._heads[event.room] = max(event.seq, self._heads.get(event.room, 0))
        frame = wire.text_frame(wire.encode_event(event))
        kid = envelope.kid_of(event) or ""
        before = event.seq - 1
        deliveries = 0
        behind = []
        for subscription in members.values():
            if not subscription.live:
                continue
            if subscription.cursor == before:
                if kid not in subscription.kids:
                    self._send_key(subscription, keys.get(kid))
                subscription.cursor = event.seq
                subscription.reader.outbox.send_live(frame)
                deliveries += 1
            elif subscription.cursor < event.seq:
                behind.append(subscription)
        for subscription in behind:
            self._fall_back(subscription)
        return deliveries

    def _reach(self, room: RoomId, seq: int) -> None:
        members = self._rooms.get(room, {})
        if members:
            self._heads[room] = max(seq, self._heads.get(room, 0))
        for subscription in list(members.values()):
            if subscription.live and subscription.cursor < seq:
                self._fall_back(subscription)

    def _fall_back(self, subscription: Subscription) -> None:
        """Numbers are missing here: read on from the store."""
        subscription.live = False
        Deferred.fromCoroutine(self.catch_up(subscription)).addErrback(
            self._caught_up_failed, subscription
        )

    def _caught_up_failed(self, failure: Failure, subscription: Subscription) -> None:
        if failure.check(Refused):
            self.unsubscribe(subscription.reader, subscription.room)
        elif failure.check(Unavailable):
            self._clock.callLater(_RETRY_S, self._retry, subscription)
        else:
            log.failure("a subscription of {room} broke", failure, room=subscription.room)
            subscription.reader.outbox.cut()

    def _retry(self, subscription: Subscription) -> None:
        if not subscription.closed:
            self._fall_back(subscription)

    def _send_key(self, subscription: Subscription, key: StoredKey | None) -> None:
        if key is None or key.kid in subscription.kids:
            return
        subscription.kids.add(key.kid)
        for wrapped in wrap_keys(subscription.reader.channel, self._room_keys, [key]):
            frame = wire.encode("key", room=subscription.room, **wrapped)
            subscription.reader.outbox.send(wire.text_frame(frame))

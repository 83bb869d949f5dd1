"""Fan-out: one frame an event, built once, to every subscribed connection in contiguous order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from ..chat.rooms import Entry, RoomReader
from ..core.keys import RoomKeys
from ..core.model import RoomId, StoredKey, UserId
from ..core.ports import News, Posted, Reached, RoomErased, TypingIn
from .arrivals import Arrivals, View
from .audience import Audience
from .outbox import Turn
from .reader import Reader, push
from .subscription import Subscription
from .ties import FanoutMetrics, Ties


class Fanout:
    """Who is subscribed to what, and how news reaches them."""

    def __init__(
        self,
        room_reader: RoomReader,
        room_keys: RoomKeys,
        turn: Turn,
        metrics: FanoutMetrics,
        *,
        removed: Callable[[Reader, RoomId], None],
        arrived: Callable[[Reader, RoomId], None],
        changed: Callable[[RoomId], None],
    ) -> None:
        """``removed``, ``arrived`` and ``changed`` are told as ``Ties`` says."""
        self._ties = Ties(
            room_reader=room_reader,
            arrivals=Arrivals(room_reader, turn.clock),
            room_keys=room_keys,
            turn=turn,
            metrics=metrics,
            leave=self.unsubscribe,
            removed=removed,
            arrived=arrived,
            changed=changed,
        )
        self._audiences: dict[RoomId, Audience] = {}
        self.audiences: Mapping[RoomId, Audience] = MappingProxyType(self._audiences)
        """Those who are subscribed here, by room, as they come and go."""
        self._places: dict[Reader, set[RoomId]] = {}

    def audience(self, room: RoomId) -> Audience | None:
        """Those who are subscribed to ``room`` here, if anybody is."""
        return self._audiences.get(room)

    def told(self) -> dict[RoomId, int]:
        """The rooms that somebody here listens to, and how far they were told."""
        return {
            room: audience.told
            for room, audience in self._audiences.items()
            if audience.told is not None
        }

    def subscribe(
        self, reader: Reader, room: RoomId, cursor: int, keys: Iterable[StoredKey]
    ) -> Subscription:
        """Note that ``reader`` has ``room`` up to ``cursor`` and knows ``keys``; not yet live."""
        self.unsubscribe(reader, room)
        subscription = Subscription(reader, room, cursor, kids={key.kid for key in keys})
        audience = self._audiences.get(room)
        if audience is None:
            audience = self._audiences[room] = Audience(room, self._ties)
        audience.subscriptions[reader] = subscription
        self._places.setdefault(reader, set()).add(room)
        return subscription

    def unsubscribe(self, reader: Reader, room: RoomId) -> None:
        """Send ``reader`` nothing more of ``room``."""
        # It was told what was said while it was here.
        self._ties.turn.settle()
        audience = self._audiences.get(room)
        subscription = audience.subscriptions.pop(reader, None) if audience else None
        if audience is None or subscription is None:
            return
        subscription.closed = True
        self._places[reader].discard(room)
        if not audience.subscriptions:
            del self._audiences[room]

    def leave(self, reader: Reader) -> None:
        """Send ``reader`` nothing more of any room."""
        for room in list(self._places.get(reader, ())):
            self.unsubscribe(reader, room)
        self._places.pop(reader, None)

    async def enter(
        self, user: UserId, room: RoomId, since: int | None
    ) -> tuple[Entry, View | None]:
        """Where ``user`` goes on reading, and what follows there, where that is at hand.

        Raises Refused (``not_a_member``), Unavailable.
        """
        return await self._ties.arrivals.enter(user, room, since)

    def forget(self) -> None:
        """Forget what is remembered for those who come; call every few seconds."""
        self._ties.arrivals.forget()

    def erased(self, room: RoomId) -> None:
        """Nothing of ``room`` opens any more: remember nothing of it."""
        self._ties.arrivals.tails.drop(room)
        self._ties.room_keys.forget(room)

    async def catch_up(self, subscription: Subscription, view: View | None = None) -> None:
        """Send what is above the cursor (``view``: just seen), as the socket drains; then go live.

        Whoever is no member (any more) is told ``removed``. Raises Unavailable.
        """
        audience = self._audiences.get(subscription.room)
        if audience is not None and not subscription.is_closed():
            await audience.catch_up(subscription, view)

    def counted(self, room: RoomId, last_seq: int, members: int) -> None:
        """When ``last_seq`` was the room's newest number, it had so many members."""
        audience = self._audiences.get(room)
        if audience is not None and audience.told is not None:
            audience.counted(last_seq, members)

    def hear(self, news: News) -> None:
        """Take news from the bus."""
        if isinstance(news, Posted):
            self._tell(news)
        elif isinstance(news, Reached):
            audience = self._audiences.get(news.room)
            if audience is not None:
                audience.reach(news.seq)
        elif isinstance(news, RoomErased):
            self.erased(news.room)
        elif isinstance(news, TypingIn):
            audience = self._audiences.get(news.room)
            if audience is not None and audience.is_small and audience.has_told(news.head):
                audience.whisper(push("typing", room=news.room, user=news.user), but_to=news.user)

    def _tell(self, news: Posted) -> None:
        for event in news.events:
            audience = self._audiences.get(event.room)
            if audience is not None:
                audience.tell(event, news.keys)

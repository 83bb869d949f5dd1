"""The audience of a room: those who are subscribed here, and what this node has told them.

``told`` is the newest number that was fanned out and ``kid`` the key that seals it. A live event is
told at once where it is the next number under the same key: whoever is removed, or comes to a room
that keeps its history from newcomers, begins a new epoch, so between these two events nobody was.
Everything else is read from the store, for all at once and together with who is a member at that
moment. Who is none is told so before anything of the new epoch is told to anybody.

Every subscription is a cursor beside that. One that is behind (it has just come, or reads slowly)
reads by itself, as a member, and joins the others where they are. So a connection gets each number
once and in order, whatever raced with what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..chat.rooms import MEMBERS_A_PAGE
from ..core import envelope, wire
from ..core.errors import Refused, Unavailable
from ..core.model import Feed, RoomId, Sight, StoredEvent, StoredKey, UserId
from .arrivals import View
from .reader import Reader, push
from .round import Round
from .seldom import Seldom
from .subscription import Framed, Subscription
from .ties import Ties

log = Logger()

RETRY_S = 1.0
COUNT_ONCE_WITHIN_S = 1.0

MOST_MEMBERS = MEMBERS_A_PAGE
"""In rooms of more members nobody is told who is online or typing."""


class Audience:
    """Exists while anybody is subscribed."""

    def __init__(self, room: RoomId, ties: Ties) -> None:
        self.room = room
        self.subscriptions: dict[Reader, Subscription] = {}
        self.told: int | None = None
        """None until the first subscriber has caught up."""
        self.kid: str | None = None
        self.members: int | None = None
        self._counted_at = -1
        self._ties = ties
        self._heard = 0
        self._pulling = False
        self._round: Round | None = None
        self._count = Seldom(ties.turn.clock, COUNT_ONCE_WITHIN_S, self._tell_count)

    @property
    def is_small(self) -> bool:
        """Whether people are told here who is online and typing."""
        return (self.members or 0) <= MOST_MEMBERS

    @property
    def version(self) -> object:
        """Another value whenever other people may be members than before."""
        return self.kid, self.members

    def tell(self, event: StoredEvent, keys: Mapping[str, StoredKey]) -> None:
        """Fan out a live event with all that this turn brings, or have it read from the store."""
        seq, kid = event.seq, self.kid
        is_next = seq - 1 == self.told and not self._pulling
        if not is_next or kid is None or not envelope.is_under(event, kid):
            self.reach(seq)
            return
        if self._round is None:
            self._round = Round(seq - 1, kid)
            self._ties.turn.tell(self)
        frame = wire.text_frame(wire.encode_event(event))
        self._ties.arrivals.tails.append(self.room, Framed(seq, kid, frame))
        self._round.add(frame, keys.get(kid))
        self.told = seq

    def give(self, *, alone: bool) -> None:
        """What this turn brought goes to whoever is live and lacks nothing before it.

        ``alone``: nothing else was told in this turn.
        """
        fresh, self._round = self._round, None
        if fresh is None:
            return
        started_s = self._ties.turn.clock.seconds()
        try:
            # A list of its own: whoever breaks leaves.
            live = list(self.subscriptions.values())
            readers = fresh.give(live, self._ties.room_keys, self._broke, alone=alone)
        except Exception:
            # Whoever lacks it is told from the store.
            self.told = fresh.before
            self.reach(fresh.last)
            raise
        took_s = self._ties.turn.clock.seconds() - started_s
        self._ties.metrics.fanned_out(len(fresh.frames) * readers, took_s)

    def _broke(self, subscription: Subscription) -> None:
        """One broken connection must not silence the room."""
        log.failure("a subscription of {room} broke", room=self.room)
        self._ties.leave(subscription.reader, self.room)
        subscription.outbox.cut()

    def has_told(self, seq: int) -> bool:
        """Whether all up to ``seq`` was told here; who has not may not have told of a removal."""
        return self.told is not None and self.told >= seq

    def reach(self, seq: int) -> None:
        """It is said that the room has a number ``seq``: read on, where we have less."""
        self._heard = max(self._heard, seq)
        if self.told is not None and seq > self.told and not self._pulling:
            self._pulling = True
            Deferred.fromCoroutine(self._pull()).addErrback(
                lambda failure: log.failure("room {room} fell silent", failure, room=self.room)
            )

    async def _pull(self) -> None:
        """Read on until nothing is missing, for ever while there is anybody to tell."""
        is_whole = False
        while self.subscriptions and not is_whole:
            try:
                is_whole = await self._pull_page()
            except Unavailable as error:
                log.info("room {room} is read later: {reason}", room=self.room, reason=error)
                await deferLater(self._ties.turn.clock, RETRY_S)
            except Exception:  # noqa: BLE001 - a room must never fall silent
                log.failure("room {room} could not be read", room=self.room)
                await deferLater(self._ties.turn.clock, RETRY_S)
        self._pulling = False

    async def _pull_page(self) -> bool:
        """Read and tell what follows; whether nothing more is known to follow that."""
        told = self.told or 0
        # What is heard of from here on may be younger than this reading. What was heard of before
        # it is in it, or was not true.
        self._heard = 0
        asked = list(self.subscriptions.values())
        people = {subscription.reader.user_id for subscription in asked}
        feed = await self._ties.room_reader.feed(self.room, told, list(people), self.kid)
        for subscription in asked:
            if not _may_read_on(subscription, feed):
                self._lose(subscription)
        await self._answered({event.author for event in feed.events})
        self._tell_feed(feed)
        self.counted(feed.last_seq, feed.members)
        return (self.told or 0) >= max(feed.last_seq, self._heard)

    async def _answered(self, authors: set[UserId]) -> None:
        """What readers have just posted is acknowledged before it is shown to them."""
        for reader in list(self.subscriptions):
            if reader.user_id in authors:
                await reader.posts_answered()

    def _tell_feed(self, feed: Feed) -> None:
        if not feed.events:
            return
        self._ties.turn.settle()
        started_s = self._ties.turn.clock.seconds()
        events = [Framed.of(event) for event in feed.events]
        for event in events:
            self._ties.arrivals.tails.append(self.room, event)
        keys = {key.kid: key for key in feed.keys}
        is_far_behind = events[-1].seq < feed.last_seq
        deliveries = 0
        for subscription in list(self.subscriptions.values()):
            if not subscription.live or subscription.cursor >= events[-1].seq:
                continue
            # The answer does not count for who came after the question; who reads slowly goes its
            # own pace.
            is_slow = is_far_behind and subscription.outbox.is_paused
            if is_slow or not _may_read_on(subscription, feed):
                self._fall_back(subscription)
            else:
                deliveries += self._give(subscription, events, keys)
        if events[-1].kid != self.kid:
            self._ties.changed(self.room)
        self.told, self.kid = events[-1].seq, events[-1].kid
        self._ties.metrics.fanned_out(deliveries, self._ties.turn.clock.seconds() - started_s)

    def _give(
        self, subscription: Subscription, events: list[Framed], keys: Mapping[str, StoredKey]
    ) -> int:
        try:
            return subscription.give(events, keys, self._ties.room_keys)
        except Exception:  # noqa: BLE001 - see _broke
            self._broke(subscription)
            return 0

    async def catch_up(self, subscription: Subscription, view: View | None = None) -> None:
        """Send what is above the cursor (``view``: just seen), as the socket drains; then go live.

        Whoever may not read on is told ``removed``. Raises Unavailable.
        """
        reader, arrivals = subscription.reader, self._ties.arrivals
        while not subscription.is_closed():
            if view is None:
                try:
                    view = await arrivals.read_on(reader.user_id, self.room, subscription.cursor)
                except Refused:
                    self._lose(subscription)
                    return
            # What the reader itself has just posted is acknowledged before it is shown.
            await reader.posts_answered()
            if subscription.is_closed():
                return
            if view.sight.since_seq > subscription.cursor:
                self._lose(subscription)
                return
            self._replay(subscription, view)
            if subscription.cursor >= max(view.sight.last_seq, self.told or 0):
                self._go_live(subscription, view.sight)
                return
            view = None
            await reader.outbox.drained()

    def _replay(self, subscription: Subscription, view: View) -> None:
        keys = {key.kid: key for key in view.keys}
        self._send(subscription, view.events, keys)
        if subscription.cursor == view.sight.last_seq:
            following = self._ties.arrivals.tails.following(self.room, subscription.cursor)
            self._send(subscription, following, keys)

    def _send(
        self, subscription: Subscription, events: Iterable[Framed], keys: Mapping[str, StoredKey]
    ) -> None:
        for event in events:
            if event.kid not in subscription.kids:
                subscription.send_key(keys.get(event.kid or ""), self._ties.room_keys)
            subscription.outbox.send(event.frame)
            subscription.cursor = event.seq

    def _go_live(self, subscription: Subscription, sight: Sight) -> None:
        if self.told is None:
            # Its reader, the only one so far, is known to be a member at the cursor.
            self.told = subscription.cursor
            self.kid = self._ties.arrivals.tails.kid(self.room, self.told)
        subscription.live = True
        self.counted(sight.last_seq, sight.members)
        self._ties.arrived(subscription.reader, self.room)
        self.reach(max(self._heard, subscription.cursor))

    def _fall_back(self, subscription: Subscription) -> None:
        """Numbers are missing here: read on from the store."""
        if subscription.is_closed():
            return
        subscription.live = False
        Deferred.fromCoroutine(self.catch_up(subscription)).addErrback(
            self._caught_up_failed, subscription
        )

    def _caught_up_failed(self, failure: Failure, subscription: Subscription) -> None:
        if failure.check(Unavailable):
            self._ties.turn.clock.callLater(RETRY_S, self._fall_back, subscription)
        else:
            log.failure("a subscription of {room} broke", failure, room=self.room)
            subscription.outbox.cut()

    def _lose(self, subscription: Subscription) -> None:
        if not subscription.is_closed():
            self._ties.leave(subscription.reader, self.room)
            self._ties.removed(subscription.reader, self.room)

    def counted(self, last_seq: int, members: int) -> None:
        """When ``last_seq`` was the newest number there were so many members.

        Who has been told less may be one who was removed since: that is read first.
        """
        if self.told is not None and last_seq > self.told:
            self.reach(last_seq)
            return
        if last_seq < self._counted_at or members == self.members:
            return
        is_first = self.members is None
        self._counted_at, self.members = last_seq, members
        if not is_first:
            self._count.want()
            self._ties.changed(self.room)

    def _tell_count(self) -> None:
        self.whisper(push("member", room=self.room, members=self.members))

    def whisper(self, frame: bytes, but_to: UserId | None = None) -> None:
        """Send ``frame`` to all who are live and take it now; nobody else will get it."""
        for reader, subscription in list(self.subscriptions.items()):
            if subscription.live and reader.user_id != but_to and not reader.outbox.is_paused:
                reader.outbox.send_live(frame)


def _may_read_on(subscription: Subscription, feed: Feed) -> bool:
    """Whether its reader is a member, and was one ever since the cursor."""
    if feed.since is None:
        return True
    since_seq = feed.since.get(subscription.reader.user_id)
    return since_seq is not None and since_seq <= subscription.cursor

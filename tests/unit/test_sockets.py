"""All connections together: sessions that end, the sweep, who is told what, posts under way."""

from __future__ import annotations

from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from securechat.chat.rooms import RoomReader
from securechat.core.conversation import Pace
from securechat.core.errors import Close
from securechat.core.keys import RoomKeys, RootKeys
from securechat.core.model import GENERAL, ReadMark, SessionDigest, User, Visitor
from securechat.core.ports import (
    News,
    Online,
    Reached,
    ReadTo,
    RoomsChanged,
    SessionEnded,
    TypingIn,
)
from securechat.core.settings import Limits
from securechat.metrics import Metrics
from securechat.sockets.factory import ENDED_KEPT_S, ChatFactory
from securechat.sockets.protocol import ChatProtocol
from securechat.sockets.underway import UnderWay
from tests.unit.fanout_cases import Listener
from tests.unit.memory import MemoryRooms, MemoryStore, person

MINE, OTHER = SessionDigest(b"m" * 32), SessionDigest(b"o" * 32)
ADA, BOB = person("ada"), person("bob")


class Connection:
    """An open connection, as far as the factory asks."""

    id = "c"

    def __init__(
        self, session: SessionDigest, expires_ms: int = 10_000_000, user: User = ADA
    ) -> None:
        self.visitor = Visitor(user, session, expires_ms, "127.0.0.1")
        self.ended: list[Close] = []

    def end(self, code: Close) -> None:
        self.ended.append(code)


class Open(Listener):
    """A connection that remembers what it was sent."""

    id = "o"

    def __init__(self, factory: ChatFactory, user: User, session: SessionDigest = MINE) -> None:
        super().__init__(factory.turn, user)
        self.visitor = Visitor(user, session, 10_000_000, "127.0.0.1")

    def types(self) -> list[str]:
        return [frame["type"] for frame in self.frames]


class FactoryCase(TestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.published: list[News] = []
        self.store = MemoryStore(members={(GENERAL, ADA.id), (GENERAL, BOB.id)})
        self.store.users = {one.id: (one, cast(Any, None)) for one in (ADA, BOB)}
        nothing: Any = None
        store: Any = self.store
        self.factory = ChatFactory(
            journal=nothing,
            room_changes=nothing,
            erasure=nothing,
            signals=nothing,
            room_reader=RoomReader(store, MemoryRooms(self.store), store),
            room_keys=RoomKeys(RootKeys("db", {1: b"r" * 32})),
            pace=Pace(Limits()),
            reactor=self.clock,
            wall_clock=lambda: round(self.clock.seconds() * 1000),
            metrics=Metrics(),
            publish=self.published.append,
            gone=lambda visitor: None,
            assets="assets",
        )


class Sessions(FactoryCase):
    def enter(self, connection: Connection) -> Connection:
        self.factory.entered(cast(ChatProtocol, connection))
        return connection

    def test_a_session_that_ends_takes_its_own_connections_along(self) -> None:
        mine, also_mine, other = (self.enter(Connection(one)) for one in (MINE, MINE, OTHER))
        self.factory.hear(SessionEnded(MINE))
        self.assertEqual(mine.ended, [Close.SESSION_ENDED])
        self.assertEqual(also_mine.ended, [Close.SESSION_ENDED])
        self.assertEqual(other.ended, [])

    def test_a_session_that_ended_while_its_visitor_stood_in_the_door_ends_the_socket(self) -> None:
        self.factory.hear(SessionEnded(MINE))
        self.assertEqual(self.enter(Connection(MINE)).ended, [Close.SESSION_ENDED])
        self.assertEqual(self.enter(Connection(OTHER)).ended, [])

    def test_ended_sessions_are_not_remembered_for_ever(self) -> None:
        self.factory.hear(SessionEnded(MINE))
        self.clock.advance(ENDED_KEPT_S + 1)
        self.factory.sweep()
        self.assertEqual(self.factory._ended, {})

    def test_the_sweep_ends_what_has_reached_its_sessions_absolute_end(self) -> None:
        old = self.enter(Connection(MINE, expires_ms=5_000))
        young = self.enter(Connection(OTHER, expires_ms=5_001, user=BOB))
        self.clock.advance(5)
        self.factory.sweep()
        self.assertEqual((old.ended, young.ended), ([Close.SESSION_ENDED], []))
        self.assertEqual(self.factory.sessions(), {MINE: ADA.id, OTHER: BOB.id})


class WhoIsTold(FactoryCase):
    """News finds the connections that it concerns."""

    def setUp(self) -> None:
        super().setUp()
        self.ada, self.bob = self.enter(ADA), self.enter(BOB, OTHER)

    def enter(self, user: User, session: SessionDigest = MINE) -> Open:
        """Somebody who was greeted and listens to ``general``."""
        connection = Open(self.factory, user, session)
        self.factory.entered(cast(ChatProtocol, connection))
        room = self.successResultOf(Deferred.fromCoroutine(self.store.room_of(user.id, GENERAL)))
        assert room is not None
        self.factory.belongings.know(connection, [room])
        subscription = self.factory.fanout.subscribe(connection, GENERAL, 0, ())
        caught_up = Deferred.fromCoroutine(self.factory.fanout.catch_up(subscription))
        self.successResultOf(caught_up)
        return connection

    def leave(self, connection: Open) -> None:
        self.factory.left(cast(ChatProtocol, connection), 1000)

    def tell(self, *news: News) -> None:
        """Let the news be heard, and all that follows within a second."""
        for connection in (self.ada, self.bob):
            connection.frames.clear()
        for one in news:
            self.factory.hear(one)
        for _ in range(3):
            self.clock.advance(1)

    def test_whoever_is_removed_is_told_once_and_hears_nothing_more(self) -> None:
        self.clock.advance(2)
        self.store.members.discard((GENERAL, ADA.id))
        self.tell(RoomsChanged(ADA.id), Reached(GENERAL, 1), TypingIn(BOB.id, GENERAL, 0))
        self.assertEqual(self.ada.types(), ["removed"])
        self.assertNotIn("removed", self.bob.types())
        audience = self.factory.fanout.audience(GENERAL)
        assert audience is not None
        self.assertEqual(list(audience.subscriptions), [self.bob])

    def test_also_where_the_fan_out_finds_it_out_first(self) -> None:
        self.clock.advance(2)
        self.store.members.discard((GENERAL, ADA.id))
        self.tell(Reached(GENERAL, 1), RoomsChanged(ADA.id))
        self.assertEqual(self.ada.types(), ["removed"])

    def test_signals_reach_whom_they_concern(self) -> None:
        self.clock.advance(2)
        self.tell(TypingIn(BOB.id, GENERAL, 0), ReadTo(BOB.id, ReadMark(GENERAL, 0, 0, 0)))
        self.assertEqual((self.ada.types(), self.bob.types()), (["typing"], ["read"]))
        self.tell(Online("elsewhere", frozenset({person("eve").id})))
        self.assertTrue(self.factory.presence.is_online(person("eve").id))

    def test_a_person_is_online_from_the_first_connection_to_the_last(self) -> None:
        second = self.enter(ADA, OTHER)
        self.leave(self.ada)
        self.assertTrue(self.factory.presence.is_online(ADA.id))
        self.leave(second)
        self.leave(second)
        self.assertFalse(self.factory.presence.is_online(ADA.id))
        self.clock.advance(1)
        told = [news.users for news in self.published if isinstance(news, Online)]
        self.assertEqual(told[-1], frozenset({BOB.id}))

    def test_subscribers_are_shown_who_is_online(self) -> None:
        self.tell()
        shown = [one["online"] for one in self.bob.frames if one["type"] == "presence"]
        self.assertEqual(shown, [[ADA.id, BOB.id]])
        self.leave(self.ada)
        self.tell()
        shown = [one["online"] for one in self.bob.frames if one["type"] == "presence"]
        self.assertEqual(shown, [[BOB.id]])

    def test_who_has_left_leaves_nothing_behind(self) -> None:
        for connection in (self.ada, self.bob):
            self.leave(connection)
        self.tell()
        self.factory.presence.repeat()
        for held in (
            self.factory._connections,
            self.factory._people,
            self.factory.belongings._known,
            self.factory.fanout._audiences,
            self.factory.fanout._places,
            self.factory.presence._companies,
            self.factory.presence._here,
        ):
            self.assertFalse(held)
        self.assertEqual(self.factory.told(), {})


class PostsUnderWay(TestCase):
    def setUp(self) -> None:
        self.posts = UnderWay()

    def test_nobody_waits_while_nothing_is_under_way(self) -> None:
        self.successResultOf(Deferred.fromCoroutine(self.posts.answered()))
        self.successResultOf(Deferred.fromCoroutine(self.posts.fewer_than(1)))

    def test_whoever_asks_waits_for_what_is_under_way_then_and_not_for_more(self) -> None:
        first = self.posts.begin()
        waiting = Deferred.fromCoroutine(self.posts.answered())
        self.posts.begin()
        self.assertNoResult(waiting)
        self.posts.end(first)
        self.successResultOf(waiting)

    def test_an_answer_that_overtakes_does_not_stand_for_another(self) -> None:
        first = self.posts.begin()
        waiting = Deferred.fromCoroutine(self.posts.answered())
        self.posts.end(self.posts.begin())
        self.assertNoResult(waiting)
        self.posts.end(first)
        self.successResultOf(waiting)

    def test_too_many_posts_wait_until_there_are_fewer(self) -> None:
        tickets = [self.posts.begin() for _ in range(3)]
        waiting = Deferred.fromCoroutine(self.posts.fewer_than(3))
        self.assertNoResult(waiting)
        self.posts.end(tickets[1])
        self.successResultOf(waiting)

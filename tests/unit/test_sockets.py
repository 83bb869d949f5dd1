"""All connections together: sessions that end, the sweep, and posts under way."""

from __future__ import annotations

from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from securechat.core.conversation import Pace
from securechat.core.errors import Close
from securechat.core.model import SessionDigest, Visitor
from securechat.core.ports import SessionEnded
from securechat.core.settings import Limits
from securechat.metrics import Metrics
from securechat.sockets.factory import ENDED_KEPT_S, ChatFactory
from securechat.sockets.protocol import ChatProtocol
from securechat.sockets.underway import UnderWay
from tests.unit.memory import person

MINE, OTHER = SessionDigest(b"m" * 32), SessionDigest(b"o" * 32)


class Connection:
    """An open connection, as far as the factory asks."""

    id = "c"

    def __init__(self, session: SessionDigest, expires_ms: int = 10_000_000) -> None:
        self.visitor = Visitor(person("ada"), session, expires_ms, "127.0.0.1")
        self.ended: list[Close] = []

    def end(self, code: Close) -> None:
        self.ended.append(code)


class Sessions(TestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        nothing: Any = None
        self.factory = ChatFactory(
            journal=nothing,
            room_reader=nothing,
            room_keys=nothing,
            pace=Pace(Limits()),
            reactor=self.clock,
            wall_clock=lambda: round(self.clock.seconds() * 1000),
            metrics=Metrics(),
            gone=lambda visitor: None,
            headers={},
        )

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
        young = self.enter(Connection(OTHER, expires_ms=5_001))
        self.clock.advance(5)
        self.factory.sweep()
        self.assertEqual((old.ended, young.ended), ([Close.SESSION_ENDED], []))
        self.assertEqual(self.factory.sessions(), [MINE, OTHER])


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

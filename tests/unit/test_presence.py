"""Presence: who is online here and elsewhere, shown to small rooms, seldom, and to nobody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred

from securechat.chat.rooms import MEMBERS_A_PAGE, RoomReader
from securechat.core.errors import Unavailable
from securechat.core.model import GENERAL, Member, RoomId, User, UserId
from securechat.core.ports import News, Online
from securechat.sockets.fanout import Fanout
from securechat.sockets.presence import PRESENCE_S, REPEAT_S, Presence
from securechat.sockets.reader import Reader
from tests.unit.fanout_cases import ADA, BOB, EVE, FanoutCase, Listener
from tests.unit.memory import person

ZOE = person("zoe")


class PresenceCase(FanoutCase):
    def setUp(self) -> None:
        super().setUp()
        self.published: list[News] = []
        self.questions = 0
        self.asked_heads: list[list[RoomId]] = []
        self.number = 0
        self.gate: Deferred[None] | None = None
        self.asked_for: list[UserId] = []
        store: Any = self.store
        reader = RoomReader(store, self, store)  # type: ignore[arg-type]
        self.fanout = Fanout(
            reader,
            self.room_keys,
            self.turn,
            self.fanout._ties.metrics,
            removed=lambda reader, room: None,
            arrived=self.greet,
            changed=self.look_again,
        )
        self.presence = Presence(reader, self.clock, self.publish, self.fanout.audience)

    def greet(self, reader: Reader, room: RoomId) -> None:
        self.presence.greet(reader, room)

    def look_again(self, room: RoomId) -> None:
        self.presence.look_again(room)

    def publish(self, news: News) -> None:
        self.published.append(news)
        self.presence.hear(news)

    async def heads(self, rooms: Sequence[RoomId]) -> Mapping[RoomId, int]:
        self.asked_heads.append(list(rooms))
        return await self.store.heads(rooms)

    async def members(
        self, viewer: UserId, room: RoomId, after: str, limit: int
    ) -> Sequence[Member] | None:
        self.questions += 1
        self.store._fail()
        people = [user for place, user in self.store.members if place == room]
        if self.gate is not None:
            gate, self.gate = self.gate, None
            await gate
        if viewer not in people:
            return None
        named = (User(user, user, user, "member") for user in sorted(people))
        return [Member(one, "member", 0) for one in named][:limit]

    def come(self, user: User = ADA) -> Listener:
        """Somebody connects and listens to ``general``."""
        self.presence.arrived(user.id)
        listener = self.joined(user)
        self.settle()
        return listener

    def elsewhere(self, *users: User, node: str = "other") -> None:
        self.number += 1
        self.presence.hear(Online(node, frozenset(user.id for user in users), self.number))

    def differs(self, came: Sequence[User] = (), gone: Sequence[User] = ()) -> None:
        """Another daemon tells only the difference."""
        self.number += 1
        users, went = (frozenset(user.id for user in some) for some in (came, gone))
        self.presence.hear(Online("other", users, self.number, went))

    def shown(self, listener: Listener) -> list[list[str]]:
        """Who was shown as online since the last time, frame by frame."""
        self.settle()
        frames, listener.frames = listener.frames, []
        return [
            [user.removeprefix("u-") for user in frame["online"]]
            for frame in frames
            if frame["type"] == "presence"
        ]


class WhoIsOnline(PresenceCase):
    def test_whoever_is_connected_here_or_elsewhere_is_online(self) -> None:
        self.presence.arrived(ADA.id)
        self.elsewhere(BOB)
        online = [self.presence.is_online(one.id) for one in (ADA, BOB, EVE)]
        self.assertEqual(online, [True, True, False])
        self.presence.departed(ADA.id)
        self.elsewhere(EVE)
        online = [self.presence.is_online(one.id) for one in (ADA, BOB, EVE)]
        self.assertEqual(online, [False, False, True])

    def test_who_was_told_by_an_answer_of_somebody_who_left_at_once_is_told_that_too(self) -> None:
        ada = self.come()
        self.come(BOB)
        self.presence.departed(BOB.id)
        self.clock.advance(1)
        self.assertEqual(self.shown(ada)[-1:], [["ada"]])
        self.presence.arrived(BOB.id)
        self.presence.answered(GENERAL)
        self.presence.departed(BOB.id)
        self.clock.advance(2)
        self.assertEqual(self.shown(ada), [["ada"]])
        self.presence.answered(GENERAL)
        self.clock.advance(2)
        self.assertEqual(self.shown(ada), [])

    def test_whoever_leaves_here_and_is_elsewhere_stays_online(self) -> None:
        self.presence.arrived(ADA.id)
        self.elsewhere(ADA)
        self.presence.departed(ADA.id)
        self.assertTrue(self.presence.is_online(ADA.id))

    def test_another_node_that_falls_silent_is_forgotten(self) -> None:
        self.elsewhere(BOB)
        self.clock.advance(PRESENCE_S - 0.1)
        self.assertTrue(self.presence.is_online(BOB.id))
        self.clock.advance(0.1)
        self.assertFalse(self.presence.is_online(BOB.id))
        self.presence.repeat()
        self.assertEqual(self.presence._elsewhere, {})

    def test_other_nodes_are_told_at_most_once_a_second_and_regularly(self) -> None:
        for user in (ADA, BOB, EVE):
            self.presence.arrived(user.id)
        self.settle()
        [whole] = self.told()
        self.assertEqual((len(whole.users), whole.gone), (3, None))
        self.presence.departed(BOB.id)
        self.clock.advance(0.9)
        self.assertEqual(len(self.told()), 1)
        self.clock.advance(0.1)
        difference = self.told()[1]
        self.assertEqual((difference.users, difference.gone), (frozenset(), {BOB.id}))
        self.clock.advance(REPEAT_S)
        self.presence.repeat()
        self.settle()
        again = self.told()[2]
        self.assertEqual((again.users, again.gone), ({ADA.id, EVE.id}, None))
        self.assertEqual([one.number for one in self.told()], [1, 2, 3])

    def test_in_a_large_crowd_only_who_comes_and_goes_is_told(self) -> None:
        for number in range(500):
            self.presence.arrived(UserId(f"u-{number}"))
        self.settle()
        for number in range(5):
            self.presence.departed(UserId(f"u-{number}"))
            self.presence.arrived(UserId(f"u-{number + 1_000}"))
            self.clock.advance(1)
        sizes = [len(one.users) + len(one.gone or ()) for one in self.told()]
        self.assertEqual(sizes, [500, 2, 2, 2, 2, 2])

    def test_whoever_comes_and_goes_at_once_is_told_of_to_nobody(self) -> None:
        self.presence.arrived(ADA.id)
        self.clock.advance(1)
        self.presence.departed(ADA.id)
        self.presence.arrived(ADA.id)
        self.clock.advance(1)
        self.assertEqual(len(self.told()), 1)

    def test_two_daemons_agree_whatever_comes_and_goes(self) -> None:
        other = Presence(
            RoomReader(*[self] * 3),  # type: ignore[arg-type]
            self.clock,
            lambda news: None,
            lambda room: None,
        )
        for step in range(30):
            user = UserId(f"u-{step % 7}")
            (self.presence.departed if step % 3 else self.presence.arrived)(user)
            self.clock.advance(1)
            if step % 5 == 0:
                self.presence.repeat()
            for news in self.told():
                if step != 12:  # lost on the way
                    other.hear(news)
            self.published.clear()
            heals = step < 12 or step > 16
            users = [UserId(f"u-{number}") for number in range(7)]
            if heals:
                self.assertEqual(
                    [other.is_online(one) for one in users],
                    [self.presence.is_online(one) for one in users],
                    step,
                )

    def test_a_difference_to_what_was_never_heard_waits_for_the_whole(self) -> None:
        self.differs(came=[BOB])
        self.assertFalse(self.presence.is_online(BOB.id))
        self.elsewhere(EVE)
        self.differs(came=[BOB])
        self.differs(gone=[EVE])
        self.assertEqual([self.presence.is_online(one.id) for one in (BOB, EVE)], [True, False])
        self.number += 1
        self.differs(gone=[BOB])
        self.assertTrue(self.presence.is_online(BOB.id))
        self.elsewhere()
        self.assertFalse(self.presence.is_online(BOB.id))

    def test_a_node_that_ends_says_so(self) -> None:
        self.presence.arrived(ADA.id)
        self.presence.stop()
        self.assertEqual([one.users for one in self.told()], [frozenset()])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_after_the_end_nothing_is_told_of_those_who_go(self) -> None:
        self.presence.arrived(ADA.id)
        self.settle()
        self.presence.stop()
        self.presence.departed(ADA.id)
        self.presence.repeat()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(len(self.told()), 2)

    def told(self) -> list[Online]:
        return [one for one in self.published if isinstance(one, Online)]


class ShownToRooms(PresenceCase):
    def test_a_new_subscriber_is_shown_who_is_online(self) -> None:
        ada = self.come(ADA)
        self.assertEqual(self.shown(ada), [["ada"]])
        self.clock.advance(1)
        bob = self.come(BOB)
        self.assertEqual(self.shown(bob), [["ada"], ["ada", "bob"]])
        self.assertEqual(self.shown(ada), [["ada", "bob"]])

    def test_it_is_shown_at_most_once_a_second_and_only_what_differs(self) -> None:
        ada = self.come(ADA)
        self.shown(ada)
        self.clock.advance(1)
        for _ in range(10):
            self.elsewhere(BOB)
            self.elsewhere(BOB, EVE)
        self.assertEqual(self.shown(ada), [["ada", "bob", "eve"]])
        self.elsewhere()
        self.elsewhere(BOB, EVE)
        self.clock.advance(0.5)
        self.assertEqual(self.shown(ada), [])
        self.clock.advance(10)
        self.assertEqual(self.shown(ada), [])

    def test_people_who_are_not_in_the_room_are_not_shown(self) -> None:
        ada = self.come(ADA)
        self.elsewhere(ZOE)
        self.clock.advance(1)
        self.assertEqual(self.shown(ada), [["ada"]])

    def test_arrivals_and_departures_ask_nobody(self) -> None:
        self.come(ADA)
        for _ in range(20):
            self.elsewhere(BOB)
            self.clock.advance(1)
            self.elsewhere(EVE)
            self.clock.advance(1)
        self.assertEqual(self.questions, 1)

    def test_whoever_was_removed_is_shown_no_more_and_sees_nothing(self) -> None:
        ada, bob = self.come(ADA), self.come(BOB)
        self.clock.advance(1)
        self.shown(ada)
        self.shown(bob)
        self.fanout.hear(self.remove(ADA))
        self.clock.advance(1)
        self.assertEqual((self.shown(bob), self.shown(ada)), ([["bob"]], []))

    def test_whoever_was_removed_elsewhere_and_unheard_is_shown_nothing_of_it(self) -> None:
        ada, bob = self.come(ADA), self.come(BOB)
        self.clock.advance(1)
        self.shown(ada)
        self.shown(bob)
        self.remove(ADA)
        self.elsewhere(EVE)
        self.clock.advance(1)
        self.settle()
        self.assertEqual(self.shown(ada), [])
        self.clock.advance(2)
        self.assertEqual((self.shown(bob), self.shown(ada)), ([["bob", "eve"]], []))

    def test_how_far_rooms_are_is_asked_once_a_second_for_all(self) -> None:
        ada = self.come(ADA)
        self.shown(ada)
        self.clock.advance(1)
        self.asked_heads.clear()
        for _ in range(10):
            self.elsewhere(BOB)
            self.clock.advance(0.1)
            self.elsewhere()
            self.clock.advance(0.1)
        self.assertLessEqual(len(self.asked_heads), 3)
        self.clock.advance(5)
        self.asked_heads.clear()
        self.elsewhere(ZOE)
        self.clock.advance(5)
        self.assertEqual(self.asked_heads, [])

    def test_whoever_was_let_in_is_shown(self) -> None:
        ada = self.come(ADA)
        self.elsewhere(ZOE)
        self.clock.advance(1)
        self.shown(ada)
        self.fanout.hear(self.let_in(ZOE))
        self.clock.advance(1)
        self.assertEqual(self.shown(ada), [["ada", "zoe"]])

    def test_whoever_changed_it_while_it_was_being_read_is_seen_at_the_next_reading(self) -> None:
        gate = self.gate = Deferred()
        ada = self.come(ADA)
        self.elsewhere(ZOE)
        self.fanout.hear(self.let_in(ZOE))
        self.clock.advance(1)
        gate.callback(None)
        self.assertEqual(self.shown(ada), [["ada"]])
        self.clock.advance(1)
        self.assertEqual(self.shown(ada), [["ada", "zoe"]])

    def test_rooms_of_very_many_are_shown_nothing_and_cost_nothing(self) -> None:
        for number in range(MEMBERS_A_PAGE):
            self.store.members.add((GENERAL, UserId(f"u-{number}")))
        ada = self.come(ADA)
        for _ in range(5):
            self.elsewhere(BOB)
            self.clock.advance(1)
            self.elsewhere()
            self.clock.advance(1)
        self.assertEqual((self.shown(ada), self.questions), ([], 0))
        self.assertEqual(self.presence._companies, {})

    def test_a_room_that_has_grown_too_large_is_shown_nothing_more(self) -> None:
        ada = self.come(ADA)
        self.shown(ada)
        for number in range(MEMBERS_A_PAGE):
            self.store.members.add((GENERAL, UserId(f"u-{number}")))
        self.fanout.hear(self.let_in(ZOE))
        self.clock.advance(1)
        self.elsewhere(BOB)
        self.clock.advance(5)
        self.assertEqual(self.shown(ada), [])
        self.assertEqual(self.presence._companies, {})

    def test_slow_readers_are_passed_over(self) -> None:
        ada = self.come(ADA)
        self.shown(ada)
        ada.outbox.pauseProducing()
        self.elsewhere(BOB)
        self.clock.advance(1)
        ada.outbox.resumeProducing()
        self.assertEqual(self.shown(ada), [])

    def test_without_a_database_it_is_shown_later(self) -> None:
        self.presence.arrived(ADA.id)
        ada = self.joined(ADA)
        self.store.failures.append(Unavailable("away"))
        self.settle()
        self.assertEqual(self.shown(ada), [])
        self.clock.advance(REPEAT_S)
        self.presence.repeat()
        self.assertEqual(self.shown(ada), [["ada"]])

    def test_an_odd_failure_is_logged_and_it_is_shown_later(self) -> None:
        self.presence.arrived(ADA.id)
        ada = self.joined(ADA)
        self.store.failures.append(RuntimeError("bug"))
        self.settle()
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.clock.advance(REPEAT_S)
        self.presence.repeat()
        self.assertEqual(self.shown(ada), [["ada"]])

    def test_a_room_that_nobody_listens_to_is_forgotten(self) -> None:
        ada = self.come(ADA)
        self.fanout.leave(ada)
        self.presence.repeat()
        self.assertEqual(self.presence._companies, {})

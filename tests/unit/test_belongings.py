"""Belongings: every connection of a person learns what changed in their rooms, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import TestCase

from securechat.core.errors import Unavailable
from securechat.core.model import Belonging, ReadMark, Room, RoomId, UserId
from securechat.core.ports import ReadTo, RoomsChanged
from securechat.sockets.belongings import MOST_READINGS, Belongings
from securechat.sockets.outbox import Turn
from securechat.sockets.reader import Reader
from tests.unit.fanout_cases import ADA, BOB, Listener

TEA = Room(RoomId("tea"), "Tea", "public", "Leaves", 5, 3, 7)
DEN = Room(RoomId("den"), "Den", "private", "", 2, 0, 2, role="owner")


class Rooms:
    """Whose rooms are which; readings can be made to arrive late, and to fail."""

    def __init__(self) -> None:
        self.rooms: list[Room] = [TEA, DEN]
        self.readings = 0
        self.gates: list[Deferred[None]] = []
        self.failures: list[Exception] = []
        self.gone: frozenset[RoomId] = frozenset()

    async def erased(self, rooms: Sequence[RoomId]) -> frozenset[RoomId]:
        return self.gone.intersection(rooms)

    async def rooms_of(self, user: UserId) -> list[Room]:
        self.readings += 1
        if self.failures:
            raise self.failures.pop(0)
        rooms = list(self.rooms)
        if self.gates:
            await self.gates.pop(0)
        return rooms


class BelongingsTests(TestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.turn = Turn(self.clock)
        self.rooms = Rooms()
        self.left: list[tuple[Reader, RoomId]] = []
        self.counts: dict[RoomId, tuple[int, int]] = {}
        self.forgotten: list[RoomId] = []
        self.readers: list[Listener] = []
        rooms: Any = self.rooms
        self.belongings = Belongings(rooms, self.clock, self, self.readers_of)
        self.desk, self.phone = self.greeted(), self.greeted()

    def readers_of(self, user: UserId) -> Iterable[Reader]:
        return [one for one in self.readers if one.user_id == user]

    def unsubscribe(self, reader: Reader, room: RoomId) -> None:
        self.left.append((reader, room))

    def counted(self, room: RoomId, last_seq: int, members: int) -> None:
        self.counts[room] = (last_seq, members)

    def erased(self, room: RoomId) -> None:
        self.forgotten.append(room)

    def opened(self) -> Listener:
        listener = Listener(self.turn)
        self.readers.append(listener)
        return listener

    def greeted(self) -> Listener:
        listener = self.opened()
        self.belongings.know(listener, self.rooms.rooms)
        return listener

    def change(self, *rooms: Room) -> None:
        self.rooms.rooms = list(rooms)
        self.tell()

    def tell(self) -> None:
        self.belongings.hear(RoomsChanged(ADA.id))

    def settle(self, seconds: float = 0) -> None:
        self.clock.advance(seconds)
        self.clock.advance(0)

    def told(self, reader: Listener) -> list[tuple[str, str]]:
        """What it was told since the last time: the type of frame and the room."""
        self.settle()
        frames, reader.frames = reader.frames, []
        return [
            (one["type"], one["room"] if one["type"] != "room" else one["room"]["id"])
            for one in frames
        ]

    def test_a_new_room_and_one_that_is_gone_are_told_to_all_connections(self) -> None:
        new = replace(TEA, id=RoomId("new"))
        self.change(new, TEA)
        for reader in (self.desk, self.phone):
            self.assertEqual(self.told(reader), [("removed", "den"), ("room", "new")])
        self.assertEqual(self.left, [(self.desk, "den"), (self.phone, "den")])

    def test_a_room_that_was_erased_is_gone_with_the_reason_and_nothing_is_remembered(self) -> None:
        self.rooms.gone = frozenset({DEN.id, RoomId("strangers")})
        self.change(TEA)
        self.settle()
        self.assertEqual(self.desk.frames, [{"type": "removed", "room": "den", "reason": "erased"}])
        self.assertEqual(self.forgotten, [DEN.id])

    def test_everything_that_a_room_shows_is_told_where_it_changes(self) -> None:
        for changes in (
            {"name": "Coffee"},
            {"topic": "Beans"},
            {"role": "moderator"},
            {"archived": True},
            {"history": "joined"},
            {"since_seq": 4},
        ):
            self.change(replace(TEA, **changes), DEN)
            self.assertEqual(self.told(self.desk), [("room", "tea")], changes)

    def test_what_every_message_changes_is_not_told(self) -> None:
        self.change(replace(TEA, last_seq=9, read_seq=8, unread=1, mentions=1, members=9), DEN)
        self.assertEqual(self.told(self.desk), [])
        self.assertEqual(self.counts[TEA.id], (9, 9))

    def test_the_frame_is_the_room_as_a_welcome_shows_it(self) -> None:
        self.change(replace(TEA, role="owner"), DEN)
        self.settle()
        self.assertEqual(
            self.desk.frames[0]["room"],
            {
                "id": "tea",
                "name": "Tea",
                "kind": "public",
                "topic": "Leaves",
                "last_seq": 5,
                "read_seq": 3,
                "members": 7,
                "role": "owner",
                "history": "all",
                "archived": False,
                "since_seq": 0,
                "unread": 0,
                "mentions": 0,
                "retention": None,
            },
        )

    def test_a_burst_of_changes_is_one_reading(self) -> None:
        for _ in range(20):
            self.change(DEN)
        self.assertEqual(self.told(self.desk), [("removed", "tea")])
        self.assertEqual(self.rooms.readings, 1)

    def test_what_changes_during_the_reading_is_read_again_one_at_a_time(self) -> None:
        gate: Deferred[None] = Deferred()
        self.rooms.gates.append(gate)
        self.change(DEN)
        self.settle()
        self.change(TEA, DEN)
        self.change(TEA)
        self.settle()
        self.assertEqual(self.rooms.readings, 1)
        gate.callback(None)
        self.assertEqual(self.told(self.desk), [("removed", "tea")])
        self.settle(0.5)
        self.assertEqual(self.told(self.desk), [("removed", "den"), ("room", "tea")])
        self.assertEqual(self.rooms.readings, 2)

    def test_a_crowd_is_read_for_few_at_a_time(self) -> None:
        self.readers.clear()
        for number in range(MOST_READINGS * 3):
            listener = self.opened()
            listener.user_id = UserId(f"u-{number}")
            self.belongings.know(listener, self.rooms.rooms)
        gates: list[Deferred[None]] = [Deferred() for _ in self.readers]
        self.rooms.gates = list(gates)
        self.rooms.rooms = [DEN]
        for reader in self.readers:
            self.belongings.hear(RoomsChanged(reader.user_id))
        self.settle()
        self.assertEqual(self.rooms.readings, MOST_READINGS)
        for gate in gates:
            gate.callback(None)
        for reader in self.readers:
            self.assertEqual(self.told(reader), [("removed", "tea")])

    def test_without_a_database_it_is_tried_until_there_is_one(self) -> None:
        self.rooms.failures += [Unavailable("away")] * 3
        self.change(DEN)
        self.assertEqual(self.told(self.desk), [])
        for _ in range(2):
            self.settle(1)
        self.assertEqual(self.told(self.desk), [])
        self.settle(1)
        self.assertEqual(self.told(self.desk), [("removed", "tea")])

    def test_an_odd_failure_is_logged_and_tried_again(self) -> None:
        self.rooms.failures.append(RuntimeError("bug"))
        self.change(DEN)
        self.settle()
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.settle(1)
        self.assertEqual(self.told(self.desk), [("removed", "tea")])

    def test_who_changed_it_and_knows_the_answer_is_not_told_again(self) -> None:
        new = replace(TEA, id=RoomId("new"))
        self.belongings.know(self.desk, [new])
        self.change(new, TEA, DEN)
        self.assertEqual(self.told(self.desk), [])
        self.assertEqual(self.told(self.phone), [("room", "new")])

    def test_a_room_entered_during_a_reading_that_lacks_it_is_not_taken_away(self) -> None:
        gate: Deferred[None] = Deferred()
        self.rooms.gates.append(gate)
        self.change(TEA, DEN)
        self.settle()
        new = replace(TEA, id=RoomId("new"))
        self.rooms.rooms.append(new)
        self.belongings.know(self.desk, [new])
        gate.callback(None)
        self.assertEqual(self.told(self.desk), [])
        self.settle(0.5)
        self.assertEqual(self.told(self.desk), [])
        self.assertEqual(self.told(self.phone), [("room", "new")])

    def test_changes_that_never_cease_do_not_keep_anybody_from_being_told(self) -> None:
        """A reading takes 0.3 s, and something changes five times a second."""

        async def slow(user: UserId) -> list[Room]:
            self.rooms.readings += 1
            rooms = list(self.rooms.rooms)
            await deferLater(self.clock, 0.3)
            return rooms

        self.patch(self.rooms, "rooms_of", slow)
        self.rooms.rooms = [TEA]
        for _ in range(50):
            self.tell()
            self.clock.pump([0.05] * 4)
        self.assertEqual(self.told(self.desk), [("removed", "den")])
        self.assertLess(self.rooms.readings, 15)

    def test_a_connection_that_comes_and_goes_does_not_keep_the_others_from_being_told(
        self,
    ) -> None:
        shown = list(self.rooms.rooms)
        gate: Deferred[None] = Deferred()
        self.rooms.gates.append(gate)
        self.change(TEA)
        self.settle()
        late = self.opened()
        self.belongings.know(late, shown)
        gate.callback(None)
        self.assertEqual(self.told(self.desk), [("removed", "den")])
        self.assertEqual(self.told(late), [])
        self.settle(0.5)
        self.assertEqual(self.told(late), [("removed", "den")])
        self.assertEqual(self.belongings._newer, {})

    def test_a_reading_from_before_a_room_was_lost_does_not_bring_it_back(self) -> None:
        gate: Deferred[None] = Deferred()
        self.rooms.gates.append(gate)
        self.tell()
        self.settle()
        self.rooms.rooms = [DEN]
        self.belongings.lose(self.desk, TEA.id)
        gate.callback(None)
        self.settle(0.5)
        self.assertEqual(self.told(self.desk), [("removed", "tea")])

    def test_who_is_being_greeted_while_it_changes_is_told_right_after(self) -> None:
        late = self.opened()
        shown = self.rooms.rooms
        self.change(DEN)
        self.assertEqual(self.told(late), [])
        self.belongings.know(late, shown)
        self.assertEqual(self.told(late), [("removed", "tea")])
        self.tell()
        self.assertEqual(self.told(late), [])

    def test_nobody_asks_for_people_who_are_not_here(self) -> None:
        self.belongings.hear(RoomsChanged(BOB.id))
        self.settle(10)
        self.assertEqual(self.rooms.readings, 0)

    def test_who_has_left_is_forgotten_and_nobody_asks_on(self) -> None:
        self.rooms.failures.append(Unavailable("away"))
        self.change(DEN)
        self.settle()
        self.readers.clear()
        for reader in (self.desk, self.phone):
            self.belongings.forget(reader)
        self.settle(10)
        self.assertEqual(self.rooms.readings, 1)
        self.assertEqual(self.belongings._known, {})
        self.assertEqual(self.belongings._reading, set())

    def test_the_oldest_welcome_is_known_as_long_as_its_person_is_here(self) -> None:
        for reader, revision in ((self.desk, 4), (self.phone, 3), (self.desk, 5)):
            self.belongings.welcome(reader, Belonging(revision, (TEA,)))
        for reader, greeted in ((self.phone, {ADA.id: 3}), (self.desk, {})):
            self.assertEqual(self.belongings.greeted, {ADA.id: 3})
            self.belongings.forget(reader)
            self.readers.remove(reader)
            self.assertEqual(self.belongings.greeted, greeted)

    def test_whose_subscription_the_fan_out_ended_is_told_and_then_what_is_true(self) -> None:
        self.belongings.lose(self.desk, TEA.id)
        self.assertEqual(self.told(self.desk), [("removed", "tea"), ("room", "tea")])
        self.assertEqual(self.told(self.phone), [])
        self.rooms.rooms = [DEN]
        self.belongings.lose(self.desk, TEA.id)
        self.assertEqual(self.told(self.desk), [("removed", "tea")])
        self.assertEqual(self.told(self.phone), [("removed", "tea")])

    def test_a_read_mark_is_told_to_all_connections_that_know_the_room(self) -> None:
        greeting = self.opened()
        self.belongings.hear(ReadTo(ADA.id, ReadMark(TEA.id, 5, 2, 1)))
        self.settle()
        mark = {"type": "read", "room": "tea", "seq": 5, "unread": 2, "mentions": 1}
        self.assertEqual([self.desk.frames, self.phone.frames], [[mark], [mark]])
        self.assertEqual(greeting.frames, [])

"""A new name is told to who sees it in some room, and to nobody else."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from securechat.core.errors import Unavailable
from securechat.core.model import GENERAL, Person, RoomId, UserId
from securechat.core.ports import Renamed, RoomsChanged
from securechat.sockets.names import MOST_TRIES, ONCE_WITHIN_S, Names
from tests.unit.fanout_cases import ADA, BOB, FanoutCase, Listener


class NamesCase(FanoutCase):
    def setUp(self) -> None:
        super().setUp()
        self.last_seq = 0
        self.readings = 0
        self.failures: list[Exception] = []
        self.mine = [GENERAL]
        self.full_name: str | None = "Ada King"
        self.gate: Deferred[None] | None = None
        self.listener = self.joined(BOB)
        reader: Any = self
        self.names = Names(reader, self.clock, self.fanout.audiences)

    async def seen_in(
        self, user: UserId, rooms: list[RoomId]
    ) -> tuple[Person, dict[RoomId, int]] | None:
        self.readings += 1
        if self.failures:
            raise self.failures.pop(0)
        if self.full_name is None:
            return None
        person = Person(ADA.id, "ada", self.full_name)
        gate, self.gate = self.gate, None
        if gate is not None:
            await gate
        return person, {one: self.last_seq for one in self.mine if one in rooms}

    def told(self, listener: Listener) -> list[dict[str, Any]]:
        self.clock.advance(ONCE_WITHIN_S)
        self.clock.advance(0)
        return [one["person"] for one in listener.frames if one["type"] == "person"]

    def test_who_listens_to_a_room_of_the_person_is_told(self) -> None:
        self.names.hear(Renamed(ADA.id))
        name = {"id": ADA.id, "username": "ada", "full_name": "Ada King"}
        self.assertEqual(self.told(self.listener), [name])

    def test_nobody_else_is_told(self) -> None:
        self.mine = []
        self.names.hear(Renamed(ADA.id))
        self.names.hear(RoomsChanged(ADA.id))
        self.assertEqual(self.told(self.listener), [])
        self.assertEqual(self.readings, 1)

    def test_of_somebody_whom_nobody_knows_nothing_is_told(self) -> None:
        self.full_name = None
        self.names.hear(Renamed(ADA.id))
        self.assertEqual(self.told(self.listener), [])

    def test_many_changes_at_once_are_one_reading(self) -> None:
        for _ in range(9):
            self.names.hear(Renamed(ADA.id))
        self.assertEqual(len(self.told(self.listener)), 1)
        self.assertEqual(self.readings, 1)

    def test_an_older_name_is_never_told_after_a_newer_one(self) -> None:
        held = self.gate = Deferred[None]()
        self.names.hear(Renamed(ADA.id))
        self.assertEqual(self.told(self.listener), [])
        self.full_name = "Ada Lovelace"
        self.names.hear(Renamed(ADA.id))
        self.assertEqual(self.told(self.listener), [])
        held.callback(None)
        names = [one["full_name"] for one in self.told(self.listener)]
        self.assertEqual(names[-1], "Ada Lovelace")

    def test_an_audience_that_is_behind_is_told_once_it_is_not_and_not_for_ever(self) -> None:
        self.last_seq = 1
        self.names.hear(Renamed(ADA.id))
        self.assertEqual(self.told(self.listener), [])
        self.last_seq = 0
        self.assertEqual(len(self.told(self.listener)), 1)
        self.last_seq = 1
        self.names.hear(Renamed(ADA.id))
        for _ in range(9):
            self.told(self.listener)
        self.assertEqual(self.readings, 2 + MOST_TRIES)

    def test_without_a_database_it_is_told_later_and_an_odd_failure_is_logged(self) -> None:
        self.failures = [Unavailable("away")]
        self.names.hear(Renamed(ADA.id))
        self.assertEqual(self.told(self.listener), [])
        self.assertEqual(len(self.told(self.listener)), 1)
        self.failures = [ZeroDivisionError()]
        self.names.hear(Renamed(ADA.id))
        self.told(self.listener)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_after_the_end_nothing_is_told(self) -> None:
        self.names.hear(Renamed(ADA.id))
        self.names.stop()
        self.assertEqual(self.told(self.listener), [])

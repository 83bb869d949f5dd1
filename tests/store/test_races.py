"""Two daemons on one database change rooms at the same time."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Coroutine
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, ensureDeferred, gatherResults

from securechat.core import commands as c
from securechat.core import content
from securechat.core.errors import Refused
from securechat.core.model import (
    GENERAL,
    REPORTS,
    Appended,
    Changed,
    Rejected,
    RoomId,
    User,
    digest_of,
)
from securechat.store import Store
from tests.store.cases import MariaDBCase
from tests.store.changing import ChangingCase
from tests.store.sealing import NOW_MS, draft, password, person, session

ANN, BOB, CAT = person("ann"), person("bob"), person("cat")


class Races(ChangingCase, MariaDBCase):
    """Everything is asked of both at once."""

    timeout = 600

    def setUp(self) -> None:
        super().setUp()
        self.other = self.open()

    async def test_comings_and_goings_race_posts(self) -> None:
        await self.joined(ANN, BOB, CAT)
        room = await self.club(ANN, BOB, CAT, history="joined")
        counts = {"stored": 0, "rejected": 0}

        async def talk(store: Store, user: User, name: str) -> None:
            for turn in range(60):
                [outcome] = await store.events.append(
                    [draft(user, f"{name} {turn}", room)], self.sealer
                )
                if isinstance(outcome, Rejected):
                    self.assertEqual((user, outcome.why), (BOB, "not_a_member"))
                    counts["rejected"] += 1
                counts["stored"] += isinstance(outcome, Appended)

        async def come_and_go(store: Store) -> None:
            for _ in range(15):
                await self.change(CAT, c.LeaveRoom("c", room), store=store)
                await self.change(ANN, c.Kick("c", room, BOB.id), store=self.store)
                await self.change(ANN, c.AddMember("c", room, CAT.id), store=self.store)
                await self.change(ANN, c.AddMember("c", room, BOB.id), store=store)

        await at_once(
            talk(self.store, ANN, "ann"),
            talk(self.other, ANN, "ann elsewhere"),
            talk(self.store, BOB, "bob"),
            talk(self.other, BOB, "bob elsewhere"),
            come_and_go(self.other),
        )
        self.assertEqual(counts["stored"] + counts["rejected"], 240)
        self.assertGreaterEqual(counts["stored"], 120)
        self.assertEqual(sorted(await self.roles(room)), ["ann", "bob", "cat"])
        await self.check_log(room)
        await self.change(ANN, c.Kick("c", room, BOB.id), store=self.other)
        for store in (self.store, self.other):
            [outcome] = await store.events.append([draft(BOB, "gone", room)], self.sealer)
            self.assertEqual(outcome, Rejected("not_a_member"))

    async def check_log(self, room: RoomId) -> None:
        """Whoever spoke was in; whoever came or went did so with the first event of an epoch."""
        starts = await self.epochs(room)
        inside: set[str] = set()
        for event in await self.stored(room):
            epoch = sum(first_seq <= event.seq for first_seq in starts)
            self.assertEqual(json.loads(event.protected)["kid"], f"{room}.{epoch}")
            if not event.ciphertext.startswith(b"{"):
                self.assertIn(event.author, inside)
                continue
            said = content.read(event.ciphertext)
            self.assertIn(event.seq, starts, said)
            if said["kind"] in ("created", "joined"):
                inside.add(said.get("user", event.author))
            else:
                inside.remove(said["user"])

    async def test_a_link_is_used_no_more_often_than_it_may(self) -> None:
        crowd = [person(f"user{number}") for number in range(12)]
        await self.joined(ANN, *crowd)
        room = await self.club(ANN)
        await self.invite(ANN, room, "link", uses=5)
        asked = [
            store.changes.join_invited(user.id, digest_of("link"), self.mid(), NOW_MS, self.sealer)
            for store, user in zip((self.store, self.other) * 6, crowd, strict=True)
        ]
        results = await DeferredList(asked, consumeErrors=True)
        self.assertEqual(sum(done for done, _ in results), 5)
        self.assertEqual(len(await self.roles(room)), 6)
        self.assertEqual(len(await self.stored(room)), 6)

    async def test_a_direct_room_that_all_make_at_once_is_one(self) -> None:
        await self.joined(ANN, BOB, CAT)
        people = (ANN, BOB, CAT)
        for turn in range(10):
            room = RoomId(f"d{turn}")
            asked = [
                store.changes.create(
                    user.id,
                    c.CreateRoom("c", "direct", people=tuple(p.id for p in people if p != user)),
                    room,
                    self.mid(),
                    NOW_MS,
                    self.sealer,
                )
                for store, user in zip((self.store, self.other, self.store), people, strict=True)
            ]
            made: list[Changed] = await gatherResults(asked, consumeErrors=True)
            self.assertEqual(len({one.event for one in made}), 1)
            self.assertEqual(sorted(one.duplicate for one in made), [False, True, True])
            self.assertEqual(len(await self.roles(room)), 3)
        self.assertEqual(await self.revision(ANN), 10)

    async def test_the_same_people_are_let_into_many_rooms_at_once(self) -> None:
        crowd = [person(f"user{number}") for number in range(6)]
        await self.joined(ANN, BOB, *crowd)
        rooms = {owner: await self.club(owner) for owner in (ANN, BOB)}

        async def let_in(store: Store, owner: User, people: list[User]) -> None:
            for user in people:
                await self.change(owner, c.AddMember("c", rooms[owner], user.id), store=store)

        await at_once(let_in(self.store, ANN, crowd), let_in(self.other, BOB, [*reversed(crowd)]))
        for owner in (ANN, BOB):
            self.assertEqual(len(await self.roles(rooms[owner])), 7)
        for user in crowd:
            self.assertEqual(await self.revision(user), 2)

    async def test_of_two_daemons_that_are_set_up_at_once_one_is(self) -> None:
        asked = [
            store.administration.set_up(user, password(), session(user), "open")
            for store, user in ((self.store, ANN), (self.other, BOB))
        ]
        results = await DeferredList(asked, consumeErrors=True)
        self.assertEqual(sorted(done for done, _ in results), [False, True])
        [why] = [result for done, result in results if not done]
        self.assertIsInstance(getattr(why, "value", None), Refused)
        self.assertEqual(len(await self.roles(REPORTS)), 1)
        self.assertEqual(len(await self.roles(GENERAL)), 1)

    async def test_the_same_change_through_two_daemons_is_made_once(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, BOB)
        for turn in range(10):
            topic, mid = c.SetTopic("c", room, f"{turn}"), self.mid()
            made = await at_once(
                self.change(ANN, topic, mid), self.change(ANN, topic, mid, store=self.other)
            )
            self.assertEqual(len({one.event for one in made}), 1)
            self.assertEqual(sorted(one.duplicate for one in made), [False, True])
        self.assertEqual(len(await self.stored(room)), 12)

    async def test_reports_and_posts_cross_without_waiting_in_a_circle(self) -> None:
        await self.joined(ANN, BOB)
        rooms = [await self.club(ANN, BOB) for _ in range(3)]
        said = {
            (room, turn): await self.say(ANN, room, f"{room} {turn}")
            for room in rooms
            for turn in range(8)
        }

        async def report(store: Store, user: User) -> None:
            for turn in range(8):
                for room in rooms:
                    command = c.Report("c", room, said[room, turn], f"{turn}")
                    await store.changes.report(user.id, command, self.mid(), NOW_MS, self.sealer)

        async def talk(store: Store, name: str) -> None:
            for turn in range(20):
                drafts = [draft(ANN, f"{name} {turn} {room}", room) for room in rooms]
                for outcome in await store.events.append(drafts, self.sealer):
                    self.assertIsInstance(outcome, Appended)

        await at_once(
            report(self.store, ANN),
            report(self.other, BOB),
            talk(self.store, "here"),
            talk(self.other, "there"),
        )
        self.assertEqual(len(await self.stored(REPORTS)), 48)


async def at_once(*questions: Coroutine[Deferred[Any], Any, Any] | Awaitable[Any]) -> list[Any]:
    """The answers to questions that run at the same time."""
    return await gatherResults(
        [ensureDeferred(question) for question in questions],  # type: ignore[arg-type]
        consumeErrors=True,
    )

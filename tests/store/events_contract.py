"""What every database promises about the log of a room."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

from twisted.internet.threads import deferToThread

from securechat.core.model import (
    GENERAL,
    Appended,
    Asking,
    Draft,
    Existing,
    Rejected,
    RoomId,
    Sight,
    StoredEvent,
    StoredKey,
)
from securechat.store import log
from securechat.store.database import READERS
from securechat.store.heads import Heads
from securechat.store.transaction import Transaction
from tests.store.cases import StoreCase
from tests.store.sealing import CheapSealer, draft, numbers, person

ANN, BOB, EVE = person("ann"), person("bob"), person("eve")


class AppendContract(StoreCase):
    """Numbers, resends and refusals."""

    async def test_numbers_run_from_one_without_gaps_and_history_shows_what_was_sealed(
        self,
    ) -> None:
        await self.joined(ANN, BOB)
        sealer = CheapSealer()
        outcomes = []
        for batch in range(4):
            drafts = [draft(who, f"{batch} {n} {who.id}") for n in range(3) for who in (ANN, BOB)]
            outcomes += await self.store.events.append(drafts, sealer)
        self.assertEqual(numbers(outcomes), list(range(1, 25)))
        page = await self.page(ANN)
        stored = [outcome.event for outcome in outcomes if isinstance(outcome, Appended)]
        self.assertEqual(list(page.events), stored)
        self.assertEqual(await self.store.events.head(GENERAL), 24)
        self.assertEqual(await self.store.events.head(RoomId("nowhere")), 0)
        self.assertEqual((page.last_seq, page.members), (24, 2))

    async def test_an_empty_batch_has_no_outcomes(self) -> None:
        self.assertEqual(await self.store.events.append([], CheapSealer()), [])

    async def test_one_batch_numbers_every_room_by_itself(self) -> None:
        await self.joined(ANN)
        rooms = [GENERAL, await self.room("zebra", ANN), await self.room("a", ANN)]
        for start in (1, 3):
            drafts = [draft(ANN, f"{start} {n}", room) for n in range(2) for room in rooms]
            outcomes = await self.store.events.append(drafts, CheapSealer())
            self.assertEqual(numbers(outcomes), [start] * 3 + [start + 1] * 3)
            self.assertEqual([o.event.room for o in outcomes if isinstance(o, Appended)], rooms * 2)

    async def test_a_resend_gets_the_first_number_and_its_neighbours_new_ones(self) -> None:
        await self.joined(ANN)
        [first] = await self.store.events.append([draft(ANN, "hello")], CheapSealer())
        assert isinstance(first, Appended)
        for more in ("warm", "warmer"):
            before, resent, after = await self.store.events.append(
                [draft(ANN, more), draft(ANN, "hello"), draft(ANN, more + "!")], CheapSealer()
            )
            self.assertEqual(resent, Existing(first.event))
            self.assertIsInstance(before, Appended)
            self.assertIsInstance(after, Appended)
        self.assertEqual([e.seq for e in (await self.page(ANN)).events], [1, 2, 3, 4, 5])

    async def test_a_resend_comes_with_the_key_that_opens_it(self) -> None:
        await self.joined(ANN)
        sealer = CheapSealer(events_per_epoch=2)
        sent = await self.store.events.append([draft(ANN, f"{n}") for n in range(5)], sealer)
        again = await self.store.events.append([draft(ANN, f"{n}") for n in range(5)], sealer)
        for first, resent in zip(sent, again, strict=True):
            assert isinstance(first, Appended) and isinstance(resent, Existing)
            self.assertEqual((resent.event, resent.key), (first.event, first.key))
        new, twice = await self.store.events.append([draft(ANN, "x"), draft(ANN, "x")], sealer)
        assert isinstance(new, Appended) and isinstance(twice, Existing)
        self.assertEqual(twice.key, new.key)

    async def test_a_resend_after_a_restart_gets_the_first_number(self) -> None:
        await self.joined(ANN)
        [first] = await self.store.events.append([draft(ANN, "hello")], CheapSealer())
        assert isinstance(first, Appended)
        store = await self.reopened()
        outcomes = await store.events.append([draft(ANN, "hello"), draft(ANN, "b")], CheapSealer())
        self.assertEqual(outcomes[0], Existing(first.event))
        self.assertEqual(numbers(outcomes[1:]), [2])

    async def test_a_resend_in_the_same_batch_is_stored_once(self) -> None:
        await self.joined(ANN)
        for turn in range(3):
            once, again = await self.store.events.append(
                [draft(ANN, f"{turn}"), draft(ANN, f"{turn}")], CheapSealer()
            )
            assert isinstance(once, Appended)
            self.assertEqual(again, Existing(once.event))
        self.assertEqual([e.seq for e in (await self.page(ANN)).events], [1, 2, 3])

    async def test_another_author_or_another_room_may_use_the_same_id(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.room("other", ANN)
        outcomes = await self.store.events.append(
            [draft(ANN, "same"), draft(BOB, "same"), draft(ANN, "same", room)], CheapSealer()
        )
        self.assertEqual(numbers(outcomes), [1, 2, 1])
        outcomes = await self.store.events.append(
            [draft(BOB, "again"), draft(ANN, "again"), draft(ANN, "again", room)], CheapSealer()
        )
        self.assertEqual(numbers(outcomes), [3, 4, 2])

    async def test_a_stranger_is_refused_and_the_neighbours_are_stored(self) -> None:
        await self.joined(ANN, EVE)
        room = await self.room("secret", ANN)
        for start in (1, 3):
            outcomes = await self.store.events.append(
                [
                    draft(ANN, f"{start} a", room),
                    draft(EVE, f"{start} b", room),
                    draft(EVE, f"{start} c", RoomId("nowhere")),
                    draft(ANN, f"{start} d", room),
                ],
                CheapSealer(),
            )
            self.assertEqual(outcomes[1:3], [Rejected("not_a_member")] * 2)
            self.assertEqual(numbers([outcomes[0], outcomes[3]]), [start, start + 1])

    async def test_a_removed_member_stores_nothing_more_however_well_remembered(self) -> None:
        await self.joined(ANN, BOB)
        await self.store.events.append([draft(ANN, "a"), draft(BOB, "b")], CheapSealer())
        await self.leave(GENERAL, BOB)
        outcomes = await self.store.events.append([draft(BOB, "c"), draft(ANN, "d")], CheapSealer())
        self.assertEqual(outcomes[0], Rejected("not_a_member"))
        self.assertEqual(numbers(outcomes[1:]), [3])

    async def test_a_resend_by_somebody_who_has_left_is_told_as_stored(self) -> None:
        await self.joined(ANN)
        [first] = await self.store.events.append([draft(ANN, "a")], CheapSealer())
        assert isinstance(first, Appended)
        await self.leave(GENERAL, ANN)
        outcomes = await self.store.events.append([draft(ANN, "a"), draft(ANN, "b")], CheapSealer())
        self.assertEqual(outcomes, [Existing(first.event), Rejected("not_a_member")])

    async def test_a_new_member_may_write_at_once(self) -> None:
        await self.joined(ANN)
        await self.store.events.append([draft(ANN, "a")], CheapSealer())
        await self.joined(BOB)
        outcomes = await self.store.events.append([draft(BOB, "b")], CheapSealer())
        self.assertEqual(numbers(outcomes), [2])

    async def test_one_poisoned_row_is_refused_and_the_others_are_stored(self) -> None:
        await self.joined(ANN)
        for turn in range(2):
            bad = draft(ANN, f"{turn} bad")
            outcomes = await self.store.events.append(
                [draft(ANN, f"{turn} a"), bad, bad, draft(ANN, f"{turn} z")],
                CheapSealer(poison=frozenset({bad.mid})),
            )
            self.assertEqual(outcomes[1:3], [Rejected("invalid")] * 2)
            self.assertEqual(numbers([outcomes[0], outcomes[3]]), [2 * turn + 1, 2 * turn + 2])
        self.assertEqual([e.seq for e in (await self.page(ANN)).events], [1, 2, 3, 4])

    async def test_people_who_take_turns_need_no_lock_and_no_look(self) -> None:
        await self.joined(ANN, BOB)
        looks = []
        locked_head = log.locked_head

        def counted(*values: Any) -> Any:
            looks.append(values)
            return locked_head(*values)

        self.patch(log, "locked_head", counted)
        for turn in range(10):
            for who in (ANN, BOB):
                await self.store.events.append([draft(who, f"{turn} {who.id}")], CheapSealer())
        self.assertEqual(len(looks), 2)
        self.assertEqual((await self.page(ANN)).last_seq, 20)

    async def test_more_rooms_than_are_remembered_keep_their_numbers(self) -> None:
        await self.joined(ANN)
        self.store.events._heads = Heads(max_rooms=2)
        rooms = [await self.room(f"room{n}", ANN) for n in range(5)]
        for turn in range(1, 4):
            for room in rooms:
                outcomes = await self.store.events.append(
                    [draft(ANN, f"{turn}", room)], CheapSealer()
                )
                self.assertEqual(numbers(outcomes), [turn])

    async def test_a_sealer_that_fails_stores_nothing_and_hides_nothing(self) -> None:
        await self.joined(ANN)

        class Broken(CheapSealer):
            def seal(self, draft: Draft, seq: int, key: StoredKey) -> StoredEvent:
                raise ZeroDivisionError

        for _ in range(2):
            await self.refused(
                ZeroDivisionError, lambda: self.store.events.append([draft(ANN, "a")], Broken())
            )
        outcomes = await self.store.events.append([draft(ANN, "a")], CheapSealer())
        self.assertEqual(numbers(outcomes), [1])

    async def test_a_batch_of_the_largest_messages_is_one_transaction(self) -> None:
        await self.joined(ANN)
        large = bytes(range(256)) * 900  # 32 KiB of control characters, escaped and padded
        drafts = [
            Draft(GENERAL, draft(ANN, f"{n}").mid, ANN.id, 1, large + bytes([n]) * 16)
            for n in range(24)
        ]
        for start in (1, 13):
            outcomes = await self.store.events.append(drafts[start - 1 : start + 11], CheapSealer())
            self.assertEqual(numbers(outcomes), list(range(start, start + 12)))
        page = await self.page(ANN)
        self.assertEqual([e.ciphertext for e in page.events], [d.plaintext for d in drafts])


class EpochContract(StoreCase):
    """Room keys follow the numbers."""

    async def test_a_new_epoch_begins_in_the_middle_of_a_batch(self) -> None:
        await self.joined(ANN)
        sealer = CheapSealer(events_per_epoch=3)
        outcomes = await self.store.events.append([draft(ANN, f"{n}") for n in range(5)], sealer)
        outcomes += await self.store.events.append([draft(ANN, f"{n}+") for n in range(5)], sealer)
        self.assertEqual(numbers(outcomes), list(range(1, 11)))
        kids = [f"general.{1 + (seq - 1) // 3}" for seq in range(1, 11)]
        page = await self.page(ANN)
        for event, kid in zip(page.events, kids, strict=True):
            self.assertIn(f'"kid":"{kid}"'.encode(), event.protected)
        self.assertEqual(
            [(k.epoch, k.first_seq) for k in page.keys], [(1, 1), (2, 4), (3, 7), (4, 10)]
        )
        self.assertEqual(page.keys[1].wrapped, b"\x02" * 40)

    async def test_pages_carry_exactly_the_keys_that_their_events_need(self) -> None:
        await self.joined(ANN)
        sealer = CheapSealer(events_per_epoch=3)
        await self.store.events.append([draft(ANN, f"{n}") for n in range(10)], sealer)
        needs = {(0, 3): [1], (2, 2): [1, 2], (3, 3): [2], (4, 4): [2, 3], (9, 5): [4], (10, 5): []}
        for (after, limit), epochs in needs.items():
            page = await self.store.events.after(ANN.id, GENERAL, after, limit)
            assert page is not None
            self.assertEqual([key.epoch for key in page.keys], epochs)
        for seq, most_behind, epochs in (
            *((0, 10, [1, 2, 3, 4]), (0, 4, [3, 4]), (6, 10, [3, 4])),
            *((10, 10, [4]), (None, 9, [4])),
        ):
            asking = {GENERAL: Asking((ANN.id,), seq, None)}
            glance = (await self.store.events.glance(asking, 1, most_behind))[GENERAL]
            self.assertEqual([key.epoch for key in glance.keys], epochs)

    async def test_a_glance_reads_as_far_back_as_is_named_and_no_further_than_it_may(self) -> None:
        await self.joined(ANN)
        await self.store.events.append([draft(ANN, f"{n}") for n in range(20)], CheapSealer())
        for seq, known, floor in (
            *((None, None, 17), (19, None, 17), (12, None, 12), (10, None, 10), (9, None, 17)),
            *((12, (1, 18), 0), (12, (1, 16), 12)),
        ):
            asking = {GENERAL: Asking((ANN.id,), seq, known)}
            glance = (await self.store.events.glance(asking, 3, 10))[GENERAL]
            self.assertEqual(glance.floor, floor, (seq, known))

    async def test_a_glance_tells_who_is_a_member_and_what_is_not_remembered(self) -> None:
        await self.joined(ANN, EVE)
        await self.joined(BOB)
        await self.leave(GENERAL, BOB)
        room = await self.room("other")
        await self.enter(room, BOB, since_seq=2)
        for place, author in ((GENERAL, ANN), (room, BOB)):
            drafts = [draft(author, f"{n}", place) for n in range(10)]
            await self.store.events.append(drafts, CheapSealer())
        await self.sql(
            "UPDATE events SET encrypted_key = NULL, ciphertext = NULL"
            " WHERE room_id = 'general' AND seq IN (2, 5, 10)"
        )
        people = (ANN.id, BOB.id, EVE.id)
        found = {
            (None, 3): (7, 7, [8, 9, 10]),
            (None, 20): (0, 0, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
            ((3, 10), 3): (2, 10, [5, 10]),
            ((3, 8), 3): (2, 8, [5, 9, 10]),
            ((3, 2), 8): (2, 2, [3, 4, 5, 6, 7, 8, 9, 10]),
            ((1, 5), 3): (7, 7, [8, 9, 10]),
        }
        for (known, limit), (floor, fresh, seqs) in found.items():
            asking = Asking(people, None, known)
            askings = {GENERAL: asking, RoomId("nowhere"): asking, room: asking}
            glances = await self.store.events.glance(askings, limit, 10)
            self.assertEqual(set(glances), {GENERAL, room})
            glance = glances[GENERAL]
            self.assertEqual(glance.sights, {one.id: Sight(10, 2, 0) for one in (ANN, EVE)})
            self.assertEqual((glance.floor, glance.fresh), (floor, fresh), known)
            self.assertEqual([event.seq for event in glance.events], seqs, known)
            for event in glance.events:
                self.assertEqual(bool(event.ciphertext), event.seq not in (2, 5, 10))
            self.assertEqual(glances[room].sights, {BOB.id: Sight(10, 1, 2)})

    async def test_an_epoch_that_sealed_nothing_is_not_handed_out(self) -> None:
        await self.joined(ANN)
        await self.store.events.append([draft(ANN, "a")], CheapSealer())
        for epoch in (2, 3):
            await self.sql(
                "INSERT INTO room_keys (room_id, epoch, root_id, wrapped, first_seq, created_ms)"
                " VALUES ('general', ?, 1, ?, 2, 0)",
                epoch,
                bytes([epoch]) * 40,
            )
            await self.sql("UPDATE rooms SET revision = revision + 1 WHERE id = 'general'")
        [outcome] = await self.store.events.append([draft(ANN, "b")], CheapSealer())
        assert isinstance(outcome, Appended)
        self.assertIn(b'"kid":"general.3"', outcome.event.protected)
        self.assertEqual([key.epoch for key in (await self.page(ANN)).keys], [1, 3])

    async def test_a_new_epoch_raises_the_rooms_revision(self) -> None:
        await self.joined(ANN)
        revisions = []
        for turn in range(3):
            await self.store.events.append([draft(ANN, f"{turn}")], CheapSealer(events_per_epoch=2))
            revisions.append(
                (await self.sql("SELECT revision FROM rooms WHERE id = 'general'"))[0][0]
            )
        self.assertEqual([r - revisions[0] for r in revisions], [0, 0, 1])


class PageContract(StoreCase):
    """Reading back, by number."""

    READ_LONG = ""
    """A statement that reads the events of ``general`` and takes a second; empty: none does, and
    the transaction is kept open between two short ones."""

    async def test_nobody_who_reads_for_long_keeps_the_writer_from_committing(self) -> None:
        await self.joined(ANN)
        await self.store.events.append([draft(ANN, f"{n}") for n in range(10)], CheapSealer())
        let_go = threading.Event()
        begun = [threading.Event() for _ in range(READERS)]

        def read_long(tx: Transaction, has_begun: threading.Event) -> int:
            before = len(tx.all(log.AFTER, "general", 0, 10_000, 10_000))
            has_begun.set()
            if self.READ_LONG:
                tx.all(self.READ_LONG)
            else:
                let_go.wait(10)
            return before

        reading = [
            self.store.database.read("long", partial(read_long, has_begun=one)) for one in begun
        ]
        for one in begun:
            await deferToThread(one.wait, 10)
        for number in range(20):
            posts = [draft(ANN, f"meanwhile {number} {n}") for n in range(5)]
            outcomes = await self.store.events.append(posts, CheapSealer())
            self.assertEqual(numbers(outcomes)[-1], 15 + 5 * number)
        self.assertEqual([one.called for one in reading], [False] * READERS)
        let_go.set()
        self.assertEqual([await one for one in reading], [10] * READERS)

    async def test_pages_at_the_edges(self) -> None:
        await self.joined(ANN)
        await self.store.events.append([draft(ANN, f"{n}") for n in range(10)], CheapSealer())
        after = {(0, 3): [1, 2, 3], (8, 5): [9, 10], (10, 5): [], (99, 5): [], (-5, 1): [1]}
        for (seq, limit), expected in after.items():
            page = await self.store.events.after(ANN.id, GENERAL, seq, limit)
            assert page is not None
            self.assertEqual([e.seq for e in page.events], expected, (seq, limit))
            self.assertEqual(page.last_seq, 10)
        before = {(11, 3): [8, 9, 10], (3, 5): [1, 2], (1, 5): [], (0, 5): [], (2**53, 2): [9, 10]}
        for (seq, limit), expected in before.items():
            page = await self.store.events.before(ANN.id, GENERAL, seq, limit)
            assert page is not None
            self.assertEqual([e.seq for e in page.events], expected, (seq, limit))

    async def test_an_empty_room_has_an_empty_page(self) -> None:
        await self.joined(ANN)
        page = await self.page(ANN)
        self.assertEqual((page.events, page.keys, page.last_seq, page.members), ((), (), 0, 1))

    async def test_a_stranger_sees_no_page_and_no_room(self) -> None:
        await self.joined(ANN, EVE)
        room = await self.room("secret", ANN)
        await self.store.events.append([draft(ANN, "a", room)], CheapSealer())
        for name in (room, RoomId("nowhere")):
            self.assertIsNone(await self.store.events.after(EVE.id, name, 0, 10))
            self.assertIsNone(await self.store.events.before(EVE.id, name, 10, 10))
            self.assertIsNone(await self.store.rooms.room_of(EVE.id, name))

    async def test_history_may_begin_where_somebody_entered(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.room("secret", ANN)
        await self.store.events.append([draft(ANN, f"{n}", room) for n in range(4)], CheapSealer())
        await self.enter(room, BOB, since_seq=3)
        self.assertEqual([e.seq for e in (await self.page(BOB, room)).events], [4])
        page = await self.store.events.before(BOB.id, room, 5, 10)
        assert page is not None
        self.assertEqual([e.seq for e in page.events], [4])

    async def test_rooms_are_shown_by_name_with_their_newest_number_and_size(self) -> None:
        await self.joined(ANN, BOB)
        await self.room("Zebra", ANN)
        await self.room("apple", ANN, BOB)
        await self.store.events.append([draft(BOB, "x", RoomId("apple"))], CheapSealer())
        rooms = await self.store.rooms.rooms_of(ANN.id)
        self.assertEqual(
            [(r.id, r.kind, r.last_seq, r.members) for r in rooms],
            [("apple", "private", 1, 2), ("general", "public", 0, 2), ("Zebra", "private", 0, 1)],
        )
        self.assertEqual(await self.store.rooms.room_of(ANN.id, RoomId("apple")), rooms[0])
        self.assertEqual(await self.store.rooms.rooms_of(EVE.id), [])

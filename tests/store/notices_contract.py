"""What every database promises about what the server writes, and what the fan-out reads."""

from __future__ import annotations

from typing import Any

from securechat.core.model import GENERAL, Appended, RoomId, StoredEvent, StoredKey
from securechat.store import notices
from securechat.store.transaction import Transaction
from tests.store.posting_contract import PostingCase
from tests.store.sealing import CheapSealer, draft, person

ANN, BOB, CAT, EVE = person("ann"), person("bob"), person("cat"), person("eve")


class NoticeContract(PostingCase):
    """What the server writes, and what deletion destroys."""

    async def test_a_notice_takes_the_next_number_and_always_a_new_revision(self) -> None:
        await self.joined(ANN)
        sealer = CheapSealer(events_per_epoch=2)
        [(before,)] = await self.sql("SELECT revision FROM rooms WHERE id = 'general'")
        seen = []
        for turn, fresh in enumerate((False, False, False, True, False)):
            one = draft(ANN, f"{turn}", kind="topic")
            appended = await self.notice(one, fresh_epoch=fresh, sealer=sealer)
            [(revision,)] = await self.sql("SELECT revision FROM rooms WHERE id = 'general'")
            seen.append((appended.event.seq, appended.key.epoch, revision - before))
        self.assertEqual(seen, [(1, 1, 1), (2, 1, 2), (3, 2, 3), (4, 3, 4), (5, 3, 5)])
        page = await self.page(ANN)
        self.assertEqual([event.seq for event in page.events], [1, 2, 3, 4, 5])
        self.assertEqual([key.first_seq for key in page.keys], [1, 3, 4])
        rows = await self.sql("SELECT seq, kind, target FROM annotations ORDER BY seq")
        self.assertEqual([tuple(row) for row in rows], [(n, "topic", None) for n in range(1, 6)])

    async def test_posts_go_on_after_a_notice_in_its_epoch(self) -> None:
        await self.joined(ANN)
        await self.post(draft(ANN, "a"))
        await self.notice(draft(ANN, "left", kind="left"), fresh_epoch=True)
        for turn, seq in enumerate((3, 4)):
            [outcome] = await self.post(draft(ANN, f"{turn}"))
            assert isinstance(outcome, Appended)
            self.assertEqual((outcome.event.seq, outcome.key.epoch), (seq, 2))

    async def test_an_event_that_was_sent_before_is_found_with_its_key(self) -> None:
        await self.joined(ANN)
        await self.post(draft(ANN, "a"))
        one = draft(ANN, "left", kind="left")
        appended = await self.notice(one, fresh_epoch=True)

        def ask(tx: Transaction) -> list[tuple[StoredEvent, StoredKey] | None]:
            return [
                notices.event_sent(tx, GENERAL, author.id, mid)
                for author, mid in ((ANN, one.mid), (BOB, one.mid), (ANN, draft(ANN, "z").mid))
            ]

        found = await self.store.database.read("sent", ask)
        self.assertEqual(found, [(appended.event, appended.key), None, None])

    async def test_destroying_takes_the_text_and_the_calls_and_leaves_the_place(self) -> None:
        await self.joined(ANN, BOB)
        await self.post(draft(ANN, "a", names=("bob",)), draft(ANN, "b", names=("bob",)))
        await self.post(draft(ANN, "c", kind="edit", target=1))

        def ask(tx: Transaction) -> tuple[Any, ...]:
            noted = [notices.noted_about(tx, GENERAL, seq, "edit") for seq in (1, 2)]
            edits = [[event.seq for event in some] for some in noted]
            kinds = [notices.annotation_of(tx, GENERAL, seq) for seq in (1, 3, 9)]
            return *edits, kinds, notices.event_at(tx, GENERAL, 9)

        self.assertEqual(
            await self.store.database.read("ask", ask), ([3], [], [None, "edit", None], None)
        )
        await self.destroy(1, 3)
        page = await self.page(ANN)
        self.assertEqual([bool(e.ciphertext) for e in page.events], [False, True, False])
        self.assertEqual([bool(e.encrypted_key) for e in page.events], [False, True, False])
        self.assertEqual([e.tag for e in page.events], [b"t" * 32] * 3)
        self.assertEqual([tuple(r) for r in await self.sql("SELECT seq FROM mentions")], [(2,)])
        await self.destroy()

    async def test_a_notice_to_no_room_is_a_mistake(self) -> None:
        await self.refused(
            LookupError, lambda: self.notice(draft(ANN, "a", RoomId("nowhere"), kind="topic"))
        )


class FeedContract(PostingCase):
    """What the fan-out reads."""

    async def test_a_feed_goes_on_above_a_number_with_keys_and_who_is_a_member(self) -> None:
        await self.joined(ANN, BOB, CAT)
        room = await self.room("room", ANN, BOB)
        sealer = CheapSealer(events_per_epoch=3)
        await self.store.events.append([draft(ANN, f"{n}", room) for n in range(8)], sealer)
        await self.enter(room, CAT, since_seq=8)
        await self.leave(room, BOB)
        audience = [ANN.id, BOB.id, CAT.id, EVE.id]
        for seq, limit, seqs, epochs in (
            (0, 100, [1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3]),
            (3, 2, [4, 5], [2]),
            (5, 2, [6, 7], [2, 3]),
            (8, 5, [], []),
            (99, 5, [], []),
        ):
            feed = await self.store.events.feed(room, seq, limit, audience)
            self.assertEqual([event.seq for event in feed.events], seqs)
            self.assertEqual([key.epoch for key in feed.keys], epochs)
            self.assertEqual((feed.last_seq, feed.members), (8, 2))
            self.assertEqual(feed.since, {ANN.id: 0, CAT.id: 8})
        self.assertEqual((await self.store.events.feed(room, 0, 5, [])).since, {})

    async def test_nobody_is_asked_for_where_the_known_key_seals_all_of_the_feed(self) -> None:
        await self.joined(ANN, BOB)
        sealer = CheapSealer(events_per_epoch=3)
        await self.store.events.append([draft(ANN, f"{n}") for n in range(5)], sealer)
        members = {ANN.id: 0, BOB.id: 0}
        first, second = f"{GENERAL}.1", f"{GENERAL}.2"
        for seq, limit, kid, since in (
            (1, 2, first, None),
            (1, 3, first, members),
            (3, 9, first, members),
            (3, 9, second, None),
            (3, 9, None, members),
            (5, 9, second, members),
        ):
            feed = await self.store.events.feed(GENERAL, seq, limit, [ANN.id, BOB.id], kid)
            self.assertEqual(feed.since, since, (seq, limit, kid))
        await self.sql("DELETE FROM events WHERE seq = 5")
        feed = await self.store.events.feed(GENERAL, 3, 9, [ANN.id, BOB.id], second)
        self.assertEqual(feed.since, members, "who knows what the lost one said")

    async def test_a_feed_of_no_room_is_empty(self) -> None:
        feed = await self.store.events.feed(RoomId("nowhere"), 0, 5, [ANN.id])
        self.assertEqual((feed.events, feed.keys, feed.last_seq, feed.since), ((), (), 0, {}))

    async def test_an_audience_may_be_larger_than_any_statement(self) -> None:
        people = [person(f"person{n}") for n in range(3)]
        await self.joined(*people)
        strangers = [person(f"stranger{n}").id for n in range(2_000)]
        audience = [people[0].id, *strangers[:900], people[1].id, *strangers[900:], people[2].id]
        feed = await self.store.events.feed(GENERAL, 0, 1, audience)
        self.assertEqual(feed.since, {one.id: 0 for one in people})

    async def test_whoever_is_removed_before_the_newest_event_is_in_no_feed(self) -> None:
        await self.joined(ANN, BOB)
        await self.post(draft(ANN, "a"))
        await self.leave(GENERAL, BOB)
        await self.notice(draft(BOB, "left", kind="left"), fresh_epoch=True)
        feed = await self.store.events.feed(GENERAL, 0, 9, [ANN.id, BOB.id])
        self.assertEqual((feed.last_seq, feed.since), (2, {ANN.id: 0}))

    async def test_memberships_are_read_after_the_events_that_they_judge(self) -> None:
        """On MariaDB every statement of a reader has a moment of its own."""
        await self.joined(ANN)
        await self.post(draft(ANN, "a"))
        asked: list[str] = []
        run = Transaction.run

        def noted(tx: Transaction, sql: str, *values: object) -> int:
            asked.extend(
                table for table in ("rooms", "events", "memberships") if f"FROM {table} " in sql
            )
            return run(tx, sql, *values)

        self.patch(Transaction, "run", noted)
        await self.store.events.feed(GENERAL, 0, 9, [ANN.id])
        self.assertEqual(asked, ["rooms", "events", "memberships"])

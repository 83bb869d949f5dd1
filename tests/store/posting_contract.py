"""What every database promises about posts that are about others, or call people by name."""

from __future__ import annotations

from typing import Any

from securechat.core.model import (
    GENERAL,
    Appended,
    Draft,
    Existing,
    Outcome,
    Rejected,
    User,
)
from securechat.core.ports import Sealer
from securechat.store import log, notices
from securechat.store.transaction import Transaction
from tests.store.cases import StoreCase
from tests.store.sealing import NOW_MS, CheapSealer, draft, numbers, person

ANN, BOB, CAT, EVE = person("ann"), person("bob"), person("cat"), person("eve")
TARGET = Rejected("target")
LATER_MS = NOW_MS + 1_000


class PostingCase(StoreCase):
    """Ann and Bob in ``general``, and what the contracts here ask."""

    async def post(self, *drafts: Draft) -> list[Outcome]:
        return await self.store.events.append(drafts, CheapSealer())

    async def notice(
        self, one: Draft, *, fresh_epoch: bool = False, sealer: Sealer | None = None
    ) -> Appended:
        """What a change of the room writes, under the room's lock."""

        def work(tx: Transaction) -> Appended:
            tx.one(log.HEAD + tx.for_update, one.room)
            seal_with = sealer or CheapSealer()
            return notices.append_notice(tx, one, seal_with, fresh_epoch=fresh_epoch)

        return await self.store.database.write("notice", work)

    async def destroy(self, *seqs: int) -> None:
        await self.store.database.write("d", lambda tx: notices.destroy(tx, GENERAL, seqs))

    async def mute(self, user: User, until_ms: int) -> None:
        def work(tx: Transaction) -> None:
            tx.run("UPDATE rooms SET revision = revision + 1 WHERE id = ?", GENERAL)
            tx.run("UPDATE memberships SET muted_until_ms = ? WHERE user_id = ?", until_ms, user.id)

        await self.store.database.write("mute", work)

    def watched(self) -> list[Any]:
        """Grows with every look at a locked room."""
        looks: list[Any] = []
        locked_head = log.locked_head

        def counted(*values: Any) -> Any:
            looks.append(values)
            return locked_head(*values)

        self.patch(log, "locked_head", counted)
        return looks


class TargetContract(PostingCase):
    """Replies, edits and reactions need something to be about."""

    async def test_replies_edits_and_reactions_are_numbered_and_edits_and_reactions_noted(
        self,
    ) -> None:
        await self.joined(ANN, BOB)
        await self.post(draft(ANN, "a"))
        outcomes = await self.post(
            draft(BOB, "re", kind="reply", target=1),
            draft(ANN, "ed", kind="edit", target=1),
            draft(BOB, "+1", kind="reaction", target=1),
            draft(BOB, "plain"),
        )
        self.assertEqual(numbers(outcomes), [2, 3, 4, 5])
        rows = await self.sql("SELECT seq, kind, target FROM annotations ORDER BY seq")
        self.assertEqual([tuple(row) for row in rows], [(3, "edit", 1), (4, "reaction", 1)])

    async def test_a_target_that_is_no_message_is_refused_and_the_neighbours_stored(self) -> None:
        await self.joined(ANN, BOB)
        await self.post(draft(ANN, "one"), draft(BOB, "two"))
        await self.post(draft(ANN, "edited", kind="edit", target=1))  # number 3
        await self.notice(draft(ANN, "topic", kind="topic"))  # number 4
        await self.destroy(2)
        for kind in ("reply", "edit", "reaction"):
            wrong = [
                draft(ANN, f"{kind} {target}", kind=kind, target=target)
                for target in (None, -1, 0, 2, 3, 4, 99, 2**60)
            ]
            outcomes = await self.post(draft(ANN, f"{kind} <"), *wrong, draft(ANN, f"{kind} >"))
            self.assertEqual(outcomes[1:-1], [TARGET] * len(wrong), kind)
            self.assertEqual(len(numbers([outcomes[0], outcomes[-1]])), 2)

    async def test_an_edit_is_of_ones_own_message_only(self) -> None:
        await self.joined(ANN, BOB)
        await self.post(draft(ANN, "a"))
        theirs, own = await self.post(
            draft(BOB, "b", kind="edit", target=1), draft(ANN, "c", kind="edit", target=1)
        )
        self.assertEqual(theirs, TARGET)
        self.assertEqual(numbers([own]), [2])

    async def test_what_somebody_cannot_see_is_no_target(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.room("private", ANN)
        await self.post(draft(ANN, "a", room), draft(ANN, "b", room), draft(ANN, "x"))
        await self.enter(room, BOB, since_seq=1)
        outcomes = await self.post(
            draft(BOB, "1", room, kind="reply", target=1),
            draft(BOB, "2", room, kind="reply", target=2),
        )
        self.assertEqual(outcomes[0], TARGET)
        self.assertEqual(numbers(outcomes[1:]), [3])

    async def test_a_message_of_another_room_is_no_target(self) -> None:
        await self.joined(ANN)
        room = await self.room("empty", ANN)
        await self.post(draft(ANN, "a"))
        self.assertEqual(await self.post(draft(ANN, "b", room, kind="reply", target=1)), [TARGET])

    async def test_a_resent_reaction_is_the_first_one_also_after_its_target_is_gone(self) -> None:
        await self.joined(ANN)
        await self.post(draft(ANN, "a"))
        reaction = draft(ANN, "+1", kind="reaction", target=1)
        [first] = await self.post(reaction)
        assert isinstance(first, Appended)
        await self.destroy(1)
        self.assertEqual(await self.post(reaction, reaction), [Existing(first.event)] * 2)

    async def test_a_resend_of_a_destroyed_post_exists_with_empty_parts(self) -> None:
        await self.joined(ANN)
        post = draft(ANN, "a")
        await self.post(post)
        await self.destroy(1)
        [again] = await self.post(post)
        assert isinstance(again, Existing)
        self.assertEqual((again.event.seq, again.event.encrypted_key), (1, b""))
        self.assertEqual(again.event.ciphertext, b"")

    async def test_a_kind_that_nobody_posts_is_refused(self) -> None:
        await self.joined(ANN)
        await self.post(draft(ANN, "a"))
        self.assertEqual(
            await self.post(draft(ANN, "b", kind="deleted", target=1)), [Rejected("invalid")]
        )


class SilencedContract(PostingCase):
    """Who is muted, and rooms that are archived."""

    async def test_the_muted_store_nothing_until_their_time_is_up(self) -> None:
        await self.joined(ANN, BOB)
        await self.post(draft(BOB, "before"))
        for until_ms, at_ms, refused in (
            (-1, NOW_MS * 2, True),
            (LATER_MS, LATER_MS - 1, True),
            (LATER_MS, LATER_MS, False),
            (0, 0, False),
        ):
            await self.mute(BOB, until_ms)
            for turn in range(2):
                name = f"{until_ms} {at_ms} {turn}"
                theirs, mine = await self.post(
                    draft(BOB, name, at_ms=at_ms), draft(ANN, name, at_ms=at_ms)
                )
                self.assertIsInstance(mine, Appended)
                self.assertEqual(theirs == Rejected("muted"), refused, name)
                self.assertEqual(isinstance(theirs, Appended), not refused, name)

    async def test_a_mute_that_runs_out_needs_no_change_and_then_no_lock(self) -> None:
        await self.joined(ANN, BOB)
        await self.mute(BOB, LATER_MS)
        await self.post(draft(ANN, "a"))
        self.assertEqual(await self.post(draft(BOB, "b")), [Rejected("muted")])
        self.assertEqual(numbers(await self.post(draft(BOB, "c", at_ms=LATER_MS))), [2])
        looks = self.watched()
        for turn in range(3):
            numbers(await self.post(draft(BOB, f"{turn}", at_ms=LATER_MS + turn)))
        self.assertEqual(looks, [])

    async def test_the_muted_are_never_remembered_among_those_who_may(self) -> None:
        await self.joined(ANN, BOB)
        await self.mute(BOB, -1)
        for turn in range(3):
            await self.post(draft(ANN, f"a{turn}"))
            self.assertEqual(await self.post(draft(BOB, f"b{turn}")), [Rejected("muted")])

    async def test_an_archived_room_takes_nothing_until_it_is_opened_again(self) -> None:
        await self.joined(ANN, EVE)
        room = await self.room("old", ANN)
        await self.post(draft(ANN, "before", room))
        for archived in (1, 0):
            await self.sql(
                "UPDATE rooms SET archived = ?, revision = revision + 1 WHERE id = 'old'", archived
            )
            for turn in range(2):
                name = f"{archived} {turn}"
                [mine, theirs] = await self.post(draft(ANN, name, room), draft(EVE, name, room))
                self.assertEqual(mine == Rejected("archived"), bool(archived))
                self.assertEqual(theirs, Rejected("not_a_member"))


class CallContract(PostingCase):
    """Who is called by name."""

    async def called(self) -> list[tuple[str, str, int]]:
        rows = await self.sql(
            "SELECT u.username, n.room_id, n.seq FROM mentions n JOIN users u ON u.id = n.user_id"
            " ORDER BY n.room_id, n.seq, u.username"
        )
        return [(row[0], row[1], row[2]) for row in rows]

    async def test_members_who_are_named_are_called_and_nobody_else(self) -> None:
        await self.joined(ANN, BOB, CAT)
        room = await self.room("two", ANN, BOB)
        names = ("ann", "bob", "bob.", "cat", "nobody")
        for batch in range(2):  # the second without a look
            await self.post(
                draft(ANN, f"{batch} a", names=names),
                draft(ANN, f"{batch} b", room, names=names),
                draft(ANN, f"{batch} c"),
            )
        self.assertEqual(
            await self.called(),
            [
                ("bob", "general", 1),
                ("cat", "general", 1),
                ("bob", "general", 3),
                ("cat", "general", 3),
                ("bob", "two", 1),
                ("bob", "two", 2),
            ],
        )

    async def test_calling_takes_no_lock_and_no_look(self) -> None:
        await self.joined(ANN, BOB)
        await self.post(draft(ANN, "first"))
        looks = self.watched()
        await self.post(draft(ANN, "a", names=("bob",)))
        self.assertEqual((looks, await self.called()), ([], [("bob", "general", 2)]))

    async def test_an_edit_calls_by_the_message_that_it_edits_and_each_person_once(self) -> None:
        await self.joined(ANN, BOB, CAT)
        await self.post(draft(ANN, "a", names=("bob",)), draft(BOB, "other"))
        edit = draft(ANN, "b", kind="edit", target=1, names=("bob", "cat"))
        again = draft(ANN, "c", kind="edit", target=1, names=("cat", "bob"))
        numbers(await self.post(edit, again))
        numbers(await self.post(draft(ANN, "d", kind="edit", target=1, names=("cat",))))
        self.assertEqual(await self.called(), [("bob", "general", 1), ("cat", "general", 1)])

    async def test_a_message_with_more_names_than_one_statement_holds(self) -> None:
        await self.joined(ANN, BOB)
        names = (*(f"nobody{n}" for n in range(1_200)), "bob")
        numbers(await self.post(draft(ANN, "a", names=names)))
        self.assertEqual(await self.called(), [("bob", "general", 1)])

    async def test_what_is_refused_or_sent_twice_calls_nobody_more(self) -> None:
        await self.joined(ANN, BOB)
        post = draft(ANN, "a", names=("bob",))
        await self.post(post)
        await self.post(post, draft(EVE, "x", names=("bob",)))
        await self.post(draft(ANN, "y", kind="reply", target=9, names=("bob",)))
        self.assertEqual(await self.called(), [("bob", "general", 1)])

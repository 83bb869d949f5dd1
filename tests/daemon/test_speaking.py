"""What is said about what was said: edits, replies, reactions, deletions, reading and typing."""

from __future__ import annotations

from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.support.client import new_id

from .rooms_case import SOON_S, RoomsCase


class Speaking(RoomsCase):
    async def test_edits_replies_and_reactions_are_events_that_name_their_target(self) -> None:
        ada, eve = await self.people("ada", "eve")
        for socket in (ada, eve):
            await socket.subscribe()
        text = (await ada.post("tea at 4"))["seq"]
        for author, kind, body in (
            (ada, "edit", "tea at 5"),
            (eve, "reply", "I shall be there"),
            (eve, "reaction", "🫖"),
        ):
            answer = await author.post(body, kind=kind, target=text)
            self.assertEqual(
                await ada.content(answer["seq"]), {"kind": kind, "target": text, "body": body}
            )
        for kind, target in (("edit", text), ("reply", 99), ("reaction", 2), ("edit", 4)):
            answer = await eve.post("👍", kind=kind, target=target)
            self.assertEqual(self.code(answer), "not_found", (kind, target))

    async def test_a_deletion_leaves_a_tombstone_on_every_page(self) -> None:
        ada, eve = await self.people("ada", "eve")
        for socket in (ada, eve):
            await socket.subscribe()
        mid = new_id()
        first = await ada.post("the code is 1234", mid=mid)
        text, edit = first["seq"], (await ada.post("is 4321", kind="edit", target=1))["seq"]
        reply = (await eve.post("noted", kind="reply", target=text))["seq"]
        done = await ada.done("delete", "general", seq=text)
        self.assertEqual(
            await eve.content(done["seq"]), {"kind": "deleted", "target": text, "edits": [edit]}
        )
        late = await self.connect("kim")
        await late.subscribe()
        await late.event(done["seq"])
        pages = [await eve.page(), [await late.event(seq) for seq in range(1, 5)]]
        for page in pages:
            by_seq = {entry["seq"]: entry["envelope"] for entry in page}
            for seq in (text, edit):
                self.assertEqual(
                    (by_seq[seq]["encrypted_key"], by_seq[seq]["ciphertext"]), ("", "")
                )
                self.assertNotEqual(by_seq[seq]["protected"], "")
            self.assertNotEqual(by_seq[reply]["ciphertext"], "")
        again = await (await self.connect("ada")).post("the code is 1234", mid=mid)
        self.assertEqual(
            (again["seq"], again["time"], again["duplicate"]), (text, first["time"], True)
        )
        answer = await eve.post("?", kind="reply", target=text)
        self.assertEqual(self.code(answer), "not_found")

    async def test_moderators_delete_what_others_wrote(self) -> None:
        ada, eve, kim = await self.people("ada", "eve", "kim")
        room = await ada.create_room()
        await ada.add(room, eve, kim)
        posted = await eve.post("rude", room)
        self.assertEqual(
            self.code(await kim.command("delete", room, seq=posted["seq"])), "forbidden"
        )
        await ada.done("set_role", room, user=kim.user_id, role="moderator")
        await kim.done("delete", room, seq=posted["seq"])
        [entry] = [one for one in await ada.page(room) if one["seq"] == posted["seq"]]
        self.assertEqual(entry["envelope"]["ciphertext"], "")

    async def test_reading_is_known_on_all_of_a_persons_own_connections_only(self) -> None:
        ada, eve = await self.people("ada", "eve")
        elsewhere = await self.connect("eve")
        for body in ("one", "two @eve", "three"):
            await ada.post(body)
        welcome = (await self.connect("eve")).welcome["rooms"][0]
        self.assertEqual((welcome["unread"], welcome["mentions"], welcome["read_seq"]), (3, 1, 0))
        eve.tell({"type": "read", "room": "general", "seq": 1})
        for socket in (eve, elsewhere):
            told = await socket.told("read", seq=1)
            self.assertEqual((told["room"], told["unread"], told["mentions"]), ("general", 2, 1))
        eve.tell({"type": "read", "room": "general", "seq": 900})
        told = await elsewhere.told("read", seq=3)
        self.assertEqual((told["unread"], told["mentions"]), (0, 0))
        eve.tell({"type": "read", "room": "general", "seq": 1})
        await eve.post("mine are never unread to me")
        welcome = (await self.connect("eve")).welcome["rooms"][0]
        self.assertEqual((welcome["unread"], welcome["read_seq"] >= 3), (0, True))
        self.assertEqual(ada.of("read"), [])

    async def test_typing_is_seen_by_the_others_who_listen(self) -> None:
        ada, eve, kim = await self.people("ada", "eve", "kim")
        await ada.subscribe()
        await eve.subscribe()
        told = await ada.types_to(eve)
        self.assertEqual((told["room"], told["user"]), ("general", ada.user_id))
        await deferLater(reactor, SOON_S)
        self.assertEqual((ada.of("typing"), kim.of("typing")), ([], []))

    async def test_whoever_unsubscribes_hears_nothing_more_and_is_a_member_still(self) -> None:
        ada, eve = await self.people("ada", "eve")
        await eve.subscribe()
        await ada.post("one")
        await eve.event(1)
        eve.tell({"type": "unsubscribe", "room": "general"})
        await eve.command("people", ids=["nobody"])
        await ada.post("two")
        await deferLater(reactor, SOON_S)
        self.assertEqual(eve.events(), [1])
        await eve.subscribe(since=1)
        self.assertEqual(await eve.read(2), "two")

    async def test_what_was_posted_before_a_change_is_stored_before_it(self) -> None:
        [mine] = await self.people("ada")
        room = await mine.create_room()
        for number in range(20):
            mine.tell({"type": "post", "id": new_id(), "room": room, "body": str(number)})
        left = await mine.done("leave_room", room)
        self.assertEqual(left["seq"], 22)
        self.assertEqual([answer["seq"] for answer in mine.of("posted")], list(range(2, 22)))
        self.assertEqual(mine.of("error"), [])

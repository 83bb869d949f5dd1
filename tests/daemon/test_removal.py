"""Who is put out, or comes in late, is kept out by keys: not by hiding."""

from __future__ import annotations

import sqlite3

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap
from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.support.client import Socket, new_id

from .rooms_case import SOON_S, RoomsCase

MOST_AFTER = 1_000


class PuttingOut(RoomsCase):
    async def test_a_removed_member_hears_nothing_more(self) -> None:
        ada, eve, kim = await self.people("ada", "eve", "kim")
        for number, (kind, fields) in enumerate(
            (("kick", {"user": eve.user_id}), ("ban", {"user": eve.user_id}), ("leave_room", {}))
        ):
            room = await ada.create_room(f"den {number}")
            await ada.add(room, eve, kim)
            for socket in (ada, eve, kim):
                await socket.subscribe(room)
            before = (await ada.post("before", room))["seq"]
            await eve.event(before, room)
            actor = ada if fields else eve
            gone = (await actor.done(kind, room, **fields))["seq"]
            after = (await ada.post("after", room))["seq"]
            self.assertEqual(await kim.read(after, room), "after")
            await eve.told("removed", room=room)
            await ada.types_to(kim, room)
            await deferLater(reactor, SOON_S)
            self.assertEqual(eve.events(room)[-1], before)
            self.assertEqual([one["room"] for one in eve.frames[-1:]], [room], eve.frames[-1])
            self.assertEqual(eve.frames[-1]["type"], "removed" if fields else eve.types()[-1])
            self.assertNotIn(f"{room}.2", eve.room_keys)
            self.assertIn(f"{room}.2", kim.room_keys)
            self.assertEqual((await kim.told("member", room=room, members=2))["members"], 2)
            for answer in (
                await eve.command("subscribe", room, since=gone),
                await eve.command("history", room, before=9, limit=9),
                await eve.command("members", room),
                await eve.post("still here?", room),
            ):
                self.assertEqual(self.code(answer), "not_a_member")

    async def test_with_every_key_they_hold_they_open_none_of_the_next_thousand_messages(
        self,
    ) -> None:
        ada, eve = await self.people("ada", "eve")
        room = await ada.create_room()
        await ada.add(room, eve)
        for socket in (ada, eve):
            await socket.subscribe(room)
        await ada.post("before", room)
        gone = (await ada.done("kick", room, user=eve.user_id))["seq"]
        await self.fill(ada, room, MOST_AFTER)
        with sqlite3.connect(self.daemon.data_dir / "securechat.sqlite3", timeout=20) as database:
            rows = database.execute(
                "SELECT seq, encrypted_key FROM events WHERE room_id = ? ORDER BY seq", [room]
            ).fetchall()
        database.close()
        self.assertEqual(len(rows), gone + MOST_AFTER)
        opened = [seq for seq, wrapped in rows if self.opens(eve, wrapped)]
        self.assertEqual(opened, list(range(1, gone)))
        self.assertEqual([seq for seq, wrapped in rows if self.opens(ada, wrapped)][-1], len(rows))

    async def test_who_comes_back_reads_everything_again(self) -> None:
        ada, eve = await self.people("ada", "eve")
        room = await ada.create_room()
        await ada.add(room, eve)
        await eve.subscribe(room)
        await ada.done("kick", room, user=eve.user_id)
        await eve.told("removed", room=room)
        missed = (await ada.post("while you were out", room))["seq"]
        await ada.add(room, eve)
        await eve.wait_for(lambda f: f["type"] == "room" and f["room"]["last_seq"] > missed)
        await eve.subscribe(room, since=2)
        self.assertEqual(await eve.read(missed, room), "while you were out")

    async def fill(self, socket: Socket, room: str, count: int) -> None:
        """Post ``count`` messages as fast as the socket takes them."""
        for number in range(count):
            socket.tell({"type": "post", "id": new_id(), "room": room, "body": str(number)})
        await self.until(lambda: len(socket.of("posted")) > count, 60)

    def opens(self, socket: Socket, wrapped: bytes) -> bool:
        """Whether any key that ever reached ``socket`` opens a message's own key."""
        for room_key in socket.room_keys.values():
            try:
                aes_key_unwrap(room_key, wrapped)
            except InvalidUnwrap:
                continue
            return True
        return False


class ComingLate(RoomsCase):
    async def test_a_newcomer_gets_neither_key_nor_event_from_before(self) -> None:
        ada, eve = await self.people("ada", "eve")
        room = await ada.create_room(history="joined")
        await ada.subscribe(room)
        for number in range(60):
            await ada.post(f"before {number}", room)
        joined = await eve.join(token=await ada.invite(room))
        since = joined["since_seq"]
        self.assertEqual((since, joined["last_seq"], joined["unread"]), (61, 62, 0))
        after = (await ada.post("after", room))["seq"]
        for frame in ({}, {"since": 0}, {"since": 5}, {"since": since}):
            socket = await self.connect("eve")
            answer = await socket.command("subscribe", room, **frame)
            self.assertEqual([key["kid"] for key in answer["keys"]], [f"{room}.2"])
            self.assertEqual(await socket.read(after, room), "after")
            self.assertEqual((socket.events(), socket.of("gap")), ([62, 63], []))
            self.assertEqual(set(socket.room_keys), {f"{room}.2"})
        page = await eve.command("history", room, before=64, limit=200)
        self.assertEqual([one["seq"] for one in page["events"]], [62, 63])
        self.assertEqual([key["kid"] for key in page["keys"]], [f"{room}.2"])
        self.assertFalse(page["more"])
        page = await eve.command("history", room, before=62, limit=200)
        self.assertEqual((page["events"], page["keys"], page["more"]), ([], [], False))
        for kind in ("delete", "report"):
            self.assertEqual(self.code(await eve.command(kind, room, seq=5)), "not_found")
        for kind in ("reply", "reaction"):
            self.assertEqual(
                self.code(await eve.post("👍", room, kind=kind, target=5)), "not_found"
            )
        self.assertEqual(await ada.read(after, room), "after")

    async def test_a_gap_begins_where_the_newcomer_came_in(self) -> None:
        ada, eve = await self.people("ada", "eve")
        room = await ada.create_room(history="joined")
        await ada.post("before", room)
        await ada.add(room, eve)
        for number in range(600):
            ada.tell({"type": "post", "id": new_id(), "room": room, "body": str(number)})
        await self.until(lambda: len(ada.of("posted")) > 600, 60)
        await eve.subscribe(room, since=0)
        gap = await eve.told("gap")
        self.assertEqual((gap["from"], gap["to"]), (3, 553))
        await eve.event(603, room)
        self.assertEqual(eve.events(), list(range(554, 604)))

"""Rooms as people meet them: made, entered, ruled and left, over real sockets."""

from __future__ import annotations

from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.support.administrators import make_administrator
from tests.support.client import new_id
from tests.support.daemon import NO_PACE

from .cases import MariaDBCase
from .rooms_case import RoomsCase


class MakingAndFinding(RoomsCase):
    async def test_a_public_room_is_found_entered_and_talked_in(self) -> None:
        ada, eve = await self.people("ada", "eve")
        made = await ada.done("create_room", kind="public", name=" Tea & Cake ", topic="biscuits")
        room = made["room"]
        self.assertEqual(
            (room["name"], room["kind"], room["topic"], room["role"], room["members"]),
            ("Tea & Cake", "public", "biscuits", "owner", 1),
        )
        found = await eve.done("find_rooms", text="TEA")
        self.assertEqual(
            found["rooms"],
            [
                {
                    "id": room["id"],
                    "name": "Tea & Cake",
                    "topic": "biscuits",
                    "members": 1,
                    "joined": False,
                }
            ],
        )
        self.assertFalse(found["more"])
        await ada.subscribe(room["id"])
        joined = await eve.join(room["id"])
        self.assertEqual((joined["role"], joined["members"]), ("member", 2))
        await eve.subscribe(room["id"])
        answer = await eve.post("hello", room["id"])
        self.assertEqual(await ada.read(answer["seq"], room["id"]), "hello")
        self.assertEqual(await ada.content(2, room["id"]), {"kind": "joined", "user": eve.user_id})
        self.assertEqual((await ada.told("member", room=room["id"]))["members"], 2)
        self.assertTrue((await eve.done("find_rooms", text="cake"))["rooms"][0]["joined"])

    async def test_private_and_direct_rooms_are_found_by_nobody(self) -> None:
        ada, eve, kim = await self.people("ada", "eve", "kim")
        private = await ada.create_room("secret garden")
        direct = await ada.direct(eve)
        for room in (private, direct):
            self.assertEqual(self.code(await kim.command("join_room", room)), "not_a_member")
        rooms = (await kim.done("find_rooms", text=""))["rooms"]
        self.assertEqual([room["id"] for room in rooms], ["general"])

    async def test_one_conversation_per_set_of_people(self) -> None:
        ada, eve, kim = await self.people("ada", "eve", "kim")
        room = await ada.direct(eve)
        told = await eve.told("room")
        self.assertEqual(told["room"]["id"], room)
        self.assertEqual(sorted(told["room"]["people"]), sorted([ada.user_id, eve.user_id]))
        self.assertEqual(await eve.direct(ada), room)
        self.assertEqual(await eve.direct(ada, eve), room)
        three = await kim.direct(ada, eve)
        self.assertNotEqual(three, room)
        self.assertEqual(await ada.direct(eve, kim), three)
        await eve.subscribe(room)
        posted = await ada.post("psst", room)
        self.assertEqual(await eve.read(posted["seq"], room), "psst")
        answer = await ada.command("create_room", kind="direct", people=["nobody"])
        self.assertEqual(self.code(answer), "not_found")
        answer = await ada.command("create_room", kind="direct", people=[ada.user_id])
        self.assertEqual(self.code(answer), "bad_command")

    async def test_what_was_sent_again_after_a_reconnect_is_done_once(self) -> None:
        ada, eve = await self.people("ada", "eve")
        again = await self.connect("ada")
        made = {"type": "create_room", "id": new_id(), "kind": "private", "name": "den"}
        first, second = await ada.ask(made), await again.ask(made)
        self.assertEqual(first["room"]["id"], second["room"]["id"])
        room = first["room"]["id"]
        person = {"room": room, "user": eve.user_id}
        for frame in (
            {"type": "rename_room", "room": room, "name": "lair"},
            {"type": "set_topic", "room": room, "topic": "dragons"},
            {"type": "invite"} | person,
            {"type": "set_role", "role": "moderator"} | person,
            {"type": "mute"} | person,
            {"type": "unmute"} | person,
            {"type": "kick"} | person,
            {"type": "ban"} | person,
            {"type": "unban"} | person,
            {"type": "archive_room", "room": room, "archived": True},
            {"type": "archive_room", "room": room, "archived": False},
        ):
            frame = frame | {"id": new_id()}
            first, second = await ada.ask(frame), await again.ask(frame)
            self.assertEqual((first["type"], second), ("done", first), frame)
        last_seq = first["seq"]
        self.assertEqual(last_seq, 12)
        posted = await ada.post("a word", room)
        self.assertEqual(posted["seq"], last_seq + 1)
        for frame in (
            {"type": "delete", "room": room, "seq": posted["seq"]},
            {"type": "leave_room", "room": room},
        ):
            frame = frame | {"id": new_id()}
            first, second = await ada.ask(frame), await again.ask(frame)
            self.assertEqual((first["type"], second), ("done", first), frame)

    async def test_an_id_stands_for_one_thing_only(self) -> None:
        [ada] = await self.people("ada")
        room = await ada.create_room()
        used = new_id()
        await ada.post("a word", room, mid=used)
        ada.frames.clear()
        frame = {"type": "set_topic", "id": used, "room": room, "topic": "x"}
        self.assertEqual(self.code(await ada.ask(frame)), "id_conflict")
        frame = frame | {"id": new_id()}
        self.assertEqual((await ada.ask(frame))["type"], "done")
        ada.frames.clear()
        self.assertEqual(self.code(await ada.ask(frame | {"topic": "y"})), "id_conflict")
        ada.frames.clear()
        self.assertEqual(self.code(await ada.post("a word", room, mid=frame["id"])), "id_conflict")


class Inviting(RoomsCase):
    async def test_a_link_lets_in_as_many_as_it_says(self) -> None:
        ada, eve, kim = await self.people("ada", "eve", "kim")
        room = await ada.create_room()
        link = await ada.done("invite", room)
        self.assertEqual(link["path"], "/join/" + link["token"])
        self.assertEqual(link["uses"], 1)
        joined = await eve.join(token=link["token"])
        self.assertEqual((joined["id"], joined["members"]), (room, 2))
        self.assertEqual((await eve.join(token=link["token"]))["id"], room)
        answer = await kim.command("join_room", token=link["token"])
        self.assertEqual(self.code(answer), "not_found")
        self.assertEqual(self.code(await kim.command("join_room", token="made up")), "not_found")

    async def test_a_link_that_has_expired_or_was_taken_back_lets_nobody_in(self) -> None:
        ada, eve, kim = await self.people("ada", "eve", "kim")
        room = await ada.create_room()
        short = await ada.done("invite", room, expires_s=1, uses=5)
        token = await ada.invite(room, uses=5)
        await deferLater(reactor, 1.1)
        answer = await eve.command("join_room", token=short["token"])
        self.assertEqual(self.code(answer), "not_found")
        self.assertEqual((await eve.join(token=token))["id"], room)
        self.assertEqual((await ada.done("invite", room, revoke=True))["revoked"], 1)
        self.assertEqual(self.code(await kim.command("join_room", token=token)), "not_found")

    async def test_whoever_is_taken_in_hears_of_it_on_every_connection(self) -> None:
        ada, eve = await self.people("ada", "eve")
        elsewhere = await self.connect("eve")
        room = await ada.create_room("den")
        await ada.add(room, eve)
        for socket in (eve, elsewhere):
            told = (await socket.told("room"))["room"]
            self.assertEqual((told["id"], told["name"], told["role"]), (room, "den", "member"))


class Ruling(RoomsCase):
    async def test_roles_names_and_topics_are_told_to_everybody(self) -> None:
        ada, eve = await self.people("ada", "eve")
        room = await ada.create_room("den")
        await ada.add(room, eve)
        await eve.subscribe(room)
        await ada.done("set_role", room, user=eve.user_id, role="moderator")
        await eve.wait_for(lambda f: f["type"] == "room" and f["room"]["role"] == "moderator")
        await eve.done("set_topic", room, topic="dragons")
        renamed = await ada.done("rename_room", room, name="lair")
        self.assertEqual(
            await eve.content(renamed["seq"], room), {"kind": "renamed", "name": "lair"}
        )
        kinds = [(await eve.content(seq, room))["kind"] for seq in range(1, 6)]
        self.assertEqual(kinds, ["created", "joined", "role", "topic", "renamed"])
        again = await self.connect("eve")
        [shown] = [one for one in again.welcome["rooms"] if one["id"] == room]
        self.assertEqual(
            (shown["name"], shown["topic"], shown["role"]), ("lair", "dragons", "moderator")
        )

    async def test_who_is_muted_reads_and_says_nothing_until_the_time_is_over(self) -> None:
        ada, eve = await self.people("ada", "eve")
        room = await ada.create_room()
        await ada.add(room, eve)
        await eve.subscribe(room)
        muted = await ada.done("mute", room, user=eve.user_id, seconds=2)
        content = await eve.content(muted["seq"], room)
        self.assertEqual((content["kind"], content["user"]), ("muted", eve.user_id))
        answer = await eve.post("hello?", room)
        self.assertEqual(self.code(answer), "forbidden")
        self.assertIn("muted", answer["text"])
        members = (await ada.command("members", room))["members"]
        self.assertEqual([one["muted_until"] for one in members], [0, content["until"]])
        posted = await ada.post("quiet now", room)
        self.assertEqual(await eve.read(posted["seq"], room), "quiet now")
        await deferLater(reactor, 2.1)
        self.assertEqual((await eve.post("hello!", room))["type"], "posted")
        await ada.done("mute", room, user=eve.user_id)
        self.assertEqual(self.code(await eve.post("no", room)), "forbidden")
        await ada.done("unmute", room, user=eve.user_id)
        self.assertEqual((await eve.post("yes", room))["type"], "posted")

    async def test_an_archived_room_is_read_and_not_written_to(self) -> None:
        ada, eve = await self.people("ada", "eve")
        room = await ada.create_room()
        await ada.add(room, eve)
        await eve.subscribe(room)
        archived = await ada.done("archive_room", room)
        content = await eve.content(archived["seq"], room)
        self.assertEqual(content, {"kind": "archived", "archived": True})
        answer = await eve.post("hello?", room)
        self.assertEqual(self.code(answer), "forbidden")
        self.assertIn("archived", answer["text"])
        self.assertEqual(self.code(await ada.command("set_topic", room, topic="x")), "forbidden")
        self.assertEqual(len(await eve.page(room)), 3)
        await ada.done("archive_room", room, archived=False)
        self.assertEqual((await eve.post("hello!", room))["type"], "posted")

    async def test_the_last_owner_who_leaves_hands_the_room_over(self) -> None:
        ada, eve, kim = await self.people("ada", "eve", "kim")
        room = await ada.create_room()
        await ada.add(room, eve, kim)
        await kim.subscribe(room)
        await ada.done("set_role", room, user=kim.user_id, role="moderator")
        left = await ada.done("leave_room", room)
        await ada.told("removed", room=room)
        self.assertEqual(
            await kim.content(left["seq"], room), {"kind": "left", "user": ada.user_id}
        )
        await kim.wait_for(lambda f: f["type"] == "room" and f["room"]["role"] == "owner")
        members = (await kim.command("members", room))["members"]
        self.assertEqual(
            [(one["username"], one["role"]) for one in members],
            [("eve", "member"), ("kim", "owner")],
        )

    async def test_a_report_reaches_the_administrators_and_nobody_else(self) -> None:
        ada, eve = await self.people("ada", "eve")
        await self.connect("root")
        make_administrator(self.daemon, "root")
        root = await self.connect("root")
        await root.subscribe("reports")
        room = await ada.create_room()
        await ada.add(room, eve)
        posted = await eve.post("something rude", room)
        frame = {"type": "report", "id": new_id(), "room": room, "seq": posted["seq"]}
        answer = await ada.ask(frame | {"reason": "rude"})
        self.assertEqual(answer, {"type": "done", "id": frame["id"]})
        self.assertEqual(
            await root.content(1, "reports"),
            {"kind": "report", "room": room, "target": posted["seq"], "body": "rude"},
        )
        for stranger in (ada, eve):
            self.assertEqual(self.code(await stranger.subscribe("reports")), "not_a_member")
        self.assertEqual(self.code(await root.subscribe(room)), "not_a_member")

    async def test_members_come_in_pages_by_name_and_say_who_is_here(self) -> None:
        ada, eve = await self.people("ada", "eve")
        room = await ada.create_room()
        await ada.add(room, eve)
        await eve.close()
        await self.until(lambda: self.daemon.log().count("has ended") >= 1)
        answer = await ada.command("members", room)
        self.assertEqual(
            [(one["username"], one["role"], one["online"]) for one in answer["members"]],
            [("ada", "owner", True), ("eve", "member", False)],
        )
        self.assertFalse(answer["more"])
        rest = await ada.command("members", room, after="ada")
        self.assertEqual([one["full_name"] for one in rest["members"]], ["Eve"])
        await ada.done("ban", room, user=eve.user_id)
        banned = await ada.command("members", room, banned=True)
        self.assertEqual([one["username"] for one in banned["members"]], ["eve"])


class OnMariaDB(MariaDBCase):
    async def test_a_private_room_is_made_entered_ruled_and_left(self) -> None:
        daemon = self.on(self.server.fresh_database(), *NO_PACE).start()
        people = {name: await self.person(daemon, name) for name in ("ada", "eve", "kim")}
        ada, eve, kim = [await person.chat() for person in people.values()]
        room = await ada.create_room("Geheim 🔒", topic="Grüße")
        joined = await eve.join(token=await ada.invite(room))
        self.assertEqual((joined["name"], joined["topic"]), ("Geheim 🔒", "Grüße"))
        await ada.add(room, kim)
        for socket in (ada, eve, kim):
            await socket.subscribe(room)
        text = (await eve.post("hello @kim", room))["seq"]
        self.assertEqual(await kim.read(text, room), "hello @kim")
        rooms = (await people["kim"].chat()).welcome["rooms"]
        [shown] = [one for one in rooms if one["id"] == room]
        self.assertEqual((shown["unread"], shown["mentions"]), (1, 1))
        kim.tell({"type": "read", "room": room, "seq": text})
        self.assertEqual((await kim.told("read"))["unread"], 0)
        await ada.done("delete", room, seq=text)
        await ada.done("ban", room, user=eve.user_id)
        await eve.told("removed", room=room)
        answer = await eve.command("history", room, before=9, limit=9)
        self.assertEqual(answer["code"], "not_a_member")
        await ada.done("leave_room", room)
        await kim.wait_for(lambda f: f["type"] == "room" and f["room"]["role"] == "owner")

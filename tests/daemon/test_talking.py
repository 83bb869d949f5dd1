"""People talk through a real daemon, over real sockets, and find it all again."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from securechat.core.encoding import b64url, from_b64url
from tests.support.client import Person, Socket, new_id

from .cases import ProcessCase


class DaemonCase(ProcessCase):
    """A daemon of one's own and people on it."""

    options: tuple[str, ...] = ()

    def setUp(self) -> None:
        self.daemon = self.new_daemon(*self.options).start()

    async def somebody(self, name: str) -> Person:
        """Somebody who has just registered."""
        return await self.person(self.daemon, name)

    async def fill(self, socket: Socket, count: int, body: str = "message {}") -> None:
        """Post ``count`` messages as fast as the socket takes them."""
        first = len(socket.frames)
        for number in range(count):
            frame = {"type": "post", "id": new_id(), "room": "general"}
            socket.tell(frame | {"body": body.format(number)})
        for _ in range(600):
            answers = [frame for frame in socket.frames[first:] if frame["type"] == "posted"]
            if len(answers) == count:
                return
            await deferLater(reactor, 0.05)
        self.fail(f"only {len(answers)} of {count} were stored: {socket.frames[-1]}")


class Talking(DaemonCase):
    async def test_two_people_read_each_other_and_find_it_after_a_restart(self) -> None:
        ada, eve = await self.somebody("ada"), await self.somebody("eve")
        mine, theirs = await ada.chat(), await eve.chat()
        await mine.subscribe()
        await theirs.subscribe()
        posted = await mine.post("Hello, Eve.")
        self.assertEqual((posted["type"], posted["seq"], posted["duplicate"]), ("posted", 1, False))
        self.assertEqual(await theirs.read(1), "Hello, Eve.")
        await theirs.post("Grüße, Ada 👋🏽 \u202e\n\x00")
        self.assertEqual(await mine.read(2), "Grüße, Ada 👋🏽 \u202e\n\x00")
        self.assertLess(mine.types().index("posted"), mine.types().index("event"))

        stopping = deferToThread(self.daemon.stop)
        goodbye = await mine.wait_for(lambda frame: frame["type"] == "goodbye")
        self.assertGreater(goodbye["retry_ms"], 0)
        self.assertEqual(await mine.closed, 1012)
        self.assertLess(await stopping, 10)
        self.daemon.start()
        again = await ada.chat()
        await again.subscribe()
        self.assertEqual(await again.read(1), "Hello, Eve.")
        self.assertEqual(await again.read(2), "Grüße, Ada 👋🏽 \u202e\n\x00")

    async def test_the_author_is_who_the_server_says(self) -> None:
        ada, eve = await self.somebody("ada"), await self.somebody("eve")
        mine, theirs = await ada.chat(), await eve.chat()
        await theirs.subscribe()
        await mine.ask(
            {"type": "post", "id": new_id(), "room": "general", "body": "hi", "from": "eve"}
        )
        event = await theirs.event(1)
        header = json.loads(from_b64url(event["envelope"]["protected"]))
        self.assertEqual(header["from"], mine.welcome["user"]["id"])
        answer = await theirs.ask({"type": "people", "id": "p", "ids": [header["from"], "nobody"]})
        self.assertEqual(
            answer["people"],
            [{"id": header["from"], "username": "ada", "full_name": "Ada"}],
        )

    async def test_a_resend_is_one_message_and_another_text_a_conflict(self) -> None:
        ada = await self.somebody("ada")
        mine = await ada.chat()
        await mine.subscribe()
        mid = new_id()
        first = await mine.post("once", mid=mid)
        mine.frames.clear()
        again = await mine.post("once", mid=mid)
        self.assertEqual(
            (again["seq"], again["time"], again["duplicate"]), (1, first["time"], True)
        )
        mine.frames.clear()
        other = await mine.post("twice", mid=mid)
        self.assertEqual((other["type"], other["code"]), ("error", "id_conflict"))
        elsewhere = await ada.chat()
        self.assertTrue((await elsewhere.post("once", mid=mid))["duplicate"])
        self.assertEqual((await elsewhere.subscribe())["last_seq"], 1)

    async def test_a_room_that_is_not_yours_does_not_exist(self) -> None:
        mine = await (await self.somebody("ada")).chat()
        for frame in (
            {"type": "subscribe", "id": "s", "room": "secrets"},
            {"type": "history", "id": "h", "room": "secrets", "before": 1, "limit": 1},
            {"type": "post", "id": new_id(), "room": "secrets", "body": "hi"},
            {"type": "members", "id": "m", "room": "secrets"},
            {"type": "join_room", "id": "j", "room": "secrets"},
            {"type": "leave_room", "id": "l", "room": "secrets"},
        ):
            answer = await mine.ask(frame)
            self.assertEqual((answer["type"], answer["code"]), ("error", "not_a_member"), frame)

    async def test_logging_out_ends_that_sessions_sockets_only(self) -> None:
        ada = await self.somebody("ada")
        elsewhere = Person(self.daemon.url, "ada")
        self.addCleanup(lambda: Deferred.fromCoroutine(elsewhere.leave()))
        self.assertEqual(await elsewhere.log_in(), 303)
        mine, other = await ada.chat(), await elsewhere.chat()
        await ada.submit("/logout", page="/")
        self.assertEqual(await mine.closed, 4401)
        self.assertEqual((await other.post("still here"))["type"], "posted")
        with self.assertRaisesRegex(ConnectionError, "401"):
            await ada.connect()

    async def test_only_a_visitor_who_shows_everything_is_let_in(self) -> None:
        ada = await self.somebody("ada")
        for headers, status in (
            ({"Origin": "null"}, "403"),
            ({"Origin": "https://evil.example"}, "403"),
            ({"Origin": f"http://localhost:{self.daemon.port + 1}"}, "403"),
            ({"Cookie": ""}, "401"),
            ({"Cookie": "securechat=" + "A" * 43}, "401"),
        ):
            with self.assertRaisesRegex(ConnectionError, status, msg=str(headers)):
                await ada.connect(**headers)
        socket = await ada.chat()
        self.assertEqual(socket.websocket_protocol_in_use, "securechat.v1")


class Resuming(DaemonCase):
    options = ("--limit", "posts=0", "--limit", "posts-per-user=0", "--limit", "posts-per-room=0")

    async def test_whoever_comes_back_gets_what_is_missing_a_gap_or_a_page(self) -> None:
        ada = await self.somebody("ada")
        mine = await ada.chat()
        await self.fill(mine, 700)

        newest = await ada.chat()
        self.assertEqual((await newest.subscribe())["last_seq"], 700)
        await newest.event(700)
        self.assertEqual(newest.events(), list(range(651, 701)))

        missing = await ada.chat()
        await missing.subscribe(since=300)
        await missing.event(700)
        self.assertEqual(missing.events(), list(range(301, 701)))
        self.assertEqual(await missing.read(301), "message 300")

        behind = await ada.chat()
        await behind.subscribe(since=100)
        gap = await behind.wait_for(lambda frame: frame["type"] == "gap")
        self.assertEqual((gap["from"], gap["to"]), (101, 650))
        await behind.event(700)
        self.assertEqual(behind.events(), list(range(651, 701)))

        ahead = await ada.chat()
        self.assertEqual((await ahead.subscribe(since=9_000))["last_seq"], 700)
        await ahead.post("one more")
        await ahead.event(701)
        self.assertEqual(ahead.events(), [701])

        await self.pages_back(ahead)

    async def pages_back(self, socket: Socket) -> None:
        seen: list[int] = []
        before = 702
        while True:
            frame = {"type": "history", "id": new_id(), "room": "general"}
            page = await socket.ask(frame | {"before": before, "limit": 200})
            seen = [entry["seq"] for entry in page["events"]] + seen
            self.assertEqual(socket.open(page["events"][0])["kind"], "text")
            before = page["events"][0]["seq"]
            if not page["more"]:
                break
        self.assertEqual(seen, list(range(1, 702)))

    async def test_a_page_of_long_messages_never_makes_a_frame_over_1_mib(self) -> None:
        mine = await (await self.somebody("ada")).chat()
        await self.fill(mine, 60, "x" * 32_000 + "{}")
        sizes: list[int] = []
        heard = mine.onMessage

        def measure(payload: bytes, isBinary: bool) -> None:
            sizes.append(len(payload))
            heard(payload, isBinary)

        self.patch(mine, "onMessage", measure)
        frame = {"type": "history", "id": "h", "room": "general", "before": 61, "limit": 200}
        page = await mine.ask(frame)
        self.assertTrue(page["more"])
        self.assertLessEqual(max(sizes), 1 << 20)
        self.assertEqual(page["events"][-1]["seq"], 60)
        await mine.subscribe()
        await mine.event(60)
        self.assertEqual(mine.events(), list(range(11, 61)))

    async def test_everybody_gets_the_same_order_while_many_post(self) -> None:
        people = [await self.somebody(name) for name in ("ada", "eve", "kim")]
        sockets = [await one.chat() for one in people]
        for socket in sockets:
            await socket.subscribe()
        await gatherResults([Deferred.fromCoroutine(self.fill(one, 100)) for one in sockets])
        for socket in sockets:
            await socket.event(300)
            self.assertEqual(socket.events(), list(range(1, 301)))


class Misbehaving(DaemonCase):
    async def test_bad_frames_are_told_and_close_with_4400(self) -> None:
        ada = await self.somebody("ada")
        valid = {"type": "post", "id": new_id(), "room": "general", "body": "hi"}
        for name, frame, is_binary in (
            ("binary", json.dumps(valid).encode(), True),
            ("no utf-8", b'{"type":"post","body":"\xff"}', False),
            ("unknown type", b'{"type":"dance"}', False),
            ("duplicate keys", b'{"type":"post","type":"post"}', False),
            ("nan", b'{"type":"post","id":NaN}', False),
            ("deep", b'{"a":' * 10_000 + b"1" + b"}" * 10_000, False),
            ("256 KiB and a byte", json.dumps(valid).encode().ljust(262_145), False),
        ):
            socket = await ada.chat()
            socket.tell(frame, is_binary)
            answer = await socket.wait_for(lambda frame: frame["type"] == "error")
            self.assertEqual((answer["code"], answer["id"]), ("bad_frame", None), name)
            self.assertEqual(await socket.closed, 4400, name)

    async def test_a_frame_far_too_large_is_not_even_collected(self) -> None:
        socket = await (await self.somebody("ada")).chat()
        socket.tell(b" " * 3_000_000)
        self.assertIn(await socket.closed, (1009, 1006, 4400))

    async def test_bad_commands_are_answered_and_close_nothing(self) -> None:
        ada = await self.somebody("ada")
        early = await ada.connect()
        post: dict[str, Any] = {"type": "post", "id": new_id(), "room": "general", "body": "hi"}
        self.assertEqual((await early.ask(post))["code"], "bad_command")
        await early.hello()
        self.assertEqual((await early.ask(post | {"id": new_id()}))["type"], "posted")
        early.frames.clear()
        early.tell({"type": "hello", "version": 1, "key": "", "nonce": ""})
        answer = await early.wait_for(lambda frame: frame["type"] == "error")
        self.assertEqual(answer["code"], "bad_command")
        for frame, code in (
            ({"type": "create_room", "id": "c", "name": "x"}, "bad_command"),
            ({"type": "typing", "id": "t", "room": ""}, "bad_command"),
            (post | {"id": new_id(), "body": "a" * 32_769}, "too_large"),
            (post | {"id": new_id(), "body": ""}, "bad_command"),
            (post | {"id": new_id(), "room": "../etc"}, "bad_command"),
        ):
            answer = await early.ask(frame)
            self.assertEqual((answer["type"], answer["code"]), ("error", code), frame)
        for body in ("a" * 32_768, "\n" * 32_768, "\x01" * 32_768):
            mid = new_id()
            self.assertEqual((await early.post(body, mid=mid))["type"], "posted")

    async def test_a_key_off_the_curve_is_refused_and_a_good_one_taken_later(self) -> None:
        socket = await (await self.somebody("ada")).connect()
        hello = {"type": "hello", "version": 1, "key": b64url(b"\x04" + bytes(64))}
        socket.tell(hello | {"nonce": b64url(bytes(32))})
        answer = await socket.wait_for(lambda frame: frame["type"] == "error")
        self.assertEqual(answer["code"], "bad_command")
        await socket.hello()

    async def test_a_peer_that_pings_without_end_is_closed_with_4429(self) -> None:
        socket = await (await self.somebody("ada")).chat()
        for _ in range(10):
            socket.sendPing(b"still here")
        self.assertEqual((await socket.post("hi"))["type"], "posted")
        for _ in range(30):
            socket.sendPing(b"flood")
        self.assertEqual(await socket.closed, 4429)

    async def test_whoever_says_no_hello_is_closed_with_4408(self) -> None:
        socket = await (await self.somebody("ada")).connect()
        self.assertEqual(await socket.closed, 4408)

    async def test_whoever_floods_is_limited_and_then_closed_with_4429(self) -> None:
        socket = await (await self.somebody("ada")).chat()
        for number in range(120):
            frame = {"type": "post", "id": new_id(), "room": "general", "body": str(number)}
            socket.tell(frame)
        limited = await socket.wait_for(lambda frame: frame.get("code") == "rate_limited")
        self.assertTrue(limited["retry"])
        self.assertGreater(limited["retry_ms"], 0)
        self.assertEqual(await socket.closed, 4429)

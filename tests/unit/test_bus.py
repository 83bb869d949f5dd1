"""The messages of the bus: every kind survives the way, nothing else is believed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from securechat import news, service
from securechat.bus.codec import MOST_BYTES, STALE_MS, Codec, Unheard
from securechat.bus.local import LocalBus
from securechat.config import load_config
from securechat.core.model import ReadMark, RoomId, SessionDigest, UserId
from securechat.core.ports import (
    News,
    Online,
    Posted,
    Reached,
    ReadTo,
    Renamed,
    RoomsChanged,
    SessionEnded,
    TypingIn,
)

KEY = b"k" * 32
NOW_MS = 1_700_000_000_000
ROOM = RoomId("general")

ids = st.from_regex(r"\A[A-Za-z0-9_-]{1,32}\Z")
rooms, users = ids.map(RoomId), ids.map(UserId)
numbers = st.integers(0, 2**53 - 1)
every_news = st.one_of(
    st.builds(Reached, rooms, numbers),
    st.builds(SessionEnded, st.binary(min_size=32, max_size=32).map(SessionDigest)),
    st.builds(RoomsChanged, users),
    st.builds(Renamed, users),
    st.builds(ReadTo, users, st.builds(ReadMark, rooms, numbers, numbers, numbers)),
    st.builds(TypingIn, users, rooms, numbers),
    st.builds(
        Online,
        st.text(max_size=30),
        st.frozensets(users, max_size=5),
        numbers,
        st.none() | st.frozensets(users, max_size=5),
    ),
)


"""A machine that is busy proves nothing about the code."""


def codec(node: str, at_ms: int = NOW_MS, key: bytes = KEY) -> Codec:
    """A node's, at a fixed time."""
    return Codec(lambda: [key], node, lambda: at_ms)


def signed(content: object) -> bytes:
    """A message as somebody with the key makes it who does not keep to the format."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    mac = hmac.digest(KEY, body, hashlib.sha256)
    return base64.urlsafe_b64encode(mac).rstrip(b"=") + b" " + body


class Messages(SynchronousTestCase):
    def why(self, message: bytes) -> str:
        """Why this is dropped."""
        dropped: Unheard = self.assertRaises(Unheard, codec("eve").decode, message)
        return dropped.why

    @given(every_news)
    def test_all_news_comes_back_as_it_was(self, news: News) -> None:
        message = codec("ada").encode(news)
        self.assertEqual(codec("eve").decode(message), (news,))
        self.assertEqual(codec("ada").decode(message), ())

    def test_a_batch_without_events_tells_nothing(self) -> None:
        self.assertEqual(codec("eve").decode(codec("ada").encode(Posted((), {}))), ())

    @given(st.data())
    def test_every_changed_bit_is_noticed(self, data: st.DataObject) -> None:
        message = bytearray(codec("ada").encode(Reached(ROOM, 7)))
        at = data.draw(st.integers(0, len(message) * 8 - 1))
        message[at // 8] ^= 1 << at % 8
        self.assertIn(self.why(bytes(message)), ("forged", "unreadable"))

    @given(st.binary(max_size=200))
    def test_any_bytes_are_dropped(self, message: bytes) -> None:
        self.assertIn(self.why(message), ("forged", "unreadable"))

    def test_another_key_is_forgery(self) -> None:
        message = codec("ada", key=b"x" * 32).encode(Reached(ROOM, 7))
        self.assertEqual(self.why(message), "forged")

    def test_any_key_in_use_is_believed_and_the_newest_signs(self) -> None:
        newer = Codec(lambda: [b"n" * 32, KEY], "eve", lambda: NOW_MS)
        news = Reached(ROOM, 7)
        self.assertEqual(newer.decode(codec("ada").encode(news)), (news,))
        self.assertEqual(newer.decode(codec("bob", key=b"n" * 32).encode(news)), (news,))
        self.assertEqual(self.why(newer.encode(news)), "forged")

    def test_what_is_older_or_newer_than_a_minute_is_dropped(self) -> None:
        for off_ms, is_heard in ((STALE_MS, True), (STALE_MS + 1, False)):
            for at_ms in (NOW_MS - off_ms, NOW_MS + off_ms):
                message = codec("ada", at_ms).encode(Reached(ROOM, 7))
                if is_heard:
                    self.assertEqual(codec("eve").decode(message), (Reached(ROOM, 7),))
                else:
                    self.assertEqual(self.why(message), "stale")

    def test_a_message_is_heard_once_and_in_order_or_not_at_all(self) -> None:
        ada, bob, eve = codec("ada"), codec("bob"), codec("eve")
        typing = TypingIn(UserId("ada"), ROOM, 7)
        first, second, third = (ada.encode(typing) for _ in range(3))
        self.assertEqual(eve.decode(first), (typing,))
        self.assertEqual(eve.decode(third), (typing,))
        for old in (first, second, third):
            dropped: Unheard = self.assertRaises(Unheard, eve.decode, old)
            self.assertEqual(dropped.why, "stale")
        self.assertEqual(eve.decode(bob.encode(typing)), (typing,))
        self.assertEqual(eve.decode(ada.encode(typing)), (typing,))

    def test_nodes_that_are_gone_are_forgotten_and_still_not_believed_again(self) -> None:
        now_ms = [NOW_MS]
        eve = Codec(lambda: [KEY], "eve", lambda: now_ms[0])
        early = codec("node-0", NOW_MS + STALE_MS).encode(Reached(ROOM, 7))
        eve.decode(early)
        for number in range(1, 100):
            now_ms[0] += STALE_MS // 10
            eve.decode(codec(f"node-{number}", now_ms[0]).encode(Reached(ROOM, 7)))
            self.assertRaises(Unheard, eve.decode, early)
        self.assertLess(len(eve._last), 20)

    def test_kinds_of_a_later_version_are_passed_over(self) -> None:
        whole = {"n": "ada", "c": 1, "t": NOW_MS, "k": "moved", "x": [1]}
        self.assertEqual(codec("eve").decode(signed(whole)), ())

    def test_signed_nonsense_is_unreadable(self) -> None:
        head = {"n": "ada", "c": 1, "t": NOW_MS}
        for fields in (
            {"k": "reached"},
            {"k": "reached", "r": {"no room": 1}},
            {"k": "reached", "r": {"general": -1}},
            {"k": "reached", "r": {"general": True}},
            {"k": "reached", "r": {"general": 1.0}},
            {"k": "ended", "s": "AAAA"},
            {"k": "ended", "s": "==="},
            {"k": "rooms", "u": 7},
            {"k": "read", "u": "ada", "r": "general", "q": 1, "l": 2},
            {"k": "typing", "u": "ada", "r": "", "q": 1},
            {"k": "online", "o": "node", "u": []},
            {"k": "online", "o": "node", "i": 1, "u": "ada"},
            {"k": "online", "o": "node", "i": 1, "u": ["a b"]},
            {"k": "online", "o": "node", "i": 1, "u": [], "g": None},
            {"k": "reached", "c": None},
            {"k": "reached", "c": -1},
            {"k": 7},
        ):
            self.assertEqual(self.why(signed(head | fields)), "unreadable", fields)
        for content in (b"", b"[]", b"7", b"\xff", b"[" * 100_000, {"n": "a", "t": "1", "k": "x"}):
            self.assertEqual(self.why(signed(content)), "unreadable")
        self.assertEqual(self.why(b"x" * (MOST_BYTES + 1)), "unreadable")

    def test_no_message_holds_a_sealed_event(self) -> None:
        """Only numbers cross; what a batch holds is not even looked at beyond them."""
        message = codec("ada").encode(Reached(ROOM, 7))
        self.assertEqual(
            message.partition(b" ")[2],
            b'{"n":"ada","c":1,"t":1700000000000,"k":"reached","r":{"general":7}}',
        )


class Packages(SynchronousTestCase):
    def test_a_bus_without_its_packages_is_refused_with_the_way_to_get_them(self) -> None:
        folder = Path(self.mktemp()).absolute()
        flags = {
            "data-dir": [str(folder)],
            "database": ["mysql://me@/name?unix_socket=missing"],
            "bus": ["redis://localhost"],
        }
        self.patch(news, "BUS_PACKAGES", ("txredisapi", "no_such_package"))
        reasons = service.check(load_config(flags, {}, folder=folder))
        told = "securechat: --bus needs no_such_package: pip install 'securechat[redis]'"
        self.assertIn(told, reasons)
        del flags["bus"]
        self.assertNotIn(told, service.check(load_config(flags, {}, folder=folder)))

    def test_a_daemon_without_a_bus_needs_no_packages_for_one(self) -> None:
        look = "import sys, securechat.service; print({'txredisapi', 'hiredis'} & {*sys.modules})"
        ended = subprocess.run(
            [sys.executable, "-c", look],
            env=os.environ | {"PYTHONPATH": str(Path(service.__file__).parents[1])},
            capture_output=True,
            check=True,
        )
        self.assertEqual(ended.stdout, b"set()\n")


class Listeners(SynchronousTestCase):
    def test_a_listener_that_fails_keeps_nobody_else(self) -> None:
        bus = LocalBus()
        heard: list[News] = []

        def fail(news: News) -> None:
            raise RuntimeError("no")

        bus.listen(fail)
        bus.listen(heard.append)
        bus.publish(RoomsChanged(UserId("ada")))
        self.assertEqual(heard, [RoomsChanged(UserId("ada"))])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

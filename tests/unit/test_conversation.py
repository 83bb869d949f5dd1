"""The connection's state machine: what is legal when, and how fast."""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import TestCase

from securechat.core import commands
from securechat.core.conversation import Conversation, Pace, State
from securechat.core.encoding import b64url
from securechat.core.errors import Close, Code, Refused
from securechat.core.model import GENERAL, UserId
from securechat.core.settings import Limits

HELLO = {"type": "hello", "version": 1, "key": b64url(b"\x04" * 65), "nonce": b64url(bytes(32))}
MID = "A" * 22
POST = {"type": "post", "id": MID, "room": "general", "body": "hi"}


class Conversing(TestCase):
    def setUp(self) -> None:
        self.pace = Pace(Limits(posts=10, posts_per_user=30, posts_per_room=200))
        self.now_s = 1000.0

    def conversation(self, name: str = "c1", user: str = "u-ada") -> Conversation:
        return Conversation(name, UserId(user), self.pace)

    def say(self, conversation: Conversation, frame: dict[str, Any]) -> commands.Command:
        return conversation.receive(json.dumps(frame).encode(), False, self.now_s)

    def greeted(self, name: str = "c1", user: str = "u-ada") -> Conversation:
        conversation = self.conversation(name, user)
        self.say(conversation, HELLO)
        return conversation

    def test_nothing_is_legal_before_hello(self) -> None:
        for frame in (
            POST,
            {"type": "subscribe", "id": "s", "room": "general"},
            {"type": "history", "id": "h", "room": "general", "before": 1, "limit": 1},
            {"type": "people", "id": "p", "ids": ["u"]},
            {"type": "leave_room", "id": "l", "room": "general"},
            {"type": "create_room", "id": "c", "kind": "public", "name": "x"},
        ):
            refused = self.assertRaises(Refused, self.say, self.conversation(), frame)
            self.assertEqual((refused.code, refused.request), (Code.BAD_COMMAND, frame["id"]))
            self.assertIsNone(refused.close)

    def test_a_second_hello_is_refused_and_changes_nothing(self) -> None:
        conversation = self.greeted()
        refused = self.assertRaises(Refused, self.say, conversation, HELLO)
        self.assertEqual((refused.code, refused.close), (Code.BAD_COMMAND, None))
        self.assertIsInstance(self.say(conversation, POST), commands.Post)

    def test_a_hello_that_could_not_be_answered_may_be_said_again(self) -> None:
        conversation = self.greeted()
        conversation.not_greeted()
        self.assertIs(conversation.state, State.NEW)
        self.assertIsInstance(self.say(conversation, HELLO), commands.Hello)

    def test_a_bad_frame_is_refused_in_every_state(self) -> None:
        for conversation in (self.conversation(), self.greeted()):
            refused = self.assertRaises(Refused, conversation.receive, b"{", False, self.now_s)
            self.assertEqual(refused.close, Close.BAD_FRAMES)

    def test_five_seconds_worth_of_posts_pass_at_once_then_ten_a_second(self) -> None:
        conversation = self.greeted()
        for _ in range(50):
            self.say(conversation, POST)
        refused = self.assertRaises(Refused, self.say, conversation, POST)
        self.assertEqual((refused.code, refused.retry), (Code.RATE_LIMITED, True))
        self.assertEqual(refused.retry_ms, 100)
        self.now_s += 0.11
        self.say(conversation, POST)

    def test_a_person_is_limited_over_all_connections(self) -> None:
        for name in ("c1", "c2", "c3"):
            conversation = self.greeted(name)
            for _ in range(50):
                self.say(conversation, POST)
        refused = self.assertRaises(Refused, self.say, self.greeted("c4"), POST)
        self.assertIn("posts-per-user", str(refused))
        self.say(self.greeted("c5", "u-eve"), POST)

    def test_a_room_is_limited_over_all_people(self) -> None:
        self.pace = Pace(Limits(posts=10, posts_per_user=30, posts_per_room=12))
        for name in ("a", "b"):
            conversation = self.listening(name)
            for _ in range(30):
                self.say(conversation, POST)
        refused = self.assertRaises(Refused, self.say, self.listening("c"), POST)
        self.assertIn("posts-per-room", str(refused))

    def listening(self, name: str) -> Conversation:
        conversation = self.greeted(name, name)
        conversation.entered(GENERAL)
        return conversation

    def test_no_stranger_uses_up_a_rooms_share(self) -> None:
        self.pace = Pace(Limits(posts=10, posts_per_user=30, posts_per_room=12))
        gone = self.listening("gone")
        gone.left(GENERAL)
        for conversation in (self.greeted("a", "a"), self.greeted("b", "b"), gone):
            for _ in range(50):
                self.say(conversation, POST)
        for _ in range(50):
            self.say(self.listening("member"), POST)

    def test_typing_is_limited_by_person(self) -> None:
        typing = {"type": "typing", "room": "general"}
        conversation = self.greeted()
        for _ in range(5):
            self.say(conversation, typing)
        refused = self.assertRaises(Refused, self.say, conversation, typing)
        self.assertEqual((refused.code, refused.request), (Code.RATE_LIMITED, None))
        self.assertEqual(refused.retry_ms, 1_000)
        self.assertRaises(Refused, self.say, self.greeted("c2"), typing)
        self.say(self.greeted("c3", "u-eve"), typing)
        self.say(conversation, POST)
        self.now_s += 1
        self.say(conversation, typing)

    def test_changes_of_rooms_are_limited_by_person(self) -> None:
        change = {"type": "set_topic", "id": "t", "room": "general", "topic": ""}
        for name in ("c1", "c2"):
            conversation = self.greeted(name)
            for _ in range(25):
                self.say(conversation, change)
        for frame in (change, {"type": "kick", "id": "k", "room": "general", "user": "u"}):
            refused = self.assertRaises(Refused, self.say, conversation, frame)
            self.assertEqual((refused.code, refused.request), (Code.RATE_LIMITED, frame["id"]))
            self.assertIn("changes", str(refused))
        self.say(conversation, {"type": "find_rooms", "id": "f"})
        self.say(self.greeted("c3", "u-eve"), change)
        self.now_s += 0.2
        self.say(conversation, change)

    def test_what_makes_rooms_and_epochs_counts_as_five_changes(self) -> None:
        for number, frame in enumerate(
            (
                {"type": "create_room", "id": "c", "kind": "public", "name": "x"},
                {"type": "join_room", "id": "j", "room": "general"},
                {"type": "leave_room", "id": "l", "room": "general"},
            )
        ):
            conversation = self.greeted(f"c{number}", f"u-{number}")
            for _ in range(10):
                self.say(conversation, frame)
            refused = self.assertRaises(Refused, self.say, conversation, frame)
            self.assertEqual((refused.code, refused.retry_ms), (Code.RATE_LIMITED, 1_000))
            self.assertIn("changes", str(refused))
        self.now_s += 1
        self.say(conversation, frame)

    def test_what_asks_much_of_the_database_counts_as_several_commands(self) -> None:
        subscribe = {"type": "subscribe", "id": "s", "room": "general"}
        history = {"type": "history", "id": "h", "room": "general", "before": 1, "limit": 1}
        members = {"type": "members", "id": "m", "room": "general"}
        people = {"type": "people", "id": "p", "ids": ["u"]}
        costs: list[tuple[dict[str, Any], int]] = [
            (subscribe, 5),
            (history, 5),
            ({"type": "find_rooms", "id": "f"}, 5),
            (members, 2),
            (people, 1),
        ]
        for number, (frame, cost) in enumerate(costs):
            conversation = self.greeted(f"c{number}", f"u-{number}")
            for _ in range((400 - 1) // cost):
                self.say(conversation, frame)
            refused = self.assertRaises(Refused, self.say, conversation, frame)
            self.assertIn("commands", str(refused), frame)

    def test_whoever_is_in_fifty_rooms_connects_and_reads_at_once(self) -> None:
        conversation = self.greeted()
        for _ in range(50):
            self.say(conversation, {"type": "subscribe", "id": "s", "room": "general"})
            self.say(conversation, {"type": "members", "id": "m", "room": "general"})

    def test_whoever_posts_without_subscribing_uses_the_rooms_share_too(self) -> None:
        self.pace = Pace(Limits(posts=100, posts_per_user=100, posts_per_room=12))
        conversation = self.greeted()
        for _ in range(60):
            self.assertFalse(conversation.is_in(GENERAL))
            self.say(conversation, POST)
        for _ in range(60):
            conversation.stored_unseen(GENERAL, self.now_s)
        for one in (conversation, self.listening("member")):
            refused = self.assertRaises(Refused, self.say, one, POST)
            self.assertIn("posts-per-room", str(refused))

    def test_whoever_keeps_flooding_is_closed(self) -> None:
        conversation = self.greeted()
        for _ in range(50):
            self.say(conversation, POST)
        closes = [self.assertRaises(Refused, self.say, conversation, POST).close for _ in range(21)]
        self.assertEqual(closes, [None] * 20 + [Close.FLOODING])

    def test_commands_are_limited_too_the_refused_ones_included(self) -> None:
        conversation = self.greeted()
        for _ in range(398):
            self.say(conversation, {"type": "people", "id": "p", "ids": ["u"]})
        wrong = {"type": "people", "id": "p", "ids": []}
        refused = self.assertRaises(Refused, self.say, conversation, wrong)
        self.assertEqual(refused.code, Code.BAD_COMMAND)
        refused = self.assertRaises(Refused, self.say, conversation, wrong)
        self.assertEqual((refused.code, refused.request), (Code.RATE_LIMITED, "p"))
        self.say(conversation, POST)
        self.now_s += 1
        self.say(conversation, {"type": "people", "id": "p", "ids": ["u"]})

    def test_pings_are_limited(self) -> None:
        self.assertTrue(all(self.pace.allows_ping("c1", self.now_s) for _ in range(20)))
        self.assertFalse(self.pace.allows_ping("c1", self.now_s))
        self.assertTrue(self.pace.allows_ping("c1", self.now_s + 1))

    def test_old_breaches_are_forgiven(self) -> None:
        conversation = self.greeted()
        for _ in range(50):
            self.say(conversation, POST)
        for _ in range(20):
            self.assertRaises(Refused, self.say, conversation, POST)
        self.now_s += 11
        for _ in range(50):
            self.say(conversation, POST)
        self.assertIsNone(self.assertRaises(Refused, self.say, conversation, POST).close)

    def test_a_limit_of_zero_is_off(self) -> None:
        self.pace = Pace(Limits(posts=0, posts_per_user=0, posts_per_room=0))
        conversation = self.greeted()
        for _ in range(2000):
            self.say(conversation, POST)

"""Whatever a client sends, in whatever order: a command, or a refusal that can be told."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from twisted.trial.unittest import SynchronousTestCase

from securechat.core import commands as c
from securechat.core import content, parsing, wire
from securechat.core.conversation import (
    BREACH_WINDOW_S,
    BURST,
    MOST_BREACHES,
    Conversation,
    Pace,
    State,
)
from securechat.core.encoding import b64url
from securechat.core.errors import Close, Code, Damaged, Refused
from securechat.core.model import GENERAL, UserId
from securechat.core.settings import Limits

from .nearly import JSON_PIECES, nearly

LIMITS = Limits()
MID = "A" * 22
HELLO = {"type": "hello", "version": 1, "key": b64url(b"\x04" * 65), "nonce": b64url(bytes(32))}
GOOD: list[dict[str, Any]] = [
    HELLO,
    {"type": "post", "id": MID, "room": "general", "body": "Grüße"},
    {"type": "post", "id": MID, "room": "general", "body": "👍", "kind": "reaction", "target": 7},
    {"type": "subscribe", "id": "s", "room": "general", "since": 3},
    {"type": "unsubscribe", "room": "general"},
    {"type": "delete", "id": MID, "room": "general", "seq": 3},
    {"type": "history", "id": "h", "room": "general", "before": 9, "limit": 50},
    {"type": "people", "id": "p", "ids": ["u-ada", "u-bob"]},
    {"type": "members", "id": "m", "room": "general", "after": "ada", "banned": True},
    {"type": "read", "room": "general", "seq": 9},
    {"type": "typing", "room": "general"},
    {"type": "create_room", "id": MID, "kind": "private", "name": "Lab", "history": "joined"},
    {"type": "create_room", "id": MID, "kind": "direct", "people": ["u-bob"]},
    {"type": "rename_room", "id": MID, "room": "lab", "name": "Lab 2"},
    {"type": "set_topic", "id": MID, "room": "lab", "topic": "About"},
    {"type": "archive_room", "id": MID, "room": "lab", "archived": False},
    {"type": "set_retention", "id": MID, "room": "lab", "days": 30},
    {"type": "erase_room", "id": MID, "room": "lab"},
    {"type": "find_rooms", "id": "f", "text": "la", "after": "k"},
    {"type": "join_room", "id": MID, "token": "t" * 43},
    {"type": "leave_room", "id": MID, "room": "lab"},
    {"type": "invite", "id": MID, "room": "lab", "expires_s": 60, "uses": 2},
    {"type": "invite", "id": MID, "room": "lab", "user": "u-bob"},
    {"type": "kick", "id": MID, "room": "lab", "user": "u-bob"},
    {"type": "ban", "id": MID, "room": "lab", "user": "u-bob"},
    {"type": "unban", "id": MID, "room": "lab", "user": "u-bob"},
    {"type": "mute", "id": MID, "room": "lab", "user": "u-bob", "seconds": 60},
    {"type": "unmute", "id": MID, "room": "lab", "user": "u-bob"},
    {"type": "set_role", "id": MID, "room": "lab", "user": "u-bob", "role": "owner"},
    {"type": "report", "id": MID, "room": "lab", "seq": 4, "reason": "spam"},
]
FRAMES = st.sampled_from(GOOD).map(lambda frame: json.dumps(frame).encode())
NEARLY = nearly(FRAMES, JSON_PIECES)
UNKNOWN = (Code.BAD_FRAME, Code.BAD_COMMAND, Code.TOO_LARGE)


class AnyFrames(SynchronousTestCase):
    def test_the_good_ones_are_commands_of_every_type(self) -> None:
        for frame in GOOD:
            parsing.parse(json.dumps(frame).encode(), False, 1 << 18, 1 << 15)
        self.assertEqual({frame["type"] for frame in GOOD}, parsing.COMMANDS)

    @settings(max_examples=200)
    @given(NEARLY)
    def test_what_is_nearly_a_frame_is_a_command_or_a_refusal_that_can_be_told(
        self, frame: bytes
    ) -> None:
        try:
            command = parsing.parse(frame, False, LIMITS.frame_bytes, LIMITS.body_bytes)
        except Refused as refused:
            self.assertIn(refused.code, UNKNOWN)
            self.assertEqual(refused.close == Close.BAD_FRAMES, refused.code == Code.BAD_FRAME)
            self.assertEqual(json.loads(wire.encode_error(refused))["code"], refused.code)
        else:
            self.assertIsInstance(command, c.Command)

    @settings(max_examples=8)
    @given(st.sampled_from(JSON_PIECES[1:]), st.sampled_from([b"", b"[", b'{"type":', b'{"a":["']))
    def test_the_largest_frame_takes_a_bounded_multiple_of_its_size(
        self, piece: bytes, first: bytes
    ) -> None:
        size = LIMITS.frame_bytes
        frame = (first + piece * (size // len(piece)))[:size]
        tracemalloc.start()
        try:
            self.assertRaises(Refused, parsing.parse, frame, False, size, LIMITS.body_bytes)
            self.assertLess(tracemalloc.get_traced_memory()[1], 40 * size)
        finally:
            tracemalloc.stop()

    @settings(max_examples=60)
    @given(nearly(st.just(content.posted("text", "hi", None)), JSON_PIECES))
    @example(b"[" * 3_000)
    def test_what_is_nearly_a_content_is_read_or_damaged(self, plaintext: bytes) -> None:
        try:
            self.assertIsInstance(content.read(plaintext), dict)
        except Damaged:
            return


class Talk(RuleBasedStateMachine):
    """Two connections of one person, in any order, beside a plain account of what must hold."""

    @initialize()
    def begin(self) -> None:
        self.limits = Limits(posts=2, posts_per_user=3, posts_per_room=50)
        pace = Pace(self.limits)
        self.sides = [Conversation(name, UserId("u-ada"), pace) for name in ("c1", "c2")]
        self.greeted = [False, False]
        self.breaches: list[list[float]] = [[], []]
        self.posts: list[tuple[int, float]] = []
        self.now_s = 1_000.0

    def say(self, side: int, frame: bytes, is_binary: bool = False) -> c.Command | Refused:
        """What comes of it; whatever is neither a command nor Refused fails the test."""
        try:
            command = self.sides[side].receive(frame, is_binary, self.now_s)
        except Refused as refused:
            self.judge(side, refused)
            return refused
        assert isinstance(command, c.Hello) != self.greeted[side], "only a hello comes first, once"
        self.greeted[side] = True
        if isinstance(command, c.Post):
            self.posts.append((side, self.now_s))
        return command

    def judge(self, side: int, refused: Refused) -> None:
        """4400 for what is no frame, 4429 for the 21st breach within 10 s, nothing else."""
        if refused.code is Code.RATE_LIMITED:
            breaches = self.breaches[side]
            breaches.append(self.now_s)
            recent = [at_s for at_s in breaches if at_s > self.now_s - BREACH_WINDOW_S]
            expected = Close.FLOODING if len(recent) > MOST_BREACHES else None
            assert refused.retry_ms is not None
            assert refused.retry_ms > 0
        else:
            assert refused.code in UNKNOWN
            expected = Close.BAD_FRAMES if refused.code is Code.BAD_FRAME else None
            assert refused.retry_ms is None
        assert refused.close == expected, (refused.code, refused.close, expected)

    @rule(side=st.integers(0, 1), frame=FRAMES)
    def says_something_good(self, side: int, frame: bytes) -> None:
        answer = self.say(side, frame)
        if isinstance(answer, Refused):
            assert answer.code is not Code.BAD_FRAME

    @rule(side=st.integers(0, 1))
    def says_hello(self, side: int) -> None:
        was_greeted = self.greeted[side]
        answer = self.say(side, json.dumps(HELLO).encode())
        assert isinstance(answer, Refused) or not was_greeted

    @rule(side=st.integers(0, 1), frame=NEARLY | st.binary(max_size=40))
    def says_anything(self, side: int, frame: bytes) -> None:
        self.say(side, frame)

    @rule(side=st.integers(0, 1))
    def says_everything_before_hello(self, side: int) -> None:
        if not self.greeted[side]:
            for frame in GOOD[1:]:
                assert isinstance(self.say(side, json.dumps(frame).encode()), Refused), frame

    @rule(side=st.integers(0, 1), times=st.integers(1, 60))
    def posts_in_a_row(self, side: int, times: int) -> None:
        self.say(side, json.dumps(HELLO).encode())
        for _ in range(times):
            self.say(side, json.dumps(GOOD[1]).encode())

    @rule(side=st.integers(0, 1), times=st.integers(1, 30))
    def sends_binaries(self, side: int, times: int) -> None:
        for _ in range(times):
            assert isinstance(self.say(side, b"{}", is_binary=True), Refused)

    @rule(side=st.integers(0, 1))
    def sends_too_much(self, side: int) -> None:
        answer = self.say(side, b" " * (self.limits.frame_bytes + 1))
        assert isinstance(answer, Refused)

    @rule(side=st.integers(0, 1))
    def cannot_be_greeted(self, side: int) -> None:
        self.sides[side].not_greeted()
        self.greeted[side] = False

    @rule(side=st.integers(0, 1), has_left=st.booleans())
    def is_seen_in_the_room(self, side: int, has_left: bool) -> None:
        talk = self.sides[side]
        talk.left(GENERAL) if has_left else talk.entered(GENERAL)
        assert talk.is_in(GENERAL) != has_left

    @rule(seconds=st.sampled_from([0.01, 0.5, 1.0, 5.0, 9.99, 10.0, 60.0]))
    def waits(self, seconds: float) -> None:
        self.now_s += seconds

    @invariant()
    def stands_where_it_should(self) -> None:
        """Nothing but a hello opens a connection, and no refusal closes it."""
        for side, talk in enumerate(self.sides):
            assert (talk.state is State.OPEN) == self.greeted[side]

    @invariant()
    def no_more_posts_than_allowed(self) -> None:
        """In no stretch of time more than the burst and what has been refilled."""
        for whose, rate in ((0, self.limits.posts), (1, self.limits.posts), (None, 3)):
            times = [at_s for side, at_s in self.posts if whose in (side, None)]
            for first, begin_s in enumerate(times):
                allowed = rate * BURST + rate * (self.now_s - begin_s)
                assert len(times) - first <= allowed + 1e-6


class AnyTalk(SynchronousTestCase):
    def test_in_any_order_nothing_is_legal_before_hello_and_every_close_is_exact(self) -> None:
        run_state_machine_as_test(Talk, settings=settings(max_examples=15, stateful_step_count=25))

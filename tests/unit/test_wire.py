"""Frames: strict on the way in, exact on the way out."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import TestCase

from securechat.core import commands as c
from securechat.core import parsing, wire
from securechat.core.encoding import b64url
from securechat.core.errors import Close, Code, Refused
from securechat.core.model import MessageId, Room, RoomId, UserId
from securechat.core.settings import Limits

LIMITS = Limits()
MID = MessageId("A" * 22)
G, U = RoomId("general"), UserId("u")

FIELDS = (
    *("id", "room", "body", "since", "before", "limit", "ids", "key", "kind", "target", "seq"),
    *("after", "banned", "name", "topic", "history", "people", "archived", "text", "token"),
    *("expires_s", "uses", "user", "revoke", "seconds", "role", "reason"),
)


def parse(frame: bytes | dict[str, Any], is_binary: bool = False) -> c.Command:
    data = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
    return parsing.parse(data, is_binary, LIMITS.frame_bytes, LIMITS.body_bytes)


def post(**fields: Any) -> dict[str, Any]:
    return {"type": "post", "id": MID, "room": "general", "body": "hello", **fields}


class Frames(TestCase):
    def refusal(self, frame: bytes | dict[str, Any], is_binary: bool = False) -> Refused:
        refused = self.assertRaises(Refused, parse, frame, is_binary)
        assert isinstance(refused, Refused)
        return refused

    def test_what_is_no_frame_is_told_so_and_ends_the_connection(self) -> None:
        for frame in (
            b"",
            b"null",
            b"[]",
            b'"text"',
            b"{",
            b"{}",
            b'{"type":null}',
            b'{"type":"dance"}',
            b'{"type":"post","type":"post"}',
            b'{"type":"post","id":NaN}',
            b'{"type":"post","id":Infinity}',
            b'{"type":"post","body":"\xff"}',
            b'{"type":"post","body":"\xed\xa0\x80"}',
            b'{"type":"post","body":"\\ud800"}',
            b'{"type":"post","\\udfff":1}',
            b'{"type":"post","seq":' + b"9" * 5000 + b"}",
            b'{"type":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
            b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
            b'\xef\xbb\xbf{"type":"post"}',
        ):
            refused = self.refusal(frame)
            self.assertEqual(refused.code, Code.BAD_FRAME, frame[:40])
            self.assertEqual(refused.close, Close.BAD_FRAMES)

    def test_a_binary_frame_is_no_frame(self) -> None:
        refused = self.refusal(json.dumps(post()).encode(), is_binary=True)
        self.assertEqual(refused.code, Code.BAD_FRAME)

    def test_a_frame_of_256_kib_is_read_and_one_byte_more_is_not(self) -> None:
        frame = json.dumps(post()).encode()
        self.assertIsInstance(parse(frame.ljust(262_144)), c.Post)
        self.assertEqual(self.refusal(frame.ljust(262_145)).code, Code.BAD_FRAME)

    def test_a_body_of_32_kib_is_taken_and_one_byte_more_is_too_large(self) -> None:
        for body in ("a" * 32_768, "ü" * 16_384, "\n" * 32_768, "\x01" * 32_768):
            self.assertIsInstance(parse(post(body=body)), c.Post)
            refused = self.refusal(post(body=body + "a"))
            self.assertEqual((refused.code, refused.request), (Code.TOO_LARGE, MID))
            self.assertIsNone(refused.close)

    def test_a_known_command_with_wrong_content_is_answered_under_its_id(self) -> None:
        for frame in (
            post(body=""),
            post(body=7),
            post(body=None),
            post(room="no such/room"),
            post(room="r" * 33),
            post(room=7),
            post(kind="edit"),
            post(kind="edit", target=0),
            post(kind="edit", target="1"),
            post(kind="joined", target=1),
            post(kind=7),
            post(target=1),
            post(kind="text", target=1),
            post(kind="reaction", target=1, body="yes"),
            post(kind="reaction", target=1, body="👍 👍"),
            post(kind="reaction", target=1, body="👍" * 17),
            {"type": "post", "id": MID, "room": "general"},
            {"type": "subscribe", "id": "s", "room": "general", "since": -1},
            {"type": "subscribe", "id": "s", "room": "general", "since": "1"},
            {"type": "subscribe", "id": "s", "room": "general", "since": True},
            {"type": "subscribe", "id": "s", "room": "general", "since": 1.0},
            {"type": "subscribe", "id": "s", "room": "general", "since": 2**53},
            {"type": "history", "id": "h", "room": "general", "limit": 10},
            {"type": "history", "id": "h", "room": "general", "before": 0, "limit": 10},
            {"type": "history", "id": "h", "room": "general", "before": 9, "limit": 201},
            {"type": "history", "id": "h", "room": "general", "before": 9, "limit": 0},
            {"type": "people", "id": "p", "ids": []},
            {"type": "people", "id": "p", "ids": ["u"] * 201},
            {"type": "people", "id": "p", "ids": [1]},
            {"type": "people", "id": "p", "ids": "u"},
            {"type": "unsubscribe", "id": "u"},
            {"type": "typing", "id": "t", "room": 7},
            {"type": "read", "id": "r", "room": "general", "seq": -1},
            {"type": "delete", "id": "d", "room": "general", "seq": 0},
            {"type": "members", "id": "m", "room": "general", "after": 7},
            {"type": "members", "id": "m", "room": "general", "banned": "yes"},
            {"type": "members", "id": "m", "room": "general", "after": "x" * 65},
            {"type": "create_room", "id": "c"},
            {"type": "create_room", "id": "c", "kind": "public"},
            {"type": "create_room", "id": "c", "kind": "public", "name": ""},
            {"type": "create_room", "id": "c", "kind": "public", "name": "x" * 65},
            {"type": "create_room", "id": "c", "kind": "public", "name": "a\u202eb"},
            {"type": "create_room", "id": "c", "kind": "secret", "name": "x"},
            {"type": "create_room", "id": "c", "kind": "public", "name": "x", "history": "some"},
            {"type": "create_room", "id": "c", "kind": "public", "name": "x", "topic": "x" * 251},
            {"type": "create_room", "id": "c", "kind": "direct"},
            {"type": "create_room", "id": "c", "kind": "direct", "people": ["u"] * 8},
            {"type": "rename_room", "id": "n", "room": "general", "name": "\n"},
            {"type": "set_topic", "id": "t", "room": "general"},
            {"type": "archive_room", "id": "a", "room": "general", "archived": 1},
            {"type": "find_rooms", "id": "f", "text": "x" * 65},
            {"type": "join_room", "id": "j"},
            {"type": "join_room", "id": "j", "token": "x" * 65},
            {"type": "leave_room", "id": "l", "room": ""},
            {"type": "invite", "id": "i", "room": "general", "expires_s": 0},
            {"type": "invite", "id": "i", "room": "general", "expires_s": 31 * 86_400},
            {"type": "invite", "id": "i", "room": "general", "uses": 0},
            {"type": "invite", "id": "i", "room": "general", "uses": 1_001},
            {"type": "invite", "id": "i", "room": "general", "user": None},
            {"type": "kick", "id": "k", "room": "general"},
            {"type": "ban", "id": "b", "room": "general", "user": "no/one"},
            {"type": "unban", "id": "u", "room": "general", "user": 7},
            {"type": "mute", "id": "m", "room": "general", "user": "u", "seconds": 0},
            {"type": "unmute", "id": "u", "room": "general", "user": ""},
            {"type": "set_role", "id": "s", "room": "general", "user": "u", "role": "king"},
            {"type": "report", "id": "r", "room": "general", "seq": 0},
            {"type": "report", "id": "r", "room": "general", "seq": 1, "reason": "x" * 1_001},
        ):
            refused = self.refusal(frame)
            self.assertEqual(refused.code, Code.BAD_COMMAND, frame)
            self.assertEqual(refused.request, frame["id"])
            self.assertIsNone(refused.close)

    def test_an_id_that_cannot_be_repeated_is_not_repeated(self) -> None:
        for bad in (None, 7, "", "x" * 65, ["a"]):
            refused = self.refusal({"type": "subscribe", "id": bad, "room": "general"})
            self.assertEqual((refused.code, refused.request), (Code.BAD_COMMAND, None))

    def test_a_post_needs_an_id_of_22_characters(self) -> None:
        for mid in ("A" * 21, "A" * 23, "A" * 21 + "+", "A" * 21 + "é"):
            self.assertEqual(self.refusal(post(id=mid)).code, Code.BAD_COMMAND)

    def test_every_command_is_read_with_its_defaults(self) -> None:
        room = {"id": "r", "room": "general"}
        for frame, command in (
            (post(), c.Post(MID, G, "hello")),
            (post(kind="text"), c.Post(MID, G, "hello")),
            (post(kind="reply", target=3), c.Post(MID, G, "hello", "reply", 3)),
            (post(kind="edit", target=3), c.Post(MID, G, "hello", "edit", 3)),
            (post(kind="reaction", target=3, body="👍🏽"), c.Post(MID, G, "👍🏽", "reaction", 3)),
            ({"type": "delete", **room, "seq": 3}, c.Delete("r", G, 3)),
            ({"type": "unsubscribe", "room": "general"}, c.Unsubscribe(G)),
            ({"type": "read", "room": "general", "seq": 0}, c.Read(G, 0)),
            ({"type": "typing", "room": "general"}, c.Typing(G)),
            ({"type": "members", **room}, c.Members("r", G, "", False)),
            (
                {"type": "create_room", "id": "r", "kind": "private", "name": " Den "},
                c.CreateRoom("r", "private", "Den"),
            ),
            (
                {"type": "create_room", "id": "r", "kind": "direct", "people": ["u", "u", "v"]},
                c.CreateRoom("r", "direct", people=(U, UserId("v"))),
            ),
            ({"type": "rename_room", **room, "name": "x"}, c.RenameRoom("r", G, "x")),
            ({"type": "set_topic", **room, "topic": ""}, c.SetTopic("r", G, "")),
            ({"type": "archive_room", **room}, c.ArchiveRoom("r", G, True)),
            ({"type": "find_rooms", "id": "r"}, c.FindRooms("r", "", "")),
            ({"type": "join_room", **room}, c.JoinRoom("r", G, None)),
            ({"type": "join_room", "id": "r", "token": "t"}, c.JoinRoom("r", None, "t")),
            ({"type": "leave_room", **room}, c.LeaveRoom("r", G)),
            ({"type": "invite", **room}, c.Invite("r", G, 7 * 86_400, 1)),
            ({"type": "invite", **room, "user": "u"}, c.AddMember("r", G, U)),
            ({"type": "invite", **room, "revoke": True}, c.RevokeInvites("r", G)),
            ({"type": "kick", **room, "user": "u"}, c.Kick("r", G, U)),
            ({"type": "ban", **room, "user": "u"}, c.Ban("r", G, U)),
            ({"type": "unban", **room, "user": "u"}, c.Unban("r", G, U)),
            ({"type": "mute", **room, "user": "u"}, c.Mute("r", G, U, None)),
            ({"type": "mute", **room, "user": "u", "seconds": 60}, c.Mute("r", G, U, 60)),
            ({"type": "unmute", **room, "user": "u"}, c.Unmute("r", G, U)),
            (
                {"type": "set_role", **room, "user": "u", "role": "owner"},
                c.SetRole("r", G, U, "owner"),
            ),
            ({"type": "report", **room, "seq": 3}, c.Report("r", G, 3, "")),
        ):
            self.assertEqual(parse(frame), command)

    def test_a_hello_needs_version_1_a_point_and_a_nonce(self) -> None:
        hello = {
            "type": "hello",
            "version": 1,
            "key": b64url(b"\x04" * 65),
            "nonce": b64url(bytes(32)),
        }
        self.assertEqual(parse(hello), c.Hello(b"\x04" * 65, bytes(32)))
        for change in (
            {"version": 2},
            {"version": "1"},
            {"key": b64url(bytes(64))},
            {"key": "=" * 87},
            {"nonce": ""},
        ):
            self.assertEqual(self.refusal(hello | change).code, Code.BAD_COMMAND)

    def test_unknown_fields_are_ignored(self) -> None:
        self.assertEqual(parse(post(colour="red")), parse(post()))

    @given(st.binary(max_size=300))
    @settings(max_examples=300)
    def test_no_bytes_do_anything_but_parse_or_be_refused(self, frame: bytes) -> None:
        try:
            parse(frame)
        except Refused as refused:
            self.assertIn(refused.code, {Code.BAD_FRAME, Code.BAD_COMMAND})

    @given(
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=8,
        ),
        st.sampled_from(sorted(parsing.COMMANDS)),
        st.sampled_from(FIELDS),
    )
    @settings(max_examples=300)
    def test_no_value_in_any_field_does_anything_else(
        self, value: Any, kind: str, name: str
    ) -> None:
        try:
            parse({"type": kind, "id": MID, "room": "general", name: value})
        except Refused as refused:
            self.assertIn(refused.code, {Code.BAD_FRAME, Code.BAD_COMMAND, Code.TOO_LARGE})


class Answers(TestCase):
    def test_an_error_says_code_text_and_whether_to_retry(self) -> None:
        frame = json.loads(wire.encode_error(Refused(Code.UNAVAILABLE, request="x")))
        self.assertEqual(
            frame,
            {
                "type": "error",
                "id": "x",
                "code": "unavailable",
                "text": "The server cannot store messages right now.",
                "retry": True,
            },
        )

    def test_a_limit_says_when_to_come_back(self) -> None:
        frame = json.loads(wire.encode_error(Refused(Code.RATE_LIMITED, "slow", retry_ms=250)))
        self.assertEqual((frame["retry_ms"], frame["id"], frame["retry"]), (250, None, True))

    def test_a_room_is_shown_with_its_people_only_where_it_is_direct(self) -> None:
        room = Room(G, "General", "public", "", 7, 5, 2, unread=2, mentions=1)
        shown = wire.room_fields(room)
        self.assertEqual((shown["id"], shown["unread"], shown["mentions"]), ("general", 2, 1))
        self.assertNotIn("people", shown)
        direct = Room(G, "", "direct", "", 0, 0, 2, people=(U,))
        self.assertEqual(wire.room_fields(direct)["people"], ["u"])

    def test_a_text_frame_has_the_shortest_header_of_rfc_6455(self) -> None:
        for length, header in (
            (0, b"\x81\x00"),
            (125, b"\x81\x7d"),
            (126, b"\x81\x7e\x00\x7e"),
            (65_535, b"\x81\x7e\xff\xff"),
            (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
        ):
            self.assertEqual(wire.text_frame(bytes(length)), header + bytes(length))

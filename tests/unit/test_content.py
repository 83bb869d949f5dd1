"""What events say: built and read back, padded; who is called by name; what is a reaction."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from securechat.core import content
from securechat.core.errors import Damaged
from securechat.core.model import UserId

EVE = UserId("u-eve")


class Saying(SynchronousTestCase):
    def test_every_kind_is_json_with_its_fields_and_padded(self) -> None:
        for plaintext, fields in (
            (content.posted("text", "hi", None), {"kind": "text", "body": "hi"}),
            (content.posted("edit", "ho", 3), {"kind": "edit", "target": 3, "body": "ho"}),
            (content.deleted(3, (4, 5)), {"kind": "deleted", "target": 3, "edits": [4, 5]}),
            (content.about("joined", EVE), {"kind": "joined", "user": "u-eve"}),
            (
                content.about("muted", EVE, until=None),
                {"kind": "muted", "user": "u-eve", "until": None},
            ),
            (content.said("topic", topic="Grüße"), {"kind": "topic", "topic": "Grüße"}),
        ):
            self.assertEqual(content.read(plaintext), fields)
            self.assertEqual(len(plaintext), 128)

    def test_what_is_no_content_is_damaged(self) -> None:
        for plaintext in (b"", b"null", b"[]", b"{}", b'{"kind":1}', b"\xff", b'{"kind":"text"'):
            self.assertRaises(Damaged, content.read, plaintext)

    @given(st.text(st.characters(exclude_categories=["Cs"])))
    def test_any_text_comes_back(self, body: str) -> None:
        self.assertEqual(content.read(content.posted("text", body, None))["body"], body)
        self.assertEqual(json.loads(content.posted("reply", body, 1))["body"], body)


class Calling(SynchronousTestCase):
    def test_whoever_is_called_with_an_at_is_found_once_and_folded(self) -> None:
        for body, names in (
            ("@eve", ("eve",)),
            ("hello @Eve, @eve and @ADA!", ("eve", "ada")),
            ("(@eve) @ada_l: @k.i.m", ("eve", "ada_l", "k.i.m")),
            ("thanks @eve.", ("eve.", "eve")),
            ("@eve-", ("eve-", "eve")),
            ("mail eve@example.org", ()),
            ("@@eve x@eve .@eve", ()),
            ("@ev", ()),
            ("@" + "x" * 40, ("x" * 32,)),
            ("", ()),
        ):
            self.assertEqual(content.mentioned(body), names, body)

    def test_one_message_calls_only_so_many(self) -> None:
        body = " ".join(f"@name{number}" for number in range(1_000))
        self.assertEqual(len(content.mentioned(body)), content.MOST_MENTIONS)

    @given(st.text())
    def test_no_text_breaks_it(self, body: str) -> None:
        for name in content.mentioned(body):
            self.assertEqual(name, name.lower())


class Reacting(SynchronousTestCase):
    def test_emoji_are_reactions(self) -> None:
        for body in (
            *("👍", "👍🏽", "❤️", "❤", "👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🇩🇪", "✅", "🏳️‍🌈", "☺️", "👁️‍🗨️"),
            *("1️⃣", "#️⃣", "*⃣", "‼️", "⁉️", "ℹ️", "〰️", "↔️", "©️", "™️", "㊗️", "🅰️", "◽"),
            *("\U0001fae8", "👩🏽‍❤️‍💋‍👨🏾", "🎉🎉🎉", "+1️⃣"[1:]),
        ):
            self.assertIsNone(content.complaint_about_reaction(body), body)

    def test_words_spaces_and_long_rows_are_not(self) -> None:
        for body in ("yes", "👍 ", "👍\n", "\u202e👍", "é", "👍" * 17, "\u2028"):
            self.assertIsNotNone(content.complaint_about_reaction(body), body)

    def test_digits_punctuation_and_loose_marks_are_not(self) -> None:
        for body in (
            *("1234!!!!", "1", "#", "*", "!", "?", "+1", "<3", "=", "^", "`", "|", "~", "´", "¨"),
            *("\u0301", "👍\u0301\u0301\u0301", "\u20e3", "👍\u20e3", "a\ufe0f\u20e3", "12️⃣"),
            *("\u200d", "\ufe0f", "\U000e0067", "\u200d👍", "👍\u200b", "👍\ufe0e", "", "٣", "€"),
            "🏴" * 9,
        ):
            self.assertIsNotNone(content.complaint_about_reaction(body), body)

"""What is secret is compared in constant time, so that no time tells how much was right."""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from securechat.bus.codec import Codec, Unheard
from securechat.core import envelope
from securechat.core.errors import Damaged
from securechat.core.keys import RootKeys
from securechat.core.model import Draft, MessageId, RoomId, UserId
from securechat.core.ports import RoomsChanged
from securechat.web.macs import Macs

from .fakes_web import Web

NOW_MS = 1_700_000_000_000


class Compared(SynchronousTestCase):
    """All of Python's other comparisons end at the first byte that differs."""

    def setUp(self) -> None:
        self.pairs: list[tuple[bytes, bytes]] = []
        real = hmac.compare_digest

        def noticed(one: bytes, other: bytes) -> bool:
            self.pairs.append((one, other))
            return real(one, other)

        self.patch(hmac, "compare_digest", noticed)

    def assertCompared(self, secret: bytes, ask: Callable[[], object]) -> None:
        """``ask`` compares ``secret``, whole, with what came, and in this way."""
        self.pairs.clear()
        ask()
        self.assertIn(secret, [one for pair in self.pairs for one in pair])

    def test_tokens_of_forms_and_marks_of_browsers(self) -> None:
        macs = Macs(lambda: [b"k" * 32])
        self.assertCompared(macs.make("word").encode(), lambda: macs.holds("A" * 43, "word"))

    def test_the_token_that_makes_the_first_administrator(self) -> None:
        administration = Web().administration
        token = administration.setup_token
        self.assertCompared(token.encode(), lambda: administration.may_set_up("A" * 43))

    def test_messages_of_the_bus(self) -> None:
        codec = Codec(lambda: [b"k" * 32], "one", lambda: NOW_MS)
        mac, _, body = codec.encode(RoomsChanged(UserId("ada"))).partition(b" ")

        def hear() -> None:
            other = Codec(lambda: [b"k" * 32], "two", lambda: NOW_MS)
            with self.assertRaises(Unheard):
                other.decode(b"A" * len(mac) + b" " + body)

        self.assertCompared(mac, hear)

    def test_tags_of_messages_and_before_anything_is_decrypted(self) -> None:
        text = envelope.padded(b'{"kind":"text"}')
        draft = Draft(RoomId("general"), MessageId("m" * 22), UserId("ada"), NOW_MS, text)
        event = envelope.seal(draft, 1, "general.1", bytes(32))

        def read() -> None:
            with self.assertRaises(Damaged):
                envelope.open_event(replace(event, tag=bytes(32)), "general.1", bytes(32))

        self.patch(envelope, "Cipher", None)
        self.assertCompared(event.tag, read)

    def test_what_proves_that_keyring_and_database_belong_together(self) -> None:
        mine = RootKeys("d" * 22, {1: os.urandom(32)})
        theirs = RootKeys("d" * 22, {1: os.urandom(32)}).identity()
        self.assertCompared(mine.identity().checks[1], lambda: mine.misfit(theirs))

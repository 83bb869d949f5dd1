"""The key hierarchy: one key a purpose, room keys by epoch, channel keys by connection."""

from __future__ import annotations

import os
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twisted.trial.unittest import TestCase

from securechat.core import envelope, keys
from securechat.core.errors import Damaged
from securechat.core.model import Draft, MessageId, RoomId, UserId

GENERAL = RoomId("general")
NOW_MS = 1_700_000_000_000


def roots() -> keys.RootKeys:
    return keys.RootKeys(database_id="db", keys={1: os.urandom(32)})


class Purposes(TestCase):
    def test_every_purpose_has_its_own_key(self) -> None:
        root = os.urandom(32)
        made = {keys.purpose_key(root, name) for name in ("pepper", "csrf", "audit")}
        self.assertEqual(len(made), 3)

    def test_room_and_epoch_cannot_be_confused_with_each_other(self) -> None:
        root = os.urandom(32)
        places = [("a", 1), ("a", 2), ("b", 1), ("a1", 1), ("a", 0x31000000)]
        made = {keys.room_wrapping_key(root, RoomId(room), epoch) for room, epoch in places}
        self.assertEqual(len(made), len(places))

    def test_a_keyring_knows_its_own_database_only(self) -> None:
        mine, other = roots(), roots()
        self.assertIsNone(mine.misfit(mine.identity()))
        self.assertIn("another database", other.misfit(mine.identity()) or "")
        renamed = keys.RootKeys(database_id="other", keys=mine.keys)
        self.assertIn("another database", renamed.misfit(mine.identity()) or "")

    def test_a_keyring_must_have_every_root_key_in_service_and_no_other_under_its_number(
        self,
    ) -> None:
        first = roots()
        both, elsewhere = (first.adding(2, os.urandom(32), 0) for _ in range(2))
        known = both.identity()
        self.assertIsNone(both.misfit(known))
        self.assertIn("lacks root key 2", first.misfit(known) or "")
        self.assertIn("root key 2 is not the one", elsewhere.misfit(known) or "")
        self.assertIn("lacks root key 1", both.without(1).misfit(known) or "")
        retired = replace(known, checks={**known.checks, 1: b""})
        for fitting in (both, both.without(1)):
            self.assertIsNone(fitting.misfit(retired))

    def test_a_new_root_key_is_news_for_the_database_until_it_knows_it(self) -> None:
        first = roots()
        both = first.adding(2, os.urandom(32), 0)
        self.assertIsNone(both.misfit(first.identity()))
        news = both.news_for(first.identity())
        assert news is not None
        self.assertEqual(list(news.checks), [2])
        self.assertIsNone(both.news_for(both.identity()))

    def test_a_root_key_is_never_shown_by_repr(self) -> None:
        mine = roots()
        self.assertNotIn(repr(mine.keys[1])[2:-1], repr(mine))


class RoomKeysTests(TestCase):
    def setUp(self) -> None:
        self.room_keys = keys.RoomKeys(roots())
        self.key = self.room_keys.new_key(GENERAL, 1, 1, NOW_MS)

    def test_a_sealed_event_opens_under_its_stored_key(self) -> None:
        draft = Draft(
            GENERAL, MessageId("m" * 22), UserId("u"), NOW_MS, envelope.padded(b'{"kind":"text"}')
        )
        event = self.room_keys.seal(draft, 1, self.key)
        self.assertEqual(self.room_keys.open(event, self.key), draft.plaintext)
        self.assertEqual(envelope.kid_of(event), "general.1")

    def test_a_room_key_row_moved_to_another_room_or_epoch_does_not_open(self) -> None:
        for moved in (replace(self.key, room=RoomId("x")), replace(self.key, epoch=2)):
            with self.assertRaises(Damaged):
                self.room_keys.unwrap(moved)

    def test_every_flipped_bit_of_a_room_key_row_is_refused(self) -> None:
        for bit in range(len(self.key.wrapped) * 8):
            flipped = bytearray(self.key.wrapped)
            flipped[bit // 8] ^= 1 << (bit % 8)
            with self.assertRaises(Damaged):
                self.room_keys.unwrap(replace(self.key, wrapped=bytes(flipped)))

    def test_a_root_key_that_is_missing_is_named(self) -> None:
        with self.assertRaisesRegex(Damaged, "root key 9"):
            self.room_keys.unwrap(replace(self.key, root_id=9))

    def test_a_new_epoch_is_due_after_a_day_or_a_million_events(self) -> None:
        self.assertFalse(self.room_keys.outdated(self.key, 2, NOW_MS + keys.EPOCH_MS - 1))
        self.assertTrue(self.room_keys.outdated(self.key, 2, NOW_MS + keys.EPOCH_MS))
        self.assertFalse(self.room_keys.outdated(self.key, keys.EPOCH_EVENTS, NOW_MS))
        self.assertTrue(self.room_keys.outdated(self.key, 1 + keys.EPOCH_EVENTS, NOW_MS))

    def test_keys_that_were_unwrapped_are_forgotten_in_the_end(self) -> None:
        self.patch(keys, "_ROOM_KEYS_KEPT", 3)
        for epoch in range(2, 9):
            self.room_keys.unwrap(self.room_keys.new_key(GENERAL, epoch, 1, NOW_MS))
        self.assertEqual(len(self.room_keys._unwrapped), 3)


class Channels(TestCase):
    def test_both_sides_agree_and_a_room_key_travels(self) -> None:
        private_key = generate_private_key(SECP256R1())
        point = private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        nonce = os.urandom(32)
        channel = keys.agree(point, nonce)
        theirs = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), channel.point)
        shared = private_key.exchange(ECDH(), theirs)
        mine = keys.channel_key(shared, point, nonce, channel.point, channel.nonce)
        room_key = os.urandom(32)
        self.assertEqual(aes_key_unwrap(mine, channel.wrap(room_key)), room_key)

    def test_two_connections_never_share_a_channel_key(self) -> None:
        point = (
            generate_private_key(SECP256R1())
            .public_key()
            .public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        )
        first, second = keys.agree(point, bytes(32)), keys.agree(point, bytes(32))
        self.assertNotEqual(first.key, second.key)

    def test_a_point_off_the_curve_is_refused(self) -> None:
        for point in (b"\x04" + bytes(64), bytes(65), b"\x04" * 64, b"\x02" + b"\x01" * 64):
            with self.assertRaises(ValueError):
                keys.agree(point, bytes(32))

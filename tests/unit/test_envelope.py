"""The envelope against the published vectors, an independent library, and every flipped bit."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import OctKey
from twisted.trial.unittest import TestCase

from securechat.core import envelope, keys
from securechat.core.encoding import b64url, from_b64url
from securechat.core.errors import Damaged
from securechat.core.model import Draft, MessageId, RoomId, StoredEvent, UserId

ROOM_KEY = bytes(range(32))
KID = "general.7"
DRAFT = Draft(
    room=RoomId("general"),
    mid=MessageId("AAAAAAAAAAAAAAAAAAAAAA"),
    author=UserId("u-ada"),
    time_ms=1_700_000_000_000,
    plaintext=envelope.padded(b'{"kind":"text","body":"Gr\xc3\xbc\xc3\x9fe"}'),
)


def sealed(draft: Draft = DRAFT, seq: int = 42) -> StoredEvent:
    return envelope.seal(draft, seq, KID, ROOM_KEY)


def changed(event: StoredEvent, name: str, value: bytes) -> StoredEvent:
    part: dict[str, Any] = {name: value}
    return replace(event, **part)


class Vectors(TestCase):
    def test_rfc_7518_appendix_b3_is_reproduced(self) -> None:
        key = bytes(range(64))
        plaintext = (
            b"A cipher system must not be required to be secret, and it must be able to fall into "
            b"the hands of the enemy without inconvenience"
        )
        iv = bytes.fromhex("1af38c2dc2b96ffdd86694092341bc04")
        aad = b"The second principle of Auguste Kerckhoffs"
        ciphertext, tag = envelope.encrypt(key, iv, plaintext, aad)
        self.assertEqual(
            ciphertext.hex(),
            "4affaaadb78c31c5da4b1b590d10ffbd3dd8d5d302423526912da037ecbcc7bd"
            "822c301dd67c373bccb584ad3e9279c2e6d12a1374b77f077553df829410446b"
            "36ebd97066296ae6427ea75c2e0846a11a09ccf5370dc80bfecbad28c73f09b3"
            "a3b75e662a2594410ae496b2e2e6609e31e6e02cc837f053d21f37ff4f51950b"
            "be2638d09dd7a4930930806d0703b1f6",
        )
        self.assertEqual(
            tag.hex(), "4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5"
        )
        self.assertEqual(envelope.decrypt(key, iv, ciphertext, tag, aad), plaintext)

    def test_rfc_3394_section_4_6_is_reproduced(self) -> None:
        key = bytes.fromhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
        data = bytes.fromhex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f")
        self.assertEqual(
            aes_key_wrap(key, data).hex(),
            "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21",
        )

    def test_rfc_5869_case_3_is_reproduced(self) -> None:
        # The case without salt and info; ours are the first 32 of its 42 bytes.
        self.assertEqual(
            keys.hkdf(b"\x0b" * 22, b"").hex(),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d",
        )


class Sealing(TestCase):
    def test_what_is_sealed_opens_again(self) -> None:
        self.assertEqual(envelope.open_event(sealed(), KID, ROOM_KEY), DRAFT.plaintext)

    def test_the_parts_have_the_promised_lengths(self) -> None:
        event = sealed()
        self.assertEqual((len(event.encrypted_key), len(event.iv), len(event.tag)), (72, 16, 32))

    def test_the_key_that_a_header_names_is_known_without_reading_it(self) -> None:
        event = sealed()
        self.assertTrue(envelope.is_under(event, KID))
        for other in ("general.70", "general.", "other.7"):
            self.assertFalse(envelope.is_under(event, other))
        # Whoever wrote the header in another order is understood too.
        fields = dict(reversed(json.loads(event.protected).items()))
        self.assertTrue(
            envelope.is_under(changed(event, "protected", json.dumps(fields).encode()), KID)
        )
        self.assertFalse(envelope.is_under(changed(event, "protected", b"{"), KID))

    def test_an_independent_library_opens_it(self) -> None:
        flattened = json.loads(envelope.encode(sealed()))
        registry = jwe.JWERegistry(
            algorithms=["A256KW", "A256CBC-HS512"], strict_check_header=False
        )
        opened = jwe.decrypt_json(flattened, OctKey.import_key(ROOM_KEY), registry=registry)
        self.assertEqual(opened.plaintext, DRAFT.plaintext)
        self.assertEqual(opened.protected["from"], "u-ada")

    def test_no_two_seals_share_key_or_iv(self) -> None:
        first, second = sealed(), sealed()
        self.assertNotEqual(first.encrypted_key, second.encrypted_key)
        self.assertNotEqual(first.iv, second.iv)
        self.assertNotEqual(first.ciphertext, second.ciphertext)

    def test_every_flipped_bit_in_every_field_is_refused(self) -> None:
        event = sealed()
        for name in ("protected", "encrypted_key", "iv", "ciphertext", "tag"):
            value: bytes = getattr(event, name)
            for bit in range(len(value) * 8):
                flipped = bytearray(value)
                flipped[bit // 8] ^= 1 << (bit % 8)
                broken = changed(event, name, bytes(flipped))
                with self.assertRaises(Damaged, msg=f"{name} bit {bit}"):
                    envelope.open_event(broken, KID, ROOM_KEY)

    def test_a_truncated_or_longer_field_is_refused(self) -> None:
        event = sealed()
        for name in ("protected", "encrypted_key", "iv", "ciphertext", "tag"):
            value: bytes = getattr(event, name)
            for other in (b"", value[:-1], value[1:], value + b"\0", value + value):
                with self.assertRaises(Damaged, msg=name):
                    envelope.open_event(changed(event, name, other), KID, ROOM_KEY)

    def test_an_event_moved_to_another_room_number_or_author_is_refused(self) -> None:
        event = sealed()
        for other in (
            replace(event, room=RoomId("secrets")),
            replace(event, seq=43),
            replace(event, author=UserId("u-eve")),
            replace(event, mid=MessageId("BBBBBBBBBBBBBBBBBBBBBB")),
        ):
            with self.assertRaises(Damaged):
                envelope.open_event(other, KID, ROOM_KEY)

    def test_another_key_or_key_id_is_refused(self) -> None:
        with self.assertRaises(Damaged):
            envelope.open_event(sealed(), "general.8", ROOM_KEY)
        with self.assertRaises(Damaged):
            envelope.open_event(sealed(), KID, bytes(32))

    def test_parts_of_two_events_do_not_mix(self) -> None:
        first, second = sealed(seq=1), sealed(seq=2)
        for name in ("protected", "encrypted_key", "iv", "ciphertext", "tag"):
            with self.assertRaises(Damaged, msg=name):
                mixed = changed(first, name, getattr(second, name))
                envelope.open_event(mixed, KID, ROOM_KEY)


class Padding(TestCase):
    @given(st.binary(max_size=5000))
    @settings(max_examples=100)
    def test_padding_only_adds_spaces(self, text: bytes) -> None:
        padded = envelope.padded(text)
        self.assertEqual(padded[: len(text)], text)
        self.assertEqual(padded[len(text) :].strip(b" "), b"")

    def test_short_texts_are_all_alike_and_long_ones_fall_into_few_buckets(self) -> None:
        self.assertEqual({envelope.bucket_bytes(n) for n in range(129)}, {128})
        sizes = {envelope.bucket_bytes(n) for n in range(32_768)}
        self.assertLess(len(sizes), 140)
        for n in (129, 1000, 4097, 32_768, 200_000):
            self.assertLessEqual(n, envelope.bucket_bytes(n))
            self.assertLess(envelope.bucket_bytes(n), n * 1.12)


class Encoding(TestCase):
    @given(st.binary(max_size=200))
    def test_base64url_comes_back(self, data: bytes) -> None:
        self.assertEqual(from_b64url(b64url(data)), data)

    def test_every_value_has_one_spelling(self) -> None:
        for text in ("AB", "A", "AA==", "A A", "+/", "ÄÄ", "AA\n"):
            with self.assertRaises(ValueError, msg=text):
                from_b64url(text)

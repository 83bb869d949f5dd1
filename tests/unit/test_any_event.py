"""Whatever somebody makes of a sealed event: damaged, and never text."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from securechat.core import envelope
from securechat.core.encoding import from_b64url
from securechat.core.errors import Damaged
from securechat.core.model import StoredEvent

from .nearly import JSON_PIECES, nearly
from .test_envelope import DRAFT, KID, ROOM_KEY, sealed

EVENT = sealed()
OTHER = sealed(seq=43)
PARTS = ("protected", "encrypted_key", "iv", "ciphertext", "tag")
COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "room": st.text(max_size=20),
    "seq": st.integers(),
    "mid": st.text(max_size=30),
    "author": st.text(max_size=20),
}


def part(name: str) -> st.SearchStrategy[bytes]:
    """Something for one part of an event: nearly its own, another's, or anything."""
    own: bytes = getattr(EVENT, name)
    pieces = JSON_PIECES if name == "protected" else (b"", b"\0", b"\x10" * 16, own)
    return st.one_of(
        nearly(st.just(own), pieces),
        st.sampled_from(pieces),
        st.just(getattr(OTHER, name)),
        st.binary(max_size=80),
        st.just(b""),
    )


CHANGES = st.fixed_dictionaries({}, optional={name: part(name) for name in PARTS} | COLUMNS)


class AnyEvent(SynchronousTestCase):
    @settings(max_examples=200)
    @given(CHANGES)
    @example({"protected": b"[" * 3_000})
    def test_what_was_changed_in_any_way_is_damaged_and_never_text(
        self, changes: dict[str, Any]
    ) -> None:
        event: StoredEvent = replace(EVENT, **changes)
        envelope.is_under(event, KID)
        envelope.kid_of(event)
        if event == EVENT:
            self.assertEqual(envelope.open_event(event, KID, ROOM_KEY), DRAFT.plaintext)
        else:
            self.assertRaises(Damaged, envelope.open_event, event, KID, ROOM_KEY)

    @settings(max_examples=50)
    @given(st.text(max_size=30), st.binary(min_size=32, max_size=32))
    def test_it_opens_under_no_other_key(self, kid: str, key: bytes) -> None:
        if kid != KID:
            self.assertRaises(Damaged, envelope.open_event, EVENT, kid, ROOM_KEY)
        if key != ROOM_KEY:
            self.assertRaises(Damaged, envelope.open_event, EVENT, KID, key)

    @settings(max_examples=50)
    @given(st.sampled_from([None, 0, 1, 4]), st.sampled_from([(",", ": "), (" ,", ":")]))
    def test_a_header_that_says_the_same_in_other_bytes_is_damaged(
        self, indent: int | None, separators: tuple[str, str]
    ) -> None:
        fields = json.loads(EVENT.protected)
        other = json.dumps(fields, indent=indent, separators=separators).encode()
        event = replace(EVENT, protected=other)
        envelope.check_header(event, KID)
        self.assertRaises(Damaged, envelope.open_event, event, KID, ROOM_KEY)

    @settings(max_examples=50)
    @given(CHANGES)
    def test_whatever_its_parts_are_it_is_told_as_json(self, changes: dict[str, Any]) -> None:
        event: StoredEvent = replace(EVENT, **changes)
        told = json.loads(envelope.encode(event))
        self.assertEqual({name: from_b64url(told[name]) for name in PARTS}, vars_of(event))


def vars_of(event: StoredEvent) -> dict[str, bytes]:
    """The five parts by name."""
    return {name: getattr(event, name) for name in PARTS}

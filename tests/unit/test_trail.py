"""The audit log's chain: whatever is done to it without the keyring is found, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from securechat.core.errors import Damaged
from securechat.core.keys import RootKeys
from securechat.core.trail import (
    MOST_DETAIL,
    Deed,
    Entry,
    Fault,
    Head,
    Kind,
    Signer,
    Tip,
    entry,
    first_fault,
    tip_of,
    unproven,
)

OLD = RootKeys("of-this-database", {1: b"1" * 32})
BOTH = OLD.adding(2, b"2" * 32, 0)
NEW = BOTH.without(1)
THIEF = RootKeys("of-this-database", {1: b"x" * 32})
DEEDS = (
    Deed(Kind.STARTED, "operator"),
    Deed(Kind.REGISTERED, "ann", "ann", address="192.0.2.1"),
    Deed(Kind.LOG_IN_REFUSED, None, "ann", "wrong_pair", (("times", 3),), "2001:db8::1"),
    Deed(Kind.BANNED, "ann", "bob", detail=(("room", "r"), ("why", None))),
    Deed(Kind.KEYRING_READ, "operator", detail=(("root_ids", (1, 2)),)),
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "number": st.integers(-(2**63), 2**63 - 1),
    "time_ms": st.integers(-(2**63), 2**63 - 1),
    "root_id": st.integers(0, 5),
    "actor": st.none() | st.text(max_size=8),
    "subject": st.none() | st.text(max_size=8),
    "address": st.none() | st.text(max_size=8),
    "hash": st.binary(max_size=32),
    "mac": st.binary(max_size=32),
}
COLUMNS = [field.name for field in fields(Entry)]


def chain(
    roots: RootKeys, deeds: Sequence[Deed] = DEEDS, tip: Tip | None = None
) -> tuple[list[Entry], Head]:
    """The rows that record ``deeds`` behind ``tip``, and the head."""
    signer, tip, rows = Signer(roots), tip or Tip(), []
    for number, deed in enumerate(deeds):
        rows.append(entry(deed, tip, signer, signer.root_id, 1_000 + number))
        tip = tip_of(rows[-1])
    return rows, signer.head(tip, signer.root_id)


def fault(
    rows: Sequence[Entry], head: Head | None, roots: RootKeys = OLD, retired: Sequence[int] = ()
) -> Fault | None:
    """What is found by whoever has these root keys."""
    return first_fault(rows, head, Signer(roots), retired)


class Chain(SynchronousTestCase):
    def setUp(self) -> None:
        self.rows, self.head = chain(OLD)

    def test_what_was_written_is_intact(self) -> None:
        self.assertIsNone(fault(self.rows, self.head))
        self.assertIsNone(fault([], Head()))
        self.assertEqual([row.number for row in self.rows], [1, 2, 3, 4, 5])

    @given(st.data())
    def test_any_other_value_in_any_column_of_any_row_is_found_at_that_row(self, data: Any) -> None:
        place = data.draw(st.integers(0, len(self.rows) - 1))
        column = data.draw(st.sampled_from(COLUMNS))
        row = self.rows[place]
        value = data.draw(VALUES.get(column, st.text(max_size=8)))
        if value == getattr(row, column):
            return
        changed = [*self.rows]
        changed[place] = replace(row, **{column: value})
        changed.sort(key=lambda one: one.number)
        found = fault(changed, self.head)
        assert found is not None, (column, value)
        if column != "number":
            self.assertEqual(found.number, row.number)

    def test_a_missing_row_is_named(self) -> None:
        for place in range(len(self.rows)):
            rest = [row for row in self.rows if row is not self.rows[place]]
            found = fault(rest, self.head)
            assert found is not None
            self.assertEqual((found.number, "is missing" in found.why), (place + 1, True))

    def test_a_tail_that_was_cut_off_is_missed_also_with_a_head_that_names_the_rest(self) -> None:
        for left in range(len(self.rows)):
            rest = self.rows[:left]
            self.assertEqual(getattr(fault(rest, self.head), "number", None), left + 1)
            # All that a thief of the database has to sign with: the MAC of that row.
            for mac in (self.head.mac, rest[-1].mac if rest else b""):
                self.assertIsNotNone(fault(rest, Head(left, 1, mac)))
        self.assertIsNotNone(fault(self.rows, None))
        self.assertIsNotNone(fault(self.rows, Head()))

    def test_who_exchanges_two_rows_or_their_numbers_is_found(self) -> None:
        for one in range(1, len(self.rows)):
            first, second = self.rows[one - 1 : one + 1]
            swapped = [*self.rows]
            swapped[one - 1] = replace(second, number=first.number)
            swapped[one] = replace(first, number=second.number)
            self.assertEqual(getattr(fault(swapped, self.head), "number", None), one)

    def test_a_row_put_in_between_is_found(self) -> None:
        for place in range(len(self.rows)):
            tip = tip_of(self.rows[place - 1]) if place else Tip()
            stranger = entry(Deed(Kind.UNBANNED), tip, Signer(THIEF), 1, 7)
            later = [replace(row, number=row.number + 1) for row in self.rows[place:]]
            found = fault([*self.rows[:place], stranger, *later], replace(self.head, number=6))
            self.assertEqual(getattr(found, "number", None), place + 1)

    def test_who_recomputes_every_hash_without_the_keyring_is_found_at_the_first_row(self) -> None:
        for place in range(len(self.rows)):
            deeds = [*DEEDS[place:]]
            deeds[0] = replace(deeds[0], subject="somebody else")
            tip = tip_of(self.rows[place - 1]) if place else Tip()
            forged, head = chain(THIEF, deeds, tip)
            for some in (head, self.head):
                found = fault([*self.rows[:place], *forged], some)
                self.assertEqual(getattr(found, "number", None), place + 1)

    def test_a_head_proves_nothing_as_a_row_nor_a_row_as_a_head(self) -> None:
        signer, tip = Signer(OLD), tip_of(self.rows[-1])
        self.assertNotEqual(signer.head(tip, 1).mac, self.rows[-1].mac)
        self.assertFalse(signer.is_genuine(Head(5, 1, self.rows[-1].mac), tip))
        self.assertTrue(signer.is_genuine(self.head, tip))
        self.assertFalse(signer.is_genuine(replace(self.head, number=4), tip))
        self.assertFalse(signer.is_genuine(replace(self.head, root_id=2), tip))

    def test_the_same_fields_in_other_places_are_another_row(self) -> None:
        one = Deed(Kind.BANNED, "ab", "c")
        rows = [chain(OLD, [each])[0][0] for each in (one, replace(one, actor="a", subject="bc"))]
        self.assertNotEqual(rows[0].hash, rows[1].hash)

    def test_a_detail_that_no_table_takes_is_left_out_and_says_so(self) -> None:
        [row], head = chain(OLD, [Deed(Kind.BANNED).saying(why="x" * MOST_DETAIL)])
        self.assertLessEqual(len(row.detail), MOST_DETAIL)
        self.assertIn("too_long", row.detail)
        self.assertIsNone(fault([row], head))


class Rotated(SynchronousTestCase):
    def setUp(self) -> None:
        old, _ = chain(OLD)
        retiring = Deed(Kind.KEY_RETIRED, "operator", "1")
        new, self.head = chain(BOTH, [retiring, *DEEDS], tip_of(old[-1]))
        self.rows = [*old, *new]

    def test_rows_under_a_retired_root_key_are_held_by_those_behind_them(self) -> None:
        self.assertIsNone(fault(self.rows, self.head, NEW, [1]))

    def test_any_change_of_them_is_found_all_the_same(self) -> None:
        for place, row in enumerate(self.rows[:5]):
            for column in COLUMNS:
                value: Any = bytes(32) if column in ("hash", "mac") else "x"
                value = 2 if column == "root_id" else 7_777 if column == "time_ms" else value
                if column == "number":
                    continue
                changed = [*self.rows]
                changed[place] = replace(row, **{column: value})
                self.assertIsNotNone(fault(changed, self.head, NEW, [1]), (place, column))

    def test_also_where_they_are_said_to_be_under_another_that_was_retired(self) -> None:
        for place, row in enumerate(self.rows[:5]):
            changed = [*self.rows]
            changed[place] = replace(row, root_id=3)
            found = fault(changed, self.head, NEW, [1, 3])
            self.assertEqual(getattr(found, "number", None), row.number)

    def test_who_forges_them_with_a_retired_key_is_stopped_by_the_first_row_behind(self) -> None:
        forged, _ = chain(OLD, [replace(DEEDS[0], actor="nobody"), *DEEDS[1:]])
        found = fault([*forged, *self.rows[5:]], self.head, NEW, [1])
        self.assertEqual(getattr(found, "number", None), 6)
        everything, head = chain(OLD, [*DEEDS, *DEEDS])
        self.assertIsNotNone(fault(everything, head, NEW, [1]))

    def test_a_root_key_that_never_was_in_service_proves_nothing(self) -> None:
        found = fault(self.rows, self.head, NEW, [])
        self.assertEqual(getattr(found, "number", None), 1)
        self.assertIn("unknown", str(found))

    def test_a_daemon_that_does_not_know_the_newest_key_yet_goes_on_and_is_proven_later(
        self,
    ) -> None:
        ahead, head = chain(BOTH)
        behind, newest = chain(OLD, [unproven(head), *DEEDS], tip_of(ahead[-1]))
        self.assertRaises(Damaged, Signer(OLD).is_genuine, head, tip_of(ahead[-1]))
        self.assertIsNone(fault([*ahead, *behind], newest, BOTH))
        forged, newest = chain(OLD, [unproven(replace(head, mac=b"x" * 32))], tip_of(ahead[-1]))
        found = fault([*ahead, *forged], newest, BOTH)
        self.assertIn("not genuine", str(found))
        # Nor is what names a root key of later, which is retired by now.
        later = unproven(replace(head, root_id=3, mac=b"x" * 32))
        forged, newest = chain(OLD, [later], tip_of(ahead[-1]))
        found = fault([*ahead, *forged], newest, BOTH, [3])
        self.assertIn("not genuine", str(found))

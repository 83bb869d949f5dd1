"""The checker of the fault campaign finds every kind of fault, and none where there is none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from securechat.core.encoding import b64url
from tests.support.client import Person
from tests.support.senders import Entry, Sender, faults

ADA, EVE = "u-ada", "u-eve"


class Wire:
    """A socket whose other end is the test."""

    ended = False

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.told: list[dict[str, Any]] = []

    def tell(self, frame: dict[str, Any]) -> None:
        self.told.append(frame)


def event(seq: int, mid: str) -> dict[str, Any]:
    """An ``event`` frame, as far as the checker looks."""
    protected = b64url(json.dumps({"mid": mid}).encode())
    return {"type": "event", "room": "general", "seq": seq, "envelope": {"protected": protected}}


class Checker(SynchronousTestCase):
    def setUp(self) -> None:
        self.ada, self.eve = self.sender("ada", ADA), self.sender("eve", EVE)
        self.senders = [self.ada, self.eve]
        for sender in self.senders:
            self.connect(sender)
            sender.post(3)
            self.acknowledge(sender, sender.newest(3), first=1 if sender is self.ada else 4)
        self.history = [
            Entry(seq, mid, sender.user, sender.invoked[mid])
            for sender in self.senders
            for mid, seq in sender.acknowledged.items()
        ]
        for sender in self.senders:
            self.hear(sender, self.history)

    def sender(self, name: str, user: str) -> Sender:
        sender = Sender(Person("http://localhost:1", name))
        sender.user = user
        return sender

    def connect(self, sender: Sender) -> None:
        """A new connection that has subscribed."""
        sender.disconnected()
        socket: Any = Wire()
        sender.socket = socket
        sender._orders.append([])
        sender._tallied = 0
        sender.subscribe()
        self.bring(sender, {"type": "subscribed", "id": socket.told[-1]["id"]})

    def bring(self, sender: Sender, *frames: dict[str, Any]) -> None:
        assert sender.socket is not None
        sender.socket.frames += frames
        sender.tally()

    def acknowledge(self, sender: Sender, mids: Sequence[str], first: int) -> None:
        for seq, mid in enumerate(mids, first):
            self.bring(sender, {"type": "posted", "id": mid, "seq": seq, "duplicate": False})

    def hear(self, sender: Sender, entries: Sequence[Entry]) -> None:
        self.bring(sender, *(event(entry.seq, entry.mid) for entry in entries))

    def found(self, history: Sequence[Entry] | None = None) -> set[str]:
        """The kinds of faults that are found."""
        entries = self.history if history is None else list(history)
        return {fault.partition(":")[0] for fault in faults(entries, self.senders)}

    def test_what_was_kept_has_no_faults(self) -> None:
        self.assertEqual(self.found(), set())

    def test_an_acknowledged_post_that_is_gone_is_lost(self) -> None:
        shifted = [replace(entry, seq=entry.seq - 1) for entry in self.history[2:]]
        self.assertIn("lost", self.found([self.history[0], *shifted]))
        self.assertIn("lost", self.found(self.history[:-1]))
        self.assertIn("lost", self.found([]))

    def test_an_acknowledged_post_under_another_number_is_lost(self) -> None:
        a, b, *others = self.history
        swapped = [replace(b, seq=a.seq), replace(a, seq=b.seq), *others]
        self.assertEqual(self.found(swapped), {"lost", "reordered"})

    def test_a_post_that_is_there_twice_is_doubled(self) -> None:
        again = replace(self.history[0], seq=7)
        for sender in self.senders:
            self.hear(sender, [again])
        self.assertIn("doubled", self.found([*self.history, again]))

    def test_a_missing_number_is_a_gap(self) -> None:
        moved = [*self.history[:-1], replace(self.history[-1], seq=7)]
        self.assertIn("gap", self.found(moved))

    def test_an_unanswered_post_may_be_there_once_or_not_but_not_twice(self) -> None:
        self.ada.post(1)
        [mid] = self.ada.newest(1)
        self.assertEqual(self.found(), set())
        stored = Entry(7, mid, ADA, self.ada.invoked[mid])
        for sender in self.senders:
            self.hear(sender, [stored])
        self.assertEqual(self.found([*self.history, stored]), set())
        self.assertEqual(self.ada.were_unknown, 1)
        twice = [*self.history, stored, replace(stored, seq=8)]
        self.assertIn("doubled", self.found(twice))

    def test_posts_of_one_connection_in_another_order_are_reordered(self) -> None:
        self.ada.post(2)
        first, second = self.ada.newest(2)
        late = [
            Entry(7, second, ADA, self.ada.invoked[second]),
            Entry(8, first, ADA, self.ada.invoked[first]),
        ]
        for sender in self.senders:
            self.hear(sender, late)
        self.assertEqual(self.found([*self.history, *late]), {"reordered"})
        # What was sent again may have been stored anew.
        self.ada.resend([first])
        self.assertEqual(self.found([*self.history, *late]), set())

    def test_a_stored_post_of_nobody_and_one_with_another_text_are_strangers(self) -> None:
        forged = [Entry(7, "x" * 22, "u-kim", "hello")]
        changed = [*self.history[:-1], replace(self.history[-1], body="other")]
        for sender in self.senders:
            self.hear(sender, forged)
        self.assertEqual(self.found([*self.history, *forged]), {"stranger"})
        self.assertIn("stranger", self.found([*changed, *forged]))

    def test_a_post_that_was_refused_for_good_is_told(self) -> None:
        self.ada.post(1)
        refusal = {"type": "error", "id": self.ada.newest(1)[0], "code": "internal", "retry": False}
        self.bring(self.ada, refusal)
        self.assertEqual(self.found(), {"refused"})

    def test_two_numbers_for_one_post_are_told_at_once(self) -> None:
        mid = self.ada.newest(1)[0]
        with self.assertRaises(AssertionError):
            self.bring(self.ada, {"type": "posted", "id": mid, "seq": 9, "duplicate": True})

    def test_a_number_that_a_stream_leaves_out_is_a_gap(self) -> None:
        more = [Entry(seq, f"{seq:022}", EVE, "late") for seq in (7, 8)]
        self.eve.invoked |= {entry.mid: entry.body for entry in more}
        self.hear(self.eve, more)
        self.hear(self.ada, more[1:])
        self.assertEqual(self.found([*self.history, *more]), {"gap"})

    def test_a_gap_that_was_announced_is_none(self) -> None:
        more = [Entry(seq, f"{seq:022}", EVE, "late") for seq in (7, 8, 9)]
        self.eve.invoked |= {entry.mid: entry.body for entry in more}
        self.hear(self.eve, more)
        self.connect(self.ada)
        self.bring(self.ada, {"type": "gap", "room": "general", "from": 7, "to": 8})
        self.hear(self.ada, more[2:])
        self.assertEqual(self.found([*self.history, *more]), set())

    def test_a_number_that_a_stream_hears_twice_is_doubled(self) -> None:
        self.hear(self.ada, self.history[-1:])
        self.assertEqual(self.found(), {"doubled"})

    def test_a_resumed_stream_goes_on_where_it_was(self) -> None:
        self.connect(self.ada)
        assert self.ada.socket is not None
        told: Any = self.ada.socket.told
        self.assertEqual(told[-1]["since"], 6)
        self.hear(self.ada, self.history[-1:])
        self.assertEqual(self.found(), {"doubled"})

    def test_a_stream_that_ends_too_early_is_a_gap(self) -> None:
        late = Entry(7, "y" * 22, EVE, "late")
        self.eve.invoked[late.mid] = late.body
        self.hear(self.eve, [late])
        self.assertEqual(self.found([*self.history, late]), {"gap"})

    def test_what_was_heard_and_is_not_in_history_is_lost(self) -> None:
        self.hear(self.ada, [Entry(7, "z" * 22, EVE, "never kept")])
        self.assertIn("lost", self.found())
        other = [*self.history[:-1], replace(self.history[-1], mid="w" * 22)]
        self.assertIn("lost", self.found(other))

    def test_what_the_server_writes_itself_is_nobodys_fault(self) -> None:
        joined = Entry(7, "j" * 22, "u-kim", "", "joined")
        for sender in self.senders:
            self.hear(sender, [joined])
        self.assertEqual(self.found([*self.history, joined]), set())

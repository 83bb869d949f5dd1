"""What waits to be recorded: bounded, in batches, and never lost without a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from securechat.chat.recorder import MOST_AT_ONCE, MOST_WAITING, WRITE_EVERY_S, Recorder
from securechat.core.errors import Unavailable
from securechat.core.trail import Deed, Kind

REFUSED = Deed(Kind.LOG_IN_REFUSED, None, "ann", "wrong_pair", address="192.0.2.1")


class MemoryLog:
    """The port AuditLog over lists; raises what is in ``failure``."""

    def __init__(self) -> None:
        self.batches: list[list[Deed]] = []
        self.failure: Exception | None = None
        self.hold: Deferred[None] | None = None

    async def append(self, deeds: Sequence[Deed]) -> None:
        if self.failure is not None:
            raise self.failure
        if self.hold is not None:
            await self.hold
        self.batches.append(list(deeds))


class RecorderCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.log = Clock(), MemoryLog()
        self.recorder = Recorder(self.log, self.clock, lambda: int(self.clock.seconds() * 1_000))
        self.logged: list[LogEvent] = []
        observer: Any = self.logged.append
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def told(self) -> list[str]:
        return [str(event["event"]) for event in self.logged if "event" in event]

    def many(self, count: int) -> None:
        for number in range(count):
            self.recorder.record(Deed(Kind.RENAMED, f"u{number}"))

    def drain(self) -> None:
        self.successResultOf(Deferred.fromCoroutine(self.recorder.drain()))

    def test_deeds_are_written_together_in_their_order_and_with_their_time(self) -> None:
        self.recorder.record(Deed(Kind.STARTED, "operator"))
        self.clock.advance(0.5)
        self.recorder.record(REFUSED)
        self.assertEqual(self.log.batches, [])
        self.clock.advance(WRITE_EVERY_S)
        [[first, second]] = self.log.batches
        self.assertEqual((first.kind, first.time_ms), (Kind.STARTED, 0))
        self.assertEqual((second.kind, second.time_ms), (Kind.LOG_IN_REFUSED, 500))
        self.clock.advance(60)
        self.assertEqual(len(self.log.batches), 1)

    def test_a_flood_of_the_same_is_one_row_that_says_how_many(self) -> None:
        for _ in range(10_000):
            self.recorder.record(REFUSED)
        self.clock.advance(WRITE_EVERY_S)
        [[row]] = self.log.batches
        self.assertEqual(row.detail, (("times", 10_000),))

    def test_a_flood_of_others_costs_a_batch_a_second_and_what_is_too_much_is_counted(self) -> None:
        self.many(MOST_WAITING + 500)
        self.clock.pump([WRITE_EVERY_S] * (MOST_WAITING // MOST_AT_ONCE))
        self.assertEqual(len(self.log.batches), MOST_WAITING // MOST_AT_ONCE)
        rows = [row for batch in self.log.batches for row in batch]
        self.assertEqual(len(rows), MOST_WAITING + 1)
        [dropped] = [row for row in rows if row.kind == Kind.DROPPED]
        self.assertEqual(dropped.detail, (("count", 500),))

    def refused_from(self, *addresses: str) -> list[Deed]:
        """What is written of refusals, one a second from each of these in turn."""
        self.log.batches.clear()
        for address in addresses:
            self.recorder.record(replace(REFUSED, address=address))
            self.clock.advance(WRITE_EVERY_S)
        return [row for batch in self.log.batches for row in batch]

    def test_who_is_refused_for_hours_fills_no_disk_and_hides_nobody_else(self) -> None:
        hour = int(3_600 / WRITE_EVERY_S)
        for addresses in (["192.0.2.1"] * hour, [f"2001:db8::{at:x}" for at in range(hour)]):
            rows = self.refused_from(*addresses)
            written = [row for row in rows if row.kind == Kind.LOG_IN_REFUSED]
            self.assertLess(len(written), 200)
            self.assertLess(len(rows), 400)
            [other, dropped] = self.refused_from("192.0.2.2")
            self.assertEqual((other.address, dropped.kind), ("192.0.2.2", Kind.DROPPED))
            rows += [dropped]
            told: list[Any] = [row.detail[0][1] for row in rows if row.kind == Kind.DROPPED]
            self.assertEqual(sum(told) + len(written), hour)

    def test_no_flood_of_refusals_hides_what_was_done(self) -> None:
        for number in range(2 * MOST_WAITING):
            self.recorder.record(replace(REFUSED, address=f"10.0.{number >> 8}.{number & 255}"))
        removed = Deed(Kind.FACTOR_REMOVED, "ann", "ann", address="10.0.0.1")
        self.recorder.record(removed)
        self.drain()
        kinds = {row.kind for batch in self.log.batches for row in batch}
        self.assertIn(Kind.FACTOR_REMOVED, kinds)

    def test_many_who_are_refused_fill_no_disk_either_and_what_was_done_is_never_left_out(
        self,
    ) -> None:
        day = [f"10.{at >> 16}.{at >> 8 & 255}.{at & 255}" for at in range(24 * 3_600)]
        self.assertLess(len(self.refused_from(*day)), 40_000)
        self.log.batches.clear()
        for number in range(100):
            self.recorder.record(Deed(Kind.RENAMED, f"u{number}", address="10.0.0.1"))
        self.clock.advance(WRITE_EVERY_S)
        kinds = [row.kind for batch in self.log.batches for row in batch]
        self.assertEqual(kinds.count(Kind.RENAMED), 100)

    def test_what_comes_while_a_batch_is_written_waits_for_the_next(self) -> None:
        self.log.hold = Deferred()
        self.recorder.record(REFUSED)
        self.clock.advance(WRITE_EVERY_S)
        self.recorder.record(REFUSED)
        self.clock.advance(60)
        self.assertEqual(self.log.batches, [])
        hold, self.log.hold = self.log.hold, None
        hold.callback(None)
        self.clock.advance(WRITE_EVERY_S)
        self.assertEqual([len(batch) for batch in self.log.batches], [1, 1])

    def test_while_the_database_is_away_deeds_wait_and_the_log_says_so_once(self) -> None:
        self.log.failure = Unavailable("away")
        self.many(150)
        self.recorder.record(REFUSED)
        self.clock.pump([WRITE_EVERY_S] * 5)
        self.recorder.record(REFUSED)
        self.clock.pump([WRITE_EVERY_S] * 5)
        self.assertEqual(self.told(), ["audit_waits"])
        self.log.failure = None
        self.clock.pump([WRITE_EVERY_S] * 5)
        rows = [row for batch in self.log.batches for row in batch]
        self.assertEqual(len(rows), 151)
        self.assertIn((("times", 2),), [row.detail for row in rows])

    def test_a_batch_that_no_table_takes_keeps_nothing_out_and_is_counted(self) -> None:
        self.log.failure = ValueError("too long")
        self.many(3)
        self.clock.advance(WRITE_EVERY_S)
        self.assertEqual(self.told(), ["audit_refused"])
        self.flushLoggedErrors(ValueError)
        self.log.failure = None
        self.recorder.record(REFUSED)
        self.clock.advance(WRITE_EVERY_S)
        [[row, dropped]] = self.log.batches
        self.assertEqual((row.kind, dropped.detail), (Kind.LOG_IN_REFUSED, (("count", 3),)))

    def test_at_the_end_everything_is_written_at_once(self) -> None:
        self.many(250)
        self.drain()
        self.assertEqual([len(batch) for batch in self.log.batches], [100, 100, 50])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_what_cannot_be_written_at_the_end_is_told(self) -> None:
        self.log.failure = Unavailable("away")
        self.many(7)
        self.drain()
        self.assertEqual(self.told(), ["audit_waits", "audit_lost"])
        self.assertEqual(self.logged[-1]["count"], 7)
        self.assertEqual(self.clock.getDelayedCalls(), [])

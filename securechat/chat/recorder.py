"""What the audit log says without a change beside it: a bounded queue, written in batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ..core.buckets import Buckets, address_key
from ..core.errors import Unavailable
from ..core.ports import AuditLog
from ..core.trail import Deed, Kind

log = Logger()

MOST_WAITING = 1_000
"""Different deeds that wait to be written; what comes beyond is counted, and the count recorded."""

MOST_REFUSED_WAITING = 500
"""Of them refusals: whoever floods with those must not hide what they do beside."""

MOST_AT_ONCE = 100
"""Rows in one transaction."""

WRITE_EVERY_S = 1.0
"""At most so often, and so soon: a flood costs the writer a transaction a second."""

REFUSED_AT_ONCE = 60
REFUSED_A_MINUTE = 2
"""So many rows of refusals has an address (IPv6: a /64), since nothing is ever taken out …"""

MOST_REFUSED_AT_ONCE = 1_000
MOST_REFUSED_A_MINUTE = 10
"""… and so many have all together; beyond they are counted as what is too much."""


class Recorder:
    """Implements the port Audit.

    What is the same but for its time, and still waits, becomes a row that says how many ``times``.
    Refusals cost whoever is refused nothing: theirs are no more than a disk bears in years.
    While the database is away deeds wait; where the answer to a COMMIT was lost they may be written
    twice, which the log shows as two rows.
    """

    def __init__(
        self, audit_log: AuditLog, clock: IReactorTime, wall_clock: Callable[[], int]
    ) -> None:
        """``wall_clock`` gives milliseconds since 1970."""
        self._log = audit_log
        self._clock = clock
        self._wall_clock = wall_clock
        self._by_address = Buckets(REFUSED_A_MINUTE / 60, REFUSED_AT_ONCE)
        self._of_all = Buckets(MOST_REFUSED_A_MINUTE / 60, MOST_REFUSED_AT_ONCE)
        self._waiting: dict[Deed, tuple[int, int]] = {}
        self._dropped = 0
        self._timer: IDelayedCall | None = None
        self._writing: Deferred[bool] | None = None
        self._away = False

    def record(self, deed: Deed) -> None:
        """Have ``deed`` written soon; its time is now. Never raises, never waits."""
        since_ms, times = self._waiting.get(deed, (self._wall_clock(), 0))
        if times == 0 and not self._has_room_for(deed):
            self._dropped += 1
            return
        self._waiting[deed] = (since_ms, times + 1)
        self._be_soon()

    def _has_room_for(self, deed: Deed) -> bool:
        if deed.outcome == "done" or deed.address is None:
            return len(self._waiting) < MOST_WAITING
        if len(self._waiting) >= MOST_REFUSED_WAITING:
            return False
        now_s = self._clock.seconds()
        # The address first: whoever has used up their own takes nothing of everybody's.
        key = address_key(deed.address)
        return not self._by_address.wait_s(key, now_s) and not self._of_all.wait_s("", now_s)

    async def drain(self) -> None:
        """Write what waits, once; what cannot be written is told to the log."""
        if self._writing is not None:
            await self._writing
        while self._waiting or self._dropped:
            if not await self._write():
                break
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lost = _count(self._waiting) + self._dropped
        if lost:
            log.error("{count} deeds are not in the audit log", event="audit_lost", count=lost)

    def _be_soon(self) -> None:
        if self._timer is None and self._writing is None:
            self._timer = self._clock.callLater(WRITE_EVERY_S, self._begin)

    def _begin(self) -> None:
        self._timer = None
        self._writing = Deferred.fromCoroutine(self._write())
        self._writing.addBoth(self._written)

    def _written(self, _: object) -> None:
        self._writing = None
        # What was dropped is told with what comes next: no row for itself alone.
        if self._waiting:
            self._be_soon()

    async def _write(self) -> bool:
        """Write one batch; whether the database is there."""
        batch = dict(list(self._waiting.items())[:MOST_AT_ONCE])
        dropped = self._dropped
        self._waiting = {deed: at for deed, at in self._waiting.items() if deed not in batch}
        self._dropped = 0
        rows = [_row(deed, *at) for deed, at in batch.items()]
        if dropped:
            rows.append(Deed(Kind.DROPPED, outcome="too_many").saying(count=dropped))
        try:
            await self._log.append(rows)
        except Unavailable as error:
            self._put_back(batch)
            self._dropped += dropped
            self._tell_away(str(error))
            return False
        except Exception:  # noqa: BLE001 - what no table takes must not keep out what follows
            self._dropped += dropped + _count(batch)
            log.failure("deeds could not be recorded", event="audit_refused", count=len(batch))
            return False
        self._away = False
        return True

    def _put_back(self, batch: dict[Deed, tuple[int, int]]) -> None:
        for deed, (since_ms, times) in batch.items():
            _, more = self._waiting.get(deed, (0, 0))
            self._waiting[deed] = (since_ms, times + more)

    def _tell_away(self, reason: str) -> None:
        if not self._away:
            self._away = True
            log.error("the audit log waits: {reason}", event="audit_waits", reason=reason)


def _count(deeds: dict[Deed, tuple[int, int]]) -> int:
    return sum(times for _, times in deeds.values())


def _row(deed: Deed, since_ms: int, times: int) -> Deed:
    row = replace(deed, time_ms=since_ms)
    return row if times == 1 else row.saying(times=times)

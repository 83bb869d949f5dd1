"""The journal: one writer numbers, seals and commits what is waiting, then tells.

What arrives while a batch is being committed is the next batch (group commit). After COMMIT come
the acks, in order, and then the news on the bus.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ..core import content, envelope
from ..core.commands import Post
from ..core.errors import Code, Damaged, Refused, Unavailable
from ..core.keys import RoomKeys
from ..core.model import Appended, Draft, Existing, Outcome, StoredEvent, UserId
from ..core.ports import Bus, Events, Posted, Reached
from ..core.rights import ARCHIVED, MUTED
from .doubts import Doubts

log = Logger()

MOST_EVENTS_A_BATCH = 256

ANSWER_WITHIN_S = 3.5
"""A post that is not committed by then is answered ``unavailable``; the sweep adds up to 1 s."""

_SWEEP_S = 1.0

_REFUSALS: dict[str, tuple[Code, str]] = {
    "not_a_member": (Code.NOT_A_MEMBER, ""),
    "muted": (Code.FORBIDDEN, MUTED),
    "archived": (Code.FORBIDDEN, ARCHIVED),
    "target": (Code.NOT_FOUND, ""),
    "invalid": (Code.BAD_COMMAND, ""),
}
"""What is answered where a draft was rejected: the code, and a text where it says more."""


class JournalMetrics(Protocol):
    """What the journal counts."""

    def journal_depth(self, waiting: int) -> None:
        """So many posts are waiting now."""

    def batch_committed(self, size: int, seconds: float) -> None:
        """A batch of ``size`` posts was committed in ``seconds``."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a post: its number, its time (ms since 1970), and whether it was a resend."""

    seq: int
    time_ms: int
    duplicate: bool


@dataclass(slots=True, eq=False)
class _Waiting:
    draft: Draft
    since_s: float
    answer: Deferred[Receipt]

    def accept(self, receipt: Receipt) -> None:
        if not self.answer.called:
            self.answer.callback(receipt)

    def refuse(self, code: Code, text: str = "") -> None:
        if not self.answer.called:
            self.answer.errback(Refused(code, text, request=self.draft.mid))


class Journal:
    """The one writer of a process."""

    def __init__(
        self,
        *,
        events: Events,
        room_keys: RoomKeys,
        bus: Bus,
        clock: IReactorTime,
        wall_clock: Callable[[], int],
        most_waiting: int,
        metrics: JournalMetrics,
    ) -> None:
        """``wall_clock`` gives milliseconds since 1970; ``most_waiting`` bounds the queue."""
        self._events = events
        self._room_keys = room_keys
        self._bus = bus
        self._clock = clock
        self._wall_clock = wall_clock
        self._most_waiting = most_waiting
        self._metrics = metrics
        self._queue: deque[_Waiting] = deque()
        self._batch: list[_Waiting] = []
        self._writing = False
        self._closed = False
        self._sweeper: IDelayedCall | None = None
        self._idle: list[Deferred[None]] = []
        self.doubts = Doubts(events, bus, clock)

    def post(self, author: UserId, post: Post) -> Deferred[Receipt]:
        """Store ``post``; fires after COMMIT, in the order of the calls.

        Fails with Refused: ``unavailable`` (the queue is full, the database away or slow, or the
        daemon is stopping; the outcome may be unknown), ``not_a_member``, ``forbidden`` (muted,
        archived), ``not_found`` (the target), ``id_conflict``, ``bad_command`` or ``internal``
        (nothing was stored).
        """
        draft = self._draft(author, post)
        entry = _Waiting(draft, self._clock.seconds(), Deferred())
        if self._closed or len(self._queue) >= self._most_waiting:
            entry.refuse(Code.UNAVAILABLE)
            return entry.answer
        self._queue.append(entry)
        self._metrics.journal_depth(len(self._queue))
        if not self._writing:
            # At the end of the turn, so that everything this turn brings shares one commit.
            self._writing = True
            self._clock.callLater(0, self._start)
        if self._sweeper is None:
            self._sweeper = self._clock.callLater(_SWEEP_S, self._sweep)
        return entry.answer

    def _draft(self, author: UserId, post: Post) -> Draft:
        return Draft(
            room=post.room,
            mid=post.id,
            author=author,
            time_ms=self._wall_clock(),
            plaintext=content.posted(post.kind, post.body, post.target),
            kind=post.kind,
            target=post.target,
            names=() if post.kind == "reaction" else content.mentioned(post.body),
        )

    async def drain(self) -> None:
        """Take nothing more, and return when everything that was taken is answered."""
        self._closed = True
        self.doubts.close()
        if self._writing:
            idle: Deferred[None] = Deferred()
            self._idle.append(idle)
            await idle

    def _start(self) -> None:
        Deferred.fromCoroutine(self._write()).addErrback(
            lambda failure: log.failure("the journal's writer failed", failure)
        )

    async def _write(self) -> None:
        try:
            while self._queue:
                size = min(len(self._queue), MOST_EVENTS_A_BATCH)
                self._batch = [self._queue.popleft() for _ in range(size)]
                await self._commit(self._batch)
                self._metrics.journal_depth(len(self._queue))
        finally:
            # Whatever went wrong, nobody waits for ever, and a post that an answer brings about
            # starts a new writer: the state is whole before anybody is answered.
            left, idle = (*self._batch, *self._queue), self._idle
            self._batch, self._idle = [], []
            self._queue.clear()
            self._writing = False
            for entry in left:
                entry.refuse(Code.INTERNAL)
            for waiting in idle:
                waiting.callback(None)

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        started_s = self._clock.seconds()
        try:
            outcomes = await self._events.append([entry.draft for entry in batch], self._room_keys)
        except Unavailable as error:
            log.warn("a batch of {size} was not stored: {reason}", size=len(batch), reason=error)
            self.doubts.add({entry.draft.room for entry in batch})
            for entry in batch:
                entry.refuse(Code.UNAVAILABLE)
            return
        except Exception:  # noqa: BLE001 - one poisoned draft must not take its neighbours along
            log.failure("a batch of {size} failed", size=len(batch))
            await self._commit_alone(batch)
            return
        answers = [
            self._answer(entry.draft, outcome)
            for entry, outcome in zip(batch, outcomes, strict=True)
        ]
        stored = [outcome for outcome in outcomes if isinstance(outcome, Appended)]
        self._metrics.batch_committed(len(stored), self._clock.seconds() - started_s)
        self._tell(batch, answers, stored)

    async def _commit_alone(self, batch: Sequence[_Waiting]) -> None:
        if len(batch) == 1:
            batch[0].refuse(Code.INTERNAL)
            return
        for entry in batch:
            await self._commit([entry])

    def _tell(
        self,
        batch: Sequence[_Waiting],
        answers: Sequence[Receipt | Refused],
        stored: Sequence[Appended],
    ) -> None:
        """The acks in order, then the news; of a resend too, since its first answer was lost."""
        for entry, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Receipt):
                entry.accept(answer)
            else:
                entry.refuse(answer.code, answer.text)
        if stored:
            events = tuple(appended.event for appended in stored)
            _note(events)
            self._bus.publish(Posted(events, {one.key.kid: one.key for one in stored}))
        for entry, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Receipt) and answer.duplicate:
                self._bus.publish(Reached(entry.draft.room, answer.seq))

    def _answer(self, draft: Draft, outcome: Outcome) -> Receipt | Refused:
        if isinstance(outcome, Appended):
            return Receipt(outcome.event.seq, draft.time_ms, duplicate=False)
        if isinstance(outcome, Existing):
            return self._answer_resend(draft, outcome)
        return Refused(*_REFUSALS[outcome.why])

    def _answer_resend(self, draft: Draft, outcome: Existing) -> Receipt | Refused:
        """What was deleted since cannot be compared, and counts as the same."""
        event = outcome.event
        try:
            receipt = Receipt(event.seq, int(envelope.parse_header(event)["time"]), duplicate=True)
            if not event.encrypted_key and not event.ciphertext:
                return receipt
            same = self._opened(outcome) == draft.plaintext
        except Unavailable as error:
            log.warn("a resend cannot be compared now: {reason}", reason=error)
            return Refused(Code.UNAVAILABLE)
        except (Damaged, KeyError, TypeError, ValueError) as error:
            log.error(
                "event {seq} of {room} is damaged: {reason}",
                event="damaged",
                seq=event.seq,
                room=event.room,
                reason=str(error),
            )
            return Refused(Code.INTERNAL)
        return receipt if same else Refused(Code.ID_CONFLICT)

    def _opened(self, outcome: Existing) -> bytes:
        if outcome.key is None:
            raise Damaged("its key is missing")
        return self._room_keys.open(outcome.event, outcome.key)

    def _sweep(self) -> None:
        """Answer what has waited too long; a batch under way may still be committed."""
        late_s = self._clock.seconds() - ANSWER_WITHIN_S
        for entry in self._batch:
            if entry.since_s <= late_s:
                entry.refuse(Code.UNAVAILABLE)
        while self._queue and self._queue[0].since_s <= late_s:
            self._queue.popleft().refuse(Code.UNAVAILABLE)
        busy = self._writing or self._queue
        self._sweeper = self._clock.callLater(_SWEEP_S, self._sweep) if busy else None


def _note(stored: Sequence[StoredEvent]) -> None:
    """One record a batch: one a message would cost a good part of what storing it does."""
    log.info(
        "{count} stored: {messages}",
        event="posted",
        count=len(stored),
        messages=[f"{event.room}/{event.seq}" for event in stored],
        users=[event.author for event in stored],
    )

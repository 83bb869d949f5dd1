"""Frames on their way out of one connection: joined by reactor turn, bounded, never reordered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IDelayedCall,
    IPushProducer,
    IReactorTime,
    ITransport,
)
from twisted.logger import Logger
from zope.interface import implementer

log = Logger()

SLOW_READER_S = 5.0
"""A reader that has had too much unsent for so long is cut; it resumes from history."""


class Story(Protocol):
    """What is told to many in the same words: it goes into their outboxes when it is given."""

    def give(self, *, alone: bool) -> None:
        """Give it; ``alone``: nothing else was told in this turn."""


def _give(story: Story, *, alone: bool) -> None:
    try:
        story.give(alone=alone)
    except Exception:  # noqa: BLE001 - one broken room must not silence the others
        log.failure("a story could not be told to all")


class Turn:
    """What one reactor turn brings to all connections leaves at its end, one write a connection.

    What many are told is kept once, not once for each of them, until the turn ends or one of them
    is told something else.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self.clock = clock
        self.stories: list[Story] = []
        self._filled: list[Outbox] = []
        self._coming = False

    def tell(self, story: Story) -> None:
        """Have ``story`` given before anything else goes into an outbox."""
        self.stories.append(story)
        self._come()

    def add(self, outbox: Outbox) -> None:
        """Flush ``outbox`` at the end of this turn."""
        self._filled.append(outbox)
        self._come()

    def _come(self) -> None:
        if not self._coming:
            self._coming = True
            self.clock.callLater(0, self.flush)

    def settle(self) -> None:
        """Give what was told so far: what comes next comes after it."""
        stories, self.stories = self.stories, []
        for story in stories:
            _give(story, alone=False)

    def flush(self) -> None:
        """Write everything that this turn brought."""
        self._coming = False
        if len(self.stories) == 1:
            _give(self.stories.pop(), alone=True)
        else:
            self.settle()
        filled, self._filled = self._filled, []
        for outbox in filled:
            try:
                outbox.flush()
            except Exception:  # noqa: BLE001 - one broken connection must not silence the others
                log.failure("a connection could not be written to")
                outbox.cut()


def _nothing(*_: object) -> None:
    """What is left to do for a connection that has ended."""


@implementer(IPushProducer)
class Outbox:
    """The frames that wait for one connection.

    While the transport is paused everything waits here, whole frames in order. Live frames are
    bounded: more than ``most_unsent_bytes`` of them for SLOW_READER_S and ``abort`` is called.
    Answers, replay and history are not bounded here: whoever sends them awaits ``drained`` first.
    """

    __slots__ = (
        "_abort",
        "_closed",
        "_frames",
        "_live_bytes",
        "_most_unsent_bytes",
        "_paused",
        "_queued",
        "_turn",
        "_verdict",
        "_waiters",
        "_write",
    )

    def __init__(
        self,
        turn: Turn,
        transport: ITransport,
        most_unsent_bytes: int,
        abort: Callable[[], None],
    ) -> None:
        """``abort`` ends the connection at once."""
        self._turn = turn
        self._write: Callable[[bytes], object] = transport.write
        self._most_unsent_bytes = most_unsent_bytes
        self._abort = abort
        self._frames: list[bytes] = []
        self._live_bytes = 0
        self._queued = False
        self._paused = False
        self._closed = False
        self._verdict: IDelayedCall | None = None
        self._waiters: list[Deferred[None]] = []

    def send(self, frame: bytes) -> None:
        """Send an answer (a whole WebSocket frame) after everything sent before."""
        if self._turn.stories:
            self._turn.settle()
        if not self._closed:
            self._frames.append(frame)
            self._queue()

    def send_live(self, frame: bytes) -> None:
        """Send a frame that nobody asked for; it counts against the slow reader's bound."""
        if self._turn.stories:
            self._turn.settle()
        if self._closed:
            return
        self._frames.append(frame)
        if self._paused:
            self._live_bytes += len(frame)
            if self._live_bytes > self._most_unsent_bytes and self._verdict is None:
                self._verdict = self._turn.clock.callLater(SLOW_READER_S, self._judge)
        self._queue()

    def send_live_now(self, frames: bytes) -> None:
        """As ``send_live``, for all that the turn brings: written at once where nothing waits."""
        if self._queued or self._paused or self._closed:
            self.send_live(frames)
        else:
            self._write(frames)

    def _queue(self) -> None:
        if not self._queued and not self._paused:
            self._queued = True
            self._turn.add(self)

    def flush(self) -> None:
        """Hand everything that waits to the transport, unless it is paused."""
        self._queued = False
        if not self._paused:
            self.flush_all()

    def flush_all(self) -> None:
        """Hand everything that waits to the transport, paused or not: the end is near."""
        if self._turn.stories:
            self._turn.settle()
        if self._closed or not self._frames:
            return
        data = b"".join(self._frames)
        self._frames.clear()
        self._live_bytes = 0
        self._write(data)

    @property
    def is_paused(self) -> bool:
        """Whether the transport has enough for now."""
        return self._paused

    async def drained(self) -> None:
        """Return when the transport takes more, at once where it does; or when it is closed."""
        if self._paused and not self._closed:
            waiter: Deferred[None] = Deferred()
            self._waiters.append(waiter)
            await waiter

    def pauseProducing(self) -> None:
        """The transport has enough; called on every write above its mark."""
        self._paused = True

    def resumeProducing(self) -> None:
        """The transport has room again."""
        self._paused = False
        self.flush()
        if not self._paused:
            self._forgive()
            self._wake()

    def stopProducing(self) -> None:
        """The transport is gone."""
        self.close()

    def close(self) -> None:
        """Drop what waits and send nothing more; nothing leads back to the connection then."""
        self._closed = True
        self._abort = self._write = _nothing
        self._frames.clear()
        self._forgive()
        self._wake()

    def cut(self) -> None:
        """End the connection at once; its reader comes back and resumes."""
        if not self._closed:
            self._abort()

    def _judge(self) -> None:
        self._verdict = None
        if self._paused:
            self.cut()

    def _forgive(self) -> None:
        if self._verdict is not None:
            self._verdict.cancel()
            self._verdict = None

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.callback(None)

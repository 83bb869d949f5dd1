"""Our small interface of Deferreds: every access is one named transaction with a deadline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import CancelledError, Deferred, DeferredList, fail
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..core.errors import Unavailable
from ..threads import run_apart
from .faults import Conflict, Contended, Denied, Lost
from .pool import Link, Pool
from .transaction import Dialect, Transaction

T = TypeVar("T")

DEADLINE_S = 4.5
"""The longest that anybody waits for an answer; what is promised outside is 5 s."""

CLOSE_WITHIN_S = 1.0
"""How long the threads get to close their connections; who hangs longer is left behind."""

READERS = 3


class Run(Protocol):
    """Runs a function in a transaction of its own, on the thread of the caller's job."""

    def __call__(self, work: Callable[[Transaction], T]) -> T: ...


class _Call:
    """One question on its way, and whether somebody still waits for the answer."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.given_up = False


class Database:
    """A writer thread, a few reader threads, and the log line when the database comes and goes.

    Every method answers within ``deadline_s``: a thread that waits for a hanging server cannot be
    stopped, so the caller is told Unavailable by a timer, and what the thread brings later is
    dropped. A call that was given up before its turn came is not begun, and one that is still at
    work is not committed; only where COMMIT was on its way a write may have happened.
    """

    log = Logger()

    def __init__(self, dialect: Dialect, reactor: Any, deadline_s: float = DEADLINE_S) -> None:
        self.dialect = dialect
        self.clock: IReactorTime = reactor
        self._reactor = reactor
        self._deadline_s = deadline_s
        self._writer: Any = None  # a Pool; adbapi's own annotations are incomplete
        self._reader: Any = None
        self._running: set[Deferred[Any]] = set()
        self._away = False

    def start(self) -> None:
        """Start the threads; they connect when they are first asked."""
        if self._writer is None:
            self._writer = self._pool(writes=True, threads=1)
            self._reader = self._pool(writes=False, threads=READERS)

    async def stop(self) -> None:
        """Let what is running end (no longer than its deadline), then close every connection.

        A thread that hangs is left behind: it keeps neither the reactor nor the process.
        """
        pools = [pool for pool in (self._writer, self._reader) if pool is not None]
        self._writer = self._reader = None
        if self._running:
            # Cancelling a list cancels what it waits for, so this ends without an error.
            waiting = DeferredList(list(self._running), consumeErrors=True)
            waiting.addTimeout(self._deadline_s, self._reactor)
            await waiting
        closing = [run_apart(self._reactor, pool.close) for pool in pools]
        for one in closing:
            one.addTimeout(CLOSE_WITHIN_S, self._reactor)
        for is_closed, why in await DeferredList(closing, consumeErrors=True):
            if not is_closed:
                self.log.warn("a thread of the database is left behind: {why}", why=why.value)

    def write(self, name: str, work: Callable[[Transaction], T]) -> Deferred[T]:
        """Run ``work`` on the writer's thread and COMMIT; its result.

        Calls are run one at a time in the order made.
        Raises Unavailable, or Conflict where the database refuses a row.
        """
        return self._ask(self._writer, name, lambda run: run(work))

    def write_in_steps(self, name: str, job: Callable[[Run], T]) -> Deferred[T]:
        """Like write for a ``job`` that decides itself which transactions to run."""
        return self._ask(self._writer, name, job)

    def read(self, name: str, work: Callable[[Transaction], T]) -> Deferred[T]:
        """Run ``work`` on a reader's thread; its result. Raises Unavailable."""
        return self._ask(self._reader, name, lambda run: run(work))

    def _pool(self, *, writes: bool, threads: int) -> Any:
        pool: Any = Pool(self.dialect, writes=writes, threads=threads, reactor=self._reactor)
        pool.start()
        return pool

    def _ask(self, pool: Any, name: str, job: Callable[[Run], T]) -> Deferred[T]:
        if pool is None:
            return fail(Unavailable("the database is not open"))
        call = _Call(name)
        working: Deferred[T] = pool.runWithConnection(_work, pool, call, job)
        self._running.add(working)
        answer: Deferred[T] = Deferred()
        timer = self._reactor.callLater(self._deadline_s, self._give_up, call, answer)

        def told(result: T | Failure) -> None:
            self._running.discard(working)
            outcome = self._judged(result)
            if call.given_up:
                self.log.info("the late answer to {name} is dropped", name=name)
                return
            timer.cancel()
            answer.callback(outcome)

        working.addBoth(told)
        return answer

    def _give_up(self, call: _Call, answer: Deferred[Any]) -> None:
        call.given_up = True
        reason = f"no answer to {call.name} within {self._deadline_s} s"
        self._tell_away(reason)
        answer.errback(Unavailable(reason))

    def _judged(self, result: Any) -> Any:
        if not isinstance(result, Failure):
            self._tell_back()
            return result
        error = result.value
        if isinstance(error, Conflict):
            self._tell_back()
        if isinstance(error, Lost | Contended | Denied):
            self._tell_away(str(error))
            return Failure(Unavailable(str(error)))
        if isinstance(error, CancelledError):
            # At the end nobody waits for a thread that hangs; what it does is not known.
            return Failure(Unavailable("the database was closed before it answered"))
        return result

    def _tell_away(self, reason: str) -> None:
        if not self._away:
            self._away = True
            self.log.warn("the database is away: {reason}", event="database_away", reason=reason)

    def _tell_back(self) -> None:
        if self._away:
            self._away = False
            self.log.info("the database is back", event="database_back")


def _work(link: Link, pool: Pool, call: _Call, job: Callable[[Run], T]) -> T:
    def run(work: Callable[[Transaction], Any]) -> Any:
        return pool.transact(link, work, lambda: not call.given_up)

    return job(run)

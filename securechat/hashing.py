"""bcrypt off the reactor's thread, in a pool of its own with a bounded queue."""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from .core.errors import Busy, Unavailable
from .core.model import PasswordHash
from .core.passwords import DEFAULT_COST, Peppers, hash_password, password_matches
from .threads import FleetingThread, run_apart

log = Logger()

SECONDS_PER_HASH = 0.25
"""Roughly, at the default cost; only for telling people when to come back."""

STOP_WITHIN_S = 2.0
"""How long the hashes that are being made get to end; beyond it their threads are left behind."""

T = TypeVar("T")


def default_threads() -> int:
    """All cores but one, which stays with the reactor; at least one."""
    return max(1, (os.cpu_count() or 1) - 1)


class BcryptPool:
    """The port Hashing. Between ``start`` and ``stop``; both belong to the service.

    At most ``max_waiting`` calls wait for ``threads`` threads; one more raises Busy at once. A call
    whose caller went away before its turn costs nothing.
    """

    def __init__(
        self,
        reactor: Any,
        peppers: Peppers,
        cost: int = DEFAULT_COST,
        threads: int | None = None,
        max_waiting: int = 32,
    ) -> None:
        self._reactor = reactor
        self._peppers = peppers
        self._cost = cost
        self._threads = threads or default_threads()
        self._max_waiting = max_waiting
        self._unfinished = 0
        self._running = False
        self._pool = ThreadPool(self._threads, self._threads, name="passwords")
        self._pool.threadFactory = FleetingThread
        # An unknown user costs the same work: a real hash, of a password that nobody knows.
        self._nobody: PasswordHash | None = None

    def start(self) -> None:
        """Start the threads."""
        self._nobody = hash_password(secrets.token_urlsafe(32), self._peppers, self._cost)
        self._running = True
        self._pool.start()

    async def stop(self) -> None:
        """Finish the hashes that are being made, drop those that wait, end the threads."""
        if not self._running:
            return
        self._running = False
        ending = run_apart(self._reactor, self._pool.stop)
        ending.addTimeout(STOP_WITHIN_S, self._reactor)
        try:
            await ending
        except defer.TimeoutError:
            log.warn("a password's thread hangs and is left behind")

    @property
    def waiting(self) -> int:
        """How many calls wait for a thread."""
        return max(0, self._unfinished - self._threads)

    def hash(self, password: str) -> Deferred[PasswordHash]:
        """The hash to store for ``password``, under the newest pepper."""
        return self._run(lambda: hash_password(password, self._peppers, self._cost))

    def matches(self, password: str, stored: PasswordHash | None) -> Deferred[bool]:
        """Whether ``password`` is the stored one; None is an unknown user, at the same cost."""
        against = stored or self._nobody
        if against is None:
            raise Unavailable("the password threads are not running")
        known = stored is not None
        return self._run(lambda: password_matches(password, against, self._peppers) and known)

    def outdated(self, stored: PasswordHash) -> bool:
        """Whether ``hash`` would take a newer pepper."""
        return stored.root_id < max(self._peppers)

    def _run(self, work: Callable[[], T]) -> Deferred[T]:
        if not self._running:
            raise Unavailable("the password threads are not running")
        if self.waiting >= self._max_waiting:
            raise Busy(math.ceil(self._unfinished * SECONDS_PER_HASH / self._threads))
        self._unfinished += 1
        answer: Deferred[T] = Deferred()

        def unless_nobody_asks() -> T:
            if answer.called or not self._running:
                raise Unavailable("nobody waits for this password any more")
            return work()

        def finish(result: T | Failure) -> None:
            self._unfinished -= 1
            if not answer.called:
                answer.callback(result)

        # The caller may cancel its answer; the thread goes on, and is counted until it is done.
        deferToThreadPool(self._reactor, self._pool, unless_nobody_asks).addBoth(finish)
        return answer

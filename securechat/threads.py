"""Threads that never keep the process: whatever hangs in one, the daemon can end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

T = TypeVar("T")


class FleetingThread(threading.Thread):
    """A thread that Python does not wait for at the end; a ThreadPool can be told to use it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.daemon = True


def run_apart(reactor: Any, work: Callable[[], T]) -> Deferred[T]:
    """Run blocking ``work`` in a thread of its own; its result.

    The reactor's own threads are waited for when it stops, this one is not. Whoever cancels is told
    at once; the thread goes on.
    """
    answer: Deferred[T] = Deferred()

    def tell(result: T | Failure) -> None:
        if not answer.called:
            answer.callback(result)

    def run() -> None:
        result: T | Failure
        try:
            result = work()
        except BaseException:  # noqa: BLE001 - whatever it is, it belongs to who waits for it
            result = Failure()
        reactor.callFromThread(tell, result)

    FleetingThread(target=run, name="apart").start()
    return answer

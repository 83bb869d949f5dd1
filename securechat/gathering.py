"""Questions to the store that many ask at once, put as one."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

PATIENCE_S = 0.25
"""Nobody waits longer for the answer to those who came before."""

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Gathering(Generic[Question, Answer]):
    """What is asked while an answer is under way is asked together, after that.

    So every question is put to the store after it was asked, and who is alone does not wait.
    """

    def __init__(
        self,
        clock: IReactorTime,
        put: Callable[[Sequence[Question]], Coroutine[Any, Any, Sequence[Answer]]],
        most: int,
    ) -> None:
        """``put`` asks at most ``most`` questions at once, and gives the answers in their order."""
        self._clock = clock
        self._put = put
        self._most = most
        self._waiting: list[tuple[Question, Deferred[Answer]]] = []
        self._under_way = 0
        self._timer: IDelayedCall | None = None

    def ask(self, question: Question) -> Deferred[Answer]:
        """The answer, as it is at some time from now on; fails as ``put`` does."""
        answer: Deferred[Answer] = Deferred()
        self._waiting.append((question, answer))
        if not self._under_way:
            self._begin()
        self._be_patient()
        return answer

    def _be_patient(self) -> None:
        """Have a timer as long as anybody waits."""
        if self._waiting and self._timer is None:
            self._timer = self._clock.callLater(PATIENCE_S, self._lose_patience)
        elif self._timer is not None and not self._waiting:
            self._timer.cancel()
            self._timer = None

    def _lose_patience(self) -> None:
        self._timer = None
        while self._waiting:
            self._begin()

    def _begin(self) -> None:
        asked, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        self._under_way += 1
        questions = [question for question, _ in asked]
        answering = Deferred.fromCoroutine(self._put(questions))
        answering.addBoth(self._answered, [answer for _, answer in asked])

    def _answered(
        self, answers: Sequence[Answer] | Failure, waiting: Sequence[Deferred[Answer]]
    ) -> None:
        """Tell all who asked, then ask for those who came meanwhile."""
        if isinstance(answers, Failure):
            for one in waiting:
                one.errback(answers)
        else:
            for one, answer in zip(waiting, answers, strict=True):
                one.callback(answer)
        self._under_way -= 1
        if self._waiting and not self._under_way:
            self._begin()
            self._be_patient()

"""Gathering: what many ask at once is put as one question, and nobody waits for long."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from securechat.gathering import PATIENCE_S, Gathering


class GatheringTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.put: list[tuple[list[int], Deferred[None]]] = []
        self.gathering: Gathering[int, int] = Gathering(self.clock, self._put, 3)

    async def _put(self, questions: Sequence[int]) -> list[int]:
        gate: Deferred[None] = Deferred()
        self.put.append((list(questions), gate))
        await gate
        return [10 * question for question in questions]

    def ask(self, *questions: int) -> list[Deferred[int]]:
        return [self.gathering.ask(question) for question in questions]

    @property
    def asked(self) -> list[list[int]]:
        return [questions for questions, _ in self.put]

    def answer(self, number: int) -> None:
        self.put[number][1].callback(None)

    def test_who_is_alone_does_not_wait(self) -> None:
        [one] = self.ask(1)
        self.assertEqual(self.asked, [[1]])
        self.assertNoResult(one)
        self.answer(0)
        self.assertEqual(self.successResultOf(one), 10)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_those_who_come_meanwhile_are_put_together_after_that(self) -> None:
        answers = self.ask(1, 2, 2, 3)
        self.answer(0)
        self.assertEqual(self.asked, [[1], [2, 2, 3]])
        self.answer(1)
        self.assertEqual([self.successResultOf(one) for one in answers], [10, 20, 20, 30])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_no_more_are_put_at_once_than_may_be(self) -> None:
        answers = self.ask(1, 2, 3, 4, 5, 6)
        for number in range(3):
            self.answer(number)
        self.assertEqual(self.asked, [[1], [2, 3, 4], [5, 6]])
        self.assertEqual([self.successResultOf(one) for one in answers], [10, 20, 30, 40, 50, 60])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_an_answer_that_is_late_is_waited_for_by_nobody_else(self) -> None:
        self.ask(1, 2, 3, 4, 5, 6)
        self.clock.advance(PATIENCE_S)
        self.assertEqual(self.asked, [[1], [2, 3, 4], [5, 6]])
        self.ask(7)
        self.clock.advance(PATIENCE_S)
        self.assertEqual(self.asked[3:], [[7]])
        for number in range(4):
            self.answer(number)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_failure_is_told_to_those_who_asked_for_it_alone(self) -> None:
        answers = self.ask(1, 2, 3)
        self.answer(0)
        self.put[1][1].errback(RuntimeError("away"))
        self.assertEqual(self.successResultOf(answers[0]), 10)
        for one in answers[1:]:
            self.failureResultOf(one, RuntimeError)
        [again] = self.ask(4)
        self.answer(2)
        self.assertEqual(self.successResultOf(again), 40)

    def test_who_does_not_want_the_answer_any_more_disturbs_nobody(self) -> None:
        answers = self.ask(1, 2, 3)
        answers[1].cancel()
        answers[1].addErrback(lambda failure: None)
        self.answer(0)
        self.answer(1)
        self.assertEqual(self.successResultOf(answers[2]), 30)

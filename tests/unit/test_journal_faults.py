"""The journal with every call to the store going wrong once, in every way, under ``Clock``."""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from securechat.bus.local import LocalBus
from securechat.chat.journal import Journal, Receipt
from securechat.core.commands import Post
from securechat.core.errors import Code, Refused
from securechat.core.keys import RoomKeys, RootKeys
from securechat.core.model import GENERAL, MessageId, UserId
from securechat.core.ports import News, Posted, Reached
from securechat.metrics import Metrics
from tests.unit.memory import MemoryStore, person
from tests.unit.stumbling import STUMBLES, Stumble, Stumbling, broken

ADA, EVE, KIM = person("ada"), person("eve"), person("kim")
ANSWERED_WITHIN_S = 5.0
MOST_CALLS = 100


class Run:
    """Ada and Eve post in three batches, with resends, a conflict and a stranger among them."""

    def __init__(self, failing: int, stumble: Stumble) -> None:
        self.clock = Clock()
        self.memory = MemoryStore(members={(GENERAL, ADA.id), (GENERAL, EVE.id)})
        self.store = Stumbling(self.memory, self.clock, failing, stumble)
        self.reached = 0
        self.answers: list[tuple[tuple[UserId, str, str], list[object]]] = []
        bus = LocalBus()
        bus.listen(self.hear)
        events: Any = self.store
        self.journal = Journal(
            events=events,
            room_keys=RoomKeys(RootKeys("db", {1: os.urandom(32)})),
            bus=bus,
            clock=self.clock,
            wall_clock=lambda: round(self.clock.seconds() * 1000),
            most_waiting=300,
            metrics=Metrics(),
        )

    def hear(self, news: News) -> None:
        if isinstance(news, Posted):
            self.reached = max(self.reached, *(event.seq for event in news.events))
        elif isinstance(news, Reached):
            self.reached = max(self.reached, news.seq)

    def send(self, user: UserId, number: int, body: str = "") -> list[object]:
        """Post; where every answer to it is put."""
        said = (user, f"{number:022}", body or f"{user} {number}")
        told: list[object] = []
        self.answers.append((said, told))
        post = Post(MessageId(said[1]), GENERAL, said[2])
        self.journal.post(user, post).addBoth(told.append)
        return told

    def play(self) -> None:
        """Everything once, then again what has no number, as clients do; then all is quiet."""
        for number in range(3):
            self.send(ADA.id, number)
            self.send(EVE.id, number)
        self.clock.advance(0)
        self.send(ADA.id, 0)
        self.send(ADA.id, 0, "something else")
        self.send(KIM.id, 1)
        self.send(EVE.id, 3)
        self.clock.advance(0)
        self.send(EVE.id, 3)
        self.clock.pump([0.5] * int(2 * ANSWERED_WITHIN_S))
        self.first_answers = [list(told) for _, told in self.answers]
        for (user, mid, body), told in list(self.answers):
            if not isinstance(told[0], Receipt) and not is_final(told[0]):
                self.send(user, int(mid), body)
                self.clock.pump([0.5] * int(2 * ANSWERED_WITHIN_S))
        self.clock.pump([0.5] * 20)


def is_final(answer: object) -> bool:
    """Whether sending again is of no use."""
    assert isinstance(answer, Failure)
    assert isinstance(answer.value, Refused), answer
    return answer.value.code in (Code.NOT_A_MEMBER, Code.ID_CONFLICT)


class EveryCallFails(TestCase):
    def check(self, run: Run) -> None:
        """One answer each, in time; true numbers; everything heard of; nothing waits."""
        events = run.memory.events[GENERAL]
        kept = {(event.author, event.mid): event.seq for event in events}
        self.assertEqual([event.seq for event in events], list(range(1, len(events) + 1)))
        self.assertEqual(len(kept), len(events), "something is there twice")
        for told in run.first_answers:
            self.assertEqual(len(told), 1, "no answer within 5 s, or two")
        finals: dict[tuple[UserId, str, str], object] = {}
        for said, told in run.answers:
            self.assertEqual(len(told), 1)
            finals[said] = told[0]
            if isinstance(told[0], Receipt):
                self.assertEqual(kept[said[0], MessageId(said[1])], told[0].seq)
        for (user, mid, body), answer in finals.items():
            if isinstance(answer, Receipt):
                continue
            self.assertTrue(is_final(answer), answer)
            self.assertTrue(user == KIM.id or body == "something else", (user, mid))
        self.assertEqual({user for user, _ in kept}, {ADA.id, EVE.id})
        self.assertEqual(len(kept), 7)
        self.assertEqual(run.reached, len(events), "somebody was never told")
        self.assertEqual(run.clock.getDelayedCalls(), [])

    def order_of(self, run: Run, user: UserId) -> list[str]:
        """The ids of one person's posts as numbered."""
        return [event.mid for event in run.memory.events[GENERAL] if event.author == user]

    def fail_each(self, stumble: Stumble) -> int:
        """Run with call 1, 2, 3 … going wrong until a run has no such call; how many runs."""
        for failing in range(1, MOST_CALLS):
            run = Run(failing, stumble)
            run.play()
            with_name = f"{stumble.__name__}: call {failing}, {run.store.stumbled}"
            try:
                self.check(run)
                if run.store.stumbled is None:
                    self.assertEqual(self.order_of(run, ADA.id), sorted(self.order_of(run, ADA.id)))
                    return failing
            except AssertionError as error:
                raise AssertionError(f"{with_name}: {error}") from error
            finally:
                logged = self.flushLoggedErrors(RuntimeError)
            self.assertEqual(bool(logged), stumble is broken, with_name)
        raise AssertionError("this has no end")

    def test_every_post_is_answered_once_and_kept_once_whichever_call_goes_wrong(self) -> None:
        for stumble in STUMBLES:
            self.assertGreater(self.fail_each(stumble), 3, stumble.__name__)

    def test_draining_ends_whichever_call_goes_wrong(self) -> None:
        for stumble in STUMBLES:
            for failing in range(1, 5):
                run = Run(failing, stumble)
                told = [run.send(ADA.id, number) for number in range(3)]
                run.clock.advance(0)
                told.append(run.send(ADA.id, 0))
                drained = Deferred.fromCoroutine(run.journal.drain())
                run.clock.pump([0.5] * 20)
                self.successResultOf(drained)
                self.assertEqual([len(answers) for answers in told], [1] * 4)
                self.assertEqual(run.clock.getDelayedCalls(), [])
        self.flushLoggedErrors(RuntimeError)

"""All connections are asked in turn for a sign of life, none too early and none twice."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from securechat.sockets.pulse import PING_EVERY_S, Pulse


class Asked:
    """Counts how often it is asked, and when."""

    def __init__(self, pulse: Pulse) -> None:
        self.pulse = pulse
        self.times = 0

    def ask(self) -> None:
        self.times += 1


class Leaving(Asked):
    """Goes when it is asked."""

    def ask(self) -> None:
        super().ask()
        self.pulse.discard(self)


class InTurn(SynchronousTestCase):
    def beats(self, pulse: Pulse, seconds: int) -> None:
        for _ in range(seconds):
            pulse.beat()

    def test_each_is_asked_as_long_after_it_came_as_between_two_times(self) -> None:
        for start in range(PING_EVERY_S + 1):
            pulse = Pulse()
            self.beats(pulse, start)
            one = Asked(pulse)
            pulse.add(one)
            for times in range(3):
                self.beats(pulse, PING_EVERY_S - 1)
                self.assertEqual(one.times, times)
                pulse.beat()
                self.assertEqual(one.times, times + 1)

    def test_who_has_gone_is_asked_no_more(self) -> None:
        pulse = Pulse()
        stays, goes, leaves = Asked(pulse), Asked(pulse), Leaving(pulse)
        for one in (stays, goes, leaves):
            pulse.add(one)
        pulse.discard(goes)
        self.beats(pulse, 2 * PING_EVERY_S)
        self.assertEqual((stays.times, goes.times, leaves.times), (2, 0, 1))

    def test_one_that_breaks_keeps_no_other_from_being_asked(self) -> None:
        class Broken(Asked):
            def ask(self) -> None:
                raise RuntimeError("bug")

        pulse = Pulse()
        broken, other = Broken(pulse), Asked(pulse)
        for one in (broken, other):
            pulse.add(one)
        self.beats(pulse, 2 * PING_EVERY_S)
        self.assertEqual(other.times, 2)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)

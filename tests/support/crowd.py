"""A crowd that talks in #general from a process of its own, as fast as asked for.

``python -m tests.support.crowd URL COUNT [PER_SECOND]`` posts COUNT messages and ends when all of
them are stored; without PER_SECOND as fast as the daemon takes them.
"""

from __future__ import annotations

import os
import subprocess
import sys

from twisted.internet import reactor
from twisted.internet.defer import Deferred, ensureDeferred, gatherResults
from twisted.internet.task import deferLater, react

from .client import Frame, Person, Socket
from .daemon import ROOT

PEOPLE = 3
UNDER_WAY = 64
"""Posts of one person that wait for their answer."""
IN_A_ROW = 5
"""Posts of one person before the next one speaks, where the pace is given."""
WORDS = "The crowd has much to say and says it at once: in short words, in long ones, in both. "


def body(number: int) -> str:
    """What is said as this number: some short, some of several lines, always the same."""
    words = WORDS[: 5 + number * 7 % len(WORDS)]
    if number % 10 == 0:
        words = "\n".join([words] * 3)
    return f"message {number} {words}".strip()


class Crowd:
    """The crowd as the tests hold it: a process."""

    def __init__(self, url: str, count: int, per_second: int | None = None) -> None:
        pace = [] if per_second is None else [str(per_second)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.crowd", url, str(count), *pace],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
        )

    def has_spoken(self) -> bool:
        """Whether all is said and stored; AssertionError where it went wrong."""
        status = self._process.poll()
        assert status in (None, 0), f"the crowd ended with status {status}"
        return status == 0

    def wait(self, within_s: float = 120.0) -> None:
        """Return when all is said and stored."""
        self._process.wait(within_s)
        assert self.has_spoken()

    def hush(self) -> None:
        """Send them home, whatever is left to say."""
        self._process.kill()
        self._process.wait()


async def speak(url: str, count: int, per_second: int | None) -> None:
    """Post so many messages."""
    people = [Person(url, f"crowd-{number}-{os.getpid()}") for number in range(PEOPLE)]
    sockets = []
    for person in people:
        assert await person.register() == 303
        sockets.append(await person.chat())
    if per_second is None:
        for number, socket in enumerate(sockets):
            await hasten(socket, range(number + 1, count + 1, PEOPLE))
    else:
        await stroll(sockets, count, per_second)
    for person in people:
        await person.leave()


async def hasten(socket: Socket, numbers: range) -> None:
    """Post all of these, many under way at once."""
    for start in range(0, len(numbers), UNDER_WAY):
        some = numbers[start : start + UNDER_WAY]
        await all_posted([ensureDeferred(socket.post(body(number))) for number in some])


async def stroll(sockets: list[Socket], count: int, per_second: int) -> None:
    """Post at this pace, one person after the other."""
    under_way = []
    for number in range(1, count + 1):
        socket = sockets[number // IN_A_ROW % PEOPLE]
        under_way.append(ensureDeferred(socket.post(body(number))))
        await deferLater(reactor, 1 / per_second)
    await all_posted(under_way)


async def all_posted(posts: list[Deferred[Frame]]) -> None:
    """Return when each of these is stored; AssertionError where one was refused."""
    for answer in await gatherResults(posts):
        assert answer["type"] == "posted", answer


if __name__ == "__main__":
    URL, COUNT = sys.argv[1], int(sys.argv[2])
    PER_SECOND = int(sys.argv[3]) if sys.argv[3:] else None
    react(lambda _: Deferred.fromCoroutine(speak(URL, COUNT, PER_SECOND)))

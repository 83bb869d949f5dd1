"""What the tests of the bus have in common: nodes on a real Redis, and what they heard."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.trial.unittest import SkipTest, TestCase
from zope.interface import implementer

from securechat.bus.codec import Codec
from securechat.bus.redis import RedisBus
from securechat.core.ports import News
from securechat.core.settings import RedisServer
from securechat.metrics import Metrics
from tests.support import redis

KEY = bytes(32)
CHAT = "a-chat"


TWISTED: Any = reactor  # its module has no type that says what it provides


def now_ms() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)


class Node:
    """One daemon's end of the bus, and all that its listeners heard."""

    def __init__(
        self,
        server: RedisServer,
        name: str,
        chat: str = CHAT,
        wall_clock: Callable[[], int] = now_ms,
    ) -> None:
        self.metrics = Metrics()
        self.heard: list[News] = []
        self.bus = RedisBus(
            server,
            codec=Codec(lambda: [KEY], name, wall_clock),
            database_id=chat,
            metrics=self.metrics,
            reactor=TWISTED,
        )
        self.bus.listen(self.heard.append)

    def figure(self, name: str, **labels: str) -> float:
        """A metric's value, without the prefix."""
        value = self.metrics.registry.get_sample_value(f"securechat_bus_{name}", labels)
        assert value is not None, name
        return value

    def dropped(self, why: str) -> float:
        """How many messages were dropped for this reason."""
        return self.figure("messages_dropped_total", why=why)


@implementer(ILogObserver)
class Notes:
    """What the log says of the bus: ``up``, or why it is in trouble."""

    def __init__(self, told: list[str], wanted: tuple[str, ...]) -> None:
        self.told = told
        self._wanted = wanted

    def __call__(self, event: LogEvent) -> None:
        if event.get("event") in self._wanted:
            self.told.append(str(event.get("why", "up")))


class RedisCase(TestCase):
    """Nodes on a server of one's own; everything ends with the test."""

    timeout = 120

    def setUp(self) -> None:
        why = redis.missing()
        if why:
            raise SkipTest(why)

    def notes(self, ups: bool = True) -> list[str]:
        """A list that the log of the bus goes into from now on, with or without its ``up``."""
        notes = Notes([], ("bus_up", "bus_trouble") if ups else ("bus_trouble",))
        globalLogPublisher.addObserver(notes)
        self.addCleanup(globalLogPublisher.removeObserver, notes)
        return notes.told

    def new_server(self, *options: str, **more: Any) -> redis.Redis:
        """A running server."""
        server = redis.Redis(*options, **more)
        self.addCleanup(server.remove)
        return server.start()

    def over_socket(self, server: redis.Redis, **more: Any) -> RedisServer:
        """The settings that lead there."""
        return replace(RedisServer(unix_socket=server.socket), **more)

    def node(self, server: RedisServer, **more: Any) -> Node:
        """One more daemon's end, started."""
        node = Node(server, os.urandom(8).hex(), **more)
        self.addCleanup(lambda: Deferred.fromCoroutine(node.bus.stop()))
        node.bus.start()
        return node

    async def nodes(self, server: RedisServer, count: int) -> list[Node]:
        """So many, all connected."""
        nodes = [self.node(server) for _ in range(count)]
        await self.until(lambda: all(node.bus.is_up for node in nodes))
        return nodes

    async def until(self, condition: Callable[[], object], within_s: float = 30.0) -> float:
        """Wait until ``condition`` holds; the seconds it took."""
        started_s = time.monotonic()
        while not condition():
            passed_s = time.monotonic() - started_s
            self.assertLess(passed_s, within_s, "it never came true")
            await deferLater(TWISTED, 0.005)
        return time.monotonic() - started_s

"""People talk through a real daemon, over real sockets, and find it all again."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from tests.support.client import Person, new_id
from tests.support.daemon import DaemonProcess


class Talking(TestCase):
    timeout = 120

    async def setUp(self) -> None:
        self.daemon = DaemonProcess(Path(self.mktemp()).resolve()).start()
        self.addCleanup(self.daemon.stop)

    async def person(self, name: str) -> Person:
        person = Person(self.daemon.url, name)
        self.addCleanup(lambda: Deferred.fromCoroutine(person.leave()))
        self.assertEqual(await person.register(), 303)
        return person

    async def test_two_people_read_each_other(self) -> None:
        ada, eve = await self.person("ada"), await self.person("eve")
        mine, theirs = await ada.chat(), await eve.chat()
        await mine.subscribe()
        await theirs.subscribe()
        posted = await mine.post("Hello, Eve.")
        self.assertEqual((posted["type"], posted["seq"], posted["duplicate"]), ("posted", 1, False))
        self.assertEqual(await theirs.read(1), "Hello, Eve.")
        await theirs.post("Hello, Ada.")
        self.assertEqual(await mine.read(2), "Hello, Ada.")
        self.assertLess(mine.types().index("posted"), mine.types().index("event"))

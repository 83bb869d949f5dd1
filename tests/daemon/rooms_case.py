"""What the tests of rooms have in common: a daemon on SQLite, and people connected to it."""

from __future__ import annotations

import shutil
from pathlib import Path

from twisted.internet.threads import deferToThread

from tests.support.client import Frame, Person, Socket
from tests.support.daemon import NO_PACE

from .cases import ProcessCase

SOON_S = 0.3
"""Long enough for what must not come to have come."""


_registered: dict[tuple[str, ...], tuple[Path, dict[str, dict[str, str]]]] = {}
"""Of each set of people the data folder where they have just registered, and their cookies."""


class RoomsCase(ProcessCase):
    """A daemon on SQLite, and people connected to it.

    Those whom ``people`` names first have registered before, once for all tests, since a password
    takes long by design: the test's own daemon begins with a copy of that data.
    """

    def setUp(self) -> None:
        self.daemon = self.new_daemon(*NO_PACE)
        self.persons: dict[str, Person] = {}

    async def people(self, *names: str) -> list[Socket]:
        """Everybody connected, in this order."""
        if not self.daemon.is_running:
            await self.begin_with(*names)
        return [await self.connect(name) for name in names]

    async def begin_with(self, *names: str) -> None:
        """Start the daemon where these, and nobody else, have registered."""
        if names not in _registered:
            first = self.new_daemon(*NO_PACE).start()
            cookies = {name: (await self.person(first, name)).cookies for name in names}
            await deferToThread(first.stop)
            _registered[names] = first.data_dir, cookies
        data_dir, cookies = _registered[names]
        shutil.copytree(data_dir, self.daemon.data_dir)
        for name in names:
            self.persons[name] = self.stranger(self.daemon, name)
            self.persons[name].cookies = dict(cookies[name])
        self.daemon.start()

    async def connect(self, name: str) -> Socket:
        """One more connection of somebody, who registers with the first."""
        if name not in self.persons:
            self.persons[name] = await self.person(self.daemon, name)
        return await self.persons[name].chat()

    def code(self, answer: Frame) -> str:
        self.assertEqual(answer["type"], "error", answer)
        code: str = answer["code"]
        return code

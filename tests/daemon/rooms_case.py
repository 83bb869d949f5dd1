"""What the tests of rooms have in common: a daemon on SQLite, and people connected to it."""

from __future__ import annotations

from tests.support.client import Frame, Person, Socket
from tests.support.daemon import NO_PACE

from .cases import ProcessCase

SOON_S = 0.3
"""Long enough for what must not come to have come."""


class RoomsCase(ProcessCase):
    """A daemon on SQLite, and people connected to it."""

    def setUp(self) -> None:
        self.daemon = self.new_daemon(*NO_PACE).start()
        self.persons: dict[str, Person] = {}

    async def people(self, *names: str) -> list[Socket]:
        return [await self.connect(name) for name in names]

    async def connect(self, name: str) -> Socket:
        """One more connection of somebody, who registers with the first."""
        if name not in self.persons:
            self.persons[name] = await self.person(self.daemon, name)
        return await self.persons[name].chat()

    def code(self, answer: Frame) -> str:
        self.assertEqual(answer["type"], "error", answer)
        code: str = answer["code"]
        return code

"""The list of scenarios: each a coroutine that breaks something so many times and is judged."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .result import Result

Run = Callable[[int, int], Awaitable[Result]]


@dataclass(frozen=True)
class Scenario:
    """A fault with its name on the command line and its number of rounds."""

    name: str
    fault: str
    full: int
    """Rounds of the full campaign."""
    short: int
    """Rounds of the short form in the tests."""
    needs: str
    """What it runs on: ``sqlite``, ``mariadb`` or ``redis`` (with MariaDB)."""
    body: Callable[[str, int, int], Awaitable[Result]]

    async def run(self, rounds: int, seed: int) -> Result:
        """Break it so many times; the result says what was not kept."""
        started_s = time.monotonic()
        result = await self.body(self.fault, rounds, seed)
        result.took_s = time.monotonic() - started_s
        return result


SCENARIOS: dict[str, Scenario] = {}


def scenario(
    name: str, fault: str, *, full: int, short: int = 2, needs: str = "sqlite"
) -> Callable[[Callable[[str, int, int], Awaitable[Result]]], Scenario]:
    """Put a coroutine (fault, rounds, seed) into the list."""

    def made(body: Callable[[str, int, int], Awaitable[Result]]) -> Scenario:
        SCENARIOS[name] = Scenario(name, fault, full, short, needs, body)
        return SCENARIOS[name]

    return made

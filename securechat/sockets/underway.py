"""The posts of one connection that the journal has and has not answered yet."""

from __future__ import annotations

from twisted.internet.defer import Deferred


class UnderWay:
    """Counts posts in and answers out; the journal answers in the order it was asked."""

    def __init__(self) -> None:
        self._begun = 0
        self._answered = 0
        self._waiting: list[tuple[int, Deferred[None]]] = []

    def begin(self) -> None:
        """One more post is under way."""
        self._begun += 1

    def end(self) -> None:
        """One more post was answered, whatever the answer."""
        self._answered += 1
        ripe = [waiter for number, waiter in self._waiting if number <= self._answered]
        self._waiting = [one for one in self._waiting if one[0] > self._answered]
        for waiter in ripe:
            waiter.callback(None)

    async def fewer_than(self, most: int) -> None:
        """Return when fewer than ``most`` posts are under way."""
        await self._reached(self._begun - most + 1)

    async def answered(self) -> None:
        """Return when every post that is under way now has been answered."""
        await self._reached(self._begun)

    async def _reached(self, number: int) -> None:
        if self._answered < number:
            waiter: Deferred[None] = Deferred()
            self._waiting.append((number, waiter))
            await waiter

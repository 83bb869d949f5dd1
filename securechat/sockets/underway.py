"""The posts of one connection that the journal has and has not answered yet."""

from __future__ import annotations

from twisted.internet.defer import Deferred


class UnderWay:
    """Every post holds a ticket from its beginning to its answer; answers may overtake."""

    def __init__(self) -> None:
        self._next = 0
        self._open: set[int] = set()
        self._waiting: list[Deferred[None]] = []

    def begin(self) -> int:
        """One more post is under way; its ticket."""
        self._next += 1
        self._open.add(self._next)
        return self._next

    @property
    def count(self) -> int:
        """How many are under way."""
        return len(self._open)

    def end(self, ticket: int) -> None:
        """The post with this ticket was answered, whatever the answer."""
        self._open.discard(ticket)
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for waiter in waiting:
                waiter.callback(None)

    async def fewer_than(self, most: int) -> None:
        """Return when fewer than ``most`` posts are under way."""
        while len(self._open) >= most:
            await self._change()

    async def answered(self) -> None:
        """Return when every post that is under way now has been answered."""
        last = self._next
        while any(ticket <= last for ticket in self._open):
            await self._change()

    async def _change(self) -> None:
        waiter: Deferred[None] = Deferred()
        self._waiting.append(waiter)
        await waiter

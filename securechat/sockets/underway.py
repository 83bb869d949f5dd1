"""The posts of one connection that the journal has and has not answered yet."""

from __future__ import annotations

from twisted.internet.defer import Deferred


class UnderWay:
    """Every post holds a ticket from its beginning to its answer; answers may overtake."""

    __slots__ = ("_next", "_open", "_waiting")

    def __init__(self) -> None:
        self._next = 0
        # In the order of their beginning. (An empty set takes three times the memory.)
        self._open: dict[int, None] = {}
        self._waiting: list[Deferred[None]] = []

    def begin(self) -> int:
        """One more post is under way; its ticket."""
        self._next += 1
        self._open[self._next] = None
        return self._next

    @property
    def count(self) -> int:
        """How many are under way."""
        return len(self._open)

    def end(self, ticket: int) -> None:
        """The post with this ticket was answered, whatever the answer."""
        self._open.pop(ticket, None)
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
        while self._open and next(iter(self._open)) <= last:
            await self._change()

    async def _change(self) -> None:
        waiter: Deferred[None] = Deferred()
        self._waiting.append(waiter)
        await waiter

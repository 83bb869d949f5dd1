"""How many TCP connections the web port holds, so that its peers never take every open file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Literal

from twisted.logger import Logger

from ..core.buckets import address_key
from .proxies import Proxies

PAGES_PER_ADDRESS = 64
"""HTTP connections that an address may have open beyond its sockets."""

HEALTH_RESERVE = 8
"""The last connections in all: whoever gets one of them is told of our health, and no more."""

TELL_EVERY_S = 60.0

Entry = Literal["everything", "health"]

log = Logger()


class Connections:
    """Counts HTTP connections: in all together with the open sockets, and by peer address.

    ``most`` in all and ``per_address``; 0 switches either off. ``sockets`` tells how many open
    sockets there are: a connection that has become one is counted there from then on. A peer that
    is a proxy of ours stands for many and has no limit of its own, every other at most half of all.
    """

    def __init__(
        self,
        *,
        most: int,
        per_address: int,
        proxies: Proxies,
        sockets: Callable[[], int],
        seconds: Callable[[], float],
    ) -> None:
        self._most = most
        self._per_address = per_address + PAGES_PER_ADDRESS if per_address else 0
        if self._per_address and most:
            self._per_address = max(1, min(self._per_address, most // 2))
        self._proxies = proxies
        self._sockets = sockets
        self._by_peer: Counter[str] = Counter()
        self._open = 0
        self._turned_away = _Tally(seconds)
        self._silent = _Tally(seconds)

    def enter(self, peer: str) -> Entry | None:
        """Count a connection of ``peer`` and say what it is good for; None: it must not stay."""
        key = address_key(peer)
        alone = self._per_address and not self._proxies.trusts(peer)
        left = self._most - self._open - self._sockets() if self._most else None
        if alone and self._by_peer[key] >= self._per_address:
            self._turn_away("its address", peer)
            return None
        if left is not None and left <= 0:
            self._turn_away("all addresses", peer)
            return None
        self._open += 1
        self._by_peer[key] += 1
        reserve = min(HEALTH_RESERVE, self._most // 4)
        return "health" if left is not None and left <= reserve else "everything"

    def leave(self, peer: str) -> None:
        """A connection that entered has ended, or has become a socket."""
        key = address_key(peer)
        self._open -= 1
        self._by_peer[key] -= 1
        if self._by_peer[key] <= 0:
            del self._by_peer[key]

    def silent(self, peer: str) -> None:
        """A connection asked for nothing within its time, as those that browsers open ahead."""
        count = self._silent.one_more()
        if count:
            log.info(
                "{count} connections asked for nothing and were closed, the last from {address}",
                event="silent",
                count=count,
                address=peer,
            )

    def _turn_away(self, whose: str, peer: str) -> None:
        count = self._turned_away.one_more()
        if count:
            log.warn(
                "{count} connections were turned away, the last from {address}: "
                "{whose} has too many",
                event="turned_away",
                count=count,
                address=peer,
                whose=whose,
            )


class _Tally:
    """Counts what would be a line each: a flood must not fill the disk."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._count = 0
        self._told_at_s: float | None = None

    def one_more(self) -> int:
        """How many there were since this was told last, if it is time to tell again; else 0."""
        self._count += 1
        now_s = self._seconds()
        if self._told_at_s is not None and now_s - self._told_at_s < TELL_EVERY_S:
            return 0
        told, self._count, self._told_at_s = self._count, 0, now_s
        return told

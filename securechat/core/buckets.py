"""Limits: token buckets that are told the time, and the number of open sockets."""

from __future__ import annotations

import ipaddress
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache

from .model import Visitor

DEFAULT_MAX_KEYS = 50_000

_ADDRESSES_KNOWN = 4_096
"""So many addresses need not be parsed again; a connection is counted by its own five times."""


@dataclass(slots=True)
class _Level:
    tokens: float
    at_s: float


class Buckets:
    """A token bucket for each key: ``burst`` at once, then ``per_second``.

    Memory is bounded: past ``max_keys`` the key that asked longest ago is forgotten (as if its
    bucket were full again). A burst of 0 switches the limit off.
    """

    def __init__(self, per_second: float, burst: float, max_keys: int = DEFAULT_MAX_KEYS) -> None:
        self._per_second = per_second
        self._burst = burst
        self._max_keys = max_keys
        self._levels: OrderedDict[str, _Level] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    def wait_s(self, key: str, now_s: float, cost: int = 1) -> float:
        """Take ``cost`` tokens and return 0, or none and return the seconds until there are.

        What costs more than a burst takes a whole one.
        ``now_s`` comes from a clock that does not jump; should it go back, nothing is refilled.
        """
        if self._burst <= 0:
            return 0.0
        level = self._levels.pop(key, None) or _Level(self._burst, now_s)
        self._levels[key] = level
        if len(self._levels) > self._max_keys:
            self._levels.popitem(last=False)
        passed_s = max(0.0, now_s - level.at_s)
        level.tokens = min(self._burst, level.tokens + passed_s * self._per_second)
        level.at_s = now_s
        wanted = min(float(cost), self._burst)
        if level.tokens >= wanted:
            level.tokens -= wanted
            return 0.0
        return (wanted - level.tokens) / self._per_second


def per_minute(count: int, max_keys: int = DEFAULT_MAX_KEYS) -> Buckets:
    """Buckets of ``count`` a minute, all of them at once if need be; 0 switches the limit off."""
    return Buckets(count / 60.0, float(count), max_keys)


@lru_cache(_ADDRESSES_KNOWN)
def address_key(address: str) -> str:
    """What a limit by client address counts: an IPv4 address, or the /64 of an IPv6 address.

    One household or machine holds a whole /64, so counting single addresses would limit nothing.
    A text that is no address (a local socket) stands for itself.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))


@dataclass
class Capacity:
    """How many sockets are open, in all, by address key and by user; a limit of 0 is off.

    The door takes a Place before it looks for the session and keeps it only for a visitor that it
    admits; ``gone`` is told once that visitor's socket has ended.
    """

    connections: int
    per_address: int
    per_user: int
    open: int = 0
    _addresses: Counter[str] = field(default_factory=Counter)
    _users: Counter[str] = field(default_factory=Counter)

    def enter(self, address: str) -> Place | None:
        """A place for a socket from ``address``, or None where it would be one too many."""
        key = address_key(address)
        if self.connections and self.open >= self.connections:
            return None
        if self.per_address and self._addresses[key] >= self.per_address:
            return None
        self.open += 1
        self._addresses[key] += 1
        return Place(self, key)

    def gone(self, visitor: Visitor) -> None:
        """An admitted visitor's socket has ended; to be told exactly once for each."""
        self._free(address_key(visitor.address), visitor.user.id)

    def _seat(self, user: str) -> bool:
        if self.per_user and self._users[user] >= self.per_user:
            return False
        self._users[user] += 1
        return True

    def _free(self, address: str, user: str | None) -> None:
        self.open -= 1
        _decrease(self._addresses, address)
        if user is not None:
            _decrease(self._users, user)


class Place:
    """A place within the Capacity for somebody who is not yet admitted."""

    def __init__(self, capacity: Capacity, address: str) -> None:
        self._capacity: Capacity | None = capacity
        self._address = address
        self._user: str | None = None

    def seat(self, user: str) -> bool:
        """Count this place for ``user`` too; False where it would be one too many."""
        if self._capacity is None or self._user is not None or not self._capacity._seat(user):
            return False
        self._user = user
        return True

    def keep(self) -> None:
        """The visitor is admitted: from now on the place ends with ``Capacity.gone``."""
        self._capacity = None

    def leave(self) -> None:
        """Give the place back, unless it was kept or given back before."""
        capacity, self._capacity = self._capacity, None
        if capacity is not None:
            capacity._free(self._address, self._user)


def _decrease(counts: Counter[str], key: str) -> None:
    counts[key] -= 1
    if counts[key] <= 0:
        del counts[key]

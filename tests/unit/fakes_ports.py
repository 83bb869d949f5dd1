"""The small ports in memory: real bcrypt at its lowest cost, a bus that remembers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed

from securechat.core.errors import Busy
from securechat.core.keys import RoomKeys, RootKeys
from securechat.core.model import (
    PasswordHash,
)
from securechat.core.passwords import hash_password, password_matches
from securechat.core.ports import News
from securechat.core.trail import Deed

PEPPERS = {1: b"p" * 32}


def memory_sealer() -> RoomKeys:
    """A sealer with a root key of its own."""
    return RoomKeys(RootKeys("memory", {1: b"r" * 32}))


class InlineHashing:
    """The port Hashing without threads, which counts what it hashes."""

    def __init__(self) -> None:
        self.work = 0
        self.busy = False
        self.peppers = dict(PEPPERS)
        self._nobody = hash_password("nobody", PEPPERS, 4)

    def _start(self) -> None:
        if self.busy:
            raise Busy(3)
        self.work += 1

    def hash(self, password: str) -> Deferred[PasswordHash]:
        self._start()
        return succeed(hash_password(password, self.peppers, 4))

    def matches(self, password: str, stored: PasswordHash | None) -> Deferred[bool]:
        self._start()
        same = password_matches(password, stored or self._nobody, self.peppers)
        return succeed(same and stored is not None)

    def outdated(self, stored: PasswordHash) -> bool:
        return stored.root_id < max(self.peppers)


class HeardBus:
    """The port Bus, which remembers."""

    def __init__(self) -> None:
        self.news: list[News] = []

    def publish(self, news: News) -> None:
        self.news.append(news)

    def listen(self, hear: Callable[[News], None]) -> None:
        raise AssertionError("accounts only publish")


class CountedMetrics:
    """What the web edge counted."""

    def __init__(self) -> None:
        self.logins: list[str] = []
        self.registrations = 0
        self.statuses: list[int] = []

    def login(self, outcome: str) -> None:
        self.logins.append(outcome)

    def registered(self) -> None:
        self.registrations += 1

    def responded(self, status: int) -> None:
        self.statuses.append(status)


class CountingRandom:
    """A source of randomness that repeats itself in every test run and never within one."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, n_bytes: int) -> bytes:
        self._count += 1
        return hashlib.shake_256(self._count.to_bytes(8, "big")).digest(n_bytes)


class HeardAudit:
    """The port Audit that keeps what was to be recorded."""

    def __init__(self) -> None:
        self.deeds: list[Deed] = []

    def record(self, deed: Deed) -> None:
        self.deeds.append(deed)

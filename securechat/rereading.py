"""The keyring is read again while the daemon runs: on SIGHUP, and when a root key is missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from .core.errors import Misconfigured, Unavailable
from .core.keys import RootKeys
from .core.ports import Audit, Ledger
from .core.trail import OPERATOR, Deed, Kind
from .keyring import read
from .roots import LiveRoots
from .threads import run_apart

log = Logger()


class Rereading:
    """Exchanges the root keys in use for those in the file, or leaves everything as it is."""

    def __init__(
        self,
        path: Path,
        roots: LiveRoots,
        ledger: Ledger,
        forget: Callable[[], Awaitable[None]],
        reactor: Any,
        audit: Audit,
    ) -> None:
        """``forget`` drops what is remembered of room keys, which may be wrapped anew by now."""
        self._path = path
        self._roots = roots
        self._ledger = ledger
        self._forget = forget
        self._reactor = reactor
        self._audit = audit
        self._ready = self._running = self._wanted = False

    def be_ready(self) -> None:
        """The database is known to be ours: read what was wanted before, and whatever follows."""
        self._ready = True
        self._roots.tell_behind = lambda: self._reactor.callFromThread(self.reread)
        if self._wanted:
            self.reread()

    def reread(self) -> None:
        """Read the file as soon as may be, once more where that is being done already."""
        self._wanted = True
        if self._ready and not self._running:
            self._running = True
            Deferred.fromCoroutine(self._all_wanted()).addErrback(
                lambda failure: log.failure("the keyring could not be read again", failure)
            )

    async def _all_wanted(self) -> None:
        try:
            while self._wanted:
                self._wanted = False
                await self._once()
        finally:
            self._running = False

    async def _once(self) -> None:
        try:
            roots = await run_apart(self._reactor, self._settled)
            # Before the older root keys go: what is remembered may be wrapped under them.
            await self._forget()
        except (Misconfigured, Unavailable) as error:
            log.error(
                "the keyring is not taken, and the one before stays in use: {reason}",
                event="keyring_refused",
                reason=str(error),
            )
            self._audit.record(Deed(Kind.KEYRING_REFUSED, OPERATOR, outcome=type(error).__name__))
            return
        self._roots.adopt(roots)
        ids = tuple(sorted(roots.keys))
        self._audit.record(Deed(Kind.KEYRING_READ, OPERATOR, detail=(("root_ids", ids),)))
        log.info(
            "the keyring was read again: root keys {root_ids}, number {newest} for new things",
            event="keyring_read",
            root_ids=list(ids),
            newest=roots.newest_id,
        )

    def _settled(self) -> RootKeys:
        ring = read(self._path)
        ring.settle(self._ledger)
        return ring.roots

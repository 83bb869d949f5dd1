"""The root keys that a running daemon uses, which may become others while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from twisted.logger import Logger

from .core.errors import Misconfigured, RootUnknown
from .core.keys import RootKeys, purpose_key
from .keyring import Keyring, read

log = Logger()

LOOK_AGAIN_S = 1.0
"""The keyring's file is looked at no more often for a root key that is not known."""


class LiveRoots:
    """The port Roots over a keyring that can be exchanged. Safe in any thread.

    Where something stored names a root key that is not known, the file is looked at once: another
    daemon may have heard of a rotation first. What is found there only opens; it is ``behind``, for
    which ``tell_behind`` is called, that decides whether it also seals.
    """

    def __init__(self, ring: Keyring, seconds: Callable[[], float] = time.monotonic) -> None:
        self.tell_behind: Callable[[], None] = lambda: None
        """Called from any thread, at most once in LOOK_AGAIN_S."""
        self._path = ring.path
        self._roots = ring.roots
        self._found: Mapping[int, bytes] = {}
        self._purposes: dict[str, tuple[bytes, ...]] = {}
        self._seconds = seconds
        self._looked_s = -LOOK_AGAIN_S
        self.peppers = _Peppers(self)

    @property
    def now(self) -> RootKeys:
        """Those in use."""
        return self._roots

    def adopt(self, roots: RootKeys) -> None:
        """Use these from now on, and no others."""
        self._roots, self._found, self._purposes = roots, {}, {}

    @property
    def newest(self) -> tuple[int, bytes]:
        """The root key that seals new things, with its number."""
        return self._roots.newest

    def key(self, root_id: int) -> bytes:
        """The root key with this number; RootUnknown where the file does not have it either."""
        found = self._roots.keys.get(root_id) or self._found.get(root_id)
        if found is None:
            self._look_again(root_id)
            found = self._found.get(root_id)
        if found is None:
            raise RootUnknown(root_id)
        return found

    def purposes(self, name: str) -> tuple[bytes, ...]:
        """Every root key's key for one purpose, the newest first."""
        known = self._purposes.get(name)
        if known is None:
            known = self._purposes[name] = self._roots.purposes(name)
        return known

    def _look_again(self, root_id: int) -> None:
        now_s = self._seconds()
        if now_s < self._looked_s + LOOK_AGAIN_S:
            return
        self._looked_s = now_s
        try:
            theirs = read(self._path).roots
        except Misconfigured as error:
            log.error("root key {root_id} is not known: {reason}", root_id=root_id, reason=error)
            return
        if theirs.database_id == self._roots.database_id:
            self._found = theirs.keys
        if root_id in self._found:
            self.tell_behind()
        else:
            log.error(
                "root key {root_id} is not in the keyring {path}: give this daemon the newest one",
                event="root_key_unknown",
                root_id=root_id,
                path=str(self._path),
            )


class _Peppers(Mapping[int, bytes]):
    """The password pepper of every root key; one that is not known raises RootUnknown."""

    def __init__(self, roots: LiveRoots) -> None:
        self._roots = roots

    def __getitem__(self, root_id: int) -> bytes:
        return purpose_key(self._roots.key(root_id), "pepper")

    def __iter__(self) -> Iterator[int]:
        return iter(self._roots.now.keys)

    def __len__(self) -> int:
        return len(self._roots.now.keys)

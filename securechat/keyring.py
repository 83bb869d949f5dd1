"""The keyring: the root keys, kept apart from the database in a file that only its owner reads."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from twisted.logger import Logger

from . import keyfile
from .core.encoding import b64url
from .core.errors import Misconfigured
from .core.keys import RootKeys
from .core.model import Identity
from .core.ports import Ledger

log = Logger()


@dataclass(frozen=True)
class Keyring:
    """Root keys and the file that holds them, or will once the database is known to be new."""

    path: Path
    roots: RootKeys
    saved: bool

    def settle(self, ledger: Ledger) -> None:
        """Make sure that these keys and this database belong together, and take new ones in use.

        A new keyring is written only together with an empty database. Blocking. Raises
        Misconfigured where the keyring is missing or foreign, which leaves none behind that was not
        there before, and Unavailable where the database is away. Where it went away during the
        claim, that may have been committed: the new keyring stays, and fits the next try.
        """
        identity = ledger.identity()
        self.check(identity)
        if identity is None:
            self._claim(ledger)
        elif (news := self.roots.news_for(identity)) is not None:
            ledger.admit(news)

    def check(self, identity: Identity | None) -> None:
        """Raise Misconfigured unless these keys fit the database known as ``identity``.

        None stands for a database that was not claimed yet: it takes any keyring.
        """
        if identity is None:
            return
        if not self.path.exists() and not self.saved:
            raise Misconfigured(
                f"the keyring {self.path} is missing, and the database holds data sealed with it. "
                "Put the keyring back from its backup, or name it with --keyring. "
                "Nothing that is stored can be read without it."
            )
        self._require_ours()
        why = self.roots.misfit(identity)
        if why is not None:
            raise Misconfigured(f"the keyring {self.path} {why}.")

    def _require_ours(self) -> None:
        if not self.saved and keyfile.read(self.path) != self.roots:
            raise Misconfigured(
                f"the keyring {self.path} was made while this daemon waited for the database: "
                "start it again."
            )

    def _claim(self, ledger: Ledger) -> None:
        made_now = False
        if not self.saved and self.path.exists():
            self._require_ours()
        elif not self.saved:
            keyfile.make(self.path, self.roots)
            made_now = True
            log.info(
                "made the keyring {path}; keep a copy of it, apart from the database's backups",
                path=str(self.path),
            )
        try:
            ledger.claim(self.roots.identity())
        except Misconfigured:
            # The one answer that says for certain that the database does not need these keys.
            if made_now:
                self.path.unlink()
            raise


def read_or_draft(path: Path) -> Keyring:
    """The keyring at ``path``, or a new one that is not yet saved where there is no file."""
    if path.exists() or path.is_symlink():
        return read(path)
    return Keyring(path, RootKeys(b64url(os.urandom(16)), {}).adding(1, *fresh()), saved=False)


def read(path: Path) -> Keyring:
    """The keyring at ``path``.

    Raises Misconfigured where it cannot be read, is not ours alone, or is not a keyring.
    """
    return Keyring(path, keyfile.read(path), saved=True)


def fresh() -> tuple[bytes, int]:
    """A new root key, and when it was made (milliseconds since 1970)."""
    return os.urandom(keyfile.ROOT_KEY_BYTES), int(time.time() * 1_000)

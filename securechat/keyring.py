"""The keyring file: the root keys, kept apart from the database and readable by its owner only."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twisted.logger import Logger

from .core.credentials import is_private
from .core.encoding import b64url, from_b64url
from .core.errors import Misconfigured
from .core.keys import RootKeys
from .core.model import Identity
from .core.ports import Ledger

log = Logger()

_VERSION = 1
_ROOT_KEY_BYTES = 32


@dataclass(frozen=True)
class Keyring:
    """Root keys and the file that holds them, or will once the database is known to be new."""

    path: Path
    roots: RootKeys
    saved: bool

    def settle(self, ledger: Ledger) -> None:
        """Make sure that these keys and this database belong together.

        A new keyring is written only together with an empty database. Blocking. Raises
        Misconfigured where the keyring is missing or foreign, which leaves none behind that was not
        there before, and Unavailable where the database is away. Where it went away during the
        claim, that may have been committed: the new keyring stays, and fits the next try.
        """
        identity = ledger.identity()
        self.check(identity)
        if identity is None:
            self._claim(ledger)

    def check(self, identity: Identity | None) -> None:
        """Raise Misconfigured unless these keys fit the database claimed as ``identity``.

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
        if not self.roots.fits(identity):
            raise Misconfigured(
                f"the keyring {self.path} belongs to another database. "
                "Use the keyring that was made together with this one."
            )

    def _require_ours(self) -> None:
        if not self.saved and read(self.path).roots != self.roots:
            raise Misconfigured(
                f"the keyring {self.path} was made while this daemon waited for the database: "
                "start it again."
            )

    def _claim(self, ledger: Ledger) -> None:
        made_now = False
        if not self.saved and self.path.exists():
            self._require_ours()
        elif not self.saved:
            self._save()
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

    def _save(self) -> None:
        content = {
            "version": _VERSION,
            "database": self.roots.database_id,
            "keys": {str(root_id): b64url(key) for root_id, key in self.roots.keys.items()},
        }
        try:
            _write_new(self.path, json.dumps(content, indent=2) + "\n")
        except OSError as error:
            raise Misconfigured(
                f"the keyring {self.path} cannot be written: {error.strerror}"
            ) from None


def _write_new(path: Path, text: str) -> None:
    """Make the file ``path``, durable and whole or not at all; OSError, also where it exists."""
    file, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(file, "w") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        os.link(draft, path)  # unlike a rename it never replaces what another daemon has made
    finally:
        Path(draft).unlink()
    try:
        _sync_folder(path.parent)
    except OSError:
        path.unlink()
        raise


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def read_or_draft(path: Path) -> Keyring:
    """The keyring at ``path``, or a new one that is not yet saved where there is no file."""
    return read(path) if path.exists() else Keyring(path, _fresh(), saved=False)


def _fresh() -> RootKeys:
    return RootKeys(database_id=b64url(os.urandom(16)), keys={1: os.urandom(_ROOT_KEY_BYTES)})


def read(path: Path) -> Keyring:
    """The keyring at ``path``.

    Raises Misconfigured where it cannot be read, others may read it, or it is not a keyring.
    """
    try:
        with path.open() as file:
            _check_mode(path, os.fstat(file.fileno()).st_mode)
            content = json.load(file)
    except OSError as error:
        raise Misconfigured(f"the keyring {path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise Misconfigured(f"the keyring {path} is not a keyring: it is not JSON") from None
    return Keyring(path, _parse(path, content), saved=True)


def _check_mode(path: Path, mode: int) -> None:
    if not is_private(path, mode):
        raise Misconfigured(f"others may read the keyring {path}: run chmod 600 {path}")


def _parse(path: Path, content: Any) -> RootKeys:
    try:
        known = content["version"] == _VERSION
        keys = {int(number): from_b64url(text) for number, text in content["keys"].items()}
        database_id = str(content["database"])
    except (AttributeError, KeyError, TypeError, ValueError):
        known = False
    if not known or not keys or any(len(key) != _ROOT_KEY_BYTES for key in keys.values()):
        raise Misconfigured(f"{path} is not a keyring of this version of SecureChat")
    return RootKeys(database_id=database_id, keys=keys)

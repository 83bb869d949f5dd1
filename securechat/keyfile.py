"""The keyring's file: read with suspicion, written whole and durably or not at all."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .core.credentials import intruder
from .core.encoding import b64url, from_b64url
from .core.errors import Misconfigured
from .core.keys import RootKeys

ROOT_KEY_BYTES = 32
MOST_BYTES = 1 << 20

_VERSION = 1


def read(path: Path) -> RootKeys:
    """The root keys in the file at ``path``.

    Raises Misconfigured where it cannot be read, is not ours alone, or is not a keyring.
    """
    try:
        with open(path, "rb", opener=_at_once) as file:
            why = intruder(path, os.fstat(file.fileno()))
            if why is not None:
                raise Misconfigured(f"the keyring {path} is not safe: {why}")
            content = json.loads(file.read(MOST_BYTES))
    except OSError as error:
        raise Misconfigured(f"the keyring {path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise Misconfigured(f"the keyring {path} is not a keyring: it is not JSON") from None
    return _parse(path, content)


def _at_once(path: str, flags: int) -> int:
    # Not to wait where a pipe lies in its place.
    return os.open(path, flags | os.O_NONBLOCK)


def _parse(path: Path, content: Any) -> RootKeys:
    try:
        known = content["version"] == _VERSION
        keys = {int(number): from_b64url(text) for number, text in content["keys"].items()}
        made_ms = {int(number): int(ms) for number, ms in content.get("made", {}).items()}
        database_id = str(content["database"])
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        known = False
    if (
        not known
        or not keys
        or min(keys) < 1
        or any(len(key) != ROOT_KEY_BYTES for key in keys.values())
    ):
        raise Misconfigured(f"{path} is not a keyring of this version of SecureChat")
    return RootKeys(database_id, keys, made_ms)


def make(path: Path, roots: RootKeys) -> None:
    """Make the file, durably; Misconfigured where that is not possible or where there is one."""
    with _told(path), _draft(path, roots) as draft:
        os.link(draft, path)  # unlike a rename it never replaces what another daemon has made
        try:
            _sync_folder(path.parent)
        except OSError:
            path.unlink()
            raise


def replace(path: Path, roots: RootKeys) -> None:
    """Put another content in the file's place, durably; its owner stays. Only while ``held``.

    Whoever reads meanwhile sees the old or the new one. Raises Misconfigured.
    """
    with _told(path):
        target = path.resolve(strict=True)  # a link stays, and what it leads to is replaced
        owner = target.stat()
        for leftover in target.parent.glob(f".{target.name}.*"):
            leftover.unlink()  # of somebody who was killed; nobody else is at it while this is held
        with _draft(target, roots) as draft:
            if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
                os.chown(draft, owner.st_uid, owner.st_gid)
            Path(draft).rename(target)
            _sync_folder(target.parent)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Keep everybody else who changes the file at ``path`` waiting; Misconfigured without one."""
    with _told(path):
        folder = os.open(path.resolve(strict=True).parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


@contextmanager
def _draft(path: Path, roots: RootKeys) -> Iterator[str]:
    """A file beside ``path`` with the content, on the disk; removed if it is still there."""
    content: dict[str, Any] = {
        "version": _VERSION,
        "database": roots.database_id,
        "keys": {str(root_id): b64url(key) for root_id, key in sorted(roots.keys.items())},
        "made": {str(root_id): ms for root_id, ms in sorted(roots.made_ms.items())},
    }
    file, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(file, "w") as opened:
            opened.write(json.dumps(content, indent=2) + "\n")
            opened.flush()
            os.fsync(opened.fileno())
        yield draft
    finally:
        Path(draft).unlink(missing_ok=True)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = error.strerror
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            why = f"{why} (of a systemd credential change the file that it comes from)"
        raise Misconfigured(f"the keyring {path} cannot be written: {why}") from None


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

"""Files with a secret in them: whether they are the daemon's alone, and what they say."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .errors import Misconfigured


def is_private(path: Path, mode: int) -> bool:
    """Whether the ``mode`` of the file at ``path`` is 0600 at most: nobody but the owner uses it.

    Credentials of systemd (its LoadCredential=) count as private whatever their mode: it guards
    their folder, ``$CREDENTIALS_DIRECTORY``, by ACL rather than by mode.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and path.parent == Path(credentials):
        return True
    return not stat.S_IMODE(mode) & 0o177


def intruder(path: Path, status: os.stat_result) -> str | None:
    """Why somebody else may have written the key file at ``path`` or may read it; None: nobody.

    It must belong to the account that reads it or to root, and so must a symbolic link to it: who
    owns the link chooses the file. Root reads for the daemon's account, whichever that is.
    """
    if not stat.S_ISREG(status.st_mode):
        return "it is no file"
    owners = {status.st_uid, path.lstat().st_uid} if path.is_symlink() else {status.st_uid}
    if os.geteuid() != 0 and owners - {0, os.geteuid()}:
        return f"it belongs to another account: run chown {os.geteuid()} {path}"
    if not is_private(path, status.st_mode):
        return f"others may read it: run chmod 600 {path}"
    return None


def read_password(file: Path) -> bytes:
    """The file's first line; Misconfigured where it cannot be read or others may read it."""
    try:
        if not is_private(file, file.stat().st_mode):
            raise Misconfigured(
                f"The password file {file} may be read by others: run  chmod 600 {file}"
            )
        return file.read_bytes().split(b"\n", 1)[0].rstrip(b"\r")
    except OSError as error:
        raise Misconfigured(
            f"The password file {file} cannot be read ({error.strerror})."
        ) from error

"""Files with a secret in them: whether they are the daemon's alone, and what they say."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .errors import Misconfigured


def is_private(path: Path, mode: int) -> bool:
    """Whether nobody but the owner may use the file at ``path``, whose ``st_mode`` is ``mode``.

    Credentials of systemd (its LoadCredential=) count as private whatever their mode: it guards
    their folder, ``$CREDENTIALS_DIRECTORY``, by ACL rather than by mode.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and path.parent == Path(credentials):
        return True
    return not stat.S_IMODE(mode) & 0o077


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

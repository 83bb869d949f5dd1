"""Whether a file with a secret in it is the daemon's alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def is_private(path: Path, mode: int) -> bool:
    """Whether nobody but the owner may use the file at ``path``, whose ``st_mode`` is ``mode``.

    Credentials of systemd (its LoadCredential=) count as private whatever their mode: it guards
    their folder, ``$CREDENTIALS_DIRECTORY``, by ACL rather than by mode.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and path.parent == Path(credentials):
        return True
    return not stat.S_IMODE(mode) & 0o077

"""What the operating system gives the daemon: its data folder and its file descriptors."""

from __future__ import annotations

import os
import resource
from pathlib import Path

from twisted.logger import Logger

from .config import Config
from .core.errors import Misconfigured

log = Logger()

SPARE_FILES = 128
"""Descriptors that are never given to sockets: database, listening ports, log, HTTP requests.

Where there are very few, sockets may have a quarter of them all the same.
"""

OWN_FILES = 64
"""Those of them that no peer gets at all."""


def make_data_dir(config: Config) -> None:
    """Make the data folder, for its owner only; Misconfigured where that is not possible.

    One that is there already and ours is taken away from the others.
    """
    _refuse_shared(config)
    try:
        config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _open_to_others(config.data_dir):
            config.data_dir.chmod(0o700)
            log.warn("others could look into {folder}: not any more", folder=str(config.data_dir))
    except OSError as error:
        raise _not_made(config, error.strerror) from None


def check_data_dir(config: Config) -> None:
    """Misconfigured where ``make_data_dir`` would fail; makes nothing."""
    nearest = next(path for path in (config.data_dir, *config.data_dir.parents) if path.exists())
    if not nearest.is_dir():
        raise _not_made(config, f"{nearest} is not a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise _not_made(config, f"{nearest} may not be written")
    _refuse_shared(config)


def _refuse_shared(config: Config) -> None:
    """Misconfigured where others use the folder, or where it may be there for something else."""
    folder = config.data_dir
    if not folder.is_dir() or not _open_to_others(folder):
        return
    if folder.stat().st_uid != os.geteuid():
        raise Misconfigured(
            f"others may look into the data folder {folder}, and it belongs to another account: "
            "run chown and chmod 700, or name another with --data-dir."
        )
    if not _is_for_us(folder):
        raise Misconfigured(
            f"others may look into the data folder {folder}, and it holds files that are not "
            f"SecureChat's: run  chmod 700 {folder}  or name another with --data-dir."
        )


def _open_to_others(folder: Path) -> bool:
    return bool(folder.stat().st_mode & 0o077)


def _is_for_us(folder: Path) -> bool:
    # A typing error must not close /var or somebody's home to everybody else.
    names = [path.name for path in folder.iterdir()]
    return not names or any(name.startswith(("keyring.json", "securechat.")) for name in names)


def _not_made(config: Config, why: str | None) -> Misconfigured:
    return Misconfigured(
        f"the data folder {config.data_dir} cannot be made: {why}. Name another with --data-dir."
    )


def allowed_peers() -> int:
    """How many TCP connections may be open at all, pages and sockets; 0: any number.

    Asked after ``allowed_connections``, which raises the limit of open files.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 0 if soft == resource.RLIM_INFINITY else max(1, soft - OWN_FILES)


def allowed_connections(wanted: int) -> int:
    """How many sockets may be open: ``wanted`` (0: any number), or what the open files allow.

    Raises the soft limit of open files to the hard one first.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY:
        return wanted
    possible = max(1, hard // 4, hard - SPARE_FILES)
    if wanted and wanted <= possible:
        return wanted
    log.info(
        "open files are limited to {hard}, so at most {possible} connections are taken",
        hard=hard,
        possible=possible,
    )
    return possible

"""What the operating system gives the daemon: its data folder and its file descriptors."""

from __future__ import annotations

import os
import resource

from twisted.logger import Logger

from .config import Config
from .core.errors import Misconfigured

log = Logger()

SPARE_FILES = 128
"""Descriptors that are never given to sockets: database, listening ports, log, HTTP requests."""


def make_data_dir(config: Config) -> None:
    """Make the data folder, readable by its owner only; Misconfigured where that fails."""
    try:
        config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _not_made(config, error.strerror) from None


def check_data_dir(config: Config) -> None:
    """Misconfigured where ``make_data_dir`` would fail; makes nothing."""
    nearest = next(path for path in (config.data_dir, *config.data_dir.parents) if path.exists())
    if not nearest.is_dir():
        raise _not_made(config, f"{nearest} is not a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise _not_made(config, f"{nearest} may not be written")


def _not_made(config: Config, why: str | None) -> Misconfigured:
    return Misconfigured(
        f"the data folder {config.data_dir} cannot be made: {why}. Name another with --data-dir."
    )


def allowed_connections(wanted: int) -> int:
    """How many sockets may be open: ``wanted`` (0: any number), or what the open files allow.

    Raises the soft limit of open files to the hard one first.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY:
        return wanted
    possible = max(1, hard - SPARE_FILES)
    if wanted and wanted <= possible:
        return wanted
    log.warn(
        "open files are limited to {hard}, so at most {possible} connections are taken",
        hard=hard,
        possible=possible,
    )
    return possible

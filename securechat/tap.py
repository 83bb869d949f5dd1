"""What twistd asks of a plugin: the options, and the service that they make."""

from __future__ import annotations

import sys

from twisted.application.service import IService

from .options import Options

__all__ = ["Options", "makeService"]


def makeService(options: Options) -> IService:
    """The service that `options` describe; with --check exits instead, 0 or 1 with the reasons."""
    # Only now: the service imports the reactor, which twistd's --reactor may still have chosen.
    from . import service

    if options.is_check:
        raise SystemExit(_report(service.check(options.config)))
    foreground = options.parent is not None and bool(options.parent.get("nodaemon"))
    return service.makeService(options.config, foreground=foreground)


def _report(reasons: list[str]) -> int:
    for reason in reasons:
        sys.stderr.write(f"{reason}\n")
    if reasons:
        return 1
    sys.stdout.write("everything is in order\n")
    return 0

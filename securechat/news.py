"""The way to the other daemons: the bus as the configuration asks for it."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.task import deferLater

from .bus.codec import Codec
from .bus.local import LocalBus
from .config import Config
from .core.encoding import b64url
from .core.errors import Misconfigured
from .metrics import Metrics
from .roots import LiveRoots

if TYPE_CHECKING:
    from .bus.redis import RedisBus

BUS_PACKAGES = ("txredisapi", "hiredis")

REACH_WITHIN_S = 1.0
LOOK_EVERY_S = 0.02


def make_bus(
    config: Config,
    roots: LiveRoots,
    wall_clock_ms: Callable[[], int],
    metrics: Metrics,
    reactor: Any,
) -> LocalBus | RedisBus:
    """The bus, not started; Misconfigured where packages are missing."""
    if config.bus is None:
        return LocalBus()
    require_bus_packages(config)
    # Only now: its packages are an extra, and importing them installs the reactor.
    from .bus.redis import RedisBus

    codec = Codec(lambda: roots.purposes("bus"), b64url(os.urandom(16)), wall_clock_ms)
    return RedisBus(
        config.bus,
        codec=codec,
        database_id=roots.now.database_id,
        metrics=metrics,
        reactor=reactor,
    )


def require_bus_packages(config: Config) -> None:
    """Misconfigured where ``--bus`` is given and what it needs is not installed."""
    missing = [name for name in BUS_PACKAGES if importlib.util.find_spec(name) is None]
    if config.bus is not None and missing:
        raise Misconfigured(f"--bus needs {' and '.join(missing)}: pip install 'securechat[redis]'")


async def reached(bus: LocalBus | RedisBus, reactor: Any) -> None:
    """Start ``bus`` and wait briefly until it carries news; where it does not, they are lost.

    For whoever tells something and ends: the daemons' heartbeats find what nobody told them.
    """
    bus.start()
    waited_s = 0.0
    while not getattr(bus, "is_up", True) and waited_s < REACH_WITHIN_S:
        await deferLater(reactor, LOOK_EVERY_S)
        waited_s += LOOK_EVERY_S

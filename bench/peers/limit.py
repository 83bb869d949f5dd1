"""The limit: C and epoll, one ``send()`` of a frame as large as ours for each delivery."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..load import compiled
from .base import Peer, Place

SOURCE = Path(__file__).with_name("limit.c")


class Limit(Peer):
    """What the kernel alone costs."""

    name = "limit"

    def install(self, cache: Path) -> None:
        compiled(SOURCE, cache / "limit")

    def command(self, place: Place, port: int) -> Sequence[str]:
        return [str(place.cache / "limit"), str(port), str(place.frame_bytes)]

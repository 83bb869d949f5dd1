"""The bus of a single daemon: a call to every listener."""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger

from ..core.ports import News

log = Logger()


class LocalBus:
    """Implements :class:`~securechat.core.ports.Bus` inside one process."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[News], None]] = []

    def start(self) -> None:
        """Nothing need be started."""

    async def stop(self) -> None:
        """Nothing is left to be sent."""

    def listen(self, hear: Callable[[News], None]) -> None:
        """Call ``hear`` with all news from now on, after those who listened before."""
        self._listeners.append(hear)

    def publish(self, news: News) -> None:
        """Hand ``news`` to every listener; one that fails is logged and keeps nobody else."""
        for hear in self._listeners:
            try:
                hear(news)
            except Exception:  # noqa: BLE001 - whoever publishes has committed and must go on
                log.failure("a listener failed on {news}", news=type(news).__name__)

"""Ourselves: the daemon as it is installed, which seals and stores."""

from __future__ import annotations

from ..daemon import Server
from ..load import Plan
from .base import Peer, Place, Running


class Started:
    """Our daemon together with its plan."""

    def __init__(self, server: Server, connections: int, rooms: int) -> None:
        self._server = server
        self._connections, self._rooms = connections, rooms

    @property
    def pid(self) -> int:
        """The daemon."""
        return self._server.pid

    @property
    def ready_s(self) -> float:
        """On a database that is there already."""
        return self._server.ready_s

    def plan(self) -> Plan:
        """Connect, say hello, subscribe; hear events."""
        return self._server.plan(self._connections, self._rooms)

    def stop(self) -> None:
        """End it."""
        self._server.stop()


class SecureChat(Peer):
    """On SQLite."""

    name = "securechat"
    seals = True
    stores = True
    speaks_tls = True

    def start(self, place: Place, connections: int, rooms: int = 1) -> Running:
        server = Server(place.folder, certificates=place.certificates)
        server.start(connections, rooms)
        return Started(server, connections, rooms)

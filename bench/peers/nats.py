"""nats-server (Go), in the text protocol that its clients speak; subjects are rooms."""

from __future__ import annotations

from collections.abc import Sequence

from ..load import BODY_BYTES, Plan
from .base import Peer, Place, body, found, room_words

CONFIG = 'host: 127.0.0.1\nport: {port}\nping_interval: "1h"\nmax_connections: 60000\n'
HELLO = b'CONNECT {"verbose":false,"pedantic":false}\r\nSUB room.$$1$$ 1\r\nPING\r\n'
MESSAGE = b"PUB room.$$1$$ %d\r\n" % BODY_BYTES


class Nats(Peer):
    """Joins what goes to a connection, as we do."""

    name = "nats"
    debian = {"nats-server": "nats-server"}

    def command(self, place: Place, port: int) -> Sequence[str]:
        config = place.folder / "nats.conf"
        config.write_text(CONFIG.format(port=port))
        return [found("nats-server") or "nats-server", "-c", str(config)]

    def plan(self, port: int, connections: int, rooms: int) -> Plan:
        return Plan(
            port=port,
            connections=connections,
            rooms=rooms,
            values=room_words(connections, rooms),
            steps=[(b"", b"INFO "), (HELLO, b"PONG\r\n")],
            marker=b"MSG room.",
            message=MESSAGE + body() + b"\r\n",
        )

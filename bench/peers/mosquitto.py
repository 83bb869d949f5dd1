"""mosquitto (C), in MQTT 3.1.1 (OASIS standard, section 3) with QoS 0; topics are rooms."""

from __future__ import annotations

from collections.abc import Sequence

from ..load import BODY_BYTES, Plan
from .base import MARK, Peer, Place, body, found, room_words

CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
user root
set_tcp_nodelay true
max_queued_messages 0
log_type error
"""
TOPIC = b"room/$$1$$"
CONNECT = b"\x00\x04MQTT\x04\x02\x00\x00\x00\x00"
"""Level 4, a clean session, no keep-alive, a name that the server chooses."""


class Mosquitto(Peer):
    """One write a delivery."""

    name = "mosquitto"
    speaks_tls = True
    debian = {"mosquitto": "mosquitto"}

    def command(self, place: Place, port: int) -> Sequence[str]:
        config = place.folder / "mosquitto.conf"
        lines = CONFIG.format(port=port)
        if place.certificates is not None:
            lines += f"certfile {place.certificates.chain}\nkeyfile {place.certificates.key}\n"
        config.write_text(lines)
        return [found("mosquitto") or "mosquitto", "-c", str(config)]

    def plan(self, port: int, connections: int, rooms: int) -> Plan:
        subscribe = b"\x00\x01" + text(TOPIC) + b"\x00"
        # The body grows by what its id is longer than its template.
        publish = text(TOPIC) + body()
        grows = BODY_BYTES - len(body())
        return Plan(
            port=port,
            connections=connections,
            rooms=rooms,
            values=room_words(connections, rooms),
            steps=[
                (packet(0x10, CONNECT), b"\x20\x02\x00\x00"),
                (packet(0x82, subscribe), b"\x90\x03\x00\x01\x00"),
            ],
            marker=MARK,
            message=packet(0x30, publish, len(publish) + grows),
        )


def text(value: bytes) -> bytes:
    """A text of MQTT: two bytes say how long it is."""
    return len(value).to_bytes(2, "big") + value


def packet(head: int, rest: bytes, size: int | None = None) -> bytes:
    """A control packet; its length goes in groups of seven bits, the lowest first."""
    left = len(rest) if size is None else size
    length = bytearray()
    while True:
        left, group = left >> 7, left & 0x7F
        length.append(group | (0x80 if left else 0))
        if not left:
            return bytes((head, *length)) + rest

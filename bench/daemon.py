"""Our daemon under load: a real process, people with sessions, and what their connections do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from securechat.core.encoding import b64url
from tests.support.daemon import NO_PACE, ROOT, DaemonProcess

from .load import ID_BYTES, Plan, masked_text, upgrade

# The generator (SEC 2 section 2.4.2): a point on the curve, as a client's half must be one.
POINT = bytes.fromhex(
    "04"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
BODY_BYTES = 256

LIMITS = (
    *NO_PACE,
    *("--limit", "connections-per-address=0"),
    *("--limit", "connections-per-user=0"),
    *("--limit", "connections=0"),
)
TOKEN_BYTES = 43


class Server:
    """A daemon on SQLite, or on the database of these options."""

    def __init__(self, folder: Path, *options: str, database: str = "") -> None:
        more = ("--database", database) if database else ()
        self.daemon = DaemonProcess(folder, *LIMITS, *more, *options)
        self.database = database or f"sqlite:{self.daemon.data_dir / 'securechat.sqlite3'}"
        self.values: list[str] = []

    def start(self, people: int, rooms: int = 1) -> None:
        """Start it once so that there is a database, fill that, and start it for good."""
        self.daemon.start()
        self.daemon.stop()
        self.values = subprocess.run(
            [sys.executable, "-m", "bench.people", self.database, str(people), str(rooms)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=600,
        ).stdout.splitlines()
        self.daemon.start()

    def plan(self, connections: int, rooms: int = 1, *, acks: bool = False) -> Plan:
        """Everybody is connected, said hello and subscribed; ``acks``: count those, not events."""
        host = f"127.0.0.1:{self.daemon.port}"
        hello = {"type": "hello", "version": 1, "key": b64url(POINT), "nonce": b64url(bytes(32))}
        room = self.values[0].split()[1]
        subscribe = json.dumps({"type": "subscribe", "id": "s", "room": "$$2$$"})
        post = json.dumps(
            {"type": "post", "id": "$$ID$$", "room": "$$2$$", "body": "x" * BODY_BYTES}
        )
        grows = len(room) - len("$$2$$")
        post_bytes = len(post) + grows + ID_BYTES - len("$$ID$$")
        shake = upgrade(
            host,
            f"Origin: http://{host}",
            "Sec-WebSocket-Protocol: securechat.v1",
            "Cookie: securechat=$$1$$",
        )
        return Plan(
            port=self.daemon.port,
            connections=connections,
            rooms=rooms,
            steps=[
                (shake, b"\r\n\r\n"),
                (masked_text(json.dumps(hello).encode()), b'"type":"welcome"'),
                (masked_text(subscribe.encode(), len(subscribe) + grows), b'"type":"subscribed"'),
            ],
            marker=b'"type":"posted"' if acks else b'"type":"event","room"',
            message=masked_text(post.encode(), post_bytes),
            values=self.values[:connections],
        )

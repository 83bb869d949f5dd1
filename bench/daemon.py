"""Our daemon under load: a real process, people with sessions, and what their connections do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from securechat.core.encoding import b64url
from tests.support.certificates import Certificates
from tests.support.daemon import NO_PACE, ROOT, DaemonProcess

from .load import BODY_BYTES, ID_BYTES, PINGS, Plan, masked_text, upgrade

# The generator (SEC 2 section 2.4.2): a point on the curve, as a client's half must be one.
POINT = bytes.fromhex(
    "04"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)

LIMITS = (
    *NO_PACE,
    *("--limit", "journal=100000"),
    *("--limit", "connections-per-address=0"),
    *("--limit", "connections-per-user=0"),
    *("--limit", "connections=0"),
    *("--limit", "logins-per-address=0"),
    *("--limit", "registrations-per-address=0"),
)
LOOK_EVERY_S = 0.01
FILL_WITHIN_S = 600.0

EVENT = b'"type":"event","room"'
POSTED = b'"type":"posted"'


class Server:
    """A daemon on SQLite, or on the database of these options."""

    def __init__(
        self,
        folder: Path,
        *options: str,
        database: str = "",
        certificates: Certificates | None = None,
    ) -> None:
        more = ("--database", database) if database else ()
        scheme = "https" if certificates else "http"
        self.daemon = DaemonProcess(folder, *LIMITS, *more, *options, scheme=scheme)
        if certificates is not None:
            self.daemon.options += (
                *("--tls-cert", str(certificates.chain), "--tls-key", str(certificates.key)),
                *("--public-url", f"https://localhost:{self.daemon.port}"),
            )
        self.database = database or f"sqlite:{self.daemon.data_dir / 'securechat.sqlite3'}"
        self.values: list[str] = []
        self.ready_s = 0.0

    @property
    def pid(self) -> int:
        """The process id of the running daemon."""
        return self.daemon.pid

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
            timeout=FILL_WITHIN_S,
        ).stdout.splitlines()
        self.start_again()

    def start_again(self) -> None:
        """Start it on the data that it has; ``ready_s`` says how long it took."""
        began_s = time.monotonic()
        self.daemon.spawn()
        self.daemon.wait_until("/readyz", 200, every_s=LOOK_EVERY_S)
        self.ready_s = time.monotonic() - began_s

    def stop(self) -> None:
        """End it."""
        self.daemon.stop()

    def plan(self, connections: int, rooms: int = 1, *, since: int | None = None) -> Plan:
        """Everybody is connected, said hello and subscribed, and hears events.

        ``since``: the number up to which they have everything.
        """
        room = self.values[0].split()[1]
        subscribe: dict[str, object] = {"type": "subscribe", "id": "s", "room": "$$2$$"}
        if since is not None:
            subscribe["since"] = since
        steps = [*self._greeting(), (_text(subscribe, room), b'"type":"subscribed"')]
        return self._plan(connections, rooms, steps, EVENT, room)

    def posting(self, senders: int, subscribed: bool) -> Plan:
        """Everybody posts into one room, and counts what is acknowledged."""
        room = self.values[0].split()[1]
        plan = self.plan(senders)
        steps = plan.steps if subscribed else self._greeting()
        return self._plan(senders, senders, steps, POSTED, room)

    def _plan(
        self,
        connections: int,
        rooms: int,
        steps: Sequence[tuple[bytes, bytes]],
        marker: bytes,
        room: str,
    ) -> Plan:
        post = {"type": "post", "id": "$$ID$$", "room": "$$2$$", "body": "x" * BODY_BYTES}
        return Plan(
            port=self.daemon.port,
            connections=connections,
            rooms=rooms,
            steps=steps,
            marker=marker,
            message=_text(post, room, ID_BYTES - len("$$ID$$")),
            values=self.values[:connections],
            echo=PINGS,
            tls_name="localhost" if self.daemon.scheme == "https" else "",
        )

    def _greeting(self) -> list[tuple[bytes, bytes]]:
        hello = {"type": "hello", "version": 1, "key": b64url(POINT), "nonce": b64url(bytes(32))}
        host = f"localhost:{self.daemon.port}"
        cookie = "__Host-securechat" if self.daemon.scheme == "https" else "securechat"
        shake = upgrade(
            host,
            f"Origin: {self.daemon.scheme}://{host}",
            "Sec-WebSocket-Protocol: securechat.v1",
            f"Cookie: {cookie}=$$1$$",
        )
        return [(shake, b"\r\n\r\n"), (_text(hello, ""), b'"type":"welcome"')]


def _text(frame: Mapping[str, object], room: str, grows: int = 0) -> bytes:
    """A client's frame that names its room by ``$$2$$``, and grows by so much more than that."""
    payload = json.dumps(frame).encode()
    grows += payload.count(b"$$2$$") * (len(room) - len("$$2$$"))
    return masked_text(payload, len(payload) + grows)

"""Drives ``load.c``, the load generator: builds it, writes its plan, sends its commands."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).with_name("load.c")
ID_BYTES = 22
"""What ``$$ID$$`` becomes."""

BODY_BYTES = 256
"""What every message of every server says."""


def compiled(source: Path, program: Path, *flags: str) -> Path:
    """``program``, made from the C of ``source`` unless it is newer than that."""
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        program.parent.mkdir(parents=True, exist_ok=True)
        command = ["cc", "-O2", "-Wall", "-Wextra", "-o", str(program), str(source), *flags]
        subprocess.run(command, check=True, timeout=120)
    return program


def build(folder: Path, with_tls: bool = False) -> Path:
    """Compile the load generator into ``folder``; the program."""
    if not with_tls:
        return compiled(SOURCE, folder / "load")
    return compiled(SOURCE, folder / "load-tls", "-DWITH_TLS", "-lssl", "-lcrypto")


def masked_text(payload: bytes, length: int | None = None) -> bytes:
    """A client's WebSocket text frame (RFC 6455 5.2) under the mask 0, which changes nothing.

    ``length`` is that of the payload once its words are filled in, where it differs.
    """
    size = len(payload) if length is None else length
    if size < 126:
        head = bytes((0x81, 0x80 | size))
    elif size < 1 << 16:
        head = b"\x81\xfe" + size.to_bytes(2, "big")
    else:
        head = b"\x81\xff" + size.to_bytes(8, "big")
    return head + bytes(4) + payload


def upgrade(host: str, *more: str) -> bytes:
    """A WebSocket handshake; ``more`` are further header lines."""
    lines = [
        "GET /ws HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: c2VjdXJlY2hhdC1iZW5jaA==",
        "Sec-WebSocket-Version: 13",
        *more,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


PINGS = "8900 0 8a8000000000"
"""Our daemon's: an empty ping, to be echoed by a masked pong (RFC 6455 section 5.5)."""


class EndedError(Exception):
    """The load generator has ended where it should go on; what it said is on standard error."""


@dataclass
class Plan:
    """What the connections do; see ``load.c``."""

    port: int
    connections: int
    steps: Sequence[tuple[bytes, bytes]]
    marker: bytes
    message: bytes
    rooms: int = 1
    values: Sequence[str] = ()
    """A line of words a connection."""
    tls_name: str = ""
    at_once: int = 64
    echo: str = ""
    """A ping's head, the bytes behind it, and a pong's head, as ``load.c`` is told."""

    def write(self, folder: Path) -> Path:
        """Write it down for the program."""
        lines = [f"target 127.0.0.1 {self.port}", f"at_once {self.at_once}"]
        if self.tls_name:
            lines.append(f"tls {self.tls_name}")
        lines.append(f"group {self.connections} {self.rooms}")
        if self.values:
            values = folder / "values"
            values.write_text("".join(f"{line}\n" for line in self.values))
            lines.append(f"values {values}")
        lines += [f"step {send.hex() or '-'} {wait.hex() or '-'}" for send, wait in self.steps]
        lines += [f"marker {self.marker.hex()}", f"message {self.message.hex()}"]
        lines += [f"echo {self.echo}"] if self.echo else []
        path = folder / "plan"
        path.write_text("".join(f"{line}\n" for line in lines))
        return path


class Load:
    """The running program; its connections stand once this is made."""

    def __init__(self, program: Path, plan: Plan, folder: Path) -> None:
        self._process = subprocess.Popen(
            [str(program), str(plan.write(folder))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            self.connected = self._answer()
        except EndedError:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def run(self, window: int, messages: int, seconds: float) -> dict[str, Any]:
        """Each sender keeps ``window`` messages under way; ends at the first of both bounds."""
        return self._ask(f"run {window} {messages} {seconds}")

    def reconnect(self, at_once: int) -> dict[str, Any]:
        """Drop all connections, and set all up again, so many at the same time."""
        return self._ask(f"close {at_once}")

    def _ask(self, command: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise EndedError("the load generator ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

"""A peer: a server of our kind, and how the load generator speaks with it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Protocol

from tests.support.certificates import Certificates
from tests.support.daemon import free_port

from ..load import BODY_BYTES, ID_BYTES, Plan, masked_text, upgrade

MARK = b"say:"
READY_WITHIN_S = 30.0
END_WITHIN_S = 20.0
STEP_S = 0.005


class BrokenError(Exception):
    """A server did not come up, or did not do what its plan expects; the text says which."""


@dataclass(frozen=True)
class Place:
    """Where a server runs: a fresh ``folder``; ``cache`` outlives the run.

    ``frame_bytes`` is the size of a frame of ours with a sealed body; ``certificates``: speak TLS.
    """

    folder: Path
    cache: Path
    frame_bytes: int
    certificates: Certificates | None = None


class Running(Protocol):
    """A server that takes connections."""

    @property
    def pid(self) -> int:
        """Its process; children count with it."""

    @property
    def ready_s(self) -> float:
        """From the start of the process until it takes connections."""

    def plan(self) -> Plan:
        """What its clients do."""

    def stop(self) -> None:
        """End it, and wait until it has ended."""


class Peer:
    """Says how a server is installed, started and spoken to; a subclass a server."""

    name: ClassVar[str]
    seals: ClassVar[bool] = False
    stores: ClassVar[bool] = False
    speaks_tls: ClassVar[bool] = False
    debian: ClassVar[Mapping[str, str]] = {}
    """The Debian package that brings a program."""

    def missing(self) -> list[str]:
        """The Debian packages that are still to be installed."""
        return [package for program, package in self.debian.items() if found(program) is None]

    def install(self, cache: Path) -> None:
        """Fetch or build into ``cache`` what no Debian package brings."""

    def command(self, place: Place, port: int) -> Sequence[str]:
        """What to run, in the foreground, listening on ``port`` of 127.0.0.1."""
        raise NotImplementedError

    def environ(self, place: Place) -> dict[str, str]:
        """Further variables for it."""
        return {}

    def plan(self, port: int, connections: int, rooms: int) -> Plan:
        """What its clients do; here: the WebSocket broadcasters that are told a room first."""
        return Plan(
            port=port,
            connections=connections,
            rooms=rooms,
            values=room_words(connections, rooms),
            steps=[
                (upgrade(f"127.0.0.1:{port}"), b"\r\n\r\n"),
                (masked_text(b"join $$1$$"), b"joined"),
            ],
            marker=MARK,
            message=masked_text(body(), BODY_BYTES),
        )

    def start(self, place: Place, connections: int, rooms: int = 1) -> Running:
        """Start it for so many clients in so many rooms; BrokenError where it does not come up."""
        port = free_port()
        command = self.command(place, port)
        program = Program(command, place.folder, port, self.environ(place))
        plan = self.plan(port, connections, rooms)
        return StartedPeer(
            program, replace(plan, tls_name="localhost" if place.certificates else "")
        )


def found(program: str) -> str | None:
    """Where a program is; servers lie where a person's PATH does not lead."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def body() -> bytes:
    """A message's 256 bytes, once ``$$ID$$`` is filled in."""
    return MARK + b"$$ID$$" + b"x" * (BODY_BYTES - len(MARK) - ID_BYTES)


def room_words(connections: int, rooms: int) -> list[str]:
    """The first word of each connection: its room, in five digits, as long as ``$$1$$``."""
    return [f"{number % rooms:05d}" for number in range(connections)]


class Program:
    """A server's process; it takes connections once this is made."""

    def __init__(
        self, command: Sequence[str], folder: Path, port: int, environ: Mapping[str, str]
    ) -> None:
        self.port = port
        self._log = folder / "log"
        began_s = time.monotonic()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=os.environ | environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        while not takes_connections(port):
            if self._process.poll() is not None or time.monotonic() - began_s > READY_WITHIN_S:
                self.stop()
                said = self._log.read_text(errors="replace")[-1000:]
                raise BrokenError(f"{command[0]} takes no connections: {said}")
            time.sleep(STEP_S)
        self.ready_s = time.monotonic() - began_s

    @property
    def pid(self) -> int:
        """The process that was started."""
        return self._process.pid

    def stop(self) -> None:
        """SIGTERM, and SIGKILL for who does not listen."""
        self._process.terminate()
        try:
            self._process.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def takes_connections(port: int) -> bool:
    """Whether somebody listens on this port of 127.0.0.1."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


class StartedPeer:
    """A peer's process together with its plan."""

    def __init__(self, program: Program, plan: Plan) -> None:
        self._program = program
        self._plan = plan
        self.pid = program.pid
        self.ready_s = program.ready_s

    def plan(self) -> Plan:
        """What the clients do."""
        return self._plan

    def stop(self) -> None:
        """End it."""
        self._program.stop()

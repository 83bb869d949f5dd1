"""A real Redis that keeps nothing, on a private Unix socket and a port, for tests."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from tests.support.certificates import Certificates
from tests.support.daemon import free_port

START_TIMEOUT_S = 30.0


def missing() -> str | None:
    """Why a test that wants Redis must be skipped; None where it can run."""
    if os.environ.get("SECURECHAT_TESTS") != "all":
        return "set SECURECHAT_TESTS=all to test on Redis"
    if shutil.which("redis-server") is None:
        return "Redis is not installed (Debian's package redis-server)"
    return None


class Redis:
    """One server in a temporary folder; the same places over every restart.

    With ``certificates`` the port speaks TLS. ``options`` are further arguments of redis-server.
    """

    def __init__(self, *options: str, certificates: Certificates | None = None) -> None:
        # Short: the path of a Unix socket may have 107 bytes, and trial's folders are deep.
        self.folder = Path(tempfile.mkdtemp(prefix="securechat-redis-"))
        self.socket = self.folder / "sock"
        self.port = free_port()
        self._options = options
        self._certificates = certificates
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Over the socket, as --bus takes it."""
        return f"unix://{self.socket}"

    def start(self) -> Redis:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(
            ["redis-server", *self._arguments(), *self._options],
            stdout=(self.folder / "log").open("ab"),
            stderr=subprocess.STDOUT,
            cwd=self.folder,
        )
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                log = (self.folder / "log").read_text(errors="replace")[-4000:]
                self.kill()
                raise RuntimeError(f"redis-server did not start:\n{log}")
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        """End it as an operator does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it hang: connections stay open, and are even taken, and nobody answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        # The signal is on its way only: threads that run may still answer until all have stopped.
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """Let it go on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def remove(self) -> None:
        """Kill it and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def say(self, *words: bytes | str) -> bytes:
        """Send one command over the socket, without a password; the first of the answer."""
        parts = [word.encode() if isinstance(word, str) else word for word in words]
        command = b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as connection:
            connection.settimeout(5)
            connection.connect(str(self.socket))
            connection.sendall(b"*%d\r\n%s" % (len(parts), command))
            return connection.recv(65_536)

    def _answers(self) -> bool:
        try:
            # Who asks for a password answers too.
            return self.say("PING").startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False

    def _arguments(self) -> list[str]:
        words = ["--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        words += ["--unixsocket", str(self.socket), "--bind", "127.0.0.1", "--databases", "4"]
        if self._certificates is None:
            return [*words, "--port", str(self.port)]
        words += ["--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no"]
        words += ["--tls-cert-file", str(self._certificates.chain)]
        return [*words, "--tls-key-file", str(self._certificates.key)]

    def _end(self, sign: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(sign)
        process.send_signal(signal.SIGCONT)
        try:
            process.wait(START_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

"""A real daemon in a process of its own, started and killed by the tests."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 30.0

NO_PACE = tuple(
    word
    for name in ("posts", "posts-per-user", "posts-per-room", "typing", "changes")
    for word in ("--limit", f"{name}=0")
)
"""Options for daemons whose people post as fast as they can."""


# A test's certificate is its own; that browsers check it is not asked here.
UNVERIFIED = ssl.create_default_context()
UNVERIFIED.check_hostname, UNVERIFIED.verify_mode = False, ssl.CERT_NONE


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class DaemonProcess:
    """``twistd -n securechat`` with its data in ``folder``; the same port over every restart."""

    TWISTD: tuple[str, ...] = (str(Path(sys.executable).parent / "twistd"),)

    def __init__(self, folder: Path, *options: str, scheme: str = "http") -> None:
        self.folder = folder
        self.port = free_port()
        self.scheme = scheme
        self.options = options
        self.log_path = folder / "daemon.log"
        self.program = self.TWISTD
        """What is run with twistd's arguments; something in front of it may change its world."""
        self.environ: dict[str, str] = {}
        """Further variables of every life."""
        self.exit_status: int | None = None
        """Of the life that ended last; -15 after SIGTERM, which twistd raises again when done."""
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        """Where the pages are, as a browser on this machine types it."""
        return f"{self.scheme}://localhost:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the running daemon."""
        assert self._process is not None
        return self._process.pid

    @property
    def data_dir(self) -> Path:
        """The daemon's --data-dir."""
        return self.folder / "data"

    def command(self) -> list[str]:
        """The command line."""
        return [
            *self.program,
            *("-n", "--pidfile=", "securechat"),
            *("--listen", f"tcp:{self.port}:interface=127.0.0.1"),
            *("--data-dir", str(self.data_dir)),
            *self.options,
        ]

    def spawn(self, **environ: str) -> subprocess.Popen[bytes]:
        """Start the process without waiting for it."""
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env=os.environ | {"PYTHONPATH": str(ROOT)} | self.environ | environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self._process

    def run_to_end(self, *more: str, **environ: str) -> tuple[int, str]:
        """Start it with ``more`` options and wait until it ends by itself; status and output."""
        ended = subprocess.run(
            [*self.command(), *more],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | self.environ | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=READY_WITHIN_S,
            check=False,
        )
        return ended.returncode, ended.stdout.decode(errors="replace")

    def administer(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``python -m securechat`` with the daemon's options to its end."""
        return subprocess.run(
            [
                *(sys.executable, "-m", "securechat"),
                *("--listen", f"tcp:{self.port}:interface=127.0.0.1"),
                *("--data-dir", str(self.data_dir), *self.options, *words),
            ],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=READY_WITHIN_S,
            check=False,
        )

    def wait_for_end(self, within_s: float = READY_WITHIN_S) -> int:
        """Wait until the running daemon ends by itself; its exit status."""
        process, self._process = self._process, None
        assert process is not None
        try:
            self.exit_status = process.wait(within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the daemon did not end:\n{self.log()}") from None
        return self.exit_status

    def start(self, **environ: str) -> DaemonProcess:
        """Start it and wait until /readyz says so."""
        self.spawn(**environ)
        self.wait_until("/readyz", 200)
        return self

    def wait_until(
        self, path: str, status: int, within_s: float = READY_WITHIN_S, every_s: float = 0.05
    ) -> None:
        """Wait until ``path`` answers ``status``; AssertionError with the log when it does not."""
        deadline = time.monotonic() + within_s
        seen: object = None
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            seen = self._status(path)
            if seen == status:
                return
            time.sleep(every_s)
        raise AssertionError(f"{path} never answered {status} but {seen}:\n{self.log()}")

    def _status(self, path: str) -> object:
        try:
            with urllib.request.urlopen(self.url + path, timeout=5, context=UNVERIFIED) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError as error:
            return error

    def log(self) -> str:
        """Everything the daemon has logged, over all its lives."""
        return self.log_path.read_text(errors="replace")

    def pause(self) -> None:
        """Let it hang: its sockets stay open and nobody answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    @property
    def is_running(self) -> bool:
        """Whether there is a process that has not ended."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self, within_s: float = 15.0) -> float:
        """SIGTERM; the seconds it took to end."""
        started_s = time.monotonic()
        self._end(signal.SIGTERM, within_s)
        return time.monotonic() - started_s

    def _end(self, number: signal.Signals, within_s: float = 15.0) -> None:
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(number)
            try:
                process.wait(within_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise AssertionError(f"the daemon did not end:\n{self.log()}") from None
            finally:
                self.exit_status = process.returncode

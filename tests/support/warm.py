"""Daemons that are forks of one process which has imported everything: importing costs a second.

Whatever else a daemon is stays as it was: a process of its own, its command line parsed by twistd,
its folder, its environment, its signals and how it ends. Only what the kernel shows of it in
/proc/PID/cmdline and environ is the first process's, so tests that look there start a cold one;
and so do those of starting itself. A program put in front of twistd makes a daemon cold too.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import IO, Any, NoReturn

from .daemon import READY_WITHIN_S, ROOT, DaemonProcess

REQUEST_BYTES = 1 << 17
NUMBER = struct.Struct("!i")


class WarmDaemon(DaemonProcess):
    """A daemon whose every life begins with the imports done."""

    def spawn(self, **environ: str) -> subprocess.Popen[bytes]:
        """Start the process without waiting for it."""
        if self.program != self.TWISTD:
            return super().spawn(**environ)
        with self.log_path.open("ab") as log:
            self._process = self._fork(log, [], environ)
        return self._process

    def run_to_end(self, *more: str, **environ: str) -> tuple[int, str]:
        """Start it with ``more`` options and wait until it ends by itself; status and output."""
        if self.program != self.TWISTD:
            return super().run_to_end(*more, **environ)
        with tempfile.TemporaryFile() as output:
            process = self._fork(output, more, environ)
            try:
                status = process.wait(READY_WITHIN_S)
            finally:
                process.kill()
            output.seek(0)
            return status, output.read().decode(errors="replace")

    def _fork(self, output: IO[bytes], more: Sequence[str], environ: dict[str, str]) -> Fork:
        variables = os.environ | {"PYTHONPATH": str(ROOT)} | self.environ | environ
        command = [*self.command(), *more]
        request = {"argv": command, "folder": str(self.folder), "environ": variables}
        return Fork(_nursery(), request, output.fileno())


class Fork(subprocess.Popen[bytes]):
    """A child of the nursery's, as if it had been started here."""

    def __init__(self, nursery: socket.socket, request: dict[str, Any], output: int) -> None:
        # Not Popen's own: that one starts a program.
        self.args = request["argv"]
        self.returncode: int | None = None
        self._fate, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(nursery, [json.dumps(request).encode()], [output, theirs.fileno()])
        self.pid = self._number()

    def poll(self) -> int | None:
        """The exit status; None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, once there is one; TimeoutExpired when it takes longer."""
        if self.returncode is None:
            if not select.select([self._fate], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
            self.returncode = self._number()
            self._fate.close()
        return self.returncode

    def send_signal(self, sig: int) -> None:
        """As Popen does: nothing where it has ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def _number(self) -> int:
        told = self._fate.recv(NUMBER.size, socket.MSG_WAITALL)
        if len(told) != NUMBER.size:
            raise RuntimeError("the process that daemons are forked from has died")
        number: int = NUMBER.unpack(told)[0]
        return number


_shared: socket.socket | None = None


def _nursery() -> socket.socket:
    """The line to the process that daemons are forked from, which ends with this one."""
    global _shared
    if _shared is None:
        _shared, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.warm", str(theirs.fileno())],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        atexit.register(process.wait)
        atexit.register(_shared.close)
    return _shared


def serve(line: socket.socket) -> dict[str, Any]:
    """Fork for every request; returns the request in the child alone."""
    while True:
        packet, files, _, _ = socket.recv_fds(line, REQUEST_BYTES, 2)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        if not packet:
            raise SystemExit
        output, fate = files
        if os.fork() == 0:
            line.close()
            watch(fate)
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.close(output)
            request: dict[str, Any] = json.loads(packet)
            return request
        os.close(output)
        os.close(fate)


def watch(fate: int) -> None:
    """Fork once more and return in the child; the parent tells its pid, and how it ended."""
    pid = os.fork()
    if pid == 0:
        os.close(fate)
        return
    # Signals to the whole group are for the daemon: it shall live long enough to tell.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.write(fate, NUMBER.pack(pid))
    _, status = os.waitpid(pid, 0)
    os.write(fate, NUMBER.pack(os.waitstatus_to_exitcode(status)))
    os._exit(0)


def main() -> NoReturn:
    """Import what a daemon imports, then be one wherever ``serve`` returns."""
    from twisted.internet import reactor as imported
    from twisted.scripts import twistd

    import securechat.bus.redis
    import securechat.service
    import securechat.tap  # noqa: F401 - to have it read

    gc.freeze()
    request = serve(socket.socket(fileno=int(sys.argv[1])))
    sys.argv = request["argv"]
    os.environ.clear()
    os.environ.update(request["environ"])
    os.chdir(request["folder"])
    # The import made it before the fork: what it waits with must be this process's alone.
    reactor: Any = imported
    vars(reactor).clear()
    reactor.__init__()
    twistd.run()
    sys.exit()


if __name__ == "__main__":
    main()

"""A real MariaDB on a private Unix socket, for tests."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import pymysql

from securechat.core.settings import MysqlDatabase

START_TIMEOUT_S = 30
SMALL = (
    # Small files and caches, but the durability that operators are asked for.
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=16M",
    "--innodb-flush-log-at-trx-commit=1",
    "--performance-schema=OFF",
    "--skip-log-bin",
)


MEMORY = Path("/dev/shm")
ROOM_BYTES = 2 << 30


def in_memory() -> Path | None:
    """Where files outlive a killed server as on any disk and fsync waits for none; None if full.

    Most of what these tests would wait for is the disk, at each table of each fresh database.
    """
    with contextlib.suppress(OSError):
        if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_BYTES:
            return MEMORY
    return None


def missing() -> str | None:
    """Why a test that wants MariaDB must be skipped; None where it can run."""
    if os.environ.get("SECURECHAT_TESTS") != "all":
        return "set SECURECHAT_TESTS=all to test on MariaDB"
    if shutil.which("mariadbd") is None or shutil.which("mariadb-install-db") is None:
        return "MariaDB is not installed (Debian's package mariadb-server)"
    return None


class MariaDB:
    """One server in a temporary folder, reached by root without a password.

    ``options`` are further arguments of mariadbd and win over ours; ``on_disk``: where fsync costs
    what it costs.
    """

    def __init__(self, options: Sequence[str] = (), *, on_disk: bool = False) -> None:
        # Short: the path of a Unix socket may have 107 bytes, and trial's folders are deep.
        where = None if on_disk else in_memory()
        self.folder = Path(tempfile.mkdtemp(prefix="securechat-mariadb-", dir=where))
        self.datadir = self.folder / "data"
        self.tmpdir = self.folder / "tmp"
        self.tmpdir.mkdir()
        self.socket = self.folder / "sock"
        self.program: tuple[str, ...] = ("mariadbd",)
        """What is run with the server's arguments; something in front may change its world."""
        self._options = tuple(options)
        self._process: subprocess.Popen[bytes] | None = None
        self._names = itertools.count(1)

    def start(self) -> None:
        """Make the data folder if need be, start, and wait until it answers."""
        if not self.datadir.exists():
            self._install()
        self._process = subprocess.Popen(
            [*self.program, *self._arguments(), *SMALL, *self._options],
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "log").open("ab"),
            cwd=self.folder,
        )
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                log = (self.folder / "log").read_text(errors="replace")[-4000:]
                self.kill()
                raise RuntimeError(f"mariadbd did not start:\n{log}")
            time.sleep(0.05)

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None
        return self._process.pid

    def start_if_ended(self) -> None:
        """Start it unless it runs; a paused one goes on."""
        if self._process is None or self._process.poll() is not None:
            self.start()
        else:
            self.resume()

    def stop(self) -> None:
        """End it as an operator does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it hang: connections stay open and nobody answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        # The signal is on its way only: threads that run may still answer until all have stopped.
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def remove(self) -> None:
        """Kill it and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str) -> MysqlDatabase:
        """The settings of the database ``name`` here."""
        return MysqlDatabase(user="root", name=name, unix_socket=self.socket)

    def url_string(self, name: str) -> str:
        """The same as a ``--database`` option."""
        return f"mysql://root@/{name}?unix_socket={quote(str(self.socket))}"

    def fresh_database(self) -> str:
        """The name of a new, empty database."""
        name = f"securechat_{os.getpid()}_{next(self._names)}"
        self.sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database and free its files."""
        self.sql(f"DROP DATABASE IF EXISTS {name}")

    def sql(self, text: str, database: str | None = None) -> list[tuple[object, ...]]:
        """Run one statement as root; its rows."""
        with contextlib.closing(
            pymysql.connect(
                user="root",
                unix_socket=str(self.socket),
                database=database,
                charset="utf8mb4",
                autocommit=True,
                connect_timeout=5,
                read_timeout=30,
            )
        ) as connection:
            cursor = connection.cursor()
            cursor.execute(text)
            return list(cursor.fetchall())

    def dump(self, name: str, *options: str) -> bytes:
        """What mariadb-dump writes about the database ``name``, bytes as they are."""
        command = ["mariadb-dump", "--no-defaults", f"--socket={self.socket}", "--user=root"]
        return subprocess.run(
            [*command, "--single-transaction", *options, name], check=True, capture_output=True
        ).stdout

    def load(self, name: str, dump: bytes) -> None:
        """Put a dump into the empty database ``name``."""
        command = ["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root", name]
        subprocess.run(command, input=dump, check=True, capture_output=True)

    def _install(self) -> None:
        made = subprocess.run(
            [
                "mariadb-install-db",
                *self._arguments()[:4],
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--innodb-log-file-size=16M",
            ],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
        )
        if made.returncode != 0:
            said = made.stdout.decode(errors="replace")
            raise RuntimeError(f"mariadb-install-db did not work:\n{said[-4000:]}")

    def _arguments(self) -> list[str]:
        return [
            "--no-defaults",
            f"--datadir={self.datadir}",
            # Its own: a server that starts removes every temporary table that lies where it looks.
            f"--tmpdir={self.tmpdir}",
            "--user=root" if os.getuid() == 0 else "--skip-name-resolve",
            f"--socket={self.socket}",
            f"--pid-file={self.folder / 'pid'}",
            "--skip-networking",
        ]

    def _answers(self) -> bool:
        try:
            self.sql("SELECT 1")
        except pymysql.MySQLError:
            return False
        return True

    def _end(self, sign: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGCONT)
        process.send_signal(sign)
        try:
            process.wait(START_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


_shared: MariaDB | None = None


def shared() -> MariaDB:
    """The server of this test run, started at the first call and removed at the end."""
    global _shared  # noqa: PLW0603 - one a process is the point
    if _shared is None:
        _shared = MariaDB()
        atexit.register(_shared.remove)
        _shared.start()
    return _shared

"""What the daemon's tests have in common: real processes, people on them, and folders compared."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import SkipTest, TestCase

from tests.support import mariadb
from tests.support.client import Person
from tests.support.daemon import DaemonProcess
from tests.support.warm import WarmDaemon


class ProcessCase(TestCase):
    """Daemons in processes of their own, which end with the test."""

    timeout = 120
    is_cold = False
    """Daemons begin as an operator's do, with nothing imported, which takes them a second more."""

    def new_folder(self) -> Path:
        """A folder that does not exist yet."""
        return Path(self.mktemp()).resolve()

    def new_daemon(self, *options: str, folder: Path | None = None) -> DaemonProcess:
        """A daemon that is not started yet."""
        kind = DaemonProcess if self.is_cold else WarmDaemon
        daemon = kind(folder or self.new_folder(), *options)
        self.addCleanup(daemon.stop)
        return daemon

    def stranger(self, daemon: DaemonProcess, name: str) -> Person:
        """Somebody without an account."""
        person = Person(daemon.url, name)
        self.addCleanup(lambda: Deferred.fromCoroutine(person.leave()))
        return person

    async def person(self, daemon: DaemonProcess, name: str) -> Person:
        """Somebody who has just registered."""
        person = self.stranger(daemon, name)
        self.assertEqual(await person.register(), 303)
        return person

    async def until(self, condition: Callable[[], object], within_s: float = 20.0) -> float:
        """Wait until ``condition`` holds; the seconds it took."""
        started_s = time.monotonic()
        while not condition():
            passed_s = time.monotonic() - started_s
            self.assertLess(passed_s, within_s, f"{condition} never came true")
            await deferLater(reactor, 0.01)
        return time.monotonic() - started_s

    def assert_refused(self, answer: tuple[int, str], *words: str) -> None:
        """Exit status 1, and the reason as a sentence with these words, without a traceback."""
        status, output = answer
        self.assertEqual(status, 1, output)
        self.assertNotIn("Traceback", output)
        for word in words:
            self.assertIn(word, output)


class MariaDBCase(ProcessCase):
    """Daemons on MariaDB: on the server of this test run, or on one of one's own."""

    server_options: tuple[str, ...] = ()
    """With any, the server is one's own."""

    def setUp(self) -> None:
        why = mariadb.missing()
        if why:
            raise SkipTest(why)
        self.server = self._own() if self.server_options else mariadb.shared()

    def _own(self) -> mariadb.MariaDB:
        server = mariadb.MariaDB(self.server_options)
        self.addCleanup(server.remove)
        server.start()
        return server

    def disturb(self) -> None:
        """Promise the next test a running server, whatever this one does to it."""
        self.addCleanup(self.server.start)
        self.addCleanup(self.server.kill)

    def on(self, name: str, *options: str) -> DaemonProcess:
        """A daemon on the database ``name``, not started yet."""
        return self.new_daemon("--database", self.server.url_string(name), *options)


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every path below ``folder`` with its mode and, of files, its bytes."""
    found = {}
    for path in sorted([folder, *folder.rglob("*")]):
        mode = path.lstat().st_mode
        found[str(path)] = (mode, path.read_bytes() if stat.S_ISREG(mode) else b"")
    return found

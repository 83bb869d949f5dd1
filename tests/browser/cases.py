"""What the browser tests have in common: real daemons, and people in front of a real Chromium."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.support.browser import Visitor, reason_to_skip
from tests.support.daemon import NO_PACE, DaemonProcess
from tests.support.warm import WarmDaemon


@functools.cache
def _shared(name: str) -> DaemonProcess:
    folder = Path(tempfile.mkdtemp(prefix=f"securechat-{name.lower()}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    daemon = WarmDaemon(folder, *NO_PACE)
    atexit.register(daemon.stop)
    return daemon.start()


class BrowserCase(SynchronousTestCase):
    """Playwright's blocking API beside blocking daemons: no reactor turns here."""

    skip = reason_to_skip()
    is_cold = False
    """Daemons begin with nothing imported, so that what they run may be another checkout."""

    def daemon(self, *options: str, **more: Any) -> DaemonProcess:
        """A running daemon that ends with the test."""
        kind = DaemonProcess if self.is_cold else WarmDaemon
        daemon = kind(self.folder(), *options, **more)
        self.addCleanup(daemon.stop)
        return daemon.start()

    def folder(self) -> Path:
        """A folder that is not there yet, for a daemon of this test."""
        return Path(self.mktemp()).resolve()

    def shared_daemon(self) -> DaemonProcess:
        """One daemon for all tests of the class: none of them may stop it or count its people."""
        return _shared(type(self).__qualname__)

    def visitor(self, daemon: DaemonProcess, name: str, **options: Any) -> Visitor:
        """Somebody who has not been here yet; at the end nothing may have gone wrong for them."""
        visitor = Visitor(daemon.url, name, **options)
        self.addCleanup(visitor.leave)
        self.addCleanup(lambda: self.assertEqual(visitor.unexcused, [], name))
        return visitor

    def person(self, daemon: DaemonProcess, name: str, **options: Any) -> Visitor:
        """Somebody who has just registered and sees the chat."""
        return self.visitor(daemon, name, **options).register()

    def until(
        self, condition: Callable[[], object], visitor: Visitor, within_s: float = 15
    ) -> None:
        """Wait until ``condition`` holds, letting the visitor's browser work meanwhile."""
        deadline_s = time.monotonic() + within_s
        while not condition():
            self.assertLess(time.monotonic(), deadline_s, "it never came true")
            visitor.page.wait_for_timeout(20)

    def shows(self, visitor: Visitor, *rows: tuple[str, str], last: bool = False) -> None:
        """Wait until these are the messages, or the ``last`` of them: names come after words."""
        seen: list[tuple[str, str]] = []

        def shown() -> bool:
            seen[:] = visitor.rows()[-len(rows) :] if last else visitor.rows()
            return seen == list(rows)

        try:
            self.until(shown, visitor)
        finally:
            self.assertEqual(seen, list(rows))

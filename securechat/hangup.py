"""SIGHUP: the wish that files are read again, or the end of the terminal."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

STDIN = 0


def on_hangup(reactor: Any, reread: Callable[[], None]) -> None:
    """Call ``reread`` in the reactor's thread at each SIGHUP from now on; in the main thread.

    Only the end of the terminal that the daemon was started in ends it, as it always did.
    """
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    has_terminal = os.isatty(STDIN) and not ignored

    def heard(number: int, frame: object) -> None:
        is_over = has_terminal and not os.isatty(STDIN)
        reactor.callFromThread(reactor.stop if is_over else reread)

    signal.signal(signal.SIGHUP, heard)

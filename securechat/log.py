"""The log: one record a line, as text for people or as JSON for machines.

A module logs with `log = Logger()` and `log.info("{user} connected", event="connected", user=…)`:
`event` is the record's fixed name, the other fields are what machines search for. Only plain
values (texts, numbers, lists of them) leave the process, so an object that holds a secret can
never be printed by accident; whoever logs keeps bodies, passwords, keys and cookies out.
"""

from __future__ import annotations

import json
import math
import re
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from pathlib import PurePath
from types import FrameType
from typing import Any, Protocol

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent
from twisted.python.failure import Failure
from twisted.python.logfile import LogFile
from zope.interface import implementer

# C0, DEL, C1, line and paragraph separators, bidirectional overrides and isolates, lone surrogates:
# with these, what a stranger typed could pass for a line of ours or turn one around.
_DANGEROUS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_RESERVED = frozenset({"time", "level", "logger", "event", "message", "failure"})
# The last is Twisted's access log, which quotes what strangers send; our own records say more.
_NOISY_NAMESPACES = ("autobahn.", "txaio", "twisted.internet.protocol", "twisted.python.log")
_PORT_OPENED_OR_CLOSED = re.compile(r"\S+ starting on .+|\(.*Port .* Closed\)")


class TextStream(Protocol):
    """Where lines go: a file, a terminal, or Twisted's rotating LogFile."""

    def write(self, text: str, /) -> object:
        """Take `text`."""

    def flush(self) -> object:
        """Hand on what was taken."""


def escaped(text: str) -> str:
    r"""`text` on one line, with control characters shown as \x… or \u…, so that none is forged."""
    return _DANGEROUS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def text_line(event: LogEvent) -> str:
    """The record as `<time> <level> <logger>: <message>`, a traceback indented below it."""
    head = (
        f"{_time(event)} {_level(event)} {escaped(_namespace(event))}: {escaped(_message(event))}"
    )
    failure = event.get("log_failure")
    if not isinstance(failure, Failure):
        return head + "\n"
    trace = "".join(f"    {escaped(line)}\n" for line in _traceback(failure).splitlines())
    return f"{head}\n{trace}"


def json_line(event: LogEvent) -> str:
    """The record as one JSON object: time, level, logger, event, message, its fields, failure."""
    record: dict[str, object] = {
        "time": _time(event),
        "level": _level(event),
        "logger": _namespace(event),
    }
    if isinstance(event.get("event"), str):
        record["event"] = event["event"]
    record["message"] = _message(event)
    if _namespace(event) != "log_legacy":  # old-style events carry only Twisted's internals
        record |= _fields(event)
    failure = event.get("log_failure")
    if isinstance(failure, Failure):
        record["failure"] = {
            "type": type(failure.value).__qualname__,
            "traceback": _traceback(failure),
        }
    return json.dumps(record) + "\n"


def is_wanted(event: LogEvent) -> bool:
    """Keep what an operator can use: no debugging, no frameworks talking about themselves."""
    level = event.get("log_level") or LogLevel.info
    if level > LogLevel.info:
        return True
    return level == LogLevel.info and not _is_noise(event)


def _is_noise(event: LogEvent) -> bool:
    form = str(event.get("log_format", ""))
    if _namespace(event) == "log_legacy":
        return _PORT_OPENED_OR_CLOSED.fullmatch(_message(event)) is not None
    return _namespace(event).startswith(_NOISY_NAMESPACES) or form in (
        "Starting factory {factory!r}",
        "Stopping factory {factory!r}",
    )


@implementer(ILogObserver)
class LineObserver:
    """Writes each record that is wanted to `stream` as `line` renders it, and flushes."""

    def __init__(self, stream: TextStream, line: Callable[[LogEvent], str]) -> None:
        self._stream = stream
        self._line = line

    def __call__(self, event: LogEvent) -> None:
        if is_wanted(event):
            self._stream.write(self._line(event))
            self._stream.flush()


def log_observer(log_format: str, stream: TextStream) -> ILogObserver:
    """The observer for `--log-format` (text or json) that writes to `stream`."""
    line = {"text": text_line, "json": json_line}[log_format]
    return LineObserver(stream, line)


# twistd takes a log by the name of a factory without arguments, before the service exists: what
# was chosen waits here. A process has one log.
CHOSEN_OBSERVER = f"{__name__}.chosen_observer"
_chosen: dict[str, Any] = {"log_format": "text", "path": None}


def choose(log_format: str, path: str | None, is_daemon: bool) -> None:
    """Remember format and file (None or `-`: standard output) for `chosen_observer`."""
    if is_daemon and path is None:
        path = "twistd.log"  # where twistd itself would log: a daemon has no terminal
    _chosen.update(log_format=log_format, path=None if path == "-" else path)


def chosen_observer() -> ILogObserver:
    """The observer that `choose` described; SIGUSR1 starts a new file, as it does for twistd."""
    if _chosen["path"] is None:
        return log_observer(_chosen["log_format"], sys.stdout)
    log_file = LogFile.fromFullPath(_chosen["path"], defaultMode=0o640)
    if not signal.getsignal(signal.SIGUSR1):
        signal.signal(signal.SIGUSR1, _rotation(log_file))
    return log_observer(_chosen["log_format"], log_file)


def _rotation(log_file: LogFile) -> Callable[[int, FrameType | None], None]:
    def rotate(_number: int, _frame: FrameType | None) -> None:
        from twisted.internet import reactor

        # Never inside the signal handler: a write may be under way.
        reactor.callFromThread(log_file.rotate)  # type: ignore[attr-defined]  # the module stands for it

    return rotate


def _time(event: LogEvent) -> str:
    moment = datetime.fromtimestamp(event.get("log_time", 0.0), UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _level(event: LogEvent) -> str:
    level = event.get("log_level")
    return level.name if level is not None else "info"


def _namespace(event: LogEvent) -> str:
    return str(event.get("log_namespace", "-"))


def _message(event: LogEvent) -> str:
    try:
        message: str = event["log_format"].format_map(event)
    except Exception:  # noqa: BLE001 - Twisted knows more forms, and says what is wrong with others
        message = formatEvent(event)
    failure = event.get("log_failure")
    if not message and isinstance(failure, Failure):
        return type(failure.value).__qualname__
    return message


def _traceback(failure: Failure) -> str:
    return failure.getTraceback(elideFrameworkCode=False)


def _fields(event: LogEvent) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in event.items():
        if key.startswith("log_") or key == "event":
            continue
        found[f"{key}_" if key in _RESERVED else key] = _plain(value)
    return found


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, PurePath | IPv4Address | IPv6Address):
        return str(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return f"<{type(value).__qualname__}>"

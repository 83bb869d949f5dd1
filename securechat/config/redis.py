"""The value of --bus: a Redis server, in the notation that users of redis-py know."""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from ..core.settings import RedisServer
from . import sources
from .sources import Given
from .values import absolute

BUS_FORMS = (
    "write redis://HOST:PORT, rediss://HOST:PORT (over TLS) or unix:///PATH, with USER@ before the "
    "host and /NUMBER (unix: ?db=NUMBER) behind it where they are needed"
)
DEFAULT_PORT = 6379
MOST_NUMBER = 2**31 - 1


def bus(given: Given) -> RedisServer:
    """The server that carries the bus. No error repeats the text: it might hold a password."""
    try:
        parts = urlsplit(given.value)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"not understood; {BUS_FORMS}") from error
    if parts.scheme not in ("redis", "rediss", "unix") or parts.fragment:
        raise ValueError(BUS_FORMS)
    options = parse_qs(parts.query, keep_blank_values=True)
    if parts.password is not None or "password" in options:
        raise ValueError(
            "a password in a URL ends up in process lists; write it into a file that only the "
            "daemon can read and name that with --bus-password-file"
        )
    known = {"db"} if parts.scheme == "unix" else set()
    unknown = sorted(options.keys() - known)
    if unknown:
        hint = sources.suggestion(unknown[0], known)
        raise ValueError(f"{unknown[0]!r} is no option of this URL{hint}; {BUS_FORMS}")
    if parts.scheme == "unix":
        return _over_socket(parts, options.get("db", ["0"])[-1], given)
    if not parts.hostname:
        raise ValueError(f"needs a host; {BUS_FORMS}")
    return RedisServer(
        host=parts.hostname,
        port=DEFAULT_PORT if port is None else port,
        over_tls=parts.scheme == "rediss",
        user=unquote(parts.username or ""),
        number=_number(parts.path.removeprefix("/") or "0"),
    )


def _over_socket(parts: SplitResult, number: str, given: Given) -> RedisServer:
    path = unquote(parts.path)
    if parts.hostname or not path.startswith("/") or path == "/" or "\0" in path:
        raise ValueError(f"needs the whole path of the socket, after three slashes; {BUS_FORMS}")
    return RedisServer(
        unix_socket=absolute(path, given.base),
        user=unquote(parts.username or ""),
        number=_number(number),
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) > MOST_NUMBER:
        raise ValueError(f"needs a number behind the address, or nothing; {BUS_FORMS}")
    return int(text)

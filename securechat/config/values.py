"""The values of single settings: text as an operator writes it, read or refused with the remedy.

Each function takes what was given and returns the value, or raises ValueError with a sentence that
makes sense after "<source>: ".
"""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Literal, cast
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from ..core.model import Registration
from ..core.settings import Database, MysqlDatabase, SqliteDatabase, TlsVersion, limit_range
from . import sources
from .endpoints import is_loopback, parse_listen
from .sources import Given

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

DEFAULT_PORTS = {"http": 80, "https": 443}
DATABASE_FORMS = (
    "write sqlite:PATH, mysql://USER@HOST:PORT/NAME or mysql://USER@/NAME?unix_socket=PATH"
)


def absolute(text: str, base: Path) -> Path:
    """`text` as an absolute path, `~` expanded, starting at `base` when it is relative."""
    # Not resolve(): a symbolic link that moves later must be followed later.
    return Path(os.path.abspath(base / Path(text).expanduser()))  # noqa: PTH100 - links stay links


def path(given: Given) -> Path:
    """A path that need not exist."""
    if not given.value or "\0" in given.value:
        raise ValueError("needs a path")
    try:
        return absolute(given.value, given.base)
    except RuntimeError as error:  # ~somebody who is no user here
        raise ValueError(str(error)) from error


def registration(given: Given) -> Registration:
    """Who may register."""
    return cast(Registration, _one_of(given, ("open", "invite", "closed")))


def log_format(given: Given) -> Literal["text", "json"]:
    """The shape of the log."""
    return cast(Literal["text", "json"], _one_of(given, ("text", "json")))


def tls_minimum(given: Given) -> TlsVersion:
    """The oldest version of TLS."""
    return cast(TlsVersion, _one_of(given, ("1.2", "1.3")))


def _one_of(given: Given, words: tuple[str, ...]) -> str:
    if given.value not in words:
        hint = sources.suggestion(given.value, words)
        raise ValueError(f"{given.value!r} is not one of: {', '.join(words)}{hint}")
    return given.value


def limit(name: str, given: Given) -> int:
    """The value of the limit `name` (with hyphens)."""
    smallest, largest = limit_range(name)
    text = given.value.strip()
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise ValueError(f"{text!r} is no whole number")
    value = int(text)
    if value == 0 and smallest > 0:
        raise ValueError(f"cannot be switched off; {_range(smallest, largest)}")
    if not smallest <= value <= largest:
        raise ValueError(f"{value} is out of range; {_range(smallest, largest)}")
    return value


def _range(smallest: int, largest: int) -> str:
    off = ", where 0 means no limit" if smallest == 0 else ""
    return f"give a number from {smallest} to {largest}{off}"


def listen(given: Given) -> tuple[str, ...]:
    """One or more endpoint strings."""
    if not given.values:
        raise ValueError("needs at least one address")
    for description in given.values:
        parse_listen(description)
    return given.values


def one_listen(given: Given) -> str:
    """One endpoint string."""
    return listen(given)[-1]


def metrics_listen(given: Given) -> str:
    """One endpoint string that only this machine can reach."""
    address = parse_listen(one_listen(given))
    if not address.on_loopback and address.kind != "unix":
        raise ValueError(
            "metrics are for this machine only; write tcp:PORT:interface=127.0.0.1 or unix:PATH"
        )
    return address.description


def networks(given: Given) -> tuple[Network, ...]:
    """The addresses of the proxies whose X-Forwarded-… headers count."""
    if not given.values:
        raise ValueError("needs at least one address or network, as in 127.0.0.1 or 10.0.0.0/8")
    return tuple(_network(text) for text in given.values)


def _network(text: str) -> Network:
    try:
        found = ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is no address or network ({error}); write 127.0.0.1 or 10.0.0.0/8"
        ) from error
    if found.prefixlen == 0:
        raise ValueError(
            f"{text} would let everybody claim to be a proxy; name the proxy's address"
        )
    return found


def public_url(given: Given) -> str:
    """An origin, in the one form in which browsers write it: lower case, no needless port."""
    try:
        parts = urlsplit(given.value)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{given.value!r} is no address of a site ({error})") from error
    if parts.scheme not in DEFAULT_PORTS or not host:
        raise ValueError(f"{given.value!r} is no address of a site; write https://chat.example.org")
    if parts.username is not None or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("takes scheme, host and port only, as in https://chat.example.org:8443")
    if not host.isascii() or any(c.isspace() or c in "\\%<>\"'" for c in host):
        raise ValueError(f"{host!r} is no host name; write an international name as xn--…")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("must begin with https:// (http:// is for this machine itself only)")
    name = f"[{host}]" if ":" in host else host
    suffix = "" if port in (None, DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{name}{suffix}"


def database(given: Given) -> Database:
    """Where messages are stored. No error repeats the text: it might hold a password."""
    scheme, colon, rest = given.value.partition(":")
    if scheme == "sqlite" and rest and "\0" not in rest and rest != ":memory:":
        found = absolute(rest, given.base)
        if found.is_dir():
            raise ValueError(f"{found} is a folder; name a file in it: sqlite:{found}/chat.db")
        return SqliteDatabase(found)
    if scheme != "mysql" or not colon:
        raise ValueError(DATABASE_FORMS)
    try:
        parts = urlsplit(given.value)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"not understood; {DATABASE_FORMS}") from error
    if parts.password is not None:
        raise ValueError(
            "a password in a URL ends up in process lists; write it into a file that only the "
            "daemon can read and name that with --database-password-file"
        )
    return _mysql(parts, port, given.base)


def _mysql(parts: SplitResult, port: int | None, base: Path) -> MysqlDatabase:
    name = unquote(parts.path.removeprefix("/"))
    if not parts.username or not name or "/" in name or parts.fragment:
        raise ValueError(f"needs a user and the name of a database; {DATABASE_FORMS}")
    options = parse_qs(parts.query, keep_blank_values=True)
    unknown = sorted(options.keys() - {"unix_socket"})
    if unknown:
        hint = sources.suggestion(unknown[0], ["unix_socket"])
        raise ValueError(f"{unknown[0]!r} is no option of the URL{hint}; {DATABASE_FORMS}")
    socket = options.get("unix_socket", [""])[-1]
    if bool(socket) == bool(parts.hostname):
        raise ValueError(f"needs either a host or a socket; {DATABASE_FORMS}")
    return MysqlDatabase(
        user=unquote(parts.username),
        name=name,
        host=parts.hostname or "localhost",
        port=3306 if port is None else port,
        unix_socket=absolute(socket, base) if socket else None,
    )

"""Listening addresses, as Twisted writes them, and whether strangers can reach them."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from twisted.internet import endpoints

BACKLOG = 4096
"""Connections that the kernel holds until they are accepted (listen(2))."""

KINDS = ("tcp", "tcp6", "unix", "systemd")


@dataclass(frozen=True)
class ListenAddress:
    """One endpoint string, understood: `kind` is one of KINDS, `port` is None for a socket."""

    description: str
    kind: str
    interface: str = ""
    port: int | None = None
    path: Path | None = None

    @property
    def on_loopback(self) -> bool:
        """Only this machine can connect, over TCP."""
        return self.kind in ("tcp", "tcp6") and is_loopback(self.interface)


def is_loopback(host: str) -> bool:
    """`host` (a name or an address, without brackets) can only mean this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_listen(description: str) -> ListenAddress:
    """The address that the endpoint string `description` means; ValueError says what is wrong."""
    kind = description.partition(":")[0]
    if kind == "ssl":
        raise ValueError("write tcp:… and give the certificate with --tls-cert and --tls-key")
    if kind not in KINDS:
        raise ValueError(
            f"{description!r} is no listening address; write for example "
            "tcp:8080:interface=127.0.0.1 or unix:/run/securechat/socket"
        )
    try:
        # The parser is Twisted's own, so that what is judged here is what will be listened on.
        arguments, keywords = endpoints._parse(description)
    except (ValueError, IndexError) as error:
        raise ValueError(f"{description!r} is no listening address") from error
    if kind in ("tcp", "tcp6"):
        return _tcp(description, kind, arguments[1:], keywords)
    if kind == "unix":
        path = keywords.get("address", arguments[1] if len(arguments) > 1 else "")
        if not path:
            raise ValueError("needs the path of the socket, as in unix:/run/securechat/socket")
        return ListenAddress(description, kind, path=Path(path))
    return ListenAddress(description, kind)


def with_backlog(description: str) -> str:
    """`description`, with room for all who come back at once where it says nothing of that.

    Twisted's own 50 turns most of them away after a restart. The kernel's limit still holds.
    """
    (kind, *positional), named = endpoints._parse(description)
    if kind not in ("tcp", "tcp6") or "backlog" in named or len(positional) > 2:
        return description
    if kind == "tcp6" and len(positional) > 1:
        return description
    return f"{description}:backlog={BACKLOG}"


def _tcp(
    description: str, kind: str, positional: list[str], keywords: dict[str, str]
) -> ListenAddress:
    # The order of positional arguments is that of Twisted's parsers, and differs between the two.
    order = ("port", "interface", "backlog") if kind == "tcp" else ("port", "backlog", "interface")
    if len(positional) > len(order):
        raise ValueError(
            f"{description!r} has too many parts; an IPv6 address is written with "
            r"backslashes, as in tcp:8080:interface=\:\:1"
        )
    given = dict(zip(order, positional, strict=False)) | keywords
    unknown = sorted(given.keys() - set(order))
    if unknown:
        raise ValueError(f"{description!r}: {unknown[0]!r} is no part of a {kind}: address")
    port = given.get("port", "")
    if not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ValueError(f"{port!r} is no port; write a number from 1 to 65535")
    return ListenAddress(description, kind, given.get("interface", ""), int(port))

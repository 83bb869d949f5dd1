"""Which hosts and origins are ours."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from ..core.errors import Misconfigured

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?)(?::([0-9]{1,5}))?", re.I)
_ADDRESS = re.compile(r"\[.*\]|[0-9.]+")
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


class Origins:
    """The public URL's origin, or, without one, the loopback names on the listening ports."""

    def __init__(self, public_url: str | None = None) -> None:
        self._ours: frozenset[tuple[str, str, int]] = frozenset()
        self.public = public_url is not None
        if public_url is not None:
            self._ours = frozenset({_parse_public(public_url)})

    def listen_on(self, ports: Collection[int], scheme: str = "http") -> None:
        """Tell the ports once they are known; with a public URL nothing changes."""
        if not self.public:
            self._ours = frozenset((scheme, name, port) for name in _LOOPBACK for port in ports)

    @property
    def over_tls(self) -> bool:
        """Whether browsers reach us over https, directly or through a proxy."""
        return any(scheme == "https" for scheme, _, _ in self._ours)

    @property
    def home(self) -> str:
        """The origin to tell people and to redirect to; empty before the ports are known."""
        by_name = sorted(self._ours, key=lambda ours: (ours[1] != "localhost", ours))
        return _serialize(*by_name[0]) if by_name else ""

    def allows_host(self, header: str) -> bool:
        """Whether a Host header names us."""
        found = _HOST.fullmatch(header)
        if found is None:
            return False
        host = found[1].lower().rstrip(".")
        return any(
            host == ours and _port(found, scheme) == port for scheme, ours, port in self._ours
        )

    def allows_name(self, header: str) -> bool:
        """Whether a Host header names one of our hosts, whatever its port."""
        found = _HOST.fullmatch(header)
        host = found[1].lower().rstrip(".") if found is not None else None
        return any(host == ours for _, ours, _ in self._ours)

    def relying_party(self, host: str) -> tuple[str, str] | None:
        """The name by which browsers keep passkeys for pages under this Host, and their origin.

        None where there are no passkeys: under an address instead of a name, and over plain http
        anywhere but on localhost.
        """
        found = _HOST.fullmatch(host)
        if found is None:
            return None
        for scheme, name, port in self._ours:
            may = not _ADDRESS.fullmatch(name) and (scheme == "https" or name == "localhost")
            # A full stop at the end makes another host of it to browsers.
            if may and found[1].lower() == name and _port(found, scheme) == port:
                return name, _serialize(scheme, name, port)
        return None

    def allows_origin(self, header: str) -> bool:
        """Whether an Origin header is exactly one of ours; ``null`` never is."""
        return header in {_serialize(*ours) for ours in self._ours}


def _port(found: re.Match[str], scheme: str) -> int:
    return int(found[2]) if found[2] else _DEFAULT_PORTS[scheme]


def _serialize(scheme: str, host: str, port: int) -> str:
    """An origin as browsers write it (RFC 6454 section 6.2): the default port left out."""
    if port == _DEFAULT_PORTS[scheme]:
        return f"{scheme}://{host}"
    return f"{scheme}://{host}:{port}"


def _parse_public(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    found = _HOST.fullmatch(parts.netloc)
    beyond = (parts.path.removesuffix("/"), parts.query, parts.fragment)
    if parts.scheme not in _DEFAULT_PORTS or found is None or any(beyond):
        raise Misconfigured(
            f"--public-url {url!r} is not an address like https://chat.example.org (without a path)"
        )
    return parts.scheme, found[1].lower().rstrip("."), _port(found, parts.scheme)

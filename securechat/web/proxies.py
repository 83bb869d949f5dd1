"""Where a request really comes from, when a proxy that we trust stands in front."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

LOCAL = "local"
"""What stands for the address of a peer on a UNIX socket, which has none."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Proxies:
    """The networks whose ``X-Forwarded-*`` headers are believed; usually none."""

    def __init__(self, networks: Iterable[Network] = ()) -> None:
        self._networks = tuple(networks)

    def trusts(self, address: str) -> bool:
        """Whether ``address`` is one of our proxies.

        A peer on a UNIX socket is one wherever there are any: nobody else reaches it. (No header
        can name it: what is no address is not read out of one.)
        """
        if address == LOCAL:
            return bool(self._networks)
        parsed = _parse(address)
        return parsed is not None and any(
            parsed in network for network in self._networks if network.version == parsed.version
        )

    def client_address(self, peer: str, forwarded_for: Sequence[str]) -> str:
        """The client's address: ``peer``, or what our proxies say of it.

        ``forwarded_for`` are the values of X-Forwarded-For. Each proxy appends the address that it
        saw, so the list is read from its end and only as far as our own proxies wrote it.
        """
        address = peer
        seen = [part.strip() for value in forwarded_for for part in value.split(",")]
        while seen and self.trusts(address):
            claimed = _parse(seen.pop())
            if claimed is None:
                break
            address = str(claimed)
        return address

    def over_plain_http(self, peer: str, forwarded_proto: Sequence[str]) -> bool:
        """Whether one of our proxies says that the browser came without TLS."""
        if not forwarded_proto or not self.trusts(peer):
            return False
        return forwarded_proto[-1].split(",")[-1].strip().lower() == "http"


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed

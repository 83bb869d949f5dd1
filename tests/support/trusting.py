"""Ways to a daemon that believe whatever certificate it shows: what it does is asked, not that."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from twisted.internet import reactor
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.ssl import CertificateOptions
from twisted.web.client import Agent, HTTPConnectionPool
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer


@implementer(IPolicyForHTTPS)
class _Trusting:
    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:
        return CertificateOptions()


def agent(pool: HTTPConnectionPool) -> Agent:
    """An agent for http and https."""
    return Agent(reactor, _Trusting(), pool=pool)


def endpoint(url: str) -> Any:
    """The endpoint of the server of ``url``, over TLS where that is https."""
    parts = urlsplit(url)
    plain = HostnameEndpoint(reactor, parts.hostname or "", parts.port or 80)
    return wrapClientTLS(CertificateOptions(), plain) if parts.scheme == "https" else plain

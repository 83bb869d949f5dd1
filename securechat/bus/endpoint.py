"""The way to a Redis server: over TCP, verified TLS or a local socket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from twisted.internet.endpoints import HostnameEndpoint, UNIXClientEndpoint, wrapClientTLS
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates

from ..core.errors import Misconfigured
from ..core.settings import RedisServer


def endpoint(reactor: Any, server: RedisServer, timeout_s: float) -> IStreamClientEndpoint:
    """Where to connect; certificate and host name are verified before anything is sent over TLS.

    Raises Misconfigured where the file of authorities cannot be used.
    """
    if server.unix_socket is not None:
        return UNIXClientEndpoint(reactor, str(server.unix_socket), timeout=timeout_s)
    over_tcp = HostnameEndpoint(reactor, server.host, server.port, timeout=timeout_s)
    if not server.over_tls:
        return over_tcp
    trusted = None if server.ca is None else trustRootFromCertificates(_authorities(server.ca))
    wrapped: IStreamClientEndpoint = wrapClientTLS(
        optionsForClientTLS(server.host, trustRoot=trusted), over_tcp
    )
    return wrapped


def _authorities(file: Path) -> list[Certificate]:
    try:
        found = x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as error:
        raise Misconfigured(f"the file of certificates {file} cannot be used: {error}") from None
    return [Certificate.loadPEM(one.public_bytes(Encoding.PEM)) for one in found]

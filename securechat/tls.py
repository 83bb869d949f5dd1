"""TLS for the listening ports: the newest version, the operator's own certificate."""

from __future__ import annotations

from pathlib import Path

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLContextFactory, IProtocolFactory
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from zope.interface import implementer

from .core.errors import Misconfigured


class _TlsFactory(TLSMemoryBIOFactory):
    """Seals each write at once: ours are joined already, and a timer a write costs more."""

    protocol = TLSMemoryBIOProtocol


@implementer(IOpenSSLContextFactory)
class _ContextFactory:
    """What Twisted asks for the context of each connection: always the same."""

    def __init__(self, context: SSL.Context) -> None:
        self._context = context

    def getContext(self) -> SSL.Context:
        return self._context


def server_context(certificate: Path, key: Path) -> SSL.Context:
    """A TLS 1.3 context with the chain in ``certificate`` and the key in ``key`` (both PEM).

    Raises Misconfigured where OpenSSL does not take them.
    """
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_3_VERSION)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    # Else each keeps 16 KiB for what it reads and 16 KiB for what it writes.
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    try:
        context.use_certificate_chain_file(str(certificate))
        context.use_privatekey_file(str(key))
        context.check_privatekey()
    except SSL.Error as error:
        raise Misconfigured(
            f"the certificate {certificate} and the key {key} cannot be used: {error}"
        ) from None
    return context


def over_tls(factory: IProtocolFactory, context: SSL.Context) -> IProtocolFactory:
    """``factory``, spoken to through TLS."""
    return _TlsFactory(_ContextFactory(context), False, factory)

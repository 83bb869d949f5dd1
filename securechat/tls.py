"""TLS for the listening ports: the newest version, the operator's own certificate."""

from __future__ import annotations

from pathlib import Path

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLContextFactory, IProtocolFactory
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from zope.interface import implementer

from .config.certificate import check_pair
from .core.errors import Misconfigured
from .core.settings import TlsVersion

log = Logger()

LOOK_S = 30.0
"""How often the files are looked at."""

VERSIONS = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}

SUITES_OF_1_2 = b"ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2 only what agrees on a key of its own and seals; those of 1.3 all do, and stay."""

FileState = tuple[int, int, int, int] | None


class _TlsFactory(TLSMemoryBIOFactory):
    """Seals each write at once: ours are joined already, and a timer a write costs more."""

    protocol = TLSMemoryBIOProtocol


@implementer(IOpenSSLContextFactory)
class LiveCertificate:
    """What Twisted asks for the context of each new connection; renewed when the files are.

    A connection that is open keeps the context that it began with.
    """

    def __init__(self, certificate: Path, key: Path, minimum: TlsVersion) -> None:
        """Raises Misconfigured where the files cannot be used."""
        self._certificate = certificate
        self._key = key
        self._minimum = minimum
        self._seen = self._states()
        self._read()

    def getContext(self) -> SSL.Context:
        return self._context

    def look(self) -> None:
        """Read the files again where they are not those that were read last."""
        if self._states() != self._seen:
            self.reread()

    def reread(self) -> None:
        """Use what the files hold now; what cannot be used is refused, and the one before stays."""
        # Before they are read: what changes meanwhile is seen at the next look.
        self._seen = self._states()
        try:
            self._read()
        except Misconfigured as error:
            log.error(
                "the certificate is not taken, and the one before stays in use: {reason}",
                event="certificate_refused",
                reason=str(error),
            )

    def _read(self) -> None:
        self._context = server_context(self._certificate, self._key, self._minimum)
        used = SSL.Connection(self._context, None).get_certificate()
        assert used is not None
        log.info(
            "the certificate in {path} is in use; it is valid until {until}",
            event="certificate_read",
            path=str(self._certificate),
            until=used.to_cryptography().not_valid_after_utc.isoformat(),
        )

    def _states(self) -> tuple[FileState, FileState]:
        return _state(self._certificate), _state(self._key)


def _state(path: Path) -> FileState:
    """What is another with every change of the file that ``path`` leads to; None without one."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_ctime_ns


def server_context(certificate: Path, key: Path, minimum: TlsVersion) -> SSL.Context:
    """A context for TLS from ``minimum`` on, the chain in ``certificate``, the key in ``key``.

    Both are PEM files. Which groups agree on keys is OpenSSL's own choice: the newest knows a
    hybrid that quantum computers do not break, and prefers it.

    Raises Misconfigured where the files are not a pair that OpenSSL takes.
    """
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(VERSIONS[minimum])
    context.set_cipher_list(SUITES_OF_1_2)
    context.set_options(SSL.OP_NO_RENEGOTIATION)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    # Else each keeps 16 KiB for what it reads and 16 KiB for what it writes.
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    try:
        # First ours, which have words for what is wrong; OpenSSL would ask for a passphrase.
        check_pair(certificate, key)
        context.use_certificate_chain_file(str(certificate))
        context.use_privatekey_file(str(key))
        context.check_privatekey()
    except (OSError, ValueError, SSL.Error) as error:
        raise Misconfigured(
            f"the certificate {certificate} and the key {key} cannot be used: {error}"
        ) from None
    return context


def over_tls(factory: IProtocolFactory, certificate: IOpenSSLContextFactory) -> IProtocolFactory:
    """``factory``, spoken to through TLS."""
    return _TlsFactory(certificate, False, factory)

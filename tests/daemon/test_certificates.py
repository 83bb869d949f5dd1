"""A certificate is renewed under a running daemon, and TLS is what was asked for."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import ssl

from cryptography import x509

from tests.support.certificates import make_certificates, renew, serial_of
from tests.support.daemon import DaemonProcess

from .cases import ProcessCase

WITHIN_S = 10.0
TAKEN = "the certificate in"
REFUSED = "the certificate is not taken"


def talk(connection: http.client.HTTPSConnection) -> int:
    """Ask over ``connection``, which must still be the same; the status."""
    before = connection.sock
    connection.request("GET", "/healthz")
    with connection.getresponse() as answer:
        answer.read()
    assert before is None or connection.sock is before
    return answer.status


class TlsCase(ProcessCase):
    def tls_daemon(self, *options: str) -> DaemonProcess:
        daemon = self.new_daemon()
        daemon.scheme = "https"
        self.made = make_certificates(daemon.folder)
        daemon.options = (
            *("--tls-cert", str(self.made.chain), "--tls-key", str(self.made.key)),
            *("--public-url", daemon.url, *options),
        )
        return daemon.start()

    def connected(self, daemon: DaemonProcess) -> http.client.HTTPSConnection:
        """A connection that has talked already, and whose certificate was verified."""
        verified = ssl.create_default_context(cafile=str(self.made.authority))
        connection = http.client.HTTPSConnection(
            "localhost", daemon.port, timeout=WITHIN_S, context=verified
        )
        self.addCleanup(connection.close)
        self.assertEqual(talk(connection), 200)
        return connection

    async def hang_up(self, daemon: DaemonProcess, words: str) -> None:
        """SIGHUP, and wait until the log says ``words`` once more."""
        before = daemon.log().count(words)
        os.kill(daemon.pid, signal.SIGHUP)
        await self.until(lambda: daemon.log().count(words) > before)


def serial_shown(connection: http.client.HTTPSConnection) -> int:
    """The serial number of the certificate that ``connection`` began with."""
    sock: ssl.SSLSocket = connection.sock
    shown = sock.getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown).serial_number


class Renewed(TlsCase):
    async def test_new_connections_get_the_new_certificate_and_old_ones_go_on(self) -> None:
        daemon = self.tls_daemon()
        first, before = serial_of(self.made.chain), self.connected(daemon)
        ada = await (await self.person(daemon, "ada")).chat()
        self.assertEqual(serial_shown(before), first)
        self.assertEqual(daemon.log().count(TAKEN), 1)

        renew(self.made)
        await self.hang_up(daemon, TAKEN)
        second, after = serial_of(self.made.chain), self.connected(daemon)
        self.assertNotEqual(second, first)
        self.assertEqual(serial_shown(after), second)

        chain = self.made.chain.read_bytes()
        self.made.chain.write_bytes(chain[:100])
        await self.hang_up(daemon, REFUSED)
        self.assertEqual(serial_shown(self.connected(daemon)), second)
        eve = await (await self.person(daemon, "eve")).chat()
        await eve.subscribe()
        posted = await ada.post("Still here.")
        self.assertEqual(await eve.read(posted["seq"]), "Still here.")
        for connection in (before, after):
            self.assertEqual(talk(connection), 200)
        # The same signal is for the keyring.
        await self.until(lambda: daemon.log().count("the keyring was read again") == 2)


class Spoken(TlsCase):
    def shake(
        self,
        daemon: DaemonProcess,
        oldest: bool = False,
        suites: str = "DEFAULT",
        group: str | None = None,
    ) -> str:
        """Version and suite of a new connection; ssl.SSLError where there is none."""
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        client.set_ciphers(suites)
        if group is not None:
            client.set_ecdh_curve(group)
        if oldest:
            client.maximum_version = ssl.TLSVersion.TLSv1_2
        with (
            socket.create_connection(("localhost", daemon.port), WITHIN_S) as plain,
            client.wrap_socket(plain) as sock,
        ):
            name, version, _ = sock.cipher() or ("", "", 0)
            return f"{version} {name}"

    def test_1_2_is_refused(self) -> None:
        daemon = self.tls_daemon()
        self.assertIn("TLSv1.3", self.shake(daemon))
        self.assertIn("TLSv1.3", self.shake(daemon, group="prime256v1"))
        with self.assertRaisesRegex(ssl.SSLError, "alert protocol version"):
            self.shake(daemon, oldest=True)

    def test_1_2_is_spoken_on_request_with_suites_that_seal(self) -> None:
        daemon = self.tls_daemon("--tls-minimum", "1.2")
        self.assertIn("TLSv1.3", self.shake(daemon))
        self.assertIn("GCM", self.shake(daemon, oldest=True))
        for suites in ("ECDHE+AESGCM", "ECDHE+CHACHA20"):
            self.assertIn("TLSv1.2 ECDHE", self.shake(daemon, oldest=True, suites=suites))
        with self.assertRaisesRegex(ssl.SSLError, "handshake failure"):
            self.shake(daemon, oldest=True, suites="ECDHE+AES:!AESGCM:!AESCCM")

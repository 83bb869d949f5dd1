"""The context of TLS connections: what it speaks, and how it follows the files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from OpenSSL import SSL
from twisted.internet.task import Clock, LoopingCall
from twisted.logger import LogEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from securechat import tls
from securechat.core.errors import Misconfigured
from securechat.core.settings import TlsVersion
from tests.support.certificates import make_certificates, renew, serial_of

FIRST_HYBRID_VERSION = 0x30500000
"""OpenSSL 3.5 is the first with X25519MLKEM768."""

# The extension key_share of a ServerHello: its number and length, the group, the share's length.
HYBRID_SHARE = bytes.fromhex("0033 0464 11ec 0460")
X25519_SHARE = bytes.fromhex("0033 0024 001d 0020")

HALF_SIZE = 200


class Shaken:
    """A handshake between two ends in memory; SSL.Error where they do not agree."""

    def __init__(self, context: SSL.Context, client: SSL.Context | None = None) -> None:
        self.server = SSL.Connection(context, None)
        self.client = SSL.Connection(client or SSL.Context(SSL.TLS_CLIENT_METHOD), None)
        self.told = b""
        """All that the server has sent."""
        self.server.set_accept_state()
        self.client.set_connect_state()
        while not (self._step(self.client) & self._step(self.server)):
            pass

    def _step(self, end: SSL.Connection) -> bool:
        try:
            end.do_handshake()
        except SSL.WantReadError:
            return False
        finally:
            self._carry()
        return True

    def _carry(self) -> None:
        for source, target in ((self.client, self.server), (self.server, self.client)):
            try:
                moved = source.bio_read(1 << 16)
            except SSL.WantReadError:
                continue
            target.bio_write(moved)
            if source is self.server:
                self.told += moved

    def serial(self) -> int:
        """Of the certificate that the client was shown."""
        shown = self.client.get_peer_certificate()
        assert shown is not None
        return shown.get_serial_number()

    def says(self, words: bytes) -> bytes:
        """What the client reads when the server writes ``words``."""
        self.server.send(words)
        self._carry()
        return self.client.recv(1 << 10)


def client_of_1_2(suites: bytes = b"DEFAULT") -> SSL.Context:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    context.set_cipher_list(suites)
    return context


class CertificateCase(SynchronousTestCase):
    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        self.made = make_certificates(folder)


class Context(CertificateCase):
    def context(self, minimum: TlsVersion = "1.3") -> SSL.Context:
        return tls.server_context(self.made.chain, self.made.key, minimum)

    def test_an_idle_connection_keeps_no_buffers_for_records(self) -> None:
        self.assertTrue(self.context().set_mode(0) & SSL.MODE_RELEASE_BUFFERS)

    def test_nothing_older_than_1_3_is_spoken_unless_it_is_asked_for(self) -> None:
        self.assertEqual(Shaken(self.context()).client.get_protocol_version(), SSL.TLS1_3_VERSION)
        error = self.assertRaises(SSL.Error, Shaken, self.context(), client_of_1_2())
        self.assertIn("unsupported protocol", str(error))

    def test_1_2_is_spoken_with_who_knows_no_better(self) -> None:
        context = self.context("1.2")
        old = Shaken(context, client_of_1_2()).client
        self.assertEqual(old.get_protocol_version(), SSL.TLS1_2_VERSION)
        self.assertIn("GCM", old.get_cipher_name() or "")
        new = Shaken(context).client
        self.assertEqual(new.get_protocol_version(), SSL.TLS1_3_VERSION)

    def test_every_suite_of_1_2_seals_and_has_a_key_of_its_own(self) -> None:
        context = self.context("1.2")
        names = SSL.Connection(context, None).get_cipher_list()
        old = [name for name in names if not name.startswith("TLS_")]
        self.assertEqual(len(old), 6)
        for name in old:
            self.assertRegex(name, r"^ECDHE-(ECDSA|RSA)-(AES(128|256)-GCM|CHACHA20-POLY1305)")
        for suite in (b"ECDHE-ECDSA-AES128-SHA256", b"ECDHE-ECDSA-AES256-SHA"):
            with self.assertRaisesRegex(SSL.Error, "no shared cipher"):
                Shaken(context, client_of_1_2(suite))

    def test_keys_are_agreed_on_so_that_quantum_computers_do_not_find_them(self) -> None:
        # With an older OpenSSL nobody has that group, and what must hold is the next best.
        is_known = SSL.OPENSSL_VERSION_NUMBER >= FIRST_HYBRID_VERSION
        minimums: tuple[TlsVersion, ...] = ("1.3", "1.2")
        for minimum in minimums:
            told = Shaken(self.context(minimum)).told
            self.assertEqual((HYBRID_SHARE in told, X25519_SHARE in told), (is_known, not is_known))


class LiveCase(CertificateCase):
    def setUp(self) -> None:
        super().setUp()
        self.logged: list[LogEvent] = []
        observer: Any = self.logged.append
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.live = tls.LiveCertificate(self.made.chain, self.made.key, "1.3")
        self.first = serial_of(self.made.chain)

    def told(self) -> list[str]:
        """What was logged since the last time, by event."""
        names = [str(event["event"]) for event in self.logged if "event" in event]
        self.logged.clear()
        return names

    def shown(self) -> int:
        """The serial number that a new connection is shown."""
        return Shaken(self.live.getContext()).serial()


class Renewed(LiveCase):
    def test_a_new_certificate_is_for_new_connections_and_old_ones_go_on(self) -> None:
        before = Shaken(self.live.getContext())
        renew(self.made)
        self.assertEqual(self.shown(), self.first)
        self.live.reread()
        second = serial_of(self.made.chain)
        self.assertNotEqual(second, self.first)
        self.assertEqual(self.shown(), second)
        self.assertEqual(before.says(b"still here"), b"still here")

    def test_the_log_says_which_file_is_in_use_and_until_when_it_is_valid(self) -> None:
        for _ in range(2):
            event = self.logged[-1]
            self.assertEqual(event["event"], "certificate_read")
            self.assertEqual(event["path"], str(self.made.chain))
            shown = Shaken(self.live.getContext()).client.get_peer_certificate()
            assert shown is not None
            end = shown.to_cryptography().not_valid_after_utc
            self.assertEqual(event["until"], end.isoformat())
            renew(self.made)
            self.live.reread()

    def test_files_that_change_are_noticed_in_time_and_no_others_are_read(self) -> None:
        clock = Clock()
        looking = LoopingCall(self.live.look)
        looking.clock = clock
        looking.start(tls.LOOK_S, now=False)
        self.addCleanup(looking.stop)
        self.told()
        clock.pump([tls.LOOK_S] * 3)
        self.assertEqual(self.told(), [])
        renew(self.made)
        clock.advance(60)
        self.assertEqual(self.told(), ["certificate_read"])
        self.assertEqual(self.shown(), serial_of(self.made.chain))
        clock.advance(60)
        self.assertEqual(self.told(), [])

    def test_a_link_that_leads_elsewhere_is_a_change(self) -> None:
        links = Path(self.mktemp())
        links.mkdir()
        chain, key = links / "fullchain.pem", links / "privkey.pem"
        chain.symlink_to(self.made.chain.resolve())
        key.symlink_to(self.made.key.resolve())
        self.live = tls.LiveCertificate(chain, key, "1.3")
        folder = Path(self.mktemp())
        folder.mkdir()
        other = make_certificates(folder)
        for link, target in ((chain, other.chain), (key, other.key)):
            link.unlink()
            link.symlink_to(target.resolve())
        self.live.look()
        self.assertEqual(self.shown(), serial_of(other.chain))


class Refused(LiveCase):
    def refused(self, *words: str) -> None:
        """The files are refused with one line that has these words; the first stay in use."""
        self.told()
        self.live.look()
        for word in words:
            self.assertIn(word, self.logged[-1]["reason"])
        self.assertEqual(self.told(), ["certificate_refused"])
        self.live.look()
        self.assertEqual(self.told(), [])
        self.assertEqual(self.shown(), self.first)

    def put(self, path: Path, content: bytes) -> None:
        """Replace the file ``path`` by another one, for its owner only."""
        path.rename(path.with_suffix(".before"))
        path.touch(mode=0o600)
        path.write_bytes(content)

    def test_half_a_renewal_is_refused_and_the_whole_one_taken(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        other = make_certificates(folder)
        self.put(self.made.chain, other.chain.read_bytes())
        self.refused("the key is not the certificate's", str(self.made.key))
        self.put(self.made.key, other.key.read_bytes())
        self.live.look()
        self.assertEqual(self.told(), ["certificate_read"])
        self.assertEqual(self.shown(), serial_of(other.chain))

    def test_every_file_that_cannot_be_used_leaves_the_one_before(self) -> None:
        good = self.made.key.read_bytes()
        key = load_pem_private_key(good, None)
        locked = key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
        )
        bad: dict[str, Callable[[], object]] = {
            "no PEM private key": lambda: self.put(self.made.key, good[:HALF_SIZE]),
            "passphrase": lambda: self.put(self.made.key, locked),
            "chmod 600": lambda: self.made.key.chmod(0o644),
            "cannot be read": self.made.key.unlink,
            "no PEM certificate": lambda: self.put(self.made.chain, b"-----BEGIN CERT"),
            "chain.pem cannot be read": lambda: shutil.rmtree(self.made.chain.parent),
        }
        for words, spoil in bad.items():
            spoil()
            self.refused(words)

    def test_a_hangup_says_again_what_is_wrong(self) -> None:
        self.made.key.unlink()
        self.refused("cannot be read")
        self.live.reread()
        self.assertEqual(self.told(), ["certificate_refused"])

    def test_at_the_start_it_is_the_end(self) -> None:
        self.made.key.unlink()
        with self.assertRaisesRegex(Misconfigured, "key.pem cannot be read"):
            tls.LiveCertificate(self.made.chain, self.made.key, "1.3")

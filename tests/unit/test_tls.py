"""The context that all TLS connections share."""

from __future__ import annotations

from pathlib import Path

from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from securechat import tls
from tests.support.certificates import make_certificates


class Context(SynchronousTestCase):
    def test_an_idle_connection_keeps_no_buffers_for_records(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        made = make_certificates(folder)
        context = tls.server_context(made.chain, made.key)
        self.assertTrue(context.set_mode(0) & SSL.MODE_RELEASE_BUFFERS)

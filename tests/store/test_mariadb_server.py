"""Servers that must be refused, and servers that must prove who they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from twisted.trial.unittest import TestCase

from securechat.core.errors import Misconfigured, Unavailable
from securechat.core.settings import MysqlDatabase
from securechat.store import Store
from securechat.store.mysql import is_local
from tests.support import mariadb
from tests.support.certificates import LOCALHOST, Certificates, make_certificates
from tests.support.daemon import free_port


class ServerCase(TestCase):
    """A server of one's own."""

    skip = mariadb.missing()
    timeout = 60

    def server(self, *options: str) -> mariadb.MariaDB:
        server = mariadb.MariaDB(options)
        self.addCleanup(server.remove)
        server.start()
        return server


class Settings(ServerCase):
    """Settings with which an acknowledged message could be lost."""

    def test_each_unsafe_setting_is_refused_with_the_line_to_set(self) -> None:
        server = self.server(
            "--innodb-flush-log-at-trx-commit=2",
            "--log-bin=binlog",
            "--sync-binlog=0",
            "--binlog-format=STATEMENT",
            "--max-allowed-packet=1M",
            "--default-storage-engine=Aria",
        )
        settings = server.url(server.fresh_database())
        for name, line, right in (
            ("default_storage_engine", "default_storage_engine = InnoDB", "'InnoDB'"),
            ("innodb_flush_log_at_trx_commit is 2", "innodb_flush_log_at_trx_commit = 1", "1"),
            ("sync_binlog is 0", "sync_binlog = 1", "1"),
            ("binlog_format is STATEMENT", "binlog_format = ROW", "'ROW'"),
            ("max_allowed_packet is 1048576", "max_allowed_packet = 16M", "16777216"),
        ):
            error = self.assertRaises(Misconfigured, Store(settings).ledger.prepare)
            self.assertIn(name, str(error))
            self.assertIn(line, str(error))
            server.sql(f"SET GLOBAL {name.split(' ', maxsplit=1)[0]} = {right}")
        Store(settings).ledger.prepare()
        server.sql("ALTER TABLE meta ENGINE = Aria", settings.name)
        error = self.assertRaises(Misconfigured, Store(settings).ledger.prepare)
        self.assertIn("ALTER TABLE meta ENGINE = InnoDB", str(error))


class Proofs(ServerCase):
    """Over TCP the server must show a certificate that leads to the right authority."""

    def test_only_a_server_with_the_right_certificate_and_name_is_spoken_to(self) -> None:
        ours, foreign = self.certificates(), self.certificates()
        port = free_port()
        server = self.server(
            "--skip-networking=0",
            "--bind-address=127.0.0.1",
            f"--port={port}",
            f"--ssl-ca={ours.authority}",
            f"--ssl-cert={ours.chain}",
            f"--ssl-key={ours.key}",
        )
        name = server.fresh_database()
        server.sql("CREATE USER 'tcp'@'127.0.0.1' REQUIRE SSL")
        server.sql("CREATE USER 'tcp'@'localhost' REQUIRE SSL")
        for host in ("127.0.0.1", "localhost"):
            server.sql(f"GRANT ALL ON {name}.* TO 'tcp'@'{host}'")
        good = MysqlDatabase(user="tcp", name=name, host="localhost", port=port, ca=ours.authority)
        Store(good).ledger.prepare()
        for wrong in (
            replace(good, ca=foreign.authority),
            replace(good, host="127.0.0.1"),
            # The whole of 0.0.0.0 is this machine to the kernel, but not to is_local.
            replace(good, host="0.0.0.0", ca=None),  # noqa: S104 - spoken to, not bound
        ):
            error = self.assertRaises(Misconfigured, Store(wrong).ledger.prepare)
            self.assertIn("--database-ca", str(error))
        missing = replace(good, ca=ours.authority.with_name("none.pem"))
        error = self.assertRaises(Misconfigured, Store(missing).ledger.prepare)
        self.assertIn("none.pem", str(error))
        self.assertRaises(Unavailable, Store(replace(good, port=free_port())).ledger.prepare)

    def certificates(self) -> Certificates:
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        return make_certificates(folder, (LOCALHOST,))


class Local(TestCase):
    """Which servers need no certificate."""

    def test_only_this_machine_is_local(self) -> None:
        for host in ("localhost", "127.0.0.1", "127.255.0.3", "::1"):
            self.assertTrue(is_local(host), host)
        for host in ("127.0.0.1.example.org", "localhost.example.org", "10.0.0.1", "127.1", "::2"):
            self.assertFalse(is_local(host), host)

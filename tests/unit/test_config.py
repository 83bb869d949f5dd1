"""Settings: where they come from, which of them wins, and what is refused with which words."""

from __future__ import annotations

import datetime
import ipaddress
import os
from dataclasses import fields
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from securechat.config import Config, ConfigError, load_config
from securechat.config.endpoints import parse_listen, with_backlog
from securechat.config.sources import NAMES, PREFIX
from securechat.core.settings import (
    Limits,
    MysqlDatabase,
    RedisServer,
    SqliteDatabase,
    limit_names,
)
from securechat.options import HELP, Options


def write_certificate(folder: Path, name: str = "tls") -> tuple[Path, Path]:
    """A certificate for localhost and its key in `folder`, the key with mode 0600."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    cert_path, key_path = folder / f"{name}.crt", folder / f"{name}.key"
    cert_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    key_path.chmod(0o600)
    return cert_path, key_path


class ConfigTestCase(SynchronousTestCase):
    """A folder of its own, and short words for loading from it."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)

    def load(
        self, environ: dict[str, str] | None = None, toml: str | None = None, /, **flags: str
    ) -> Config:
        """The configuration from `flags` (underscores for hyphens), environment and file text."""
        given = {name.replace("_", "-"): [value] for name, value in flags.items()}
        return load_config(given, environ or {}, self.file(toml), self.folder)

    def file(self, toml: str | None) -> str | None:
        """The path of a file with the text `toml`."""
        if toml is None:
            return None
        (self.folder / "chat.toml").write_text(toml, encoding="utf-8")
        return "chat.toml"

    def reasons(
        self, environ: dict[str, str] | None = None, toml: str | None = None, /, **flags: str
    ) -> str:
        """Why this is refused, one reason a line."""
        refused = self.assertRaises(ConfigError, self.load, environ, toml, **flags)
        return "\n".join(refused.reasons)


class Sources(ConfigTestCase):
    """Defaults < file < environment < flags."""

    def test_nothing_given_means_loopback_and_sqlite_below_the_current_folder(self) -> None:
        config = self.load()
        data = self.folder / "securechat-data"
        self.assertEqual(config.listen, ("tcp:8080:interface=127.0.0.1",))
        self.assertEqual(config.data_dir, data)
        self.assertEqual(config.database, SqliteDatabase(data / "securechat.sqlite3"))
        self.assertEqual(config.keyring, data / "keyring.json")
        self.assertEqual((config.registration, config.log_format), (None, "text"))
        self.assertEqual(config.limits, Limits())
        self.assertFalse(data.exists())

    def test_a_flag_beats_the_environment_which_beats_the_file(self) -> None:
        toml = 'registration = "closed"\nlog-format = "json"\ndata-dir = "from-file"\n'
        environ = {"SECURECHAT_REGISTRATION": "open", "SECURECHAT_DATA_DIR": "from-env"}
        config = self.load(environ, toml, data_dir="from-flag")
        self.assertEqual(config.data_dir, self.folder / "from-flag")
        self.assertEqual(config.registration, "open")
        self.assertEqual(config.log_format, "json")

    def test_limits_come_from_each_source(self) -> None:
        config = self.load(
            {"SECURECHAT_LIMIT_POSTS": "20", "SECURECHAT_LIMIT_JOURNAL": "7"},
            "[limits]\nposts = 1\npassword-min = 15\n",
            limit="journal=9",
        )
        self.assertEqual(config.limits, Limits(posts=20, password_min=15, journal=9))

    def test_the_file_may_be_named_in_the_environment(self) -> None:
        self.file('registration = "closed"')
        config = self.load({"SECURECHAT_CONFIG": "chat.toml"})
        self.assertEqual(config.registration, "closed")

    def test_paths_in_the_file_start_at_its_folder(self) -> None:
        other = self.folder / "etc"
        other.mkdir()
        (other / "chat.toml").write_text('keyring = "k.json"\ndatabase = "sqlite:c.db"')
        config = load_config({}, {}, "etc/chat.toml", self.folder)
        self.assertEqual(config.keyring, other / "k.json")
        self.assertEqual(config.database, SqliteDatabase(other / "c.db"))

    def test_lists_are_lists_in_the_file_and_have_commas_in_the_environment(self) -> None:
        loopback = ("tcp:1:interface=127.0.0.1", "tcp:2:interface=localhost")
        self.assertEqual(
            self.load(None, f'listen = ["{loopback[0]}", "{loopback[1]}"]').listen, loopback
        )
        self.assertEqual(self.load({"SECURECHAT_LISTEN": ", ".join(loopback)}).listen, loopback)

    def test_networks_may_be_one_text_with_commas_in_every_source(self) -> None:
        url, both = "https://chat.example.org", "10.0.0.1, ::1"
        wanted = tuple(ipaddress.ip_network(text) for text in ("10.0.0.1", "::1"))
        toml = f'behind-proxy = "{both}"\npublic-url = "{url}"\n'
        self.assertEqual(self.load(None, toml).behind_proxy, wanted)
        as_list = f'behind-proxy = ["10.0.0.1", "::1"]\npublic-url = "{url}"\n'
        self.assertEqual(self.load(None, as_list).behind_proxy, wanted)
        environ = {"SECURECHAT_BEHIND_PROXY": both, "SECURECHAT_PUBLIC_URL": url}
        self.assertEqual(self.load(environ).behind_proxy, wanted)
        self.assertEqual(self.load(behind_proxy=both, public_url=url).behind_proxy, wanted)

    def test_an_empty_list_of_networks_is_refused(self) -> None:
        self.assertIn("needs at least one", self.reasons(behind_proxy=" , "))

    def test_an_empty_variable_is_as_good_as_none(self) -> None:
        self.assertIsNone(self.load({"SECURECHAT_PUBLIC_URL": ""}).public_url)

    def test_a_systemd_credential_is_the_keyring_unless_another_is_named(self) -> None:
        environ = {"CREDENTIALS_DIRECTORY": str(self.folder)}
        self.assertEqual(self.load(environ).keyring.parent.name, "securechat-data")
        credential = self.folder / "securechat-keyring"
        credential.touch()
        self.assertEqual(self.load(environ).keyring, credential)
        self.assertEqual(self.load(environ, keyring="mine").keyring, self.folder / "mine")

    def test_an_unknown_name_is_refused_with_the_nearest_one(self) -> None:
        reasons = self.reasons(
            {"SECURECHAT_DATADIR": "x"}, 'lisen = "x"\n[limits]\npost = 3\n', limit="jurnal=3"
        )
        self.assertIn(
            "SECURECHAT_DATADIR: no such setting; did you mean SECURECHAT_DATA_DIR?", reasons
        )
        self.assertIn("chat.toml: lisen: no such setting; did you mean listen?", reasons)
        self.assertIn("chat.toml: limits.post: no such limit; did you mean posts?", reasons)
        self.assertIn("--limit jurnal: no such limit; did you mean journal?", reasons)

    def test_a_password_in_the_environment_is_refused_without_repeating_it(self) -> None:
        reasons = self.reasons({"SECURECHAT_DATABASE_PASSWORD": "hunter2"})
        self.assertIn("SECURECHAT_DATABASE_PASSWORD_FILE", reasons)
        self.assertNotIn("hunter2", reasons)

    def test_wrong_types_in_the_file_are_named(self) -> None:
        reasons = self.reasons(
            None, 'registration = true\nlisten = [1]\n[limits]\nposts = "9"\njournal = true\n'
        )
        self.assertIn("registration: must be a text", reasons)
        self.assertIn("listen: must be a text or a list of texts", reasons)
        self.assertIn("limits.posts: must be a whole number", reasons)
        self.assertIn("limits.journal: must be a whole number", reasons)

    def test_a_file_that_cannot_be_used_is_refused(self) -> None:
        def reason(name: str) -> str:
            refused = self.assertRaises(ConfigError, load_config, {}, {}, name, self.folder)
            return "\n".join(refused.reasons)

        self.assertIn("cannot be read: No such file", reason("missing.toml"))
        (self.folder / "bad.toml").write_text("listen = \n")
        self.assertIn("not valid TOML", reason("bad.toml"))
        (self.folder / "latin.toml").write_bytes(b'keyring = "\xe9"')
        self.assertIn("not UTF-8", reason("latin.toml"))

    def test_all_reasons_are_told_at_once(self) -> None:
        reasons = self.reasons(
            {"SECURECHAT_LOG_FORMAT": "xml"}, registration="opn", limit="posts=x", listen="tcp:0x"
        )
        self.assertEqual(len(reasons.splitlines()), 4)
        self.assertIn("SECURECHAT_LOG_FORMAT: 'xml' is not one of: text, json", reasons)
        self.assertIn(
            "--registration: 'opn' is not one of: open, invite, closed; did you mean open?", reasons
        )


class Limited(ConfigTestCase):
    """Limits and their ranges."""

    def test_zero_switches_off_only_what_can_be_done_without(self) -> None:
        self.assertEqual(self.load(limit="posts=0").limits.posts, 0)
        for name in ("journal", "frame-bytes", "body-bytes", "unsent-bytes", "session-days"):
            self.assertIn("cannot be switched off", self.reasons(limit=f"{name}=0"))

    def test_values_out_of_range_or_no_numbers_are_refused(self) -> None:
        for text in ("posts=-1", "password-min=7", "password-min=65", "posts=2147483648"):
            self.assertIn("out of range", self.reasons(limit=text))
        for text in ("posts=", "posts=1.5", "posts=٣", "posts=1e3", "posts=" + "9" * 5000):
            self.assertIn("is no whole number", self.reasons(limit=text))
        self.assertIn("write NAME=VALUE", self.reasons(limit="posts"))

    def test_a_frame_must_have_room_for_an_escaped_body(self) -> None:
        self.assertIn("at least 197632", self.reasons(limit="frame-bytes=197631"))
        self.assertIn("limit body-bytes", self.reasons(limit="body-bytes=50000"))
        self.assertEqual(self.load(limit="frame-bytes=197632").limits.frame_bytes, 197_632)

    def test_every_limit_has_a_name_that_can_be_given(self) -> None:
        for field in fields(Limits):
            name, value = field.name.replace("_", "-"), getattr(Limits(), field.name)
            self.assertEqual(self.load(limit=f"{name}={value}").limits, Limits())
        self.assertEqual(len(limit_names()), len(fields(Limits)))


class Databases(ConfigTestCase):
    """The forms of --database."""

    def test_mysql_is_reached_over_tcp_or_a_socket(self) -> None:
        over_tcp = self.load(database="mysql://chat%40x@db.example.org:3307/secure").database
        self.assertEqual(over_tcp, MysqlDatabase("chat@x", "secure", "db.example.org", 3307))
        local = self.load(database="mysql://chat@/secure?unix_socket=/run/mysqld.sock").database
        self.assertEqual(
            local, MysqlDatabase("chat", "secure", unix_socket=Path("/run/mysqld.sock"))
        )

    def test_a_password_in_the_url_is_refused_without_repeating_it(self) -> None:
        reasons = self.reasons(database="mysql://chat:hunter2@db/secure")
        self.assertIn("--database-password-file", reasons)
        self.assertNotIn("hunter2", reasons)

    def test_urls_that_say_too_little_or_too_much_are_refused(self) -> None:
        for url in (
            "mysql://db/name",
            "mysql://me@db",
            "mysql://me@/name",
            "mysql://me@db/name?unix_socket=/x",
            "mysql://me@db:port/name",
            "mysql://me@db/name/more",
            "postgres://me@db/name",
            "sqlite:",
            "sqlite::memory:",
            "chat.db",
        ):
            self.assertIn("mysql://USER@HOST:PORT/NAME", self.reasons(database=url), url)
        self.assertIn(
            "did you mean unix_socket?", self.reasons(database="mysql://me@/n?unix-socket=/x")
        )
        self.assertIn("is a folder", self.reasons(database=f"sqlite:{self.folder}"))

    def test_the_password_file_must_be_private(self) -> None:
        secret = self.folder / "password"
        secret.write_text("hunter2\n")
        secret.chmod(0o644)
        flags = {"database": "mysql://me@db/name", "database_password_file": "password"}
        self.assertIn(f"chmod 600 {secret}", self.reasons(**flags))
        secret.chmod(0o600)
        database = self.load(**flags).database
        assert isinstance(database, MysqlDatabase)
        self.assertEqual(database.password_file, secret)
        secret.unlink()
        self.assertIn("cannot be read", self.reasons(**flags))

    def test_settings_of_mysql_are_refused_beside_sqlite(self) -> None:
        self.assertIn("is for mysql:// only", self.reasons(database_password_file="x"))
        both = self.reasons(database="mysql:", database_ca="x")
        self.assertEqual(len(both.splitlines()), 1)


class Bus(ConfigTestCase):
    """The forms of --bus, and what must be there beside it."""

    MARIADB = "mysql://me@db/name"

    def bus(self, url: str, **flags: str) -> RedisServer | None:
        """The bus that `url` means, beside a MariaDB."""
        return self.load(bus=url, database=self.MARIADB, **flags).bus

    def refusal(self, url: str, **flags: str) -> str:
        """Why `url` is refused beside a MariaDB."""
        return self.reasons(bus=url, database=self.MARIADB, **flags)

    def test_redis_is_reached_over_tcp_tls_or_a_socket(self) -> None:
        socket = Path("/run/redis/redis.sock")
        for url, expected in (
            ("redis://one.example.org", RedisServer("one.example.org")),
            ("redis://[::1]:7000/2", RedisServer("::1", 7000, number=2)),
            ("rediss://one:6380/", RedisServer("one", 6380, over_tls=True)),
            ("unix:///run/redis/redis.sock", RedisServer(unix_socket=socket)),
            ("unix:///run/redis/redis.sock?db=3", RedisServer(unix_socket=socket, number=3)),
        ):
            self.assertEqual(self.bus(url), expected)

    def test_every_source_can_name_it(self) -> None:
        found = RedisServer("one")
        environ = {"SECURECHAT_BUS": "redis://one", "SECURECHAT_DATABASE": self.MARIADB}
        self.assertEqual(self.load(environ).bus, found)
        toml = f'bus = "redis://one"\ndatabase = "{self.MARIADB}"\n'
        self.assertEqual(self.load(None, toml).bus, found)
        self.assertEqual(self.bus("redis://one"), found)
        self.assertIsNone(self.load().bus)

    def test_sqlite_belongs_to_one_daemon(self) -> None:
        for flags in ({}, {"database": "sqlite:chat.db"}):
            self.assertIn(
                "--bus: connects daemons that share a database, and an SQLite file belongs to one",
                self.reasons(bus="redis://one", **flags),
            )
        both = self.reasons(bus="redis://one", database="mysql:")
        self.assertEqual(len(both.splitlines()), 1)

    def test_a_password_is_in_a_file_that_others_cannot_read(self) -> None:
        for url in (
            "redis://me:hunter2@one",
            "redis://:hunter2@one",
            "unix:///socket?password=hunter2",
            "unix://:hunter2@/socket",
        ):
            reasons = self.refusal(url)
            self.assertIn("--bus-password-file", reasons)
            self.assertNotIn("hunter2", reasons)
        secret = self.folder / "password"
        secret.write_text("hunter2\n")
        secret.chmod(0o644)
        flags = {"bus_password_file": "password"}
        self.assertIn(f"chmod 600 {secret}", self.refusal("redis://m%40e@one", **flags))
        secret.chmod(0o600)
        found = RedisServer("one", user="m@e", password_file=secret)
        self.assertEqual(self.bus("redis://m%40e@one", **flags), found)
        self.assertIn("names the user me", self.refusal("unix://me@/socket"))
        hint = self.reasons({"SECURECHAT_BUS_PASSWORD": "hunter2"})
        self.assertIn("SECURECHAT_BUS_PASSWORD_FILE", hint)
        self.assertNotIn("hunter2", hint)

    def test_urls_that_say_too_little_or_too_much_are_refused(self) -> None:
        for url in (
            "",
            "one:6379",
            "http://one",
            "redis://",
            "redis:///1",
            "redis://one:port",
            "redis://one/x",
            "redis://one/1/2",
            "redis://one/²",
            "redis://one#1",
            "redis://one?db=1",
            "unix://",
            "unix:///",
            "unix://run/redis",
            "unix:///socket?db=-1",
            "unix:///socket?dp=1",
        ):
            reasons = self.refusal(url)
            self.assertEqual(len(reasons.splitlines()), 1, reasons)
            self.assertIn("--bus: ", reasons)

    def test_an_authority_is_for_tls_and_must_be_one(self) -> None:
        cert, key = write_certificate(self.folder)
        found = self.bus("rediss://one", bus_ca=str(cert))
        self.assertEqual(found, RedisServer("one", over_tls=True, ca=cert))
        self.assertIn("is for rediss:// only", self.refusal("redis://one", bus_ca=str(cert)))
        self.assertIn("no PEM certificate", self.refusal("rediss://one", bus_ca=str(key)))

    def test_what_belongs_to_a_bus_is_refused_without_one(self) -> None:
        for name in ("bus_ca", "bus_password_file"):
            self.assertIn("is for a bus only", self.reasons(**{name: "x"}))


class Reach(ConfigTestCase):
    """Who can reach the daemon without encryption: nobody from elsewhere."""

    def test_plain_http_stays_on_loopback(self) -> None:
        for address in (
            "tcp:8080:interface=127.0.0.1",
            "tcp:8080:127.9.9.9",
            r"tcp:8080:interface=\:\:1",
            "tcp:0:interface=localhost",
            r"tcp6:8080:interface=\:\:1",
        ):
            self.assertEqual(self.load(listen=address).listen, (address,))
        for address in (
            "tcp:8080",
            "tcp6:8080",
            "tcp:8080:interface=0.0.0.0",
            "tcp:8080:interface=192.168.1.5",
            r"tcp:8080:interface=\:\:",
            "tcp:8080:interface=localhost.example.org",
            "systemd:domain=INET:index=0",
        ):
            self.assertIn("--behind-proxy", self.reasons(listen=address), address)

    def test_a_proxy_or_tls_opens_the_door(self) -> None:
        url = "https://chat.example.org"
        config = self.load(listen="tcp:80", behind_proxy="10.0.0.0/8, ::1", public_url=url)
        self.assertEqual(
            config.behind_proxy,
            (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128")),
        )
        cert, key = write_certificate(self.folder)
        config = self.load(
            listen="tcp:443",
            tls_cert=str(cert),
            tls_key=str(key),
            public_url=url,
            plain_listen="tcp:80",
        )
        self.assertEqual((config.tls_cert, config.tls_key), (cert, key))

    def test_a_unix_socket_is_for_a_proxy(self) -> None:
        self.assertIn("--behind-proxy", self.reasons(listen="unix:/run/chat"))
        flags = {"behind_proxy": "127.0.0.1", "public_url": "https://chat.example.org"}
        self.assertEqual(self.load(listen="unix:/run/chat", **flags).listen, ("unix:/run/chat",))

    def test_addresses_that_twisted_would_not_understand_are_refused(self) -> None:
        for address in (
            "",
            "8080",
            "tcp:",
            "tcp:http",
            "tcp:70000",
            "tcp:8080:interface=::1",
            "tcp:8080:nterface=127.0.0.1",
            "ssl:443",
            "unix:",
            "stdio:",
            "tcp:²",
        ):
            self.assertIn("--listen: ", self.reasons(listen=address), address)

    def test_networks_of_proxies_are_checked(self) -> None:
        for text in ("10.0.0.1/8", "proxy", "0.0.0.0/0", "::/0"):
            self.assertIn("--behind-proxy", self.reasons(behind_proxy=text), text)
        self.assertIn("needs --public-url", self.reasons(behind_proxy="127.0.0.1"))

    def test_metrics_are_for_this_machine(self) -> None:
        for address in ("tcp:9090:interface=127.0.0.1", "unix:/run/metrics"):
            self.assertEqual(self.load(metrics_listen=address).metrics_listen, address)
        for address in ("tcp:9090", "tcp:9090:interface=10.0.0.1", "systemd:domain=INET:index=0"):
            self.assertIn("for this machine only", self.reasons(metrics_listen=address))

    def test_the_host_is_that_of_the_public_url_without_its_port(self) -> None:
        proxied = {"listen": "tcp:80", "behind_proxy": "127.0.0.1"}
        url = "https://Chat.Example.org:8443"
        self.assertEqual(self.load(public_url=url, **proxied).host, "chat.example.org")
        self.assertEqual(self.load().host, "localhost")

    def test_the_public_url_is_an_origin_in_its_one_form(self) -> None:
        proxied = {"behind_proxy": "127.0.0.1"}
        for text, origin in (
            ("https://Chat.Example.org/", "https://chat.example.org"),
            ("https://chat.example.org:443", "https://chat.example.org"),
            ("HTTPS://chat.example.org:8443", "https://chat.example.org:8443"),
            ("http://localhost:80", "http://localhost"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ):
            self.assertEqual(self.load(public_url=text, **proxied).public_url, origin)
        for text in (
            "chat.example.org",
            "http://chat.example.org",
            "https://chat.example.org/chat",
            "https://me@chat.example.org",
            "https://chat.example.org?x",
            "https://",
            "https://chat.example.org:x",
            "https://bücher.example",
            "https://[::1",
            "ftp://localhost",
        ):
            reasons = self.reasons(public_url=text, **proxied)
            self.assertEqual(len(reasons.splitlines()), 1, reasons)
            self.assertIn("--public-url: ", reasons)


class Queues(SynchronousTestCase):
    def test_the_kernel_holds_all_who_come_at_once_unless_it_is_told_another_number(self) -> None:
        for given, listened in (
            ("tcp:8080", "tcp:8080:backlog=4096"),
            ("tcp:8080:interface=127.0.0.1", "tcp:8080:interface=127.0.0.1:backlog=4096"),
            ("tcp:8080:127.0.0.1", "tcp:8080:127.0.0.1:backlog=4096"),
            ("tcp:8080:127.0.0.1:9", "tcp:8080:127.0.0.1:9"),
            ("tcp:port=8080:backlog=9", "tcp:port=8080:backlog=9"),
            ("tcp6:8080", "tcp6:8080:backlog=4096"),
            ("tcp6:8080:9", "tcp6:8080:9"),
            (r"tcp6:8080:interface=\:\:1", r"tcp6:8080:interface=\:\:1:backlog=4096"),
            ("unix:/run/chat", "unix:/run/chat"),
            ("systemd:domain=INET:index=0", "systemd:domain=INET:index=0"),
        ):
            self.assertEqual(with_backlog(given), listened)
            parse_listen(listened)


class Certificates(ConfigTestCase):
    """TLS by files: complete, readable, matching, private."""

    def setUp(self) -> None:
        super().setUp()
        self.cert, self.key = write_certificate(self.folder)

    def tls(self, **other: str) -> dict[str, str]:
        """Flags that start TLS, with `other` put over them."""
        whole = {
            "tls_cert": str(self.cert),
            "tls_key": str(self.key),
            "public_url": "https://localhost",
        }
        return whole | other

    def test_one_file_of_two_is_refused(self) -> None:
        url = "https://localhost"
        self.assertIn("needs --tls-key", self.reasons(tls_cert=str(self.cert), public_url=url))
        self.assertIn("needs --tls-cert", self.reasons(tls_key=str(self.key)))

    def test_tls_needs_to_know_its_address(self) -> None:
        reasons = self.reasons(tls_cert=str(self.cert), tls_key=str(self.key))
        self.assertIn("needs --public-url", reasons)
        self.assertIn(
            "must begin with https://", self.reasons(**self.tls(public_url="http://localhost"))
        )

    def test_an_https_address_needs_tls_somewhere(self) -> None:
        self.assertIn("--behind-proxy", self.reasons(public_url="https://localhost"))

    def test_plain_listen_is_nothing_without_tls(self) -> None:
        self.assertIn("needs --tls-cert", self.reasons(plain_listen="tcp:80"))

    def test_the_oldest_version_is_1_3_unless_1_2_is_asked_for(self) -> None:
        self.assertEqual(self.load(**self.tls()).tls_minimum, "1.3")
        self.assertEqual(self.load(**self.tls(tls_minimum="1.2")).tls_minimum, "1.2")
        self.assertIn("not one of: 1.2, 1.3", self.reasons(**self.tls(tls_minimum="1.1")))
        self.assertIn("--tls-minimum: is for TLS by files", self.reasons(tls_minimum="1.2"))

    def test_files_that_are_missing_or_something_else_are_refused(self) -> None:
        self.assertIn("cannot be read", self.reasons(**self.tls(tls_cert="missing")))
        self.assertIn("no PEM certificate", self.reasons(**self.tls(tls_cert=str(self.key))))
        junk = self.folder / "junk"
        junk.write_bytes(b"\x00\xff")
        junk.chmod(0o600)
        self.assertIn("no PEM private key", self.reasons(**self.tls(tls_key=str(junk))))

    def test_a_key_of_another_certificate_is_refused(self) -> None:
        _, other = write_certificate(self.folder, "other")
        self.assertIn("is not the key of", self.reasons(**self.tls(tls_key=str(other))))

    def test_a_key_that_everybody_can_read_is_refused(self) -> None:
        self.key.chmod(0o644)
        self.assertIn(f"chmod 600 {self.key}", self.reasons(**self.tls()))

    def test_a_key_behind_a_passphrase_is_refused(self) -> None:
        key = serialization.load_pem_private_key(self.key.read_bytes(), None)
        self.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"secret"),
            )
        )
        self.assertIn("passphrase", self.reasons(**self.tls()))


class CommandLine(SynchronousTestCase):
    """The options of twistd securechat."""

    def setUp(self) -> None:
        # Whoever runs the tests may have settings of his own in the environment.
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            self.addCleanup(os.environ.__setitem__, name, os.environ.pop(name))

    def test_flags_become_the_configuration(self) -> None:
        options = Options()
        addresses = ["tcp:1:interface=127.0.0.1", "tcp:2:interface=127.0.0.1"]
        options.parseOptions(
            ["--listen", addresses[0], f"--listen={addresses[1]}", "--limit=posts=3", "--check"]
        )
        self.assertEqual(options.config.listen, tuple(addresses))
        self.assertEqual(options.config.limits.posts, 3)
        self.assertTrue(options.is_check)

    def test_every_reason_is_in_the_one_error(self) -> None:
        options = Options()
        words = ["--listen=tcp:80", "--log-format=xml"]
        error = str(self.assertRaises(UsageError, options.parseOptions, words))
        self.assertIn("--listen: tcp:80 would serve plain HTTP", error)
        self.assertIn("--log-format: 'xml'", error)
        self.assertIn("--help", options.getUsage())

    def test_unknown_options_and_words_are_refused(self) -> None:
        for words, hint in ((["--registraton=open"], "did you mean registration?"), (["x"], "'x'")):
            error = str(self.assertRaises(UsageError, Options().parseOptions, words))
            self.assertIn(hint, error)

    def test_the_help_explains_every_setting_and_limit(self) -> None:
        text = Options().getUsage(width=4000)
        for name in (*NAMES, "config", "check", "limit"):
            self.assertIn(f"--{name}", text)
        for name in limit_names():
            self.assertIn(f"{name}=", text)
        self.assertTrue(all(HELP.values()))

    def test_options_that_are_not_built_are_absent(self) -> None:
        self.assertRaises(UsageError, Options().parseOptions, ["--registration=invited"])

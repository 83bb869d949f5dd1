"""The command line of `twistd securechat`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import Any

from twisted.python import usage

from . import __version__, log
from .config import Config, ConfigError, load_config, sources
from .core.settings import Limits, limit_names, limit_range

HELP = {
    "data-dir": (
        "Folder for the database, the keyring and all else that is kept; made with mode 0700 "
        "when it is missing. [default: ./securechat-data]"
    ),
    "database": (
        "Where accounts and sealed messages are kept: sqlite:PATH, mysql://USER@HOST:PORT/NAME or "
        "mysql://USER@/NAME?unix_socket=PATH (MariaDB or MySQL). A password never belongs into the "
        "URL, see --database-password-file. [default: sqlite:<data-dir>/securechat.sqlite3]"
    ),
    "database-password-file": (
        "File whose first line is the password of the mysql:// user; others must not be able to "
        "read it. Left out: the server asks for none (for example over a local socket)."
    ),
    "database-ca": (
        "PEM file with the certificate authority that signed the mysql:// server's certificate. "
        "[default: those that the system trusts]"
    ),
    "keyring": (
        "File with the root key, without which no stored message can be opened: keep a copy of it, "
        "apart from the database's backups. Made together with an empty database. [default: the "
        "systemd credential securechat-keyring, else <data-dir>/keyring.json]"
    ),
    "public-url": (
        "The address that people type, scheme, host and port only, as in https://chat.example.org. "
        "Requests for any other host are refused. Needed with --tls-cert and with --behind-proxy. "
        "[default: localhost, 127.0.0.1 and [::1] on the listening ports]"
    ),
    "tls-cert": (
        "PEM file with the certificate and its chain: every tcp: address of --listen then speaks "
        "TLS. Needs --tls-key and --public-url."
    ),
    "tls-key": "PEM file with the certificate's private key, not readable by others (chmod 600).",
    "tls-minimum": (
        "The oldest version of TLS that is spoken with --tls-cert: 1.3, or 1.2 for old clients, "
        "then with AEAD suites and forward secrecy only. [default: 1.3]"
    ),
    "plain-listen": (
        "With TLS: one more address, as in tcp:80, that only sends visitors on to --public-url."
    ),
    "registration": (
        "Who may make an account: open (everybody who reaches the page), invite (whoever has an "
        "invite link) or closed (nobody; people with an account still log in). Given, it is "
        "stronger than what was chosen at /setup. [default: what was chosen at /setup, else open]"
    ),
    "bus": (
        "The Redis server over which several daemons on one MariaDB tell each other what is new: "
        "redis://HOST:PORT, rediss://HOST:PORT (over TLS) or unix:///PATH; USER@ before the host, "
        "/NUMBER (unix: ?db=NUMBER) behind it. A password never belongs into the URL, see "
        "--bus-password-file. Needs the packages of securechat[redis]. [default: this daemon is "
        "the only one]"
    ),
    "bus-password-file": (
        "File whose first line is the password of the Redis user; others must not be able to read "
        "it. Left out: the server asks for none."
    ),
    "bus-ca": (
        "PEM file with the certificate authority that signed the rediss:// server's certificate. "
        "[default: those that the system trusts]"
    ),
    "metrics-listen": (
        "Address for Prometheus, as in tcp:9090:interface=127.0.0.1: GET /metrics. Loopback or "
        "unix: only. [default: no metrics are served]"
    ),
    "log-format": (
        "text (a line a record) or json (an object a line). Messages, passwords and cookies are "
        "never logged. [default: text]"
    ),
    "config": (
        "TOML file with any of these settings: the same names without dashes in front, limits as "
        "numbers in a table [limits]. Weaker than the environment (SECURECHAT_DATA_DIR=…, lists "
        "with commas, SECURECHAT_LIMIT_POSTS=20), which is weaker than flags. Relative paths in "
        "the file start at its folder. [default: $SECURECHAT_CONFIG]"
    ),
}


def _limits_with_defaults() -> str:
    words = []
    for name in limit_names():
        star = "*" if limit_range(name)[0] == 0 else ""
        words.append(f"{name}={getattr(Limits, name.replace('-', '_'))}{star}")
    return ", ".join(words)


class Options(usage.Options):
    """What the operator typed; after parsing, `config` holds all of it, checked.

    Raises usage.UsageError with every reason at once; twistd prints it and exits with 1.
    """

    longdesc = (
        "A chat of your own at http://localhost:8080 unless you say otherwise; messages are sealed "
        "before they are stored."
    )
    optParameters = [[name, None, None, text] for name, text in HELP.items()]
    optFlags = [
        [
            "check",
            None,
            (
                "Examine settings, files, database and keyring, start nothing: exit status 0 when "
                "everything is in order, 1 with the reasons when not."
            ),
        ]
    ]

    config: Config

    def __init__(self) -> None:
        usage.Options.__init__(self)
        self._many: dict[str, list[str]] = {"listen": [], "behind-proxy": [], "limit": []}
        self._is_refused = False
        for name in self._many:
            self.docs[name] = " ".join(self.docs[name].split())
        self.docs["limit"] += f" {_limits_with_defaults()}"

    def opt_listen(self, address: str) -> None:
        r"""Address to listen on, in Twisted's notation: tcp:8443, tcp:8080:interface=127.0.0.1,
        tcp:8080:interface=\:\:1, unix:/run/securechat/socket. Repeatable. Plain HTTP is served on
        this machine only; for anything else add TLS or --behind-proxy.
        [default: tcp:8080:interface=127.0.0.1]
        """
        self._many["listen"].append(address)

    def opt_behind_proxy(self, networks: str) -> None:
        """Addresses or networks, with commas between, of the proxy in front that speaks TLS; only
        its X-Forwarded-For and X-Forwarded-Proto are believed. Needs --public-url.
        """
        self._many["behind-proxy"].append(networks)

    def opt_limit(self, text: str) -> None:
        """NAME=VALUE, repeatable. password-min=15 is advised where a password is all that protects
        an account; common passwords and names are refused in any case. The limits and their
        defaults, where a star means that 0 switches the limit off:
        """
        self._many["limit"].append(text)

    def opt_version(self) -> None:
        """Print the version and exit."""
        sys.stdout.write(f"SecureChat {__version__}\n")
        raise SystemExit(0)

    @property
    def is_check(self) -> bool:
        """The operator only asks whether everything is in order."""
        return bool(self["check"])

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Parse the command line; a flag that does not exist is refused with the nearest name."""
        try:
            usage.Options.parseOptions(self, options)
        except usage.UsageError as error:
            self._is_refused = True
            unknown = re.search(r"option --(\S+) not recognized", str(error))
            if unknown is None:
                raise
            hint = sources.suggestion(unknown[1], [*HELP, *self._many, "check", "help", "version"])
            raise usage.UsageError(f"--{unknown[1]}: no such option{hint}") from error

    def parseArgs(self, *words: str) -> None:
        """Refuse anything that is no option."""
        if words:
            raise usage.UsageError(f"{words[0]!r} is no option; every option begins with --")

    def postOptions(self) -> None:
        """Turn all sources into `config`, and tell twistd which log to keep."""
        flags = dict(self._many)
        flags |= {name: [self[name]] for name in sources.SINGLE if self[name] is not None}
        try:
            self.config = load_config(flags, os.environ, self["config"])
        except ConfigError as error:
            raise usage.UsageError("\n  ".join(["", *error.reasons])) from error
        if self.parent is not None:
            self._choose_log(self.parent)

    def _choose_log(self, twistd: dict[str, Any]) -> None:
        # An operator who names a logger or asks for syslog knows what he wants.
        if twistd.get("logger") is None and not twistd.get("syslog"):
            log.choose(
                self.config.log_format,
                twistd.get("logfile"),
                is_daemon=not twistd.get("nodaemon"),
            )
            twistd["logger"] = log.CHOSEN_OBSERVER

    def getUsage(self, width: int | None = None) -> str:
        """The help; after a refusal only where to find it, so that the reasons stay in sight."""
        if self._is_refused:
            return "twistd securechat --help lists every option.\n"
        return super().getUsage(width)

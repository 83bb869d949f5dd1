"""The whole configuration of one daemon, checked before anything starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar, cast
from urllib.parse import urlsplit

from ..core.model import Registration
from ..core.settings import (
    Database,
    Limits,
    RedisServer,
    SqliteDatabase,
    TlsVersion,
    smallest_frame_bytes,
)
from . import redis, sources, values
from .certificate import (
    check_certificate,
    check_private_key,
    private_bytes,
)
from .endpoints import ListenAddress, parse_listen
from .sources import ConfigError, Layer, limit_key

__all__ = ["Config", "ConfigError", "load_config"]

DEFAULT_LISTEN = "tcp:8080:interface=127.0.0.1"
CREDENTIAL = "securechat-keyring"  # the name under which systemd hands us the keyring

T = TypeVar("T")


@dataclass(frozen=True)
class Config:
    """What an operator chose, whole and valid; every path is absolute.

    `listen`, `plain_listen` and `metrics_listen` are endpoint strings of Twisted. With `tls_cert`
    every `tcp:` address of `listen` speaks TLS. `public_url` is an origin: scheme, host and a port
    that is not the scheme's own, without a slash at the end. `registration` is None where the first
    administrator chooses.
    """

    data_dir: Path
    database: Database
    keyring: Path
    listen: tuple[str, ...] = (DEFAULT_LISTEN,)
    public_url: str | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_minimum: TlsVersion = "1.3"
    plain_listen: str | None = None
    behind_proxy: tuple[values.Network, ...] = ()
    registration: Registration | None = None
    bus: RedisServer | None = None
    metrics_listen: str | None = None
    log_format: Literal["text", "json"] = "text"
    limits: Limits = field(default_factory=Limits)

    @property
    def host(self) -> str:
        """The name in the address that people type, without a port."""
        return urlsplit(self.public_url or "").hostname or "localhost"


def load_config(
    flags: Mapping[str, Sequence[str]],
    environ: Mapping[str, str],
    config_file: str | None = None,
    folder: Path | None = None,
) -> Config:
    """The configuration made of defaults < TOML file < environment < `flags`.

    `flags` maps names without dashes to the values given. `config_file` is the value of --config;
    without it SECURECHAT_CONFIG counts. Relative paths start at `folder` (the current folder), in
    the TOML file at the file's own folder. Raises ConfigError with every reason at once.
    """
    folder = Path.cwd() if folder is None else folder
    file_name = config_file or environ.get(sources.PREFIX + "CONFIG")
    layer: Layer = {}
    reasons: list[str] = []
    if file_name:
        layer, reasons = sources.from_file(values.absolute(file_name, folder))
    for stronger, found in (
        sources.from_environment(environ, folder),
        sources.from_flags(flags, folder),
    ):
        layer |= stronger
        reasons += found
    reading = _Reading(layer, reasons)
    config = _read(reading, environ, folder)
    if reading.reasons:
        raise ConfigError(reading.reasons)
    return config


class _Reading:
    """One pass over the given settings; `reasons` collects what is wrong with them."""

    def __init__(self, layer: Layer, reasons: Sequence[str]) -> None:
        self.layer = layer
        self.reasons = list(reasons)

    def take(self, name: str, parse: Callable[[sources.Given], T], default: T) -> T:
        """The setting `name` as `parse` understands it; `default` when absent or wrong."""
        given = self.layer.get(name)
        if given is None:
            return default
        try:
            return parse(given)
        except ValueError as error:
            self.refuse(name, str(error))
            return default

    def judge(self, name: str, check: Callable[[Path], T], path: Path) -> T | None:
        """What `check` says about the file `path` of the setting `name`; None when it refuses."""
        try:
            return check(path)
        except ValueError as error:
            self.refuse(name, str(error))
            return None

    def has(self, name: str) -> bool:
        """Somebody gave the setting `name`."""
        return name in self.layer

    def refuse(self, name: str, why: str) -> None:
        """The setting `name` cannot be used because of `why`."""
        given = self.layer.get(name)
        self.reasons.append(f"{given.source if given else f'--{name}'}: {why}")


def _read(reading: _Reading, environ: Mapping[str, str], folder: Path) -> Config:
    take = reading.take
    data_dir = take("data-dir", values.path, values.absolute("securechat-data", folder))
    database = _database(reading, data_dir)
    config = Config(
        data_dir=data_dir,
        database=database,
        keyring=take("keyring", values.path, _default_keyring(data_dir, environ)),
        listen=take("listen", values.listen, (DEFAULT_LISTEN,)),
        public_url=take("public-url", values.public_url, None),
        tls_cert=take("tls-cert", values.path, None),
        tls_key=take("tls-key", values.path, None),
        tls_minimum=take("tls-minimum", values.tls_minimum, "1.3"),
        plain_listen=take("plain-listen", values.one_listen, None),
        behind_proxy=take("behind-proxy", values.networks, ()),
        registration=take("registration", values.registration, None),
        bus=_bus(reading, database),
        metrics_listen=take("metrics-listen", values.metrics_listen, None),
        log_format=take("log-format", values.log_format, "text"),
        limits=_limits(reading),
    )
    _check_data_dir(reading, data_dir)
    _check_tls(reading, config)
    _check_reach(reading, config)
    _check_public_url(reading, config)
    return config


def _check_data_dir(reading: _Reading, data_dir: Path) -> None:
    try:
        if data_dir.exists() and not data_dir.is_dir():
            reading.refuse("data-dir", f"{data_dir} is not a folder")
    except OSError as error:
        reading.refuse("data-dir", f"{data_dir} cannot be used: {error.strerror}")


def _default_keyring(data_dir: Path, environ: Mapping[str, str]) -> Path:
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    if credentials and (credential := Path(credentials, CREDENTIAL)).exists():
        return credential
    return data_dir / "keyring.json"


def _database(reading: _Reading, data_dir: Path) -> Database:
    embedded = SqliteDatabase(data_dir / "securechat.sqlite3")
    chosen: Database = reading.take("database", values.database, cast(Database, embedded))
    password_file = reading.take("database-password-file", values.path, None)
    ca = reading.take("database-ca", values.path, None)
    if isinstance(chosen, SqliteDatabase):
        _refuse_mysql_settings(reading, is_fallback=reading.has("database") and chosen is embedded)
        return chosen
    if password_file is not None:
        reading.judge("database-password-file", private_bytes, password_file)
    if ca is not None:
        reading.judge("database-ca", check_certificate, ca)
    return replace(chosen, password_file=password_file, ca=ca)


def _refuse_mysql_settings(reading: _Reading, is_fallback: bool) -> None:
    if is_fallback:  # after a URL that was refused: one reason is enough
        return
    for name in ("database-password-file", "database-ca"):
        if reading.has(name):
            reading.refuse(name, "is for mysql:// only; add --database, or leave this out")


def _bus(reading: _Reading, database: Database) -> RedisServer | None:
    chosen: RedisServer | None = reading.take("bus", redis.bus, None)
    password_file = reading.take("bus-password-file", values.path, None)
    ca = reading.take("bus-ca", values.path, None)
    if chosen is None:
        _refuse_bus_settings(reading)
        return None
    if isinstance(database, SqliteDatabase) and not _is_mysql_meant(reading):
        reading.refuse(
            "bus",
            "connects daemons that share a database, and an SQLite file belongs to one daemon "
            "alone; name a MariaDB with --database mysql://…, or leave the bus out",
        )
    if password_file is not None:
        reading.judge("bus-password-file", private_bytes, password_file)
    elif chosen.user:
        reading.refuse("bus", f"names the user {chosen.user}, so it needs --bus-password-file")
    if ca is not None and not chosen.over_tls:
        reading.refuse("bus-ca", "is for rediss:// only; write --bus rediss://…, or leave this out")
    elif ca is not None:
        reading.judge("bus-ca", check_certificate, ca)
    return replace(chosen, password_file=password_file, ca=ca)


def _refuse_bus_settings(reading: _Reading) -> None:
    if reading.has("bus"):  # a URL that was refused: one reason is enough
        return
    for name in ("bus-password-file", "bus-ca"):
        if reading.has(name):
            reading.refuse(name, "is for a bus only; add --bus redis://…, or leave this out")


def _is_mysql_meant(reading: _Reading) -> bool:
    """A --database that was refused stands as SQLite here: one reason is enough."""
    given = reading.layer.get("database")
    return given is not None and given.value.startswith("mysql:")


def _limits(reading: _Reading) -> Limits:
    found: dict[str, int] = {}
    for each in fields(Limits):
        name = each.name.replace("_", "-")
        default = getattr(Limits, each.name)
        found[each.name] = reading.take(limit_key(name), partial(values.limit, name), default)
    limits = Limits(**found)
    needed = smallest_frame_bytes(limits.body_bytes)
    if limits.frame_bytes < needed:
        named = "frame-bytes" if reading.has(limit_key("frame-bytes")) else "body-bytes"
        reading.refuse(
            limit_key(named),
            f"a body of {limits.body_bytes} bytes, each escaped as six characters of JSON, needs "
            f"frame-bytes of at least {needed}, and it is {limits.frame_bytes}",
        )
    return limits


def _check_tls(reading: _Reading, config: Config) -> None:
    if (config.tls_cert is None) != (config.tls_key is None):
        given, missing = ("tls-cert", "tls-key") if config.tls_cert else ("tls-key", "tls-cert")
        reading.refuse(given, f"needs --{missing} too: TLS takes a certificate and its key")
    certificate = key = None
    if config.tls_cert is not None:
        certificate = reading.judge("tls-cert", check_certificate, config.tls_cert)
    if config.tls_key is not None:
        key = reading.judge("tls-key", check_private_key, config.tls_key)
    if certificate is not None and key is not None and certificate != key:
        reading.refuse(
            "tls-key", f"{config.tls_key} is not the key of the certificate {config.tls_cert}"
        )
    if config.tls_cert is not None and not reading.has("public-url"):
        reading.refuse("tls-cert", "needs --public-url too, as in https://chat.example.org")
    if reading.has("tls-minimum") and config.tls_cert is None:
        reading.refuse("tls-minimum", "is for TLS by files; add --tls-cert, or leave this out")
    if config.plain_listen is not None and config.tls_cert is None:
        reading.refuse(
            "plain-listen",
            "only sends visitors on to https, so it needs --tls-cert; without TLS use --listen",
        )


def _check_reach(reading: _Reading, config: Config) -> None:
    """Plain HTTP stays on this machine, unless a proxy in front of us speaks TLS."""
    if config.behind_proxy or reading.has("behind-proxy"):
        return
    for description in config.listen:
        why = _why_too_open(parse_listen(description), config.tls_cert is not None)
        if why:
            reading.refuse("listen", f"{description} {why}")


def _why_too_open(address: ListenAddress, has_tls: bool) -> str | None:
    if address.kind == "unix":
        return "is for a proxy on this machine; add --behind-proxy 127.0.0.1"
    if has_tls or address.on_loopback:
        return None
    if address.kind == "systemd":
        return (
            "may be reachable from elsewhere without encryption; add --tls-cert and --tls-key, or "
            "--behind-proxy with the address of the proxy that speaks TLS"
        )
    everywhere = "every network of this machine" if not address.interface else address.interface
    return (
        f"would serve plain HTTP on {everywhere}; add --tls-cert and --tls-key, or --behind-proxy "
        f"with the proxy's address, or listen on tcp:{address.port}:interface=127.0.0.1"
    )


def _check_public_url(reading: _Reading, config: Config) -> None:
    if config.public_url is None:
        if config.behind_proxy and not reading.has("public-url"):
            reading.refuse("behind-proxy", "needs --public-url too: the address that browsers show")
        return
    is_https = config.public_url.startswith("https:")
    if config.tls_cert is not None and not is_https:
        reading.refuse("public-url", "must begin with https:// when --tls-cert is given")
    if is_https and config.tls_cert is None and not reading.has("behind-proxy"):
        reading.refuse(
            "public-url",
            "is https, so add --tls-cert and --tls-key, or --behind-proxy with the address of the "
            "proxy that speaks TLS",
        )

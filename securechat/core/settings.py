"""What an operator chooses and the inner rings read: the database, the bus and the limits."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

TlsVersion = Literal["1.2", "1.3"]


@dataclass(frozen=True)
class SqliteDatabase:
    """One SQLite file beside the daemon; `path` is absolute."""

    path: Path


@dataclass(frozen=True)
class MysqlDatabase:
    """A MariaDB or MySQL server, over TCP (`host`, `port`) or a local socket (`unix_socket`).

    The password is never here: it is read from `password_file` (its first line) for each new
    connection, so that it can be changed without a restart. `ca` is a PEM file that the server's
    certificate must lead to; None means the certificates that the system trusts.
    """

    user: str
    name: str
    host: str = "localhost"
    port: int = 3306
    unix_socket: Path | None = None
    password_file: Path | None = None
    ca: Path | None = None


Database = SqliteDatabase | MysqlDatabase


@dataclass(frozen=True)
class RedisServer:
    """A Redis server, over TCP (`host`, `port`, with `over_tls` verified) or a `unix_socket`.

    `number` is the database that is selected. `user` empty means Redis' own default user. The
    password is read from `password_file` (its first line) for each new connection. `ca` is a PEM
    file that the server's certificate must lead to; None means those that the system trusts.
    """

    host: str = "localhost"
    port: int = 6379
    over_tls: bool = False
    unix_socket: Path | None = None
    user: str = ""
    number: int = 0
    password_file: Path | None = None
    ca: Path | None = None

    @property
    def address(self) -> str:
        """Where it is, for people; without user and password."""
        if self.unix_socket is not None:
            return f"unix://{self.unix_socket}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'rediss' if self.over_tls else 'redis'}://{host}:{self.port}"


@dataclass(frozen=True)
class Limits:
    """The limits of one daemon; where the comment says so, 0 switches a limit off."""

    connections: int = 20_000  # open sockets in all; 0: only the limit of open files
    connections_per_address: int = 1_000  # open sockets a client address; 0: off
    connections_per_user: int = 20  # open sockets an account; 0: off
    posts: int = 10  # a connection a second, burst five times that; 0: off
    posts_per_user: int = 30  # an account a second, over all its connections; 0: off
    posts_per_room: int = 200  # a room a second, over all members; 0: off
    typing: int = 1  # "is typing" an account a second, burst five times that; 0: off
    changes: int = 5  # changes of rooms an account a second, burst ten times that; 0: off
    logins_per_address: int = 30  # attempts a minute a client address; 0: off
    registrations_per_address: int = 60  # attempts a minute a client address; 0: off
    frame_bytes: int = 262_144  # the largest frame that a client may send
    body_bytes: int = 32_768  # the longest message, in bytes of UTF-8
    unsent_bytes: int = 1_048_576  # live frames waiting for a slow reader before it is cut
    journal: int = 1_000  # messages waiting for the database before "unavailable"
    session_idle_days: int = 7  # a session ends after so many days without use
    session_days: int = 30  # a session ends after so many days in any case
    password_min: int = 8  # characters of the shortest password that is accepted


# JSON may escape each byte of a body as six characters, and the frame around it needs a place too.
JSON_ESCAPE_FACTOR = 6
FRAME_OVERHEAD_BYTES = 1_024

_MAY_BE_ZERO = frozenset(
    {
        "connections",
        "connections_per_address",
        "connections_per_user",
        "posts",
        "posts_per_user",
        "posts_per_room",
        "typing",
        "changes",
        "logins_per_address",
        "registrations_per_address",
    }
)
_RANGES = {
    "frame_bytes": (2_048, 16_777_216),
    "body_bytes": (1, 1_048_576),
    "session_idle_days": (1, 3_650),
    "session_days": (1, 3_650),
    "password_min": (8, 64),
}
_LARGEST = 2**31 - 1


def limit_names() -> tuple[str, ...]:
    """Every limit as people write it, with hyphens."""
    return tuple(field.name.replace("_", "-") for field in fields(Limits))


def limit_range(name: str) -> tuple[int, int]:
    """The smallest and largest value that the limit `name` (with hyphens) may have."""
    field = name.replace("-", "_")
    return _RANGES.get(field, (0 if field in _MAY_BE_ZERO else 1, _LARGEST))


def smallest_frame_bytes(body_bytes: int) -> int:
    """The frame limit that a body of `body_bytes` needs when JSON escapes all of it."""
    return body_bytes * JSON_ESCAPE_FACTOR + FRAME_OVERHEAD_BYTES

"""Posts that are stored: durable and acknowledged, so many a second."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from tests.support.mariadb import MariaDB

from ..cpu import measured
from ..daemon import Server
from ..load import Load, Plan
from ..peers import EJABBERD, OURS
from ..peers.base import BrokenError, Peer
from ..peers.ejabberd import posting
from ..run import Run, marks_of, medians
from ..table import Column, Row, Section, Values

SECTION = Section(
    "Posts, durable and acknowledged: CPU of server and database a post",
    (
        Column("cpu_us", "CPU µs"),
        Column("per_s", "posts/s"),
        Column("p50_ms", "p50 ms", 1),
        Column("p99_ms", "p99 ms", 1),
        Column("lost", "lost"),
    ),
)

SENDERS = (8, 64)
LARGE = ("--innodb-buffer-pool-size=256M",)
MOST_MESSAGES = 1_000_000
WARM_UP_S = 1.0


@dataclass(frozen=True)
class Posting:
    """Processes that were started for these senders, and what the senders do.

    ``plan`` is asked whether they hear what the others post.
    """

    pids: tuple[int, ...]
    plan: Callable[[bool], Plan]


Open = Callable[[Run, int], contextlib.AbstractContextManager[Posting]]


@contextlib.contextmanager
def on_sqlite(run: Run, senders: int) -> Iterator[Posting]:
    """Our daemon on SQLite."""
    with run.fresh() as folder, _started(Server(folder), senders) as server:
        yield Posting((server.pid,), partial(server.posting, senders))


@contextlib.contextmanager
def on_mariadb(run: Run, senders: int) -> Iterator[Posting]:
    """Our daemon on a MariaDB of its own, with the durability that operators are asked for."""
    database = MariaDB(LARGE, on_disk=True)
    try:
        database.start()
        url = database.url_string(database.fresh_database())
        with run.fresh() as folder, _started(Server(folder, database=url), senders) as server:
            yield Posting((server.pid, database.pid), partial(server.posting, senders))
    finally:
        database.remove()


@contextlib.contextmanager
def in_ejabberd(run: Run, senders: int) -> Iterator[Posting]:
    """A room of ejabberd's; whoever posts hears."""
    with run.serving(EJABBERD, senders) as server:
        yield Posting((server.pid,), lambda hears: posting(server.plan()))


@contextlib.contextmanager
def _started(server: Server, senders: int) -> Iterator[Server]:
    server.start(senders)
    try:
        yield server
    finally:
        server.stop()


def stored(run: Run) -> list[Row]:
    """Our daemon on both databases, and ejabberd, whose archive is not synced to the disk.

    ``heard``: all senders are in the room and get what the others post; else they get answers only.
    """
    rows = []
    for senders in SENDERS:
        rows += _compared(run, f"stored {senders}", _servers(run), senders, hears=False)
        heard = _servers(run) + _others(run)
        rows += _compared(run, f"stored {senders} heard", heard, senders, hears=True)
    return rows


def _servers(run: Run) -> list[tuple[str, Peer, Open]]:
    if OURS not in run.peers:
        return []
    return [("securechat, SQLite", OURS, on_sqlite), ("securechat, MariaDB", OURS, on_mariadb)]


def _others(run: Run) -> list[tuple[str, Peer, Open]]:
    return [(EJABBERD.name, EJABBERD, in_ejabberd)] if EJABBERD in run.peers else []


def _compared(
    run: Run, name: str, servers: list[tuple[str, Peer, Open]], senders: int, *, hears: bool
) -> list[Row]:
    samples: dict[str, list[Values]] = defaultdict(list)

    def one(label: str, opened: Open) -> None:
        with opened(run, senders) as server, run.loading(server.plan(hears)) as clients:
            clients.run(1, MOST_MESSAGES, WARM_UP_S)
            samples[label].append(_posted(clients, server.pids, run.seconds))

    for number in range(run.rounds):
        for label, _, opened in servers:
            run.attempt(f"{name}: {label}, round {number + 1}", partial(one, label, opened))
    return [
        medians(name, label, marks_of(peer), samples[label])
        for label, peer, _ in servers
        if samples[label]
    ]


def _posted(clients: Load, servers: Sequence[int], seconds: float) -> Values:
    """Each sender has one post under way."""
    said, used = measured(lambda: clients.run(1, MOST_MESSAGES, seconds), servers, [clients.pid])
    if not said["deliveries"]:
        raise BrokenError("nothing was acknowledged")
    return {
        "cpu_us": used.cpu_s * 1e6 / said["deliveries"],
        "per_s": said["deliveries"] / said["seconds"],
        "p50_ms": said["p50_ms"],
        "p99_ms": said["p99_ms"],
        "lost": said["lost"],
        "others": used.others,
    }

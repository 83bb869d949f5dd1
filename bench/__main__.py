"""The bench from the command line: ``script/bench --help``."""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.support.daemon import ROOT

from . import peers, works
from .load import build
from .peers.base import Peer, Place, found
from .run import BROKEN, Run, say
from .sample import delivery
from .table import Row, Section, aligned, as_json, markdown, put, warnings
from .works import Work

CACHE = ROOT / ".cache" / "bench"
PACKAGES = {"mariadbd": "mariadb-server", "cc": "gcc"}
LIBRARIES = {
    Path("/usr/include/openssl/ssl.h"): "libssl-dev",
    Path("/usr/include/stdio.h"): "libc6-dev",
}


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="script/bench",
        description="Measure our daemon beside its peers, in one run, as ratios.",
    )
    parser.add_argument("--only", action="append", default=[], metavar="NAMES", help=ONLY)
    parser.add_argument("--peers", action="append", default=[], metavar="NAMES", help=PEERS)
    parser.add_argument("--rounds", type=int, help="of which the median is shown; default: 3")
    parser.add_argument("--seconds", type=float, help="of one measurement; default: 3")
    parser.add_argument("--minutes", type=float, default=90.0, help="of the whole; default: 90")
    parser.add_argument("--quick", action="store_true", help="small works: whether all of it runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="put all numbers there")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="put the table there, between its marks"
    )
    parser.add_argument("--list", action="store_true", help="name works and peers and do nothing")
    parser.add_argument("--needs", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(words)


ONLY = "these works (with commas; a beginning will do, as in fanout)"
PEERS = "these servers (with commas)"


def chosen(words: list[str], names: list[str], what: str) -> list[str]:
    """The names that were asked for, all without any; exits where there is no such name."""
    asked = [one for word in words for one in word.split(",") if one]
    wrong = [one for one in asked if not any(name.startswith(one) for name in names)]
    if wrong:
        sys.exit(f"There is no {what} {', '.join(wrong)}; --list names them.")
    exact = {one for one in asked if one in names}
    return [
        name
        for name in names
        if not asked
        or name in exact
        or any(name.startswith(one) for one in asked if one not in exact)
    ]


def missing(some_works: list[Work], some_peers: list[Peer]) -> list[str]:
    """The Debian packages that are still to be installed for them."""
    programs = {"cc", *(program for work in some_works for program in work.needs)}
    needed = {PACKAGES[program] for program in programs if found(program) is None}
    needed |= {package for file, package in LIBRARIES.items() if not file.exists()}
    needed |= {package for peer in some_peers for package in peer.missing()}
    return sorted(needed)


def prepare(run: Run) -> None:
    """Build what is built; a peer that cannot be had is left out, and noted."""
    build(run.cache)
    able = []
    for peer in run.peers:
        try:
            peer.install(run.cache)
            able.append(peer)
        except BROKEN as error:
            run.notes.append(f"{peer.name} is left out: {error}")
    run.peers = able
    if {peers.OURS, peers.LIMIT} & set(able):
        with run.fresh() as folder:
            server = peers.OURS.start(Place(folder, run.cache, 0), 1)
            try:
                run.frame_bytes = len(delivery(server.plan()))
            finally:
                server.stop()
        say(f"256 bytes leave us sealed in a frame of {run.frame_bytes}; the limit sends so many")


def measure(run: Run, some_works: list[Work]) -> list[tuple[Section, list[Row]]]:
    """All works, and their rows by section."""
    tables: dict[Section, list[Row]] = {}
    for work in some_works:
        say(work.name)
        tables.setdefault(work.section, []).extend(work.do(run))
    return [(section, rows) for section, rows in tables.items() if rows]


def told(asked: argparse.Namespace, run: Run, began_s: float) -> dict[str, object]:
    """When, where and how it was measured."""
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "rounds": run.rounds,
        "seconds": run.seconds,
        "quick": bool(asked.quick),
        "frame_bytes": run.frame_bytes,
        "minutes": round((time.monotonic() - began_s) / 60, 1),
        "notes": run.notes,
    }


def sentence(said: dict[str, object]) -> str:
    """The same for people."""
    return (
        f"Measured on {said['date']} in {said['minutes']} minutes on {said['cores']} shared cores"
        f" ({said['machine']}, Linux {said['kernel']}, Python {said['python']}), medians of"
        f" {said['rounds']} rounds of {said['seconds']} s. A sealed message of ours is a frame of"
        f" {said['frame_bytes']} bytes."
    )


def show(
    asked: argparse.Namespace,
    said: dict[str, object],
    tables: list[tuple[Section, list[Row]]],
    notes: list[str],
) -> None:
    """The table, on standard output and wherever else it was wanted."""
    rows = [row for _, some in tables for row in some]
    for section, some in tables:
        print(aligned(section, some))
    for note in notes:
        print(f"note: {note}")
    for warning in warnings(rows):
        print(f"warning: {warning}")
    print(sentence(said))
    if asked.json is not None:
        asked.json.write_text(as_json(said, rows), encoding="utf-8")
    if asked.markdown is not None:
        put(asked.markdown, sentence(said), [markdown(*table) for table in tables])


def lost(rows: list[Row]) -> bool:
    """Whether any message of ours did not arrive."""
    return any(row.values.get("lost", 0) for row in rows if row.server.startswith(peers.OURS.name))


def raise_files() -> None:
    """As many open files as may be, for the servers too."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main() -> int:
    """Measure what was asked for; the exit status."""
    asked = arguments()
    some_works = [works.ALL[name] for name in chosen(asked.only, list(works.ALL), "work")]
    some_peers = [peers.ALL[name] for name in chosen(asked.peers, list(peers.ALL), "server")]
    if asked.needs:
        for package in missing(some_works, some_peers):
            print(package)
        return 0
    if asked.list:
        print("works:", *works.ALL, sep="\n  ")
        print("servers:", *peers.ALL, sep="\n  ")
        return 0
    raise_files()
    began_s = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="securechat-bench-"))
    CACHE.mkdir(parents=True, exist_ok=True)
    run = Run(
        folder=folder,
        cache=CACHE,
        peers=some_peers,
        rounds=asked.rounds or (1 if asked.quick else 3),
        seconds=asked.seconds or (0.3 if asked.quick else 3.0),
        until_s=began_s + 60 * asked.minutes,
        quick=asked.quick,
    )
    try:
        prepare(run)
        tables = measure(run, some_works)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    show(asked, told(asked, run, began_s), tables, run.notes)
    return 1 if run.notes or lost([row for _, some in tables for row in some]) else 0


if __name__ == "__main__":
    sys.exit(main())

"""What an idle connection holds, line by line: ``python -m bench.holding``.

A real daemon that traces Python's memory (tracemalloc) has some connections, and then many more;
what it has grown by is told a connection, by the lines that took it. OpenSSL's is not among it.

``python -m bench.holding FILE ARGUMENTS…`` is that twistd: at SIGUSR2 it writes what it holds.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import tempfile
import time
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .daemon import Server
from .load import Load, build

FEW, MANY = 20, 420
"""Connections that are there before and afterwards: the first load what is loaded once."""

SETTLE_S = 1.2
WITHIN_S = 60.0
SHOWN = 40

Lines = dict[str, tuple[int, int]]
"""Bytes and blocks by file and line."""


@dataclass(frozen=True)
class Held:
    """What a line has taken for each connection."""

    line: str
    n_bytes: float
    blocks: float


def held(folder: Path) -> list[Held]:
    """What each connection holds, the largest first."""
    server, file = Server(folder / "daemon"), folder / "held"
    program = build(folder)
    server.start(MANY)
    server.stop()
    server.daemon.program = (sys.executable, "-m", "bench.holding", str(file))
    server.start_again()
    standing = []
    found: list[Lines] = []
    try:
        for size in (FEW, MANY - FEW):
            standing.append(Load(program, server.plan(size), folder))
            if standing[-1].connected["ready"] != size:
                raise ConnectionError(f"not all of {size} connections stand")
            time.sleep(SETTLE_S)
            found.append(_ask(server.pid, file))
    finally:
        for clients in standing:
            clients.close()
        server.stop()
    return sorted(_grown(*found), key=lambda one: -one.n_bytes)


def _grown(before: Lines, after: Lines) -> list[Held]:
    grown = []
    for line, (size, count) in after.items():
        size_before, count_before = before.get(line, (0, 0))
        more = MANY - FEW
        grown.append(Held(line, (size - size_before) / more, (count - count_before) / more))
    return grown


def _ask(pid: int, file: Path) -> Lines:
    file.unlink(missing_ok=True)
    os.kill(pid, signal.SIGUSR2)
    deadline_s = time.monotonic() + WITHIN_S
    while not file.exists():
        if time.monotonic() > deadline_s:
            raise TimeoutError("the daemon does not tell what it holds")
        time.sleep(0.05)
    lines: Lines = json.loads(file.read_text())
    return lines


def serve(file: Path) -> None:
    """Be twistd; ``sys.argv`` is its own by now."""

    def tell(number: int, frame: Any) -> None:
        gc.collect()
        statistics = tracemalloc.take_snapshot().statistics("lineno")
        whole = file.with_suffix(".part")
        whole.write_text(
            json.dumps({str(one.traceback): (one.size, one.count) for one in statistics})
        )
        whole.rename(file)

    from twisted.scripts.twistd import run

    signal.signal(signal.SIGUSR2, tell)
    tracemalloc.start()
    run()


def show() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="securechat-holding-") as folder:
        lines = held(Path(folder))
    print("  bytes  blocks  a connection")
    print(f"{sum(one.n_bytes for one in lines):7.0f} {sum(one.blocks for one in lines):7.2f}  all")
    for one in lines[:SHOWN]:
        where = one.line.rpartition("site-packages/")[2]
        print(f"{one.n_bytes:7.0f} {one.blocks:7.2f}  {where}")


if __name__ == "__main__":
    if len(sys.argv) == 1:
        show()
    else:
        target = Path(sys.argv[1])
        sys.argv = ["twistd", *sys.argv[2:]]
        serve(target)

"""Pages of long histories, through the store's reader."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from statistics import quantiles

from tests.support.daemon import ROOT

from ..peers import OURS
from ..run import Run, marks_of
from ..table import Column, Row, Section

SECTION = Section(
    "A page of 50 out of a room's history (SQLite)",
    (Column("events", "events"), Column("p50_us", "p50 µs"), Column("p99_us", "p99 µs")),
)
FILL_WITHIN_S = 600.0
REPEATS = 500


def newest_and_oldest(run: Run) -> list[Row]:
    """Of rooms of 1,000, 100,000 and 1,000,000 events, which lie in one file."""
    rows: list[Row] = []
    counts = [1000, run.size(100_000, 2000), run.size(1_000_000, 3000)]
    if OURS in run.peers:
        run.attempt("pages: filling and reading", lambda: rows.extend(_read(run, counts)))
    return rows


def _read(run: Run, counts: list[int]) -> list[Row]:
    with run.fresh() as folder:
        words = [str(folder / "securechat.sqlite3"), str(REPEATS), *map(str, counts)]
        said = subprocess.run(
            [sys.executable, "-m", "bench.history", *words],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=FILL_WITHIN_S,
        ).stdout
    rows = []
    for end in ("newest", "oldest"):
        for count, found in json.loads(said).items():
            hundredths = quantiles(found[end], n=100)
            values = {"events": int(count), "p50_us": hundredths[49], "p99_us": hundredths[98]}
            rows.append(Row(f"{end} page", OURS.name, marks_of(OURS), values))
    return rows

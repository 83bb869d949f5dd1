"""The table of promises and mutations as it stands in docs/security-verification.md."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from .mutation import Mutation
from .promises import PROMISES

BEGIN, END = "<!-- promises -->", "<!-- end of promises -->"


def rows(mutations: Iterable[Mutation]) -> str:
    """One row a promise: what was taken out, and which tests failed then."""
    lines = ["| promise | taken out, once each | fails then |", "| --- | --- | --- |"]
    for promise, group in groupby(mutations, key=lambda one: one.promise):
        several = list(group)
        taken_out = "; ".join(one.taken_out for one in several)
        tests = dict.fromkeys(_short(test) for one in several for test in one.tests)
        said = f"**{promise}** {PROMISES[promise]}"
        lines.append(f"| {said} | {taken_out} | {', '.join(tests)} |")
    return "\n".join(lines) + "\n"


def _short(test: str) -> str:
    return f"`{test.removeprefix('tests.')}`"


def put(document: Path, mutations: Iterable[Mutation]) -> None:
    """Write the table between its marks in ``document``."""
    text = document.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    document.write_text(f"{before}{BEGIN}\n\n{rows(mutations)}\n{END}{after}", encoding="utf-8")

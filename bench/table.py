"""What was measured, as one table: sections of like works, each with its ratios."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

Values = dict[str, float]

BEGIN, END = "<!-- measured -->", "<!-- end of measured -->"

OTHERS_ARE_MANY = 0.1
"""Where other processes took more of the machine than this, a row is not to be believed."""


@dataclass(frozen=True)
class Row:
    """A server under a work; what its numbers are is said by their section's columns."""

    work: str
    server: str
    marks: str
    values: Values


@dataclass(frozen=True)
class Column:
    """A number of a row; ``text`` is what stands above it."""

    key: str
    text: str
    digits: int = 0


@dataclass(frozen=True)
class Section:
    """Works whose rows have the same columns; ratios are made of the column ``ratio``."""

    title: str
    columns: tuple[Column, ...]
    ratio: str = ""


def told(value: float | None, digits: int = 0) -> str:
    """A number for people; a dash where there is none."""
    return "–" if value is None else f"{value:,.{digits}f}"


def ratio(rows: Sequence[Row], row: Row, key: str, server: str) -> float | None:
    """How many times the ``key`` of ``server`` under the same work is that of ``row``."""
    for other in rows:
        if (other.work, other.server) == (row.work, server):
            base = other.values.get(key)
            mine = row.values.get(key)
            return mine / base if base and mine is not None else None
    return None


def heads(section: Section) -> list[str]:
    """The first line of a section."""
    ratios = ["× autobahn", "× limit"] if section.ratio else []
    texts = [column.text for column in section.columns]
    return ["work", "server", "does more", *texts, *ratios, "others"]


def cells(section: Section, rows: Sequence[Row], row: Row) -> list[str]:
    """One row in words."""
    numbers = [told(row.values.get(column.key), column.digits) for column in section.columns]
    ratios = []
    if section.ratio:
        compared = (ratio(rows, row, section.ratio, name) for name in ("autobahn", "limit"))
        ratios = [told(times, 2) for times in compared]
    others = row.values.get("others")
    doubt = "–" if others is None else f"{others:.0%}" + "!" * is_crowded(row)
    return [row.work, row.server, row.marks, *numbers, *ratios, doubt]


def lines(section: Section, rows: Sequence[Row]) -> Iterator[list[str]]:
    """The section's first line and its rows."""
    yield heads(section)
    for row in rows:
        yield cells(section, rows, row)


def aligned(section: Section, rows: Sequence[Row]) -> str:
    """For a terminal."""
    table = list(lines(section, rows))
    widths = [max(len(line[n]) for line in table) for n in range(len(table[0]))]
    text = ""
    for line in table:
        left = [cell.ljust(width) for cell, width in zip(line[:3], widths[:3], strict=True)]
        right = [cell.rjust(width) for cell, width in zip(line[3:], widths[3:], strict=True)]
        text += "  ".join([*left, *right]).rstrip() + "\n"
    return f"{section.title}\n\n{text}"


def markdown(section: Section, rows: Sequence[Row]) -> str:
    """For a document."""
    head, *rest = lines(section, rows)
    rule = ["---"] * 3 + ["--:"] * (len(head) - 3)
    text = "".join(f"| {' | '.join(line)} |\n" for line in (head, rule, *rest))
    return f"**{section.title}**\n\n{text}"


def put(document: Path, said: str, tables: Sequence[str]) -> None:
    """Write ``said`` and the tables between the marks in ``document``."""
    text = document.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{document} has no {BEGIN} … {END}")
    inner = "\n".join([said + "\n", *tables])
    document.write_text(f"{before}{BEGIN}\n\n{inner}\n{END}{after}", encoding="utf-8")


def is_crowded(row: Row) -> bool:
    """Whether other processes took much of the machine meanwhile."""
    return row.values.get("others", 0.0) > OTHERS_ARE_MANY


def warnings(rows: Sequence[Row]) -> Iterator[str]:
    """What whoever reads the table should know."""
    crowded = [row for row in rows if is_crowded(row)]
    if crowded:
        worst = max(crowded, key=lambda row: row.values["others"])
        yield (
            f"other processes took more than {OTHERS_ARE_MANY:.0%} of the machine in {len(crowded)}"
            f" of {len(rows)} rows (marked !; the worst {worst.values['others']:.0%}, in"
            f" {worst.work} on {worst.server}): measure those again on a quiet machine"
        )


def as_json(said: dict[str, object], rows: Sequence[Row]) -> str:
    """All numbers, for programs."""
    return json.dumps({**said, "rows": [asdict(row) for row in rows]}, indent=2) + "\n"

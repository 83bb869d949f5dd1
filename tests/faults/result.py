"""What a scenario found, as a row of the campaign's table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

COLUMNS = (
    "fault",
    "rounds",
    "acked",
    "unknown",
    "lost",
    "doubled",
    "gaps",
    "slowest recovery, s",
    "slowest answer, s",
)


BEGIN, END = "<!-- campaign -->", "<!-- end of campaign -->"


@dataclass
class Result:
    """One row; ``faults`` says what the checker found, sentence by sentence."""

    fault: str
    rounds: int
    acked: int = 0
    unknown: int = 0
    """Posts whose fate was unknown at some time, and was found out by resending."""
    faults: list[str] = field(default_factory=list)
    recoveries_s: list[float] = field(default_factory=list)
    slowest_answer_s: float = 0.0
    took_s: float = 0.0

    def count(self, kind: str) -> int:
        """How many faults are of this kind."""
        return sum(fault.startswith(f"{kind}:") for fault in self.faults)

    @property
    def slowest_recovery_s(self) -> float | None:
        """From a fault's end to the last client's first ack after it; None: nothing to recover."""
        return max(self.recoveries_s, default=None)

    def cells(self) -> list[str]:
        """The row's cells."""
        slowest_s = self.slowest_recovery_s
        return [
            self.fault,
            str(self.rounds),
            f"{self.acked:,}",
            f"{self.unknown:,}",
            *(str(self.count(kind)) for kind in ("lost", "doubled", "gap")),
            "–" if slowest_s is None else f"{slowest_s:.1f}",
            f"{self.slowest_answer_s:.1f}",
        ]


def markdown(results: Iterable[Result]) -> str:
    """The table as it stands in docs/delivery.md."""
    lines = [COLUMNS, ["---"] * len(COLUMNS), *(result.cells() for result in results)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def put(document: Path, said: str, results: Iterable[Result]) -> None:
    """Write the table, after what is ``said`` of it, between the marks in ``document``."""
    text = document.read_text(encoding="utf-8") if document.exists() else f"{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    table = f"{before}{BEGIN}\n\n{said}\n\n{markdown(results)}\n{END}{after}"
    document.write_text(table, encoding="utf-8")


def aligned(results: Iterable[Result]) -> str:
    """The table for a terminal."""
    lines: list[Sequence[str]] = [COLUMNS, *(result.cells() for result in results)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )

"""What processes have used, from the kernel's own accounting (proc(5))."""

from __future__ import annotations

import os
from pathlib import Path

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def _tree(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += _tree(int(child))
    return found


def used_s(pid: int) -> float:
    """Seconds of CPU, user and system, that the process and its living children have used.

    From the scheduler's count (nanoseconds) where there is one, since a tick is 10 ms.
    """
    total = 0.0
    for one in _tree(pid):
        fine = sum(
            int(path.read_text().split()[0])
            for path in Path(f"/proc/{one}/task").glob("*/schedstat")
        )
        total += fine / 1e9 if fine else _ticks_s(one)
    return total


def _ticks_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def rss_bytes(pid: int) -> int:
    """The resident memory of the process and its children."""
    total = 0
    for one in _tree(pid):
        for line in Path(f"/proc/{one}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) * 1024
    return total

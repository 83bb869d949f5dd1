"""What processes have used, and the machine as a whole, from the kernel's accounting (proc(5))."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count() or 1

T = TypeVar("T")


@dataclass(frozen=True)
class Used:
    """Between two moments: seconds of CPU that the server used, and seconds that passed.

    ``others`` is the part of the whole machine, 0 to 1, that neither server nor load took.
    """

    cpu_s: float
    wall_s: float
    others: float


def measured(
    work: Callable[[], T], servers: Sequence[int], loads: Sequence[int] = ()
) -> tuple[T, Used]:
    """Do ``work``; what it returns, and what these processes used meanwhile."""
    helpers = (*loads, os.getpid())
    before = (time.monotonic(), _busy_s(), _sum_s(servers), _sum_s(helpers))
    result = work()
    after = (time.monotonic(), _busy_s(), _sum_s(servers), _sum_s(helpers))
    wall_s, busy_s, cpu_s, helpers_s = (b - a for a, b in zip(before, after, strict=True))
    spare_s = max(0.0, busy_s - cpu_s - helpers_s)
    return result, Used(cpu_s, wall_s, spare_s / (wall_s * CORES))


def _sum_s(pids: Sequence[int]) -> float:
    return sum(used_s(pid) for pid in pids)


def _busy_s() -> float:
    """Seconds in which any core worked for a process, or was taken by another machine (steal)."""
    name, user, nice, system, *rest = Path("/proc/stat").read_text().split(None, 9)[:9]
    assert name == "cpu"
    return (int(user) + int(nice) + int(system) + int(rest[4])) * TICK_S


def _tree(pid: int) -> list[int]:
    """The process and its living children, unless it has ended."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _text(task).split():
            found += _tree(int(child))
    return found


def used_s(pid: int) -> float:
    """Seconds of CPU, user and system, that the process and its living children have used.

    From the scheduler's count (nanoseconds) where there is one, since a tick is 10 ms.
    """
    total = 0.0
    for one in _tree(pid):
        paths = Path(f"/proc/{one}/task").glob("*/schedstat")
        fine = sum(int(said.split()[0]) for path in paths if (said := _text(path)))
        total += fine / 1e9 if fine else _ticks_s(one)
    return total


def _ticks_s(pid: int) -> float:
    fields = _text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S if fields else 0.0


def rss_bytes(pid: int) -> int:
    """The resident memory of the process and its children."""
    total = 0
    for one in _tree(pid):
        for line in _text(Path(f"/proc/{one}/status")).splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) * 1024
    return total


def _text(path: Path) -> str:
    """What a file of the kernel says; nothing where its thread or process has just ended."""
    try:
        return path.read_text()
    except OSError:
        return ""

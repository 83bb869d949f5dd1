"""What a message may cost, counted instead of timed: so a busy machine changes nothing.

``python -m bench.budget`` counts anew and writes ``budget.json``, which the tests compare with.
A real daemon has two audiences of different sizes; what the larger costs more is what its further
deliveries cost, and what is left is what the message itself does.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .daemon import Server
from .load import Load, build

BUDGET = Path(__file__).with_name("budget.json")
ALLOWED = 1.15
"""So many times its budget anything may cost."""

AUDIENCES = (10, 50)
MESSAGES = 200
WITHIN_S = 60.0
SETTLE_S = 1.2
"""Longer than it takes until everybody is told who has come."""

THREADS_WAIT = frozenset({"futex", "sched_yield", "restart_syscall", "clock_nanosleep"})
"""How threads wait for each other differs from run to run."""

Counts = dict[str, float]


def counted(folder: Path) -> Counts:
    """What a message and a delivery cost now, by ``<what>_a_message`` and ``<what>_a_delivery``."""
    small, large = AUDIENCES
    costs = _costs(folder)
    counts = {}
    for what in costs[large]:
        delivery = (costs[large][what] - costs[small][what]) / (large - small)
        counts[f"{what}_a_delivery"] = delivery
        counts[f"{what}_a_message"] = costs[small][what] - small * delivery
    return counts


def exceeded(counts: Mapping[str, float], budget: Mapping[str, float]) -> Iterator[str]:
    """A sentence for everything that costs more than it may."""
    for what, most in budget.items():
        if counts[what] > most * ALLOWED:
            yield f"{what.replace('_', ' ')}: {counts[what]:.2f}, and the budget is {most:.2f}"


def stored() -> Counts:
    """The budget."""
    budget: Counts = json.loads(BUDGET.read_text(encoding="utf-8"))
    return budget


@dataclass
class _Counter:
    """The daemon's own count of function calls."""

    file: Path
    pid: int
    asked: int = 0

    def calls(self) -> int:
        """How many functions have been called since the start."""
        self.asked += 1
        os.kill(self.pid, signal.SIGUSR2)
        deadline_s = time.monotonic() + WITHIN_S
        while time.monotonic() < deadline_s:
            words = self.file.read_text().split() if self.file.exists() else []
            if words and int(words[0]) == self.asked:
                return int(words[1])
            time.sleep(0.01)
        raise TimeoutError("the daemon does not tell its count")


def _costs(folder: Path) -> dict[int, Counts]:
    """What a message costs, all its deliveries included, by the size of the audience."""
    server = Server(folder / "daemon")
    file = folder / "calls"
    program = build(folder)
    # People are filled in before the daemon that counts is started.
    server.start(max(AUDIENCES))
    server.stop()
    server.daemon.program = (sys.executable, "-m", "bench.counting", str(file))
    server.start_again()
    counter = _Counter(file, server.pid)
    try:
        return {size: _cost(server, counter, program, folder, size) for size in AUDIENCES}
    finally:
        server.stop()


def _cost(server: Server, counter: _Counter, program: Path, folder: Path, size: int) -> Counts:
    clients = Load(program, server.plan(size), folder)
    try:
        if clients.connected["ready"] != size:
            raise ConnectionError(f"only {clients.connected['ready']} of {size} stand")
        _run(clients, 20, size)
        time.sleep(SETTLE_S)
        before = counter.calls()
        _run(clients, MESSAGES, size)
        calls = counter.calls() - before
        with Trace(server.pid, folder / "trace") as trace:
            _run(clients, MESSAGES, size)
    finally:
        clients.close()
    system = sum(n for name, n in trace.counts.items() if name not in THREADS_WAIT)
    return {"function_calls": calls / MESSAGES, "system_calls": system / MESSAGES}


def _run(clients: Load, messages: int, size: int) -> None:
    said = clients.run(1, messages, WITHIN_S)
    if said["deliveries"] != messages * size:
        raise ConnectionError(f"{said['lost']} of {messages * size} deliveries are missing")


class Trace:
    """Counts a process's system calls by name, by strace(1), while it is open."""

    def __init__(self, pid: int, file: Path) -> None:
        self.counts: Counter[str] = Counter()
        self._file = file
        self._command = ["strace", "-f", "-c", "-U", "calls,name", "-o", str(file), "-p", str(pid)]

    def __enter__(self) -> Trace:
        self._process = subprocess.Popen(self._command, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        said = self._process.stderr.readline()
        if "attached" not in said:
            self._process.wait()
            raise PermissionError(f"strace may not look: {said}")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=WITHIN_S)
        self.counts = summary(self._file.read_text())


def summary(text: str) -> Counter[str]:
    """The calls by name in what ``strace -c -U calls,name`` says."""
    counts: Counter[str] = Counter()
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2 and words[0].isdigit() and words[1] != "total":
            counts[words[1]] += int(words[0])
    return counts


def main() -> None:
    """Write down what it costs now."""
    with tempfile.TemporaryDirectory(prefix="securechat-budget-") as folder:
        counts = counted(Path(folder))
    rounded = {what: round(count, 2) for what, count in sorted(counts.items())}
    text = json.dumps(rounded, indent=2) + "\n"
    BUDGET.write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()

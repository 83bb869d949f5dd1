"""One run: what was asked for, where it keeps its files, and until when it may go on."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.support.certificates import Certificates, make_certificates

from . import load
from .load import Load, Plan
from .peers import OURS
from .peers.base import BrokenError, Peer, Place, Running
from .table import Row, Values

BROKEN = (
    BrokenError,
    load.EndedError,
    AssertionError,
    OSError,
    RuntimeError,
    subprocess.SubprocessError,
)
"""What a server that does not do what it should ends a measurement with."""


@dataclass
class Run:
    """``seconds`` is how long one measurement takes, ``rounds`` how many make a median.

    ``until_s`` (monotonic) is when nothing more is begun. ``quick``: as small as makes sense.
    """

    folder: Path
    cache: Path
    peers: Sequence[Peer]
    rounds: int
    seconds: float
    until_s: float
    quick: bool = False
    frame_bytes: int = 0
    notes: list[str] = field(default_factory=list)
    """What was not measured, and why."""
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _certificates: Certificates | None = None

    def size(self, full: int, quick: int) -> int:
        """A number that makes the work as large as it is."""
        return quick if self.quick else full

    @property
    def with_ours(self) -> bool:
        """Whether we are measured at all."""
        return OURS in self.peers

    @contextlib.contextmanager
    def fresh(self) -> Iterator[Path]:
        """A folder that is gone afterwards."""
        folder = self.folder / str(next(self._numbers))
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def certificates(self) -> Certificates:
        """Of this machine's loopback, one set a run."""
        if self._certificates is None:
            self._certificates = make_certificates(self.folder)
        return self._certificates

    @contextlib.contextmanager
    def serving(
        self, peer: Peer, connections: int, rooms: int = 1, *, tls: bool = False
    ) -> Iterator[Running]:
        """A server that was just started for these clients."""
        with self.fresh() as folder:
            certificates = self.certificates() if tls else None
            place = Place(folder, self.cache, self.frame_bytes, certificates)
            server = peer.start(place, connections, rooms)
            try:
                yield server
            finally:
                server.stop()

    @contextlib.contextmanager
    def loading(self, plan: Plan) -> Iterator[Load]:
        """Clients that stand; BrokenError where any does not."""
        with self.fresh() as folder:
            clients = Load(load.build(self.cache, bool(plan.tls_name)), plan, folder)
            try:
                ready = clients.connected["ready"]
                if ready != plan.connections:
                    raise BrokenError(f"only {ready} of {plan.connections} connections stand")
                yield clients
            finally:
                clients.close()

    def attempt(self, what: str, work: Callable[[], None]) -> None:
        """Measure, if there is time; what breaks is noted, and the others are measured."""
        if time.monotonic() > self.until_s:
            self.notes.append(f"{what}: not measured, the time was over")
            return
        say(f"  {what}")
        try:
            work()
        except BROKEN as error:
            self.notes.append(f"{what}: broken: {error}"[:2000])
            say(f"  {self.notes[-1]}")


def medians(work: str, server: str, marks: str, samples: Sequence[Values]) -> Row:
    """One row of several rounds: each number's median, but all that was lost."""
    values = {key: median(sample[key] for sample in samples) for key in samples[0]}
    for key in {"lost", "cut"} & values.keys():
        values[key] = sum(sample[key] for sample in samples)
    return Row(work, server, marks, values)


def marks_of(peer: Peer) -> str:
    """What a server does beside passing on."""
    words = [word for word, does in (("seals", peer.seals), ("stores", peer.stores)) if does]
    return ", ".join(words) or "–"


def say(text: str) -> None:
    """Progress, for whoever waits."""
    print(text, file=sys.stderr, flush=True)

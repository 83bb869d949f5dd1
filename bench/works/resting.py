"""Servers at rest: how fast they are there, and what memory they hold."""

from __future__ import annotations

import time
from functools import partial

from ..cpu import rss_bytes
from ..peers.base import Peer
from ..run import Run, marks_of, medians
from ..table import Column, Row, Section, Values

SECTION = Section(
    "At rest",
    (Column("ready_s", "ready after s", 2), Column("mib", "MiB", 1)),
    ratio="mib",
)
SETTLE_S = 1.0


def at_rest(run: Run) -> list[Row]:
    """Without anybody connected; our daemon with its database made before."""
    samples: dict[Peer, list[Values]] = {peer: [] for peer in run.peers}

    def one(peer: Peer) -> None:
        with run.serving(peer, 1) as server:
            time.sleep(SETTLE_S)
            values = {"ready_s": server.ready_s, "mib": rss_bytes(server.pid) / (1 << 20)}
            samples[peer].append(values)

    for number in range(run.rounds):
        for peer in run.peers:
            run.attempt(f"rest: {peer.name}, round {number + 1}", partial(one, peer))
    return [
        medians("rest", peer.name, marks_of(peer), found)
        for peer, found in samples.items()
        if found
    ]

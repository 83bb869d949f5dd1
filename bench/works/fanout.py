"""Fan-out: rooms of N, one sender in each, W messages under way."""

from __future__ import annotations

from collections import defaultdict
from functools import partial

from ..cpu import measured
from ..load import Load
from ..peers.base import BrokenError, Peer, Running
from ..run import Run, marks_of, medians
from ..table import Column, Row, Section, Values

SECTION = Section(
    "Fan-out: CPU of the server a delivery",
    (
        Column("cpu_us", "CPU µs", 1),
        Column("per_s", "deliveries/s"),
        Column("p50_ms", "p50 ms", 1),
        Column("p99_ms", "p99 ms", 1),
        Column("lost", "lost"),
    ),
    ratio="cpu_us",
)

WINDOWS = (1, 8)
MOST_MESSAGES = 1_000_000
WARM_UP = (20, 1.0)


def fan_out(
    run: Run, name: str, connections: int, rooms: int = 1, *, tls: bool = False
) -> list[Row]:
    """Every server in turn, and that several times: whatever disturbs does not hit one alone."""
    samples: dict[tuple[Peer, int], list[Values]] = defaultdict(list)
    peers = [peer for peer in run.peers if peer.speaks_tls or not tls]

    def one(peer: Peer) -> None:
        with (
            run.serving(peer, connections, rooms, tls=tls) as server,
            run.loading(server.plan()) as clients,
        ):
            clients.run(1, *WARM_UP)
            for window in WINDOWS:
                samples[peer, window].append(delivered(clients, server, window, run.seconds))

    for number in range(run.rounds):
        for peer in peers:
            run.attempt(f"{name}: {peer.name}, round {number + 1}", partial(one, peer))
    return [
        medians(f"{name} W={window}", peer.name, marks_of(peer), found)
        for window in WINDOWS
        for peer in peers
        if (found := samples[peer, window])
    ]


def delivered(clients: Load, server: Running, window: int, seconds: float) -> Values:
    """What one measurement gives; BrokenError where nothing arrives."""
    said, used = measured(
        lambda: clients.run(window, MOST_MESSAGES, seconds), [server.pid], [clients.pid]
    )
    if not said["deliveries"]:
        raise BrokenError("nothing was delivered")
    return {
        "cpu_us": used.cpu_s * 1e6 / said["deliveries"],
        "per_s": said["deliveries"] / said["seconds"],
        "p50_ms": said["p50_ms"],
        "p99_ms": said["p99_ms"],
        "lost": said["lost"],
        "cut": said["cut"],
        "others": used.others,
    }


def in_one_room(run: Run, most: int) -> list[Row]:
    """One room of so many."""
    return fan_out(run, f"fanout-{most}", run.size(most, max(10, most // 50)))


def in_many_rooms(run: Run) -> list[Row]:
    """200 rooms of 5."""
    rooms = run.size(200, 4)
    return fan_out(run, "rooms", 5 * rooms, rooms)


def over_tls(run: Run) -> list[Row]:
    """One room of 500, over TLS 1.3."""
    return fan_out(run, "fanout-tls", run.size(500, 10), tls=True)

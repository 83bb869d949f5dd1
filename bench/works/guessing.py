"""What a stranger can tell from how long a refused log-in takes."""

from __future__ import annotations

import time
from statistics import quantiles

from ..daemon import Server
from ..peers import OURS
from ..peers.base import BrokenError
from ..run import Run, marks_of
from ..table import Column, Row, Section
from .entering import TIMES_EACH, Forms

SECTION = Section(
    "A refused log-in: whether there is such a user",
    (
        Column("samples", "samples"),
        Column("p25_ms", "p25 ms", 1),
        Column("p50_ms", "p50 ms", 1),
        Column("p75_ms", "p75 ms", 1),
        Column("times", "× wrong password", 3),
    ),
)
REFUSED = 401
WRONG, UNKNOWN = "wrong password", "unknown user"


def refusals(run: Run) -> list[Row]:
    """Wrong passwords and unknown users in turn, 200 of each; no name too often to be answered."""
    took_ms: dict[str, list[float]] = {WRONG: [], UNKNOWN: []}
    if OURS in run.peers:
        run.attempt("guesses", lambda: _guess(run, took_ms))
    if not took_ms[UNKNOWN]:
        return []
    quarters = {kind: quantiles(taken, n=4) for kind, taken in took_ms.items()}
    return [
        Row(
            kind,
            OURS.name,
            marks_of(OURS),
            {
                "samples": len(took_ms[kind]),
                **dict(zip(("p25_ms", "p50_ms", "p75_ms"), found, strict=True)),
                "times": found[1] / quarters[WRONG][1],
            },
        )
        for kind, found in quarters.items()
    ]


def _guess(run: Run, took_ms: dict[str, list[float]]) -> None:
    with run.fresh() as folder:
        server = Server(folder)
        server.start(1)
        try:
            forms = Forms(server.daemon.port)
            for number in range(run.size(200, 10) // TIMES_EACH):
                forms.register(f"known-{number}")
                for _ in range(TIMES_EACH):
                    took_ms[WRONG].append(_took_ms(forms, f"known-{number}"))
                    took_ms[UNKNOWN].append(_took_ms(forms, f"other-{number}"))
        finally:
            server.stop()


def _took_ms(forms: Forms, name: str) -> float:
    request = forms.request("/login", {"username": name, "password": "not the one at all"})
    began_s = time.monotonic()
    status = forms.status(request)
    if status != REFUSED:
        raise BrokenError(f"a guess is answered with {status}")
    return (time.monotonic() - began_s) * 1_000

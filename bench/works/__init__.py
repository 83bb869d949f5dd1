"""What is measured, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ..run import Run
from ..table import Row, Section
from . import connecting, entering, fanout, guessing, pages, posting, resting


@dataclass(frozen=True)
class Work:
    """Something that servers are made to do."""

    name: str
    section: Section
    do: Callable[[Run], list[Row]]
    needs: tuple[str, ...] = ()
    """Programs beside those of the peers."""


ALL: dict[str, Work] = {
    work.name: work
    for work in (
        *(
            Work(f"fanout-{most}", fanout.SECTION, partial(fanout.in_one_room, most=most))
            for most in (100, 500, 1000, 5000)
        ),
        Work("rooms", fanout.SECTION, fanout.in_many_rooms),
        Work("fanout-tls", fanout.SECTION, fanout.over_tls),
        Work("stored", posting.SECTION, posting.stored, ("mariadbd",)),
        Work("idle", connecting.IDLE, connecting.idle),
        Work("idle-tls", connecting.IDLE, connecting.idle_over_tls),
        Work("storm", connecting.STORM, connecting.storm),
        Work("logins", entering.SECTION, entering.log_ins),
        Work("guesses", guessing.SECTION, guessing.refusals),
        Work("pages", pages.SECTION, pages.newest_and_oldest),
        Work("rest", resting.SECTION, resting.at_rest),
    )
}

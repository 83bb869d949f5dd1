"""The fault campaign from the command line: ``script/faults --help``."""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from . import scenarios
from .result import Result, aligned, put
from .scenario import Scenario


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="script/faults",
        description="Break a running chat in every way, and judge what is left.",
    )
    parser.add_argument("--rounds", type=int, help="rounds of each fault; default: the full count")
    parser.add_argument("--short", action="store_true", help="the rounds of the short form")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument(
        "--markdown",
        type=Path,
        metavar="FILE",
        help="put the table there too, between its marks",
    )
    parser.add_argument("--list", action="store_true", help="name the faults and do nothing")
    return parser.parse_args()


def chosen(names: list[str]) -> list[Scenario]:
    """The scenarios with these names, all without any; status 2 where there is no such name."""
    unknown = set(names) - set(scenarios.ALL)
    if unknown:
        sys.exit(f"There is no fault {', '.join(sorted(unknown))}; --list names them.")
    return [one for name, one in scenarios.ALL.items() if not names or name in names]


def told(asked: argparse.Namespace, results: list[Result]) -> str:
    """When and where the table comes from."""
    minutes = round(sum(result.took_s for result in results) / 60)
    return (
        f"Run on {time.strftime('%Y-%m-%d', time.gmtime())} with seed {asked.seed} on"
        f" {os.cpu_count()} shared cores, in {minutes} minutes."
    )


async def campaign(asked: argparse.Namespace) -> None:
    """Run what was asked for, print a line each and the table, and end with the status."""
    results: list[Result] = []
    broken = 0
    print(f"seed {asked.seed}", flush=True)
    for one in chosen(asked.only):
        rounds = asked.rounds or (one.short if asked.short else one.full)
        try:
            result = await one.run(rounds, asked.seed)
        except Exception:  # noqa: BLE001 - the others are still to be broken
            broken += 1
            print(f"{one.name}: BROKE\n{traceback.format_exc()}", flush=True)
            continue
        results.append(result)
        broken += bool(result.faults)
        word = "ok" if not result.faults else "FAULTS"
        print(f"{one.name}: {rounds} rounds, {result.took_s:.0f} s, {word}", flush=True)
        for fault in result.faults[:20]:
            print(f"    {fault[:2000]}", flush=True)
        if asked.markdown is not None:
            put(asked.markdown, told(asked, results), results)
    print(aligned(results))
    sys.exit(1 if broken else 0)


def main() -> None:
    """Start the reactor."""
    asked = arguments()
    if asked.list:
        for one in scenarios.ALL.values():
            print(f"{one.name:24} {one.full:5} rounds  {one.fault}")
        return
    os.environ.setdefault("SECURECHAT_TESTS", "all")
    react(lambda reactor: _run(asked))


def _run(asked: argparse.Namespace) -> Deferred[Any]:
    return Deferred.fromCoroutine(campaign(asked))


if __name__ == "__main__":
    main()

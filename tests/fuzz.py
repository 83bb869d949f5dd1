"""script/fuzz: the tests that make their own examples, over and over, each time with others."""

from __future__ import annotations

import importlib
import random
import sys
import time
import unittest
import warnings
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis.core
from hypothesis import settings
from hypothesis.errors import HypothesisWarning

core: Any = hypothesis.core
UNIT = Path(__file__).parent / "unit"


def seconds(text: str) -> float:
    """The time that ``text`` names: 90, 90s, 10m or 2h."""
    number, unit = (text[:-1], text[-1]) if text[-1:] in ("s", "m", "h") else (text, "s")
    try:
        found = float(number) * {"s": 1, "m": 60, "h": 3600}[unit]
    except ValueError:
        found = 0
    if not found > 0:
        raise ArgumentTypeError(f"{text!r} is no time: write 90, 90s, 10m or 2h")
    return found


def modules(pattern: str) -> list[ModuleType]:
    """The modules with ``pattern`` in their name that use hypothesis."""
    return [
        importlib.import_module(f"tests.unit.{path.stem}")
        for path in sorted(UNIT.glob("test_*.py"))
        if pattern in path.stem and "hypothesis" in path.read_text(encoding="utf-8")
    ]


def tests_in(found: Iterable[ModuleType]) -> list[unittest.TestCase]:
    """Their tests that make examples: under ``@given``, or all of a module named test_any_…."""
    return [
        case(name)
        for module in found
        for case in vars(module).values()
        if isinstance(case, type) and issubclass(case, unittest.TestCase)
        if case.__module__ == module.__name__
        for name in unittest.TestLoader().getTestCaseNames(case)
        if hasattr(getattr(case, name), "hypothesis") or ".test_any_" in module.__name__
    ]


def fuzz(tests: Sequence[unittest.TestCase], duration_s: float, first_seed: int | None) -> int:
    """Run ``tests`` in rounds for so long; the status, 1 at the first failure, which is printed.

    Each round has a seed that gives the same examples again, as far as no failure is remembered.
    """
    ends_s = time.monotonic() + duration_s
    rounds = runs = 0
    while time.monotonic() < ends_s:
        seed = random.SystemRandom().getrandbits(32) if first_seed is None else first_seed + rounds
        rounds += 1
        print(f"round {rounds}, seed {seed}", flush=True)
        # What the pytest plugin's --hypothesis-seed sets: state machines have no other way.
        core.global_force_seed = seed
        for test in random.Random(seed).sample(list(tests), len(tests)):
            if time.monotonic() >= ends_s:
                break
            result = unittest.TestResult()
            test.run(result)
            runs += 1
            for _, trace in [*result.errors, *result.failures]:
                print(trace)
            if not result.wasSuccessful():
                print(f"FAILED in round {rounds}, seed {seed}: {test.id()}", flush=True)
                return 1
    print(f"{rounds} rounds, {runs} runs of {len(tests)} tests: nothing found")
    return 0


def main(arguments: Sequence[str]) -> int:
    """The command line; 2 where nothing matches."""
    parser = ArgumentParser(
        prog="script/fuzz",
        formatter_class=RawDescriptionHelpFormatter,
        description="Runs the tests that make their own examples for as long as asked, each round "
        "with another seed,\nand ends with status 1 at the first failure, showing the smallest "
        "example. That is\nremembered in .cache/hypothesis, where script/test tries it first.",
    )
    parser.add_argument(
        "time", nargs="?", type=seconds, default=60.0, help="90, 90s, 10m or 2h (60s)"
    )
    parser.add_argument(
        "pattern", nargs="?", default="", help="only modules with this in their name"
    )
    parser.add_argument("--seed", type=int, help="of the first round; the next has the next number")
    chosen = parser.parse_args(arguments)
    settings.load_profile("fuzz")
    warnings.simplefilter("ignore", HypothesisWarning)
    tests = tests_in(modules(chosen.pattern))
    if not tests:
        print(f"No module of tests/unit that uses hypothesis has {chosen.pattern!r} in its name.")
        return 2
    return fuzz(tests, chosen.time, chosen.seed)


if __name__ == "__main__":
    import tests.unit  # noqa: F401 - it makes the profiles

    sys.exit(main(sys.argv[1:]))

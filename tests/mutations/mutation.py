"""One protection, how it is taken out, and the tests that must fail then."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """``old`` stands once in ``file`` and becomes ``new``; then one of ``tests`` fails.

    ``tests`` are names that trial takes, or ``tests/js/*.test.js`` for node, or one of ``rules/``
    for semgrep, which ``script/test lint`` installs. ``taken_out`` says in words what is no longer
    so.
    """

    promise: str
    taken_out: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

"""The common passwords that nobody may have: those that are tried first.

``common_passwords.txt`` holds one a line, folded and of at least 8 characters; where it comes from
is told beside it.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def common_passwords() -> frozenset[str]:
    """The whole list, read when it is first asked for: a few milliseconds."""
    text = files(__package__).joinpath("common_passwords.txt").read_text(encoding="ascii")
    return frozenset(text.splitlines())

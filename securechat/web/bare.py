"""Scripts and style sheets as they are served: without comments and indentation, line for line.

The client is read by people in its own files, and travels to browsers without what only people
read: that is a third of it. The code that runs is the code that was written, each line at its
number; a test compares the two as a browser understands them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_TYPE = re.compile(r"/\*\* @type \{.*?\} \*/ ?")
"""A type within a line, for the checker alone."""


def bare(source: str) -> str:
    """``source`` with empty lines in place of comments that have their lines to themselves.

    A comment begins with ``//`` or ``/*`` where its line begins; one of several lines ends where a
    line ends. Inside a text nothing may look like that, and none may be of several lines.
    """
    return "\n".join(_lines(source))


def _lines(source: str) -> Iterator[str]:
    inside = False
    for line in source.split("\n"):
        words = line.strip()
        begins = words.startswith("/*") and (words.find("*/", 2) in (-1, len(words) - 2))
        is_comment = inside or begins or words.startswith("//")
        inside = (inside or begins) and not words.endswith("*/")
        yield "" if is_comment else _TYPE.sub("", words)

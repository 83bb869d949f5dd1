"""What somebody is to be told, before it is put into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text of the catalogue by its key, and what is filled into it; an edge knows the language.

    ``n`` among the values decides on the plural form.
    """

    key: str
    values: Mapping[str, str | int] = field(default_factory=dict)

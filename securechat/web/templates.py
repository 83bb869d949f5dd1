"""The pages' templates; everything in them is escaped unless a template says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..core.sentences import Sentence
from .texts import Texts, Words

STATUSES = frozenset({308, 400, 401, 403, 404, 405, 408, 413, 415, 421, 426, 429, 431, 500, 503})
"""Those that the catalogue has a title and a text of their own for."""


class Templates:
    """The templates in ``folder``; ``static`` turns a file's name into its address.

    Each finds its words as ``t(key, …)`` and their language as ``language``.
    """

    def __init__(self, folder: Path, static: Callable[[str], str], texts: Texts) -> None:
        self._texts = texts
        self._environment = Environment(
            loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined
        )
        self._environment.globals["static"] = static

    def words(self, accept_language: str) -> Words:
        """The texts for a browser that sends this ``Accept-Language``."""
        return self._texts.of(accept_language)

    def page(self, name: str, words: Words, /, **values: Any) -> bytes:
        """The template ``name`` filled in, as UTF-8, in the language of ``words``.

        A lone surrogate (from a form that was not UTF-8) becomes a question mark.
        """
        told = {"t": words, "language": words.language} | values
        return self._environment.get_template(name).render(**told).encode("utf-8", "replace")

    def error(
        self,
        words: Words,
        status: int,
        text: Sentence | None = None,
        retry_after: int | None = None,
    ) -> bytes:
        """The generic page for ``status``; ``retry_after`` in seconds."""
        which = status if status in STATUSES else "other"
        return self.page(
            "error.html",
            words,
            status=status,
            title=words(f"status.{which}.title"),
            text=words.say(text or Sentence(f"status.{which}.text")),
            retry_after=retry_after,
        )

"""The pages' templates; everything in them is escaped unless a template says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .texts import Texts

_TEXTS = {
    400: "The request could not be understood.",
    403: "This is not allowed from where it came.",
    404: "There is nothing at this address.",
    405: "This address does not work that way.",
    408: "The request took too long to arrive.",
    413: "What you sent is too large.",
    415: "What you sent is not a form.",
    421: "This server does not answer under this name.",
    426: "This address speaks WebSocket only.",
    429: "That was too often. Please wait a little.",
    431: "The request's headers are too long.",
    500: "Something went wrong on the server. It has been noted.",
    503: "The server cannot answer right now. Please try again in a moment.",
}


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

    def page(self, name: str, accept_language: str | None = None, /, **values: Any) -> bytes:
        """The template ``name`` filled in, as UTF-8, for a browser that sends ``accept_language``.

        A lone surrogate (from a form that was not UTF-8) becomes a question mark.
        """
        words = self._texts.of(accept_language)
        told = {"t": words, "language": words.language} | values
        return self._environment.get_template(name).render(**told).encode("utf-8", "replace")

    def error(
        self,
        status: int,
        text: str | None = None,
        retry_after: int | None = None,
        accept_language: str | None = None,
    ) -> bytes:
        """The generic page for ``status``; ``retry_after`` in seconds."""
        title = HTTPStatus(status).phrase
        return self.page(
            "error.html",
            accept_language,
            status=status,
            title=title,
            text=text or _TEXTS.get(status, title),
            retry_after=retry_after,
        )

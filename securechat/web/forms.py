"""A form as the browser sent it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from ..core.sentences import Sentence
from .headers import FORM
from .site import SecureRequest

MAX_FIELDS = 16


@dataclass(frozen=True, slots=True)
class Form:
    """The fields by name, and what is wrong with the form as a whole, if anything.

    Where something is wrong the fields hold what could be read, for showing the page again.
    """

    fields: dict[str, str]
    problem: Sentence | None = None

    def get(self, name: str) -> str:
        """The field as typed; empty where the browser did not send it."""
        return self.fields.get(name, "")


def is_form(request: SecureRequest) -> bool:
    """Whether the body calls itself a URL-encoded form; an absent body is an empty form."""
    sent = request.requestHeaders.getRawHeaders(b"Content-Type")
    if sent is None:
        return bool(request.content.seek(0, 2) == 0)
    return sent[0].partition(b";")[0].strip().lower() == FORM.encode() and len(sent) == 1


def read_form(body: bytes) -> Form:
    """Parse ``application/x-www-form-urlencoded`` (WHATWG URL section 5.1), strictly UTF-8."""
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except UnicodeDecodeError:
        return Form(_lenient(body), Sentence("form.utf8"))
    except ValueError:
        return Form({}, Sentence("form.many"))
    fields = dict(pairs)
    if len(fields) != len(pairs):
        return Form(fields, Sentence("form.twice"))
    return Form(fields)


def _lenient(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"),
            keep_blank_values=True,
            errors="replace",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        return {}
    return dict(pairs)

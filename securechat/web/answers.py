"""How a form that cannot be accepted is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..chat.accounts import InvalidFields
from ..core.errors import Busy, NameTaken, Unavailable

RETRY_S = 5
"""When to come back while the database is away."""


class Sentences(dict[str, str]):
    """A sentence for each field; a field without one has the empty sentence."""

    def __missing__(self, field: str) -> str:
        return ""


@dataclass(frozen=True)
class Answer:
    """A status, and what the page says above the form that is shown again.

    ``why`` is one of a few fixed words, for the log; ``errors`` one sentence a field;
    ``retry_after`` in seconds.
    """

    status: int
    why: str
    summary: str = ""
    errors: dict[str, str] | None = None
    retry_after: int | None = None


CLOSED = Answer(403, "registration_closed", "Registration is closed on this server.")
INVITED_ONLY = Answer(
    403,
    "registration_invite",
    "Making an account here needs an invite link. Ask somebody who is here already for one.",
)
STALE = Answer(
    403, "csrf", "This page was open for too long or cookies are off. Please send it once more."
)


def outcome(answer: Answer | None) -> Literal["ok", "refused", "throttled"]:
    """What a log-in counts as; None is one that worked."""
    if answer is None:
        return "ok"
    return "throttled" if answer.status in (429, 503) else "refused"


def cannot_now(error: Busy | Unavailable) -> Answer:
    """The answer while something that we lean on cannot help."""
    if isinstance(error, Busy):
        text = "The server is busy. Please try again in a moment."
        return Answer(503, "busy", text, retry_after=error.retry_s)
    text = "The server cannot reach its database. Please try again in a moment."
    return Answer(503, "unavailable", text, retry_after=RETRY_S)


NOT_ACCEPTED = (InvalidFields, NameTaken, Busy, Unavailable)
"""Why an account or a password may not be made as it was typed, or not now."""


def not_accepted(error: Exception) -> Answer:
    """The answer to one of NOT_ACCEPTED."""
    if isinstance(error, InvalidFields):
        return Answer(422, "fields", "Please look at the fields below.", error.errors)
    if isinstance(error, NameTaken):
        taken = {"username": "This user name is taken."}
        return Answer(409, "name_taken", "This user name is taken.", taken)
    if isinstance(error, Busy | Unavailable):
        return cannot_now(error)
    raise error

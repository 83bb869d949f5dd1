"""How a form that cannot be accepted is answered."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ..chat.accounts import InvalidFields
from ..core.attempts import TooSoon
from ..core.errors import Busy, NameTaken, Unavailable
from ..core.sentences import Sentence

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
    summary: Sentence | None = None
    errors: dict[str, Sentence] | None = None
    retry_after: int | None = None


CLOSED = Answer(403, "registration_closed", Sentence("answer.closed"))
INVITED_ONLY = Answer(403, "registration_invite", Sentence("answer.invited_only"))
STALE = Answer(403, "csrf", Sentence("answer.stale"))


def outcome(answer: Answer) -> Literal["refused", "throttled"]:
    """What a log-in counts as that did not work."""
    return "throttled" if answer.status in (429, 503) else "refused"


def cannot_now(error: Busy | Unavailable) -> Answer:
    """The answer while something that we lean on cannot help."""
    if isinstance(error, Busy):
        return Answer(503, "busy", Sentence("answer.busy"), retry_after=error.retry_s)
    return Answer(503, "unavailable", Sentence("answer.unavailable"), retry_after=RETRY_S)


def throttled(why: str, wait_s: float) -> Answer:
    """The answer to an attempt that is to be made again in ``wait_s`` seconds."""
    retry_after = math.ceil(wait_s)
    return Answer(
        429, why, Sentence("answer.throttled", {"n": retry_after}), retry_after=retry_after
    )


def too_soon(error: TooSoon) -> Answer:
    """The answer where an account has seen too many failures."""
    return throttled("throttled_account", error.wait_ms / 1_000)


NOT_ACCEPTED = (InvalidFields, NameTaken, Busy, Unavailable)
"""Why an account or a password may not be made as it was typed, or not now."""


def wrong_fields(errors: dict[str, Sentence]) -> Answer:
    """The answer where these fields cannot be as they are."""
    return Answer(422, "fields", Sentence("answer.fields"), errors)


def not_accepted(error: Exception) -> Answer:
    """The answer to one of NOT_ACCEPTED."""
    if isinstance(error, InvalidFields):
        return wrong_fields(error.errors)
    if isinstance(error, NameTaken):
        taken = Sentence("answer.name_taken")
        return Answer(409, "name_taken", taken, {"username": taken})
    if isinstance(error, Busy | Unavailable):
        return cannot_now(error)
    raise error

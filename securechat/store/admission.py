"""Who may post what in a room that we hold locked; no SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..core.model import Draft, Rejected, UserId

WITHOUT_END_MS = -1
"""A mute until then has no end."""

POSTED_KINDS = frozenset({"text", "reply", "edit", "reaction"})


@dataclass(frozen=True, slots=True)
class Seat:
    """A member's row: sees the events above ``since_seq``; ``muted_until_ms`` 0 is not muted."""

    since_seq: int
    muted_until_ms: int

    def is_muted(self, now_ms: int) -> bool:
        """Whether this member may not post now."""
        return self.muted_until_ms == WITHOUT_END_MS or self.muted_until_ms > now_ms


@dataclass(frozen=True, slots=True)
class Target:
    """An event that a draft is about; ``stands``: a message of its own, and not destroyed."""

    author: UserId
    stands: bool


@dataclass(frozen=True, slots=True)
class Admission:
    """What decides about a room's drafts, read while nobody else can change it."""

    archived: bool
    seats: Mapping[UserId, Seat]
    targets: Mapping[int, Target]

    def refusal(self, draft: Draft) -> Rejected | None:
        """Why ``draft`` is not stored; None where it may be."""
        seat = self.seats.get(draft.author)
        if seat is None:
            return Rejected("not_a_member")
        if self.archived:
            return Rejected("archived")
        if seat.is_muted(draft.time_ms):
            return Rejected("muted")
        if draft.kind not in POSTED_KINDS:
            return Rejected("invalid")
        if draft.kind != "text" and not self._is_answerable(draft, seat):
            return Rejected("target")
        return None

    def free_authors(self, drafts: Iterable[Draft]) -> frozenset[UserId]:
        """Those of the drafts' authors who may post from now on, as long as nothing changes.

        A mute that has run out stays run out: a new one would be a change.
        """
        if self.archived:
            return frozenset()
        refused = {
            draft.author
            for draft in drafts
            if draft.author not in self.seats or self.seats[draft.author].is_muted(draft.time_ms)
        }
        return frozenset(draft.author for draft in drafts) - refused

    def _is_answerable(self, draft: Draft, seat: Seat) -> bool:
        target = None if draft.target is None else self.targets.get(draft.target)
        if target is None or draft.target is None or draft.target <= seat.since_seq:
            return False
        return target.stands and (draft.kind != "edit" or target.author == draft.author)

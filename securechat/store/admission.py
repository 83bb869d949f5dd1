"""Who may post what in a room that we hold locked; no SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..core.model import POSTED_KINDS, Draft, Rejected, UserId
from ..core.rights import mute_holds

WITHOUT_END_MS = -1
"""A mute until then has no end."""

MOST_EDITS = 100
"""So often a message may be edited: all its edits are destroyed with it in one transaction."""

MOST_REACTIONS = 2_000
"""So many reactions a message takes from all people, those taken back among them …"""

MOST_OWN_REACTIONS = 20
"""… and so many from one person."""


def until(muted_until_ms: int) -> int | None:
    """The column ``muted_until_ms`` as the rest of the program knows it: None without end."""
    return None if muted_until_ms == WITHOUT_END_MS else muted_until_ms


@dataclass(frozen=True, slots=True)
class Author:
    """A member who posts: sees the events above ``since_seq``; ``muted_until_ms`` as in rights."""

    since_seq: int
    muted_until_ms: int | None


@dataclass(frozen=True, slots=True)
class Target:
    """An event that a draft is about; ``stands``: a message of its own, and not destroyed."""

    author: UserId
    stands: bool


@dataclass(frozen=True, slots=True)
class Admission:
    """What decides about a room's drafts, read while nobody else can change it."""

    archived: bool
    authors: Mapping[UserId, Author]
    targets: Mapping[int, Target]
    edits: Counter[int] = field(default_factory=Counter)
    """How often each of the targets was edited."""
    reactions: Counter[int] = field(default_factory=Counter)
    """How many reactions each of the targets has."""
    own_reactions: Counter[tuple[int, UserId]] = field(default_factory=Counter)
    """… and how many of those are whose."""

    def refusal(self, draft: Draft) -> Rejected | None:
        """Why ``draft`` is not stored; None where it may be."""
        author = self.authors.get(draft.author)
        if author is None:
            return Rejected("not_a_member")
        if self.archived:
            return Rejected("archived")
        if mute_holds(author.muted_until_ms, draft.time_ms):
            return Rejected("muted")
        if draft.kind not in POSTED_KINDS:
            return Rejected("invalid")
        if draft.kind != "text" and not self._is_answerable(draft, author):
            return Rejected("target")
        if draft.target is not None and self._is_worn_out(draft.target, draft):
            return Rejected("target")
        return None

    def count(self, draft: Draft) -> None:
        """Remember that ``draft`` is stored: the next of the same batch finds one more."""
        if draft.target is None:
            return
        if draft.kind == "edit":
            self.edits[draft.target] += 1
        elif draft.kind == "reaction":
            self.reactions[draft.target] += 1
            self.own_reactions[draft.target, draft.author] += 1

    def free_authors(self, drafts: Iterable[Draft]) -> frozenset[UserId]:
        """Those of the drafts' authors who may post from now on, as long as nothing changes.

        A mute that has run out stays run out: a new one would be a change.
        """
        if self.archived:
            return frozenset()
        refused = {
            draft.author
            for draft in drafts
            if draft.author not in self.authors
            or mute_holds(self.authors[draft.author].muted_until_ms, draft.time_ms)
        }
        return frozenset(draft.author for draft in drafts) - refused

    def _is_worn_out(self, target: int, draft: Draft) -> bool:
        if draft.kind == "edit":
            return self.edits[target] >= MOST_EDITS
        return draft.kind == "reaction" and (
            self.reactions[target] >= MOST_REACTIONS
            or self.own_reactions[target, draft.author] >= MOST_OWN_REACTIONS
        )

    def _is_answerable(self, draft: Draft, author: Author) -> bool:
        target = None if draft.target is None else self.targets.get(draft.target)
        if target is None or draft.target is None or draft.target <= author.since_seq:
            return False
        return target.stands and (draft.kind != "edit" or target.author == draft.author)

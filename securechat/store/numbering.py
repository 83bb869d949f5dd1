"""Gives drafts their numbers and keys; no SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..core.content import SPOKEN
from ..core.model import (
    Appended,
    Draft,
    Existing,
    MessageId,
    Outcome,
    Rejected,
    RoomId,
    StoredEvent,
    StoredKey,
    UserId,
)
from ..core.ports import Sealer
from .admission import Admission
from .calls import Call
from .heads import Head

Post = tuple[RoomId, UserId, MessageId]
"""What is one message, however often it is sent."""

Annotation = tuple[RoomId, int, str, int | None]
"""A row of ``annotations``: room, number, kind, and the number that it is about."""


class Numbering:
    """One batch: takes drafts in order, and collects what must be written for them."""

    def __init__(
        self,
        heads: Mapping[RoomId, Head],
        sealer: Sealer,
        existing: Mapping[Post, Existing] | None = None,
        admissions: Mapping[RoomId, Admission] | None = None,
    ) -> None:
        """Without ``admissions`` a head's authors may post texts, and nothing else is numbered."""
        self.heads = dict(heads)
        self.outcomes: list[Outcome] = []
        self.events: list[StoredEvent] = []
        self.keys: list[StoredKey] = []
        self.annotations: list[Annotation] = []
        self.calls: list[Call] = []
        self._known = dict(existing or {})
        self._admissions = admissions or {}
        self._sealer = sealer

    def add(self, draft: Draft) -> None:
        """Number and seal ``draft``, unless it exists or may not be posted."""
        self.outcomes.append(self._outcome(draft))

    def _outcome(self, draft: Draft) -> Outcome:
        post = post_of(draft)
        known = self._known.get(post)
        if known is not None:
            # Even where the author has left since: "refused" would be untrue, it is in the history.
            return known
        head = self.heads.get(draft.room)
        if head is None:
            return Rejected("not_a_member")
        refusal = self._refusal(draft, head)
        if refusal is not None:
            return refusal
        appended = self._sealed(draft, head)
        self._known[post] = Existing(appended.event, appended.key)
        self.events.append(appended.event)
        if draft.room in self._admissions:
            self._admissions[draft.room].count(draft)
        self._note(draft, appended.event.seq)
        return appended

    def _refusal(self, draft: Draft, head: Head) -> Rejected | None:
        if is_plain(draft) and draft.author in head.authors:
            return None
        admission = self._admissions.get(draft.room)
        return Rejected("not_a_member") if admission is None else admission.refusal(draft)

    def _note(self, draft: Draft, seq: int) -> None:
        if draft.kind not in SPOKEN:
            self.annotations.append((draft.room, seq, draft.kind, draft.target))
        if draft.names:
            # Whom an edit calls is called by the message that it edits.
            edited = draft.target if draft.kind == "edit" else None
            self.calls.append(Call(draft.room, edited or seq, draft.author, draft.names))

    def _sealed(self, draft: Draft, head: Head) -> Appended:
        seq = head.last_seq + 1
        key, revision = head.key, head.revision
        if key is None or self._sealer.outdated(key, seq, draft.time_ms):
            epoch = 1 if key is None else key.epoch + 1
            key = self._sealer.new_key(draft.room, epoch, seq, draft.time_ms)
            revision += 1
            self.keys.append(key)
        self.heads[draft.room] = replace(head, last_seq=seq, revision=revision, key=key)
        return Appended(self._sealer.seal(draft, seq, key), key)


def is_plain(draft: Draft) -> bool:
    """Whether nothing but its author's place decides about ``draft``."""
    return draft.kind == "text" and draft.target is None


def post_of(item: Draft | StoredEvent) -> Post:
    """What makes a resend recognizable."""
    return item.room, item.author, item.mid

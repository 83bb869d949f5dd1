"""Gives drafts their numbers and keys; no SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

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
from .heads import Head

Post = tuple[RoomId, UserId, MessageId]
"""What is one message, however often it is sent."""


class Numbering:
    """One batch: takes drafts in order, and collects what must be written for them."""

    def __init__(
        self, heads: Mapping[RoomId, Head], existing: Mapping[Post, StoredEvent], sealer: Sealer
    ) -> None:
        self.heads = dict(heads)
        self.outcomes: list[Outcome] = []
        self.events: list[StoredEvent] = []
        self.keys: list[StoredKey] = []
        self._known = dict(existing)
        self._sealer = sealer

    def add(self, draft: Draft) -> None:
        """Number and seal ``draft``, unless it exists or its author is no member."""
        self.outcomes.append(self._outcome(draft))

    def _outcome(self, draft: Draft) -> Outcome:
        post = post_of(draft)
        known = self._known.get(post)
        if known is not None:
            # Even where the author has left since: "refused" would be untrue, it is in the history.
            return Existing(known)
        head = self.heads.get(draft.room)
        if head is None or draft.author not in head.authors:
            return Rejected("not_a_member")
        appended = self._sealed(draft, head)
        self._known[post] = appended.event
        self.events.append(appended.event)
        return appended

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


def post_of(item: Draft | StoredEvent) -> Post:
    """What makes a resend recognizable."""
    return item.room, item.author, item.mid

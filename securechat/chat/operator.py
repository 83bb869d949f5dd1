"""What whoever holds the machine may do: make administrators, let people in, and keep them out."""

from __future__ import annotations

from collections.abc import Callable

from ..core import ports
from ..core.encoding import b64url
from ..core.model import SessionDigest, UserId, digest_of
from ..core.names import BadName, fold_username

RESET_MS = 24 * 60 * 60 * 1000
"""How long a link to set a new password is good."""


class Operator:
    """The use cases of the command line, beside a running daemon or without one."""

    def __init__(self, store: ports.Administration, random_bytes: Callable[[int], bytes]) -> None:
        self._store = store
        self._random_bytes = random_bytes

    async def grant(self, username: str) -> UserId | None:
        """Make somebody an administrator; None: there is no such person."""
        try:
            return await self._store.grant(fold_username(username))
        except BadName:
            return None

    async def find(self, username: str) -> UserId | None:
        """Who has this user name; None: nobody."""
        try:
            return await self._store.find(fold_username(username))
        except BadName:
            return None

    async def disable(self, username: str) -> tuple[SessionDigest, ...] | None:
        """Let somebody in no more; which sessions have ended. None: there is no such person."""
        try:
            return await self._store.disable(fold_username(username))
        except BadName:
            return None

    async def enable(self, username: str) -> UserId | None:
        """Let somebody log in again who was disabled; None: there is no such person."""
        try:
            return await self._store.enable(fold_username(username))
        except BadName:
            return None

    async def new_reset(self, username: str, now_ms: int) -> str | None:
        """The token of a link, good once and for RESET_MS; None: no such person may log in."""
        token = b64url(self._random_bytes(32))
        try:
            folded = fold_username(username)
        except BadName:
            return None
        found = await self._store.add_reset(folded, digest_of(token), now_ms + RESET_MS)
        return None if found is None else token

    async def remove_factors(self, username: str) -> tuple[bool, tuple[SessionDigest, ...]] | None:
        """Take somebody's second factors away and end all sessions; None: no such person.

        Whether there was one, and which sessions have ended.
        """
        try:
            return await self._store.remove_factors(fold_username(username))
        except BadName:
            return None

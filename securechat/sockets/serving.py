"""One connection's commands: bytes through a bounded inbox, carried out and answered in order."""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from ..chat.journal import Receipt
from ..core import commands, wire
from ..core.conversation import Conversation
from ..core.errors import Close, Code, Refused, Unavailable
from ..core.keys import Channel
from ..core.model import UserId, Visitor
from . import answers, room_answers
from .connection import Services
from .framing import Framing
from .outbox import Outbox
from .underway import UnderWay

log = Logger()

MOST_WAITING_FRAMES = 16
MOST_POSTS_UNDER_WAY = 128


class Serving(Framing):
    """A connection that answers its person's commands, once ``conversation`` and ``outbox`` are."""

    __slots__ = (
        "_ending",
        "_inbox",
        "_inbox_bytes",
        "_posts",
        "_reading",
        "_refused",
        "_serving",
        "channel",
        "conversation",
        "id",
        "outbox",
        "user_id",
        "visitor",
    )

    factory: Services
    transport: Any  # TCP or TLS; both push, pause and abort
    channel: Channel
    conversation: Conversation
    outbox: Outbox

    def __init__(self, visitor: Visitor) -> None:
        super().__init__()
        self.visitor = visitor
        self.user_id: UserId = visitor.user.id
        self.id = os.urandom(6).hex()
        self._inbox: list[tuple[bytes, bool]] = []
        self._serving = False
        self._reading = True
        self._ending = False
        self._inbox_bytes = 0
        self._refused: tuple[Code, ...] = ()
        self._posts = UnderWay()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Posts are handed on at once where nothing waits before them; all else into the inbox.

        A full inbox pauses reading.
        """
        if self._ending:
            return
        if not self._serving and self._may_post:
            command = self._understood(payload, isBinary)
            if isinstance(command, commands.Post):
                self._post(command)
            elif command is not None:
                self._serve(command)
            return
        self._inbox.append((payload, isBinary))
        self._inbox_bytes += len(payload)
        if self._reading and self._is_full(MOST_WAITING_FRAMES):
            self._reading = False
            self.transport.pauseProducing()
        if not self._serving:
            self._serve(None)

    @property
    def _may_post(self) -> bool:
        return not self.outbox.is_paused and self._posts.count < MOST_POSTS_UNDER_WAY

    def _serve(self, first: commands.Command | None) -> None:
        self._serving = True
        Deferred.fromCoroutine(self._serve_all(first)).addErrback(
            lambda failure: log.failure("connection {id} broke", failure, id=self.id)
        )

    def _is_full(self, most_frames: int) -> bool:
        most_bytes = self.factory.pace.limits.frame_bytes
        return len(self._inbox) >= most_frames or self._inbox_bytes > most_bytes

    async def _serve_all(self, first: commands.Command | None) -> None:
        """Answer ``first``, and then what the inbox has; what is read meanwhile waits there."""
        if first is not None:
            await self._answer(first)
            await self.outbox.drained()
        while self._inbox and not self._ending:
            frame, is_binary = self._inbox.pop(0)
            self._inbox_bytes -= len(frame)
            if not self._reading and not self._is_full(MOST_WAITING_FRAMES // 2):
                self._reading = True
                self.transport.resumeProducing()
            command = self._understood(frame, is_binary)
            if command is not None:
                await self._answer(command)
            await self.outbox.drained()
        self._serving = False

    def _understood(self, frame: bytes, is_binary: bool) -> commands.Command | None:
        """The command in ``frame``; None where it was refused."""
        try:
            return self.conversation.receive(frame, is_binary, self.factory.clock.seconds())
        except Exception as error:  # noqa: BLE001 - see _failed
            self._failed(error, None)
            return None

    async def _answer(self, command: commands.Command) -> None:
        try:
            await self._carry_out(command)
        except Exception as error:  # noqa: BLE001 - see _failed
            self._failed(error, getattr(command, "id", None))

    def _failed(self, error: Exception, request: str | None) -> None:
        """The one table from exception to answer."""
        if isinstance(error, Refused):
            error.request = error.request or request
            self.refuse(error)
        elif isinstance(error, Unavailable):
            log.warn("connection {id} was not served: {reason}", id=self.id, reason=error)
            self.refuse(Refused(Code.UNAVAILABLE, request=request))
        else:
            log.failure("connection {id}: a command failed", event="command_failed", id=self.id)
            self.refuse(Refused(Code.INTERNAL, request=request))

    async def _carry_out(self, command: commands.Command) -> None:
        answer = answers.ANSWERS.get(type(command))
        if isinstance(command, commands.Post):
            await self._posts.fewer_than(MOST_POSTS_UNDER_WAY)
            if not self._ending:
                self._post(command)
        elif isinstance(command, commands.Hello):
            await self._greet(command)
        elif answer is not None:
            await answer(self, command)
        else:
            # What was posted before is stored before: a sender's own order is kept.
            await self._posts.answered()
            if self._ending:
                return
            await room_answers.ANSWERS[type(command)](self, command)

    async def _greet(self, hello: commands.Hello) -> None:
        try:
            await answers.welcome(self, hello)
        except Exception:
            self.conversation.not_greeted()
            raise
        self.greeted()

    def _post(self, post: commands.Post) -> None:
        """Hand on to the journal without waiting for it, so that one commit takes many."""
        is_charged = self.conversation.is_in(post.room)
        try:
            receipt = self.factory.journal.post(self.user_id, post)
        except Exception as error:  # noqa: BLE001 - see _failed
            self._failed(error, post.id)
            return
        ticket = self._posts.begin()
        receipt.addCallback(self._posted, post, is_charged)
        receipt.addErrback(self._post_failed, post)
        receipt.addBoth(self._post_answered, ticket)

    def _post_answered(self, _: object, ticket: int) -> None:
        self._posts.end(ticket)

    def _posted(self, receipt: Receipt, post: commands.Post, is_charged: bool) -> None:
        if not is_charged and not receipt.duplicate:
            self.conversation.stored_unseen(post.room, self.factory.clock.seconds())
        answers.posted(self, post, receipt)

    async def posts_answered(self) -> None:
        """Return when every post that is under way now has been answered."""
        await self._posts.answered()

    def _post_failed(self, failure: Any, post: commands.Post) -> None:
        if failure.check(Refused):
            if failure.value.code is Code.NOT_A_MEMBER:
                self.conversation.left(post.room)
            self.refuse(failure.value)
        else:
            log.failure("connection {id}: a post failed", failure, id=self.id)
            self.refuse(Refused(Code.INTERNAL, request=post.id))

    @property
    def is_ending(self) -> bool:
        """Whether the connection is closed or closing."""
        return self._ending

    def greeted(self) -> None:
        """A hello was answered."""
        raise NotImplementedError

    def end(self, code: Close) -> None:
        """Send what waits, then close with ``code``; nothing more is read or sent."""
        raise NotImplementedError

    def send(self, payload: bytes) -> None:
        """Send one JSON text frame after everything sent before."""
        self.outbox.send(wire.text_frame(payload))

    def refuse(self, refused: Refused) -> None:
        """Answer with an ``error`` frame, and end the connection where the refusal says so."""
        self.factory.metrics.refused(refused.code)
        if refused.code not in self._refused:
            # Each once a connection: whoever sends thousands must not fill the disk.
            self._refused = (*self._refused, refused.code)
            log.info(
                "connection {id} of {user}: a command is refused, {code}",
                event="command_refused",
                id=self.id,
                user=self.user_id,
                code=str(refused.code),
            )
        self.send(wire.encode_error(refused))
        if refused.close is not None:
            self.end(refused.close)

"""One connection: bytes to commands through a bounded inbox; a coroutine answers in order."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from ..chat.journal import Receipt
from ..core import commands, wire
from ..core.conversation import Conversation
from ..core.errors import Close, Code, Refused, Unavailable
from ..core.keys import Channel
from ..core.model import UserId, Visitor
from . import answers, intake, room_answers
from .connection import Services
from .framing import Framing
from .outbox import Outbox
from .underway import UnderWay

log = Logger()

HELLO_WITHIN_S = 5.0
PING = b"\x89\x00"
"""A ping without a word (RFC 6455 section 5.5.2): anything that comes is a sign of life."""

MOST_WAITING_FRAMES = 16
MOST_POSTS_UNDER_WAY = 128


class Registry(Services, Protocol):
    """Who knows all connections."""

    gone: Callable[[Visitor], None]

    def entered(self, connection: ChatProtocol) -> None:
        """A connection was opened."""

    def left(self, connection: ChatProtocol, code: int | None) -> None:
        """An opened connection has ended."""

    def leave_rooms(self, connection: ChatProtocol) -> None:
        """Send ``connection`` no more events."""


class ChatProtocol(Framing):
    """A signed-in person's socket; Autobahn calls the camelCase methods."""

    # Python shares the names of at most 30 attributes between all objects of a class.
    __slots__ = (
        "_ending",
        "_hello_timer",
        "_inbox",
        "_inbox_bytes",
        "_opened",
        "_posts",
        "_reading",
        "_serving",
        "_silent",
        "channel",
        "conversation",
        "id",
        "outbox",
        "user_id",
        "visitor",
    )

    factory: Registry
    transport: Any  # TCP or TLS; both push, pause and abort
    channel: Channel
    conversation: Conversation

    def __init__(self, visitor: Visitor) -> None:
        super().__init__()
        self.visitor = visitor
        self.peer = visitor.address  # what Autobahn's warnings call it
        self.user_id: UserId = visitor.user.id
        self.id = os.urandom(6).hex()
        self._inbox: list[tuple[bytes, bool]] = []
        self._serving = False
        self._reading = True
        self._ending = False
        self._opened = False
        self._silent = False
        self._inbox_bytes = 0
        self._posts = UnderWay()
        self._hello_timer: IDelayedCall | None = None

    def onOpen(self) -> None:
        """Whoever hands over the connection could not answer for what is raised here."""
        try:
            self._open()
        except Exception:  # noqa: BLE001 - see above
            log.failure("connection {id} could not be opened", id=self.id)
            self.transport.abortConnection()

    def _open(self) -> None:
        factory = self.factory
        self.conversation = Conversation(self.id, self.user_id, factory.pace)
        self.outbox = Outbox(
            factory.turn, self.transport, factory.pace.limits.unsent_bytes, self._cut
        )
        self.transport.registerProducer(self.outbox, True)
        self._hello_timer = factory.clock.callLater(HELLO_WITHIN_S, self._no_hello)
        self._opened = True
        factory.entered(self)

    def dataReceived(self, data: bytes) -> None:
        """Whole text messages go straight to the inbox; all else is Autobahn's to make out.

        Nine tenths of what a message costs on its way in is spent on what it might have been.
        """
        self._silent = False
        at = 0
        most_bytes = self.factory.pace.limits.frame_bytes
        while self._is_between_frames and (found := intake.text_at(data, at, most_bytes)):
            payload, at = found
            self.onMessage(payload, False)
        if at < len(data):
            super().dataReceived(data[at:] if at else data)

    @property
    def _is_between_frames(self) -> bool:
        """Whether the next byte begins a frame."""
        autobahn: Any = self  # whose annotations know only what it begins with
        return bool(
            self._opened
            and autobahn.state == autobahn.STATE_OPEN
            and autobahn.current_frame is None
            and not autobahn.data
            and not autobahn.inside_message
        )

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

    def ask(self) -> None:
        """Ping; or end it, where nothing has come since the last ping."""
        if self._silent:
            self.onAutoPingTimeout()
        else:
            self._silent = True
            self.transport.write(PING)

    def onPing(self, payload: bytes) -> None:
        """A pong, unless this peer does not read or does nothing but ping."""
        if not self._opened or self._ending or self.outbox.is_paused:
            return
        if self.factory.pace.allows_ping(self.id, self.factory.clock.seconds()):
            self.sendPong(payload)  # type: ignore[no-untyped-call]  # autobahn's lacks types
        else:
            self.end(Close.FLOODING)

    def onCloseFrame(self, code: int, reasonRaw: bytes) -> Any:
        """The peer leaves: nothing may follow the close frame that Autobahn answers with.

        RFC 6455 section 5.5.1. What waits is dropped, as it is whenever a connection ends.
        """
        if self._opened:
            self._ending = True
            self.outbox.close()
        return super().onCloseFrame(code, reasonRaw)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """Leave every room; also called for peers that were never opened."""
        self._ending = True
        self._inbox.clear()
        self._greeted()
        if self._opened:
            self.outbox.close()
            self.factory.left(self, self.remoteCloseCode or code)
        self.factory.gone(self.visitor)

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
            log.failure("connection {id}: a command failed", id=self.id)
            self.refuse(Refused(Code.INTERNAL, request=request))

    async def _carry_out(self, command: commands.Command) -> None:
        answer = answers.ANSWERS.get(type(command))
        if isinstance(command, commands.Post):
            self._post(command)
            await self._posts.fewer_than(MOST_POSTS_UNDER_WAY)
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
        self._greeted()

    def _greeted(self) -> None:
        if self._hello_timer is not None and self._hello_timer.active():
            self._hello_timer.cancel()
        self._hello_timer = None

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

    def send(self, payload: bytes) -> None:
        """Send one JSON text frame after everything sent before."""
        self.outbox.send(wire.text_frame(payload))

    def refuse(self, refused: Refused) -> None:
        """Answer with an ``error`` frame, and end the connection where the refusal says so."""
        self.factory.metrics.refused(refused.code)
        self.send(wire.encode_error(refused))
        if refused.close is not None:
            self.end(refused.close)

    def end(self, code: Close) -> None:
        """Send what waits, then close with ``code``; nothing more is read or sent.

        Whose session has ended is sent nothing that waits.
        """
        if self._ending:
            return
        self._ending = True
        self._inbox.clear()
        if not self._reading:
            # The peer's own close must be read; anything else is ignored from here on.
            self._reading = True
            self.transport.resumeProducing()
        if code is not Close.SESSION_ENDED:
            self.outbox.flush_all()
        self.outbox.close()
        self.factory.leave_rooms(self)
        log.info("connection {id} is closed by us: {code}", id=self.id, code=int(code))
        # sendClose knows only the codes of RFC 6455 itself, not 1012 of its registry.
        self.sendCloseFrame(code=int(code), reasonUtf8=code.name.lower().encode("ascii"))

    def _no_hello(self) -> None:
        self.end(Close.NO_HELLO)

    def _cut(self) -> None:
        log.info("connection {id} reads too slowly and is cut", id=self.id)
        self.factory.metrics.slow_reader_cut()
        self._ending = True
        self.transport.abortConnection()

"""One connection: how it begins, what its bytes are, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from ..core.conversation import Conversation
from ..core.errors import Close
from ..core.model import Visitor
from . import intake
from .connection import Services
from .outbox import Outbox
from .serving import Serving

log = Logger()

HELLO_WITHIN_S = 5.0
CLOSE_WITHIN_S = 3.0
"""How long peers get to answer our close frame before the TCP connection is dropped."""

OVER_WITHIN_S = 0.9
"""… and those whose session has ended, to whom even what is on its way must not be sent long."""

PING_FRAME, PONG_FRAME = 9, 10
PING = b"\x89\x00"
"""A ping without a word (RFC 6455 section 5.5.2): anything that comes is a sign of life."""


class Registry(Services, Protocol):
    """Who knows all connections."""

    gone: Callable[[Visitor], None]

    def entered(self, connection: ChatProtocol) -> None:
        """A connection was opened."""

    def left(self, connection: ChatProtocol, code: int | None) -> None:
        """An opened connection has ended."""

    def leave_rooms(self, connection: ChatProtocol) -> None:
        """Send ``connection`` no more events."""


class ChatProtocol(Serving):
    """A signed-in person's socket; Autobahn calls the camelCase methods."""

    # Python shares the names of at most 30 attributes between all objects of a class.
    __slots__ = ("_deadline", "_opened", "_owes_pong", "_silent")

    factory: Registry
    transport: Any  # TCP or TLS; both push, pause and abort

    def __init__(self, visitor: Visitor) -> None:
        super().__init__(visitor)
        self.peer = visitor.address  # what Autobahn's warnings call it
        self._opened = False
        self._silent = False
        self._owes_pong = False
        self._deadline: IDelayedCall | None = None

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
        self._within(HELLO_WITHIN_S, self._no_hello)
        self._opened = True
        factory.entered(self)

    def dataReceived(self, data: bytes) -> None:
        """Whole text messages go straight to the inbox; all else is Autobahn's to make out.

        Nine tenths of what a message costs on its way in is spent on what it might have been.
        """
        self._silent = False
        if self._is_deaf():
            return
        at = 0
        most_bytes = self.factory.pace.limits.frame_bytes
        while self._is_between_frames and (found := intake.text_at(data, at, most_bytes)):
            payload, at = found
            self.onMessage(payload, False)
        if at < len(data):
            super().dataReceived(data[at:] if at else data)
            if self._is_deaf():
                self.data = b""
                self.control_frame_data = self.frame_data = self.message_data = []

    def _is_deaf(self) -> bool:
        """Whether nothing that comes is looked at any more."""
        return bool(self.failedByMe or self.state == self.STATE_CLOSED)

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

    def ask(self) -> None:
        """Ping; or end it, where nothing has come since the last ping."""
        if self._ending:
            return
        if self._silent:
            self._note_cut("is silent")
            self.onAutoPingTimeout()
        else:
            self._silent = self._owes_pong = True
            self.transport.write(PING)

    def onFrameEnd(self) -> Any:
        """What carries no command, such as a pong or a piece of a message, has its own pace."""
        frame: Any = self.current_frame
        if frame.opcode == PONG_FRAME and self._owes_pong:
            self._owes_pong = False
        elif frame.opcode in (PING_FRAME, PONG_FRAME) or not frame.fin:
            self._pay_for_frame()
        return super().onFrameEnd()

    def _pay_for_frame(self) -> None:
        if self._ending:
            return
        if not self.factory.pace.allows_frame(self.id, self.factory.clock.seconds()):
            self.end(Close.FLOODING)

    def onPing(self, payload: bytes) -> None:
        """A pong, unless this peer does not read or does nothing but ping."""
        if not self._opened or self._ending or self.outbox.is_paused:
            return
        if self.factory.pace.allows_ping(self.id, self.factory.clock.seconds()):
            self.sendPong(payload)  # type: ignore[no-untyped-call]  # autobahn's lacks types
        else:
            self.end(Close.FLOODING)

    def greeted(self) -> None:
        """Nobody needs to be cut off for saying nothing; whoever ends already still has to go."""
        if not self._ending:
            self._within(None)

    def end(self, code: Close) -> None:
        """Send what waits, then close with ``code``; nothing more is read or sent.

        Whose session has ended is sent nothing that waits.
        """
        is_over = code is Close.SESSION_ENDED
        if self._ending:
            if is_over:
                self.transport.abortConnection()
            return
        if not is_over:
            self.outbox.flush_all()
        self._leave(OVER_WITHIN_S if is_over else CLOSE_WITHIN_S)
        log.info(
            "connection {id} is closed by us: {code} {why}",
            event="closed",
            id=self.id,
            code=int(code),
            why=code.name.lower(),
        )
        # sendClose knows only the codes of RFC 6455 itself, not 1012 of its registry.
        self.sendCloseFrame(code=int(code), reasonUtf8=code.name.lower().encode("ascii"))

    def onCloseFrame(self, code: int, reasonRaw: bytes) -> Any:
        """The peer leaves: nothing may follow the close frame that Autobahn answers with.

        RFC 6455 section 5.5.1. What waits is dropped, as it is whenever a connection ends.
        """
        if not self._ending:
            self._leave(CLOSE_WITHIN_S)
        return super().onCloseFrame(code, reasonRaw)

    def _fail_connection(self, code: int = 1002, reason: str = "") -> None:
        """Autobahn's way to end it where the peer breaks the protocol.

        Whatever comes then is not even looked at (RFC 6455 section 7.1.7); who does it twice is
        not waited for.
        """
        if self.state == self.STATE_OPEN:
            if not self._ending:
                self._leave(CLOSE_WITHIN_S)
            log.info(
                "connection {id} speaks no WebSocket: {reason}",
                event="frames_broken",
                id=self.id,
                code=code,
                reason=reason,
            )
            super()._fail_connection(code, reason)
        elif self.state == self.STATE_CLOSING:
            self.failedByMe = True
            self.dropConnection(abort=True)

    def _leave(self, within_s: float) -> None:
        """From now on nothing is carried out or told; the end comes within so many seconds."""
        self._ending = True
        self._inbox.clear()
        if not self._reading:
            # The peer's own close must be read; anything else is ignored from here on.
            self._reading = True
            self.transport.resumeProducing()
        if self._opened:
            self.outbox.close()
            self.factory.leave_rooms(self)
        self._within(within_s, self._abort)

    def _within(self, seconds: float | None, action: Callable[[], None] | None = None) -> None:
        """Do ``action`` then, instead of what was to be done before; None: nothing any more."""
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._deadline = None
        if seconds is not None and action is not None:
            self._deadline = self.factory.clock.callLater(seconds, action)

    def _abort(self) -> None:
        self.transport.abortConnection()

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """Leave every room; also called for peers that were never opened."""
        self._ending = True
        self._inbox.clear()
        self._within(None)
        if self._opened:
            self.outbox.close()
            self.factory.left(self, self.remoteCloseCode or code)
        self.factory.gone(self.visitor)

    def _no_hello(self) -> None:
        self.end(Close.NO_HELLO)

    def _cut(self) -> None:
        self._note_cut("reads too slowly")
        self.factory.metrics.slow_reader_cut()
        self._ending = True
        self.transport.abortConnection()

    def _note_cut(self, why: str) -> None:
        log.info("connection {id} {why} and is cut", event="cut", id=self.id, why=why)

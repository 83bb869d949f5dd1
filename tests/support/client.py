"""People for the tests: they register, log in, connect and talk to a real daemon."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from typing import Any

import treq
from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.web.client import HTTPConnectionPool
from twisted.web.http_headers import Headers

from securechat.core import envelope
from securechat.core.encoding import b64url, from_b64url
from securechat.core.keys import channel_key
from securechat.core.model import MessageId, RoomId, StoredEvent, UserId

from . import trusting

WITHIN_S = 20.0
TYPING_EVERY_S = 0.3
PASSWORD = "correct horse battery"

Frame = dict[str, Any]


def new_id() -> str:
    """A client id: 128 random bits as 22 characters."""
    return b64url(os.urandom(16))


class Person:
    """Somebody with a browser's cookies, without a browser."""

    def __init__(self, url: str, username: str) -> None:
        self.url = url
        self.username = username
        self.cookies: dict[str, str] = {}
        self._pool = HTTPConnectionPool(reactor, persistent=False)
        self._agent = trusting.agent(self._pool)
        self._open: list[Socket] = []

    async def request(
        self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any
    ) -> tuple[int, Any, str]:
        """One request with our cookies; status, headers and text. No redirect is followed."""
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        sent = {name: value for name, value in (sent | (headers or {})).items() if value}
        fields = Headers({name: [value] for name, value in sent.items()})
        answer = await treq.request(
            method,
            self.url + path,
            headers=fields,
            agent=self._agent,
            allow_redirects=False,
            timeout=WITHIN_S,
            **more,
        )
        for line in answer.headers.getRawHeaders("Set-Cookie") or []:
            name, _, rest = line.partition("=")
            value = rest.partition(";")[0]
            self.cookies[name] = value
            if not value or "Max-Age=0" in line:
                del self.cookies[name]
        return answer.code, answer.headers, (await answer.content()).decode()

    async def csrf(self, path: str) -> str:
        """The token in the form at ``path``."""
        _, _, page = await self.request("GET", path)
        found = re.search(r'name="csrf"\s+value="([^"]+)"', page)
        assert found, f"no csrf token at {path}: {page[:500]}"
        return found[1]

    async def submit(self, form: str, page: str | None = None, **fields: str) -> tuple[int, str]:
        """Fill in and send ``form``; the status and the page that came back."""
        fields.setdefault("csrf", await self.csrf(page or form))
        origin = {"Origin": self.url}
        status, _, text = await self.request("POST", form, origin, data=fields)
        return status, text

    async def register(self, password: str = PASSWORD, full_name: str | None = None) -> int:
        """Make an account; the status."""
        status, _ = await self.submit(
            "/register",
            fullname=full_name or self.username.title(),
            username=self.username,
            password=password,
            confirm=password,
        )
        return status

    async def log_in(self, password: str = PASSWORD) -> int:
        """Log in; the status."""
        status, _ = await self.submit("/login", username=self.username, password=password)
        return status

    async def connect(self, **headers: str) -> Socket:
        """Open the socket; ConnectionRefused-like failures carry the HTTP status."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        socket = await open_socket(self.url, {"Origin": self.url, "Cookie": cookies} | headers)
        self._open.append(socket)
        return socket

    async def chat(self) -> Socket:
        """Open the socket and say hello."""
        socket = await self.connect()
        await socket.hello()
        return socket

    async def leave(self) -> None:
        """Close whatever is open."""
        for socket in self._open:
            await socket.close()
        await self._pool.closeCachedConnections()


async def open_socket(url: str, headers: dict[str, str]) -> Socket:
    """An open WebSocket to ``url``, or ConnectionError with the status in its text."""
    factory = WebSocketClientFactory(
        f"{url.replace('http', 'ws', 1)}/ws",
        protocols=["securechat.v1"],
        headers={name: value for name, value in headers.items() if name != "Origin"},
        origin=headers.get("Origin"),
        reactor=reactor,
    )
    factory.protocol = Socket
    # Autobahn's own timers would outlive the test that set them.
    factory.setProtocolOptions(failByDrop=False, openHandshakeTimeout=0, closeHandshakeTimeout=0)
    socket: Any = await trusting.endpoint(url).connect(factory)
    assert isinstance(socket, Socket)
    await socket.opened
    return socket


class Socket(WebSocketClientProtocol):
    """A client of ``securechat.v1``: sends frames, waits for frames, opens events."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: Deferred[None] = Deferred()
        self.closed: Deferred[int | None] = Deferred()
        self.close_code: int | None = None
        self.ended = False
        self.frames: list[Frame] = []
        self.welcome: Frame = {}
        self.room_keys: dict[str, bytes] = {}
        self._unread = 0
        self._waiting: list[tuple[Callable[[Frame], bool], Deferred[Frame]]] = []
        self._channel_key = b""
        self._refusal = "closed before it opened"

    def onOpen(self) -> None:
        self.opened.callback(None)

    def failHandshake(self, reason: str) -> None:
        self._refusal = reason
        super().failHandshake(reason)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        frame = json.loads(payload)
        for key in [*frame.get("keys", []), *([frame] if frame["type"] == "key" else [])]:
            self.room_keys[key["kid"]] = aes_key_unwrap(
                self._channel_key, from_b64url(key["wrapped"])
            )
        self.frames.append(frame)
        for waiter in list(self._waiting):
            wanted, answer = waiter
            if wanted(frame) and not answer.called:
                self._waiting.remove(waiter)
                answer.callback(frame)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        self.ended = True
        self.close_code = code
        if not self.opened.called:
            self.opened.errback(ConnectionError(self._refusal))
        for _, answer in self._waiting:
            if not answer.called:
                answer.errback(ConnectionError(f"closed {code} {reason}; saw {self.types()}"))
        self._waiting.clear()
        self.closed.callback(code)

    def types(self) -> list[str]:
        """The types of all frames that came."""
        return [frame["type"] for frame in self.frames]

    def tell(self, frame: Frame | bytes, is_binary: bool = False) -> None:
        """Send a frame."""
        payload = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
        self.sendMessage(payload, is_binary)

    async def wait_for(self, wanted: Callable[[Frame], bool]) -> Frame:
        """The first frame, come or still to come, that is ``wanted``."""
        for frame in self.frames:
            if wanted(frame):
                return frame
        if self.ended:
            raise ConnectionError(f"closed {self.close_code}; saw {self.types()}")
        answer: Deferred[Frame] = Deferred()
        self._waiting.append((wanted, answer))
        answer.addTimeout(WITHIN_S, reactor)
        return await answer

    async def ask(self, frame: Frame) -> Frame:
        """Send a command and return what is answered under its id."""
        self.tell(frame)
        return await self.wait_for(lambda answer: answer.get("id") == frame["id"])

    async def command(self, kind: str, room: str | None = None, /, **fields: Any) -> Frame:
        """Send a command of this type under a new id, and return its answer."""
        frame: Frame = {"type": kind, "id": new_id()} | fields
        return await self.ask(frame if room is None else frame | {"room": room})

    async def done(self, kind: str, room: str | None = None, /, **fields: Any) -> Frame:
        """A command that must be answered ``done``."""
        answer = await self.command(kind, room, **fields)
        assert answer["type"] == "done", f"{kind} {room} {fields}: {answer}"
        return answer

    async def create_room(self, name: str = "den", kind: str = "private", **fields: Any) -> str:
        """Make a room; its id."""
        room: str = (await self.done("create_room", kind=kind, name=name, **fields))["room"]["id"]
        return room

    async def direct(self, *people: Socket) -> str:
        """The direct room with these people; its id."""
        ids = [one.user_id for one in people]
        room: str = (await self.done("create_room", kind="direct", people=ids))["room"]["id"]
        return room

    async def invite(self, room: str, **fields: Any) -> str:
        """Make a link to the room; its token."""
        token: str = (await self.done("invite", room, **fields))["token"]
        return token

    async def add(self, room: str, *people: Socket) -> None:
        """Take people into the room."""
        for one in people:
            await self.done("invite", room, user=one.user_id)

    async def join(self, room: str | None = None, **fields: Any) -> Frame:
        """Enter a room; the room as the answer shows it."""
        joined: Frame = (await self.done("join_room", room, **fields))["room"]
        return joined

    @property
    def user_id(self) -> str:
        """Whose connection this is."""
        user: str = self.welcome["user"]["id"]
        return user

    async def hello(self) -> Frame:
        """Agree on the channel key; the welcome."""
        private_key = generate_private_key(SECP256R1())
        point = private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        nonce = os.urandom(32)
        self.tell({"type": "hello", "version": 1, "key": b64url(point), "nonce": b64url(nonce)})
        self.welcome = await self.wait_for(lambda frame: frame["type"] == "welcome")
        theirs = from_b64url(self.welcome["key"])
        shared = private_key.exchange(
            ECDH(), EllipticCurvePublicKey.from_encoded_point(SECP256R1(), theirs)
        )
        their_nonce = from_b64url(self.welcome["nonce"])
        self._channel_key = channel_key(shared, point, nonce, theirs, their_nonce)
        return self.welcome

    async def subscribe(self, room: str = "general", since: int | None = None) -> Frame:
        """Subscribe; the answer. Replayed events may still be on their way."""
        frame: Frame = {"type": "subscribe", "id": new_id(), "room": room}
        return await self.ask(frame if since is None else frame | {"since": since})

    async def post(
        self, body: str, room: str = "general", mid: str | None = None, **fields: Any
    ) -> Frame:
        """Post; the ``posted`` or ``error`` frame."""
        frame = {"type": "post", "id": mid or new_id(), "room": room, "body": body}
        return await self.ask(frame | fields)

    async def event(self, seq: int, room: str = "general") -> Frame:
        """The event with this number."""
        return await self.wait_for(
            lambda frame: frame["type"] == "event" and (frame["room"], frame["seq"]) == (room, seq)
        )

    async def read(self, seq: int, room: str = "general") -> str:
        """The body of the event with this number."""
        body: str = (await self.content(seq, room))["body"]
        return body

    async def content(self, seq: int, room: str = "general") -> dict[str, Any]:
        """What the event with this number says."""
        return self.open(await self.event(seq, room), room)

    def events(self, room: str | None = None) -> list[int]:
        """The numbers of all events (of this room) that came, in the order they came."""
        return [
            frame["seq"]
            for frame in self.frames
            if frame["type"] == "event" and room in (None, frame["room"])
        ]

    def of(self, *types: str) -> list[Frame]:
        """All frames of these types that came."""
        return [frame for frame in self.frames if frame["type"] in types]

    async def told(self, kind: str, /, **fields: Any) -> Frame:
        """The first frame of this type with these fields."""
        return await self.wait_for(
            lambda frame: (
                frame["type"] == kind
                and all(frame.get(name) == value for name, value in fields.items())
            )
        )

    async def types_to(self, listener: Socket, room: str = "general") -> Frame:
        """Type until ``listener`` is told so, as whoever types goes on; what it is told.

        One signal alone may be lost, and is while the listener is still catching up.
        """
        typing = LoopingCall(self.tell, {"type": "typing", "room": room})
        typing.start(TYPING_EVERY_S)
        try:
            return await listener.told("typing", room=room)
        finally:
            typing.stop()

    async def page(self, room: str = "general", before: int = 1 << 50) -> list[Frame]:
        """The entries of the newest page of history below ``before``."""
        answer = await self.command("history", room, before=before, limit=200)
        entries: list[Frame] = answer["events"]
        return entries

    def open(self, entry: Frame, room: str = "general") -> dict[str, Any]:
        """The plaintext of an ``event`` frame or an entry of ``history``."""
        parts = {name: from_b64url(value) for name, value in entry["envelope"].items()}
        header = json.loads(parts["protected"])
        event = StoredEvent(
            room=RoomId(room),
            seq=entry["seq"],
            mid=MessageId(header["mid"]),
            author=UserId(header["from"]),
            **parts,
        )
        opened = envelope.open_event(event, header["kid"], self.room_keys[header["kid"]])
        content: dict[str, Any] = json.loads(opened)
        return content

    async def close(self) -> None:
        """Close the socket and wait until it is closed."""
        if not self.ended:
            self.sendClose()
            self.closed.addTimeout(WITHIN_S, reactor)
            await self.closed

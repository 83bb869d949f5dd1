"""The transcript in docs/protocol.md, run word for word against a real daemon."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase

from securechat.core.encoding import b64url, from_b64url
from securechat.core.keys import channel_key
from tests.support.client import WITHIN_S, Frame, Person, Socket
from tests.support.daemon import ROOT

from .cases import ProcessCase

DOCUMENT = ROOT / "docs" / "protocol.md"
LOSSY = {"presence", "member", "room", "removed", "person", "read", "typing"}
"""Frames that may be lost and come when they like: passed over where nobody waits for them."""

FULL_NAMES = {"Ada": "Ada Lovelace", "Eve": "Eve"}

_BLOCK = re.compile(r"^```transcript (\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_STEP = re.compile(r"(->|<- close|<-|header|opens|close)(?: (.*))?", re.DOTALL)
_BARE = re.compile(r"(?<=[:,\[])<([^<>\"]+)>")
_TEXT = re.compile(r"<([^<>]+)>")


@dataclass(frozen=True)
class Step:
    """One line of the transcript: who, what kind, and the text behind the arrow."""

    person: str
    kind: str
    text: str


@dataclass(frozen=True)
class Number:
    """A placeholder without quotes: some integer."""

    name: str


def transcript(document: str) -> list[Step]:
    """The steps of all transcript blocks, in order; indented lines belong to the one before."""
    steps = []
    for person, block in _BLOCK.findall(document):
        for line in re.sub(r"\n +", " ", block).splitlines():
            found = _STEP.fullmatch(line)
            assert found, f"no step of a transcript: {line!r}"
            steps.append(Step(person, found[1], found[2] or ""))
    return steps


def template(text: str) -> Any:
    """The JSON in ``text`` with its placeholders: texts like ``<a name>``, and Number."""
    quoted = _BARE.sub(lambda found: json.dumps({"a number": found[1]}), text)
    return json.loads(
        quoted,
        object_hook=lambda value: (
            Number(value["a number"]) if value.keys() == {"a number"} else value
        ),
    )


class Bindings:
    """What each placeholder stands for, from its first use on."""

    def __init__(self) -> None:
        self.values: dict[str, str | int] = {}

    def fill(self, part: Any, make: Callable[[str], str]) -> Any:
        """``part`` with values for its placeholders; ``make`` supplies those without one."""
        if isinstance(part, dict):
            return {name: self.fill(value, make) for name, value in part.items()}
        if isinstance(part, list):
            return [self.fill(value, make) for value in part]
        found = _TEXT.fullmatch(part) if isinstance(part, str) else None
        if found is None:
            return part
        if found[1] not in self.values:
            self.values[found[1]] = make(found[1])
        return self.values[found[1]]

    def differences(self, expected: Any, actual: Any, place: str = "") -> list[str]:
        """Where ``actual`` is not as the document says; binds placeholders at first use."""
        if isinstance(expected, dict) and isinstance(actual, dict):
            return [
                *(f"{place}.{name} is missing" for name in expected.keys() - actual.keys()),
                *(f"{place}.{name} is not told" for name in actual.keys() - expected.keys()),
                *self._in_parts(
                    [(f"{place}.{n}", expected[n], actual[n]) for n in expected if n in actual]
                ),
            ]
        if isinstance(expected, list) and isinstance(actual, list):
            if len(expected) != len(actual):
                return [f"{place} has {len(actual)} entries instead of {len(expected)}"]
            pairs = zip(expected, actual, strict=True)
            return self._in_parts([(f"{place}[{n}]", *pair) for n, pair in enumerate(pairs)])
        return self._in_value(expected, actual, place)

    def _in_parts(self, parts: list[tuple[str, Any, Any]]) -> list[str]:
        return [text for place, one, other in parts for text in self.differences(one, other, place)]

    def _in_value(self, expected: Any, actual: Any, place: str) -> list[str]:
        wanted: type = type(expected)
        if isinstance(expected, Number):
            wanted = int
            expected = self.values.setdefault(expected.name, actual)
        elif isinstance(expected, str) and (found := _TEXT.fullmatch(expected)):
            expected = self.values.setdefault(found[1], actual)
        if type(actual) is not wanted or actual != expected:
            return [f"{place} is {actual!r} instead of {expected!r}"]
        return []


@dataclass
class Talker:
    """One person of the transcript, with the connection open now and what was read of it."""

    person: Person
    socket: Socket | None = None
    read: int = 0
    last: Frame = field(default_factory=dict)
    key: EllipticCurvePrivateKey | None = None
    half: tuple[bytes, bytes] = (b"", b"")

    async def open_socket(self) -> Socket:
        """The open connection, a new one where there is none."""
        if self.socket is None:
            self.socket, self.read = await self.person.connect(), 0
        return self.socket

    async def next_frame(self, wanted: str = "") -> Frame:
        """The first frame that was not read yet; LOSSY ones only of the type ``wanted``."""
        assert self.socket is not None
        for _ in range(int(WITHIN_S / 0.01)):
            while len(self.socket.frames) > self.read:
                self.read += 1
                frame = self.socket.frames[self.read - 1]
                if frame["type"] == wanted or frame["type"] not in LOSSY:
                    self.last = frame
                    return frame
            await deferLater(reactor, 0.01)
        raise AssertionError(f"nothing came; before: {self.socket.types()}")

    def make(self, name: str) -> str:
        """Our half of the key agreement, for the placeholders of a hello."""
        if "point" in name:
            self.key = generate_private_key(SECP256R1())
            public = self.key.public_key()
            point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            self.half = (point, b"")
            return b64url(point)
        assert "nonce" in name, f"nothing is known about <{name}>"
        self.half = (self.half[0], os.urandom(32))
        return b64url(self.half[1])

    def agree(self, welcome: Frame) -> None:
        """Make the channel key as the document says."""
        assert self.socket is not None and self.key is not None
        point, nonce = from_b64url(welcome["key"]), from_b64url(welcome["nonce"])
        theirs = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
        shared = self.key.exchange(ECDH(), theirs)
        self.socket._channel_key = channel_key(shared, *self.half, point, nonce)


class Transcript(ProcessCase):
    def setUp(self) -> None:
        self.daemon = self.new_daemon().start()
        self.bindings = Bindings()
        self.talkers: dict[str, Talker] = {}

    async def _register(self, name: str, full_name: str) -> None:
        person = self.stranger(self.daemon, name.lower())
        self.assertEqual(await person.register(full_name=full_name), 303)
        self.talkers[name] = Talker(person)

    async def test_every_frame_of_the_document_is_what_the_daemon_says(self) -> None:
        for name, full_name in FULL_NAMES.items():
            await self._register(name, full_name)
        steps = transcript(DOCUMENT.read_text(encoding="utf-8"))
        self.assertGreater(len(steps), 40)
        for step in steps:
            await self._take(step, self.talkers[step.person])
        for talker in self.talkers.values():
            await self._nothing_more(talker)

    async def _take(self, step: Step, talker: Talker) -> None:
        socket = await talker.open_socket()
        if step.kind == "->":
            socket.tell(self._sent(step.text, talker))
        elif step.kind == "<-":
            self._compare(step, await talker.next_frame(template(step.text)["type"]))
            if talker.last["type"] == "welcome":
                talker.agree(talker.last)
        elif step.kind == "header":
            self._compare(step, json.loads(from_b64url(talker.last["envelope"]["protected"])))
        elif step.kind == "opens":
            self._compare(step, socket.open(talker.last, talker.last["room"]))
        else:
            await self._end(step, talker, socket)

    async def _end(self, step: Step, talker: Talker, socket: Socket) -> None:
        await self._nothing_more(talker, already_ending=step.kind == "<- close")
        if step.kind == "close":
            await socket.close()
        else:
            self.assertEqual(await socket.closed, int(step.text))
        talker.socket = None

    def _sent(self, text: str, talker: Talker) -> Frame | bytes:
        if not text.startswith("{"):
            return text.encode()
        frame: Frame = self.bindings.fill(template(text), talker.make)
        return frame

    def _compare(self, step: Step, actual: Frame) -> None:
        differences = self.bindings.differences(template(step.text), actual)
        self.assertEqual(differences, [], f"{step.person}: {step.kind} {step.text}\n{actual}")

    async def _nothing_more(self, talker: Talker, already_ending: bool = False) -> None:
        """Nothing came that the document does not show: the next answer is to our own question."""
        if talker.socket is None or already_ending:
            return
        talker.socket.tell({"type": "people", "id": "barrier", "ids": ["nobody"]})
        self.assertEqual((await talker.next_frame()).get("id"), "barrier")


class Reading(SynchronousTestCase):
    """The reader of the document itself must not let a wrong answer pass."""

    def test_a_placeholder_stands_for_the_same_everywhere(self) -> None:
        bindings = Bindings()
        expected = template('{"a":"<x>","b":<n>}')
        self.assertEqual(bindings.differences(expected, {"a": "1", "b": 2}), [])
        self.assertNotEqual(bindings.differences(expected, {"a": "2", "b": 2}), [])
        self.assertNotEqual(bindings.differences(expected, {"a": "1", "b": 3}), [])

    def test_types_missing_fields_and_further_fields_count(self) -> None:
        expected = '{"a":<n>,"b":true,"c":[[1]]}'
        right = {"a": 1, "b": True, "c": [[1]]}
        self.assertEqual(Bindings().differences(template(expected), right), [])
        for wrong in (
            right | {"a": "x"},
            right | {"a": True},
            right | {"b": 1},
            right | {"c": [[1, 2]]},
            right | {"d": 0},
            {"a": 1, "b": True},
        ):
            self.assertNotEqual(Bindings().differences(template(expected), wrong), [], wrong)

    def test_a_number_is_no_text(self) -> None:
        self.assertNotEqual(Bindings().differences(template('{"a":"<x>"}'), {"a": 1}), [])

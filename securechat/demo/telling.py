"""Tells scenes through the use cases, as their people would by themselves, at times in the past."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from twisted.internet.defer import Deferred, gatherResults

from ..chat.accounts import Accounts
from ..chat.administration import Administration
from ..chat.changes import RoomChanges
from ..chat.journal import MOST_EVENTS_A_BATCH, Journal, Receipt
from ..core import commands as c
from ..core.encoding import b64url
from ..core.model import GENERAL, MessageId, PostKind, Reading, RoomId, UserId
from ..core.ports import Rooms
from .play import (
    Act,
    Delete,
    Do,
    Edit,
    Person,
    React,
    Report,
    Say,
    Scene,
    begin_ms,
    end_ms,
    times_ms,
)

_ONCE = "demo"
"""The id of requests that nobody sends again."""


class Moment:
    """The clock of those who tell: it stands where it was put last (ms since 1970)."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


@dataclass(frozen=True, slots=True)
class Means:
    """The use cases that a demo goes through; those that ask for the time ask ``moment``."""

    moment: Moment
    accounts: Accounts
    administration: Administration
    room_changes: RoomChanges
    journal: Journal
    rooms: Rooms
    random_bytes: Callable[[int], bytes]


@dataclass(slots=True)
class _Telling:
    """A scene while it is told: which number has which label, and who wrote it."""

    room: RoomId
    said: dict[str, tuple[int, str]] = field(default_factory=dict)
    last: int = 0

    def seq(self, label: str) -> int:
        return self.said[label][0]


class Teller:
    """Tells one demo, which takes place before ``now_ms`` (since 1970)."""

    def __init__(self, means: Means, now_ms: int) -> None:
        self._means = means
        self._now_ms = now_ms
        self._ids: dict[str, UserId] = {}
        self.messages = 0
        """How many messages have been said."""

    async def introduce(self, people: Sequence[Person], password: str, at_ms: int) -> None:
        """Make the accounts, the administrator's first; nobody stays logged in.

        Raises WrongToken where the server has an administrator, NameTaken, InvalidFields.
        """
        means = self._means
        for person in people:
            form = (person.full_name, person.username, password, password)
            if not self._ids:
                session, token = await means.administration.set_up(*form, "open", at_ms)
            else:
                session, token = await means.accounts.register(*form, at_ms)
            self._ids[person.username] = session.user.id
            await means.accounts.log_out(token)

    async def tell(self, scene: Scene) -> None:
        """Make the room, let everything happen one after the other, and note who has read it."""
        telling = _Telling(await self._room(scene))
        times = times_ms(scene.acts, end_ms(scene, self._now_ms))
        for act, at_ms in zip(scene.acts, times, strict=True):
            self._means.moment.now_ms = at_ms
            await self._happen(telling, act)
        marks = dict.fromkeys(scene.readers, telling.last)
        if scene.unread_from:
            marks[scene.reader] = telling.seq(scene.unread_from) - 1
        await self._read(telling.room, marks)

    async def tell_fast(self, scene: Scene) -> None:
        """The same of a scene that holds nothing but messages: many share a commit."""
        room = await self._room(scene)
        times = times_ms(scene.acts, end_ms(scene, self._now_ms))
        last = 0
        for start in range(0, len(times), MOST_EVENTS_A_BATCH):
            part = slice(start, start + MOST_EVENTS_A_BATCH)
            under_way = []
            for act, at_ms in zip(scene.acts[part], times[part], strict=True):
                assert isinstance(act, Say), act
                self._means.moment.now_ms = at_ms
                under_way.append(self._post(room, act.who, act.text))
            receipts = await gatherResults(under_way, consumeErrors=True)
            last = receipts[-1].seq
        self.messages += len(times)
        await self._read(room, dict.fromkeys(scene.readers, last))

    async def _room(self, scene: Scene) -> RoomId:
        if scene.is_general:
            return GENERAL
        changes, moment = self._means.room_changes, self._means.moment
        moment.now_ms = begin_ms(scene, self._now_ms)
        maker, *others = (self._ids[name] for name in scene.members)
        if scene.kind == "direct":
            command = c.CreateRoom(_ONCE, "direct", people=tuple(others))
            return (await changes.create(maker, command)).id
        command = c.CreateRoom(_ONCE, scene.kind, scene.name, scene.topic, scene.history)
        room = await changes.create(maker, command)
        for user in others:
            await changes.change(maker, c.AddMember(_ONCE, room.id, user))
        return room.id

    async def _happen(self, telling: _Telling, act: Act) -> None:
        if isinstance(act, Say):
            await self._say(telling, act)
        elif isinstance(act, Edit):
            seq, author = telling.said[act.label]
            receipt = await self._post(telling.room, author, act.text, "edit", seq)
            telling.last = receipt.seq
        elif isinstance(act, React):
            seq = telling.seq(act.label)
            receipt = await self._post(telling.room, act.who, act.emoji, "reaction", seq)
            telling.last = receipt.seq
        elif isinstance(act, Report):
            seq = telling.seq(act.label)
            command = c.Report(_ONCE, telling.room, seq, act.reason)
            await self._means.room_changes.report(self._ids[act.who], command)
        else:
            changed = await self._means.room_changes.change(
                self._ids[act.who], self._change(telling, act)
            )
            telling.last = changed.event.seq

    async def _say(self, telling: _Telling, act: Say) -> None:
        target = telling.seq(act.to) if act.to else None
        kind: PostKind = "reply" if act.to else "text"
        receipt = await self._post(telling.room, act.who, act.text, kind, target)
        telling.last = receipt.seq
        telling.said[act.label] = receipt.seq, act.who
        self.messages += 1

    def _post(
        self, room: RoomId, who: str, body: str, kind: PostKind = "text", target: int | None = None
    ) -> Deferred[Receipt]:
        mid = MessageId(b64url(self._means.random_bytes(16)))
        return self._means.journal.post(self._ids[who], c.Post(mid, room, body, kind, target))

    def _change(self, telling: _Telling, act: Delete | Do) -> c.Change:
        room = telling.room
        if isinstance(act, Delete):
            return c.Delete(_ONCE, room, telling.seq(act.label))
        if act.what == "archive":
            return c.ArchiveRoom(_ONCE, room, archived=True)
        whom = self._ids[act.whom]
        changes: dict[str, c.Change] = {
            "add": c.AddMember(_ONCE, room, whom),
            "make moderator": c.SetRole(_ONCE, room, whom, "moderator"),
            "mute": c.Mute(_ONCE, room, whom, None),
            "ban": c.Ban(_ONCE, room, whom),
        }
        return changes[act.what]

    async def _read(self, room: RoomId, marks: Mapping[str, int]) -> None:
        """Note how far everybody has read; who has left meanwhile has no mark."""
        await self._means.rooms.read_to(
            [Reading(self._ids[name], room, seq) for name, seq in marks.items()]
        )

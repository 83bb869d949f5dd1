"""Who may do what: every command, by everybody, in every kind of room, and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.support.administrators import make_administrator
from tests.support.client import Frame, Socket, new_id

from .rooms_case import RoomsCase

ACTORS = (
    *("member", "moderator", "owner", "administrator", "muted"),
    *("stranger", "removed", "banned"),
)
"""The columns of the tables below."""

CODES = {".": "done", "F": "forbidden", "N": "not_a_member", "M": "not_found"}

PRIVATE = {
    #                        mem mod own adm mut str rem ban
    "subscribe":            " .   .   .   .   .   N   N   N ",
    "unsubscribe":          " .   .   .   .   .   .   .   . ",
    "history":              " .   .   .   .   .   N   N   N ",
    "members":              " .   .   .   .   .   N   N   N ",
    "members, banned":      " F   .   .   .   F   N   N   N ",
    "read":                 " .   .   .   .   .   N   N   N ",
    "typing":               " .   .   .   .   F   N   N   N ",
    "post text":            " .   .   .   .   F   N   N   N ",
    "post reply":           " .   .   .   .   F   N   N   N ",
    "post reaction":        " .   .   .   .   F   N   N   N ",
    "post edit, own":       " .   .   .   .   F   N   N   N ",
    "post edit, another's": " M   M   M   M   F   N   N   N ",
    "delete, own":          " .   .   .   .   .   N   N   N ",
    "delete, another's":    " F   .   .   .   F   N   N   N ",
    "report":               " .   .   .   .   .   N   N   N ",
    "rename_room":          " F   F   .   .   F   N   N   N ",
    "set_topic":            " F   .   .   .   F   N   N   N ",
    "archive_room":         " F   F   .   .   F   N   N   N ",
    "leave_room":           " .   .   .   .   .   N   N   N ",
    "set_retention":        " F   F   .   .   F   N   N   N ",
    "erase_room":           " F   F   .   .   F   N   N   N ",
    "join_room":            " .   .   .   .   .   N   N   N ",
    "join_room, token":     " .   .   .   .   .   .   .   M ",
    "invite":               " F   .   .   .   F   N   N   N ",
    "invite, user":         " F   .   .   .   F   N   N   N ",
    "invite, revoke":       " F   .   .   .   F   N   N   N ",
    "kick":                 " F   .   .   .   F   N   N   N ",
    "kick, the owner":      " F   F   F   .   F   N   N   N ",
    "ban":                  " F   .   .   .   F   N   N   N ",
    "unban":                " F   .   .   .   F   N   N   N ",
    "mute":                 " F   .   .   .   F   N   N   N ",
    "unmute":               " F   .   .   .   F   N   N   N ",
    "set_role":             " F   F   .   .   F   N   N   N ",
    "find_rooms":           " .   .   .   .   .   .   .   . ",
    "people":               " .   .   .   .   .   .   .   . ",
    "create_room":          " .   .   .   .   .   .   .   . ",
}  # fmt: skip

PUBLIC = PRIVATE | {
    "join_room":            " .   .   .   .   .   .   .   N ",
    "invite":               " .   .   .   .   .   N   N   N ",
    "invite, user":         " .   .   .   .   .   N   N   N ",
}  # fmt: skip

DIRECT = {
    #                        mem adm str
    "subscribe":            " .   .   N ",
    "unsubscribe":          " .   .   . ",
    "history":              " .   .   N ",
    "members":              " .   .   N ",
    "read":                 " .   .   N ",
    "typing":               " .   .   N ",
    "post text":            " .   .   N ",
    "post reply":           " .   .   N ",
    "post reaction":        " .   .   N ",
    "post edit, own":       " .   .   N ",
    "post edit, another's": " M   M   N ",
    "delete, own":          " .   .   N ",
    "delete, another's":    " F   F   N ",
    "report":               " .   .   N ",
    "rename_room":          " F   F   N ",
    "set_topic":            " F   F   N ",
    "archive_room":         " F   F   N ",
    "leave_room":           " F   F   N ",
    "set_retention":        " F   F   N ",
    "erase_room":           " F   F   N ",
    "join_room":            " .   .   N ",
    "invite":               " F   F   N ",
    "invite, user":         " F   F   N ",
    "invite, revoke":       " F   F   N ",
    "kick":                 " F   F   N ",
    "ban":                  " F   F   N ",
    "unban":                " F   F   N ",
    "mute":                 " F   F   N ",
    "unmute":               " F   F   N ",
    "set_role":             " F   F   N ",
}  # fmt: skip
"""Between few people nobody is above anybody: there are no other roles, and nobody is put out."""


def codes(row: str) -> list[str]:
    """What is expected of each actor of a row."""
    return [CODES[letter] for letter in row.split()]


@dataclass
class Place:
    """A room with its cast, what each has posted there, and a link to it."""

    id: str
    sockets: dict[str, Socket]
    posted: dict[str, int] = field(default_factory=dict)
    token: str = ""

    def frame(self, row: str, actor: str) -> Frame:
        """The command of ``row`` as ``actor`` gives it."""
        kind, _, how = row.partition(", ")
        kind, _, post_kind = kind.partition(" ")
        victim, outsider = self.sockets["victim"].user_id, self.sockets["outsider"].user_id
        own = self.posted.get(actor, self.posted["victim"])
        theirs = self.posted["victim"]
        more: dict[str, Frame] = {
            "history": {"before": 9, "limit": 9},
            "members": {"banned": how == "banned"},
            "read": {"seq": 1},
            "post": {"body": "👍", "kind": post_kind},
            "delete": {"seq": own if how == "own" else theirs},
            "report": {"seq": theirs, "reason": "rude"},
            "rename_room": {"name": new_id()},
            "set_topic": {"topic": new_id()},
            "invite": {"user": outsider} if how == "user" else {"revoke": how == "revoke"},
            "kick": {"user": self.sockets["owner"].user_id if how else victim},
            "ban": {"user": victim},
            "unban": {"user": outsider},
            "set_retention": {"days": 30},
            "mute": {"user": victim},
            "unmute": {"user": victim},
            "set_role": {"user": victim, "role": "moderator"},
            "people": {"ids": [victim]},
            "create_room": {"kind": "private", "name": "another"},
        }
        frame: Frame = {"type": kind, "room": self.id} | more.get(kind, {})
        if post_kind not in ("", "text"):
            frame["target"] = own if how == "own" else theirs
        if how == "token":
            del frame["room"]
            frame["token"] = self.token
        return frame


async def outcome(socket: Socket, frame: Frame) -> str:
    """``done``, or the code of the refusal; of a command without an answer too."""
    socket.frames.clear()
    if frame["type"] not in ("read", "typing", "unsubscribe"):
        answer = await socket.ask(frame | {"id": new_id()})
    else:
        socket.tell(frame)
        await socket.command("people", ids=["nobody"])
        answer = next(iter(socket.of("error")), {"type": "nothing"})
    if answer.get("code") == "rate_limited":
        await deferLater(reactor, answer["retry_ms"] / 1_000)
        return await outcome(socket, frame)
    return answer["code"] if answer["type"] == "error" else "done"


class Matrix(RoomsCase):
    timeout = 300

    async def cast(self, *names: str) -> dict[str, Socket]:
        """Everybody connected; the one called so is an administrator of the server."""
        await self.begin_with(*names)
        make_administrator(self.daemon, "administrator")
        return {name: await self.connect(name) for name in names}

    async def check(
        self,
        rows: dict[str, str],
        actors: tuple[str, ...],
        place_for: Callable[[str], Awaitable[Place]],
    ) -> None:
        wrong = []
        for row, expected in rows.items():
            place = await place_for(row)
            for actor, code in zip(actors, codes(expected), strict=True):
                await self.prepare(row, place)
                found = await outcome(place.sockets[actor], place.frame(row, actor))
                if found == "done" and row == "erase_room":
                    place = await place_for(row)
                if found != code:
                    wrong.append(f"{actor}: {row} is {found} instead of {code}")
        self.assertEqual(wrong, [])

    async def prepare(self, row: str, place: Place) -> None:
        """Whatever an actor before has changed is as it was."""
        owner, victim = place.sockets["owner"], place.sockets["victim"].user_id
        if row in ("kick", "ban"):
            await outcome(owner, {"type": "unban", "room": place.id, "user": victim})
            await outcome(owner, {"type": "invite", "room": place.id, "user": victim})
        elif row == "unban":
            outsider = place.sockets["outsider"].user_id
            await outcome(owner, {"type": "ban", "room": place.id, "user": outsider})

    async def room(self, kind: str, sockets: dict[str, Socket]) -> Place:
        """A new room with everybody in their roles."""
        owner = sockets["owner"]
        for socket in sockets.values():
            socket.frames.clear()
        place = Place(await owner.create_room(kind=kind), sockets)
        place.token = await owner.invite(place.id, uses=100)
        inside = ("member", "moderator", "administrator", "muted", "removed", "victim")
        for name in inside:
            await sockets[name].join(token=place.token)
        for name in (*inside, "owner"):
            place.posted[name] = (await sockets[name].post("a word", place.id))["seq"]
        for command, name, more in (
            ("set_role", "moderator", {"role": "moderator"}),
            ("mute", "muted", {}),
            ("kick", "removed", {}),
            ("ban", "banned", {}),
        ):
            await owner.done(command, place.id, user=sockets[name].user_id, **more)
        return place

    async def in_rooms(self, kind: str, rows: dict[str, str]) -> None:
        sockets = await self.cast(*ACTORS, "victim", "outsider")
        await self.check(rows, ACTORS, lambda row: self.room(kind, sockets))

    async def test_everybody_may_do_in_a_private_room_what_they_may_and_nothing_else(self) -> None:
        await self.in_rooms("private", PRIVATE)

    async def test_everybody_may_do_in_a_public_room_what_they_may_and_nothing_else(self) -> None:
        await self.in_rooms("public", PUBLIC)

    async def test_in_direct_messages_nobody_is_above_anybody(self) -> None:
        actors = ("member", "administrator", "stranger")
        sockets = await self.cast(*actors, "victim", "outsider")
        sockets["owner"] = sockets["member"]
        room = await sockets["member"].direct(sockets["administrator"], sockets["victim"])

        async def place_for(row: str) -> Place:
            place = Place(room, sockets)
            for name in ("member", "administrator", "victim"):
                place.posted[name] = (await sockets[name].post("a word", room))["seq"]
            return place

        await self.check(DIRECT, actors, place_for)

    async def test_nobody_touches_who_stands_as_high(self) -> None:
        names = ("owner", "other_owner", "moderator", "other_moderator", "administrator")
        sockets = await self.cast(*names)
        owner, other, moderator, other_moderator, administrator = (sockets[one] for one in names)
        room = await owner.create_room()
        await owner.add(room, *list(sockets.values())[1:])
        for name in ("moderator", "other_moderator"):
            await owner.done("set_role", room, user=sockets[name].user_id, role="moderator")
        await owner.done("set_role", room, user=other.user_id, role="owner")
        commands: tuple[tuple[str, dict[str, Any]], ...] = (
            *(("kick", {}), ("ban", {}), ("mute", {}), ("unmute", {})),
            ("set_role", {"role": "member"}),
        )
        for actor, concerned in (
            (moderator, other_moderator),
            (moderator, owner),
            (moderator, administrator),
            (owner, other),
            (owner, administrator),
        ):
            for kind, more in commands:
                frame = {"type": kind, "room": room, "user": concerned.user_id} | more
                self.assertEqual(await outcome(actor, frame), "forbidden", frame)
        for actor in (moderator, owner, administrator):
            for kind, _ in commands[:4]:
                frame = {"type": kind, "room": room, "user": actor.user_id}
                self.assertEqual(await outcome(actor, frame), "forbidden", frame)
        step_down = {"type": "set_role", "room": room, "role": "member", "user": owner.user_id}
        self.assertEqual(await outcome(owner, step_down), "done")
        self.assertEqual(
            await outcome(owner, {"type": "rename_room", "room": room, "name": "x"}), "forbidden"
        )
        put_out = {"type": "kick", "room": room, "user": other.user_id}
        self.assertEqual(await outcome(administrator, put_out), "done")

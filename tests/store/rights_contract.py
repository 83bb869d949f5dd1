"""What every database promises about who may do what: every change by everybody.

The table below is written by hand from what is promised, not from the rules that are tested.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from securechat.core import commands as c
from securechat.core.errors import Code, Refused
from securechat.core.model import (
    Appended,
    InviteLink,
    Outcome,
    RoomId,
    RoomKind,
    User,
    digest_of,
)
from securechat.store.transaction import Transaction, marks
from tests.store.changing import HOUR_MS, ChangingCase
from tests.store.sealing import NOW_MS, draft, person

ACTORS = (
    "member",
    "moderator",
    "owner",
    "administrator",
    "stranger",
    "removed",
    "banned",
    "muted",
)
PEOPLE = {name: person(name) for name in ACTORS}
FOUNDER, PLAIN, MODERATING, OWNING, AWAY, OUTCAST, HUSHED = (
    person(name)
    for name in ("founder", "plain", "moderating", "owning", "away", "outcast", "hushed")
)

# y: done, f: forbidden, n: not a member. A column each for
# member, moderator, owner, administrator, stranger, removed, banned, muted.
TABLE = {
    # what they do           private     public      public and archived
    "post":                ("yyyynnnf", "yyyynnnf", "ffffnnnf"),
    "delete own":          ("yyyynnny", "yyyynnny", "ffffnnnf"),
    "delete another's":    ("fyyynnnf", "fyyynnnf", "ffffnnnf"),
    "report":              ("yyyynnny", "yyyynnny", "yyyynnny"),
    "rename":              ("ffyynnnf", "ffyynnnf", "ffffnnnf"),
    "topic":               ("fyyynnnf", "fyyynnnf", "ffffnnnf"),
    "archive":             ("ffyynnnf", "ffyynnnf", "ffyynnnf"),
    "leave":               ("yyyynnny", "yyyynnny", "yyyynnny"),
    "invite":              ("fyyynnnf", "yyyynnny", "ffffnnnf"),
    "add":                 ("fyyynnnf", "yyyynnny", "ffffnnnf"),
    "revoke invites":      ("fyyynnnf", "fyyynnnf", "fyyynnnf"),
    "kick a member":       ("fyyynnnf", "fyyynnnf", "fyyynnnf"),
    "kick a moderator":    ("ffyynnnf", "ffyynnnf", "ffyynnnf"),
    "kick an owner":       ("fffynnnf", "fffynnnf", "fffynnnf"),
    "ban a member":        ("fyyynnnf", "fyyynnnf", "fyyynnnf"),
    "ban a moderator":     ("ffyynnnf", "ffyynnnf", "ffyynnnf"),
    "ban an owner":        ("fffynnnf", "fffynnnf", "fffynnnf"),
    "ban somebody away":   ("fyyynnnf", "fyyynnnf", "fyyynnnf"),
    "unban":               ("fyyynnnf", "fyyynnnf", "fyyynnnf"),
    "mute a member":       ("fyyynnnf", "fyyynnnf", "ffffnnnf"),
    "mute an owner":       ("fffynnnf", "fffynnnf", "ffffnnnf"),
    "unmute":              ("fyyynnnf", "fyyynnnf", "ffffnnnf"),
    "promote a member":    ("ffyynnnf", "ffyynnnf", "ffffnnnf"),
    "demote an owner":     ("fffynnnf", "fffynnnf", "ffffnnnf"),
    "promote oneself":     ("ffyynnnf", "ffyynnnf", "ffffnnnf"),
    "kick oneself":        ("ffffnnnf", "ffffnnnf", "ffffnnnf"),
    "join":                ("yyyynnny", "yyyyyyny", "yyyynnny"),
}  # fmt: skip
ABOUT_ROOMS = ("memberships", "bans", "mutes", "invites", "room_keys", "events", "annotations")
TRACES = (
    ("rooms", "id"),
    ("memberships", "room_id"),
    ("bans", "room_id"),
    ("invites", "room_id"),
    ("room_keys", "room_id"),
)
ANSWERS = {"y": None, "f": Code.FORBIDDEN, "n": Code.NOT_A_MEMBER}


class RightsContract(ChangingCase):
    """One room, eight kinds of people, everything that can be done."""

    timeout = 600

    async def test_everybody_in_a_private_room_may_do_exactly_what_is_promised(self) -> None:
        await self.check_all("private", 0)

    async def test_everybody_at_a_public_room_may_do_exactly_what_is_promised(self) -> None:
        await self.check_all("public", 1)

    async def test_everybody_at_an_archived_room_may_do_exactly_what_is_promised(self) -> None:
        await self.check_all("public", 2)

    async def check_all(self, kind: RoomKind, column: int) -> None:
        await self.joined(
            *PEOPLE.values(), FOUNDER, PLAIN, MODERATING, OWNING, AWAY, OUTCAST, HUSHED
        )
        await self.make_administrator(PEOPLE["administrator"])
        self.assertEqual(set(TABLE), set(self.deeds(RoomId("r"), AWAY, 1, 1)))
        furnished, theirs = await self.furnished(kind, archived=column == 2)
        for deed, columns in TABLE.items():
            room = await self.another(furnished)
            allowed: dict[str, Code | None] = {}
            for name, mark in zip(ACTORS, columns[column], strict=True):
                allowed[name] = ANSWERS[mark]
                if mark == "y":
                    room = await self.another(furnished)
                own = await self.own_message(room, PEOPLE[name])
                before = await self.traces(room)
                do = self.deeds(room, PEOPLE[name], own, theirs)[deed]
                self.assertEqual(await self.outcome(do), allowed[name], f"{name}: {deed}")
                if mark != "y":
                    self.assertEqual(await self.traces(room), before, f"{name}: {deed}")

    async def furnished(self, kind: RoomKind, *, archived: bool) -> tuple[RoomId, int]:
        """A room with everybody in their place, and the number of a message of the founder."""
        inside = [PEOPLE[n] for n in ACTORS if n != "stranger"]
        room = await self.club(
            FOUNDER, *inside, PLAIN, MODERATING, OWNING, OUTCAST, HUSHED, kind=kind
        )
        theirs = await self.say(FOUNDER, room, f"{room} first")
        for user in (PEOPLE["removed"], PEOPLE["banned"]):
            await self.say(user, room, f"{room} {user.username}")
        muted, hushed = PEOPLE["muted"].id, HUSHED.id
        commands: tuple[c.Change, ...] = (
            c.SetRole("c", room, PEOPLE["moderator"].id, "moderator"),
            c.SetRole("c", room, MODERATING.id, "moderator"),
            c.SetRole("c", room, PEOPLE["owner"].id, "owner"),
            c.SetRole("c", room, OWNING.id, "owner"),
            c.Kick("c", room, PEOPLE["removed"].id),
            c.Ban("c", room, PEOPLE["banned"].id),
            c.Ban("c", room, OUTCAST.id),
            c.Mute("c", room, hushed, None),
        )
        for command in commands:
            await self.change(FOUNDER, command)
        await self.say(PEOPLE["muted"], room, f"{room} muted")
        await self.change(FOUNDER, c.Mute("c", room, muted, 3600))
        if archived:
            for name in ACTORS[:4]:
                await self.say(PEOPLE[name], room, f"{room} {name}")
            await self.change(FOUNDER, c.ArchiveRoom("c", room, True))
        return room, theirs

    async def another(self, room: RoomId) -> RoomId:
        """A room like ``room`` in every row."""
        copy = RoomId(self.mid())

        def moved(value: object) -> object:
            if isinstance(value, bytes):  # the headers of events name their room
                return value.replace(room.encode(), copy.encode())
            return copy if value == room else value

        def work(tx: Transaction) -> None:
            for table, key in (("rooms", "id"), *((name, "room_id") for name in ABOUT_ROOMS)):
                rows = tx.all(f"SELECT * FROM {table} WHERE {key} = ?", room)
                rows = [tuple(moved(value) for value in row) for row in rows]
                if rows:
                    tx.run_many(f"INSERT INTO {table} VALUES ({marks(rows[0])})", rows)

        await self.store.database.write("another", work)
        return copy

    async def own_message(self, room: RoomId, user: User) -> int:
        rows = await self.sql(
            "SELECT e.seq FROM events e LEFT JOIN annotations a"
            " ON a.room_id = e.room_id AND a.seq = e.seq"
            " WHERE e.room_id = ? AND e.author_id = ? AND a.seq IS NULL",
            room,
            user.id,
        )
        if rows:
            return int(rows[0][0])
        drafts = [draft(user, f"{room} {user.username}", room)]
        [outcome] = await self.store.events.append(drafts, self.sealer)
        return outcome.event.seq if isinstance(outcome, Appended) else 1

    def deeds(
        self, room: RoomId, actor: User, own: int, theirs: int
    ) -> dict[str, Callable[[], Awaitable[Any]]]:
        """Everything that can be done to the room, by name."""
        changes = self.store.changes
        invite = c.Invite("c", room, 3600, 1)
        link = InviteLink(digest_of(self.mid()), room, actor.id, NOW_MS + HOUR_MS, 1)
        report = c.Report("c", room, theirs, "why")
        sealed = (self.mid(), NOW_MS, self.sealer)
        on_person: dict[str, c.Change] = {
            "delete own": c.Delete("c", room, own),
            "delete another's": c.Delete("c", room, theirs),
            "rename": c.RenameRoom("c", room, "n"),
            "topic": c.SetTopic("c", room, "t"),
            "archive": c.ArchiveRoom("c", room, True),
            "leave": c.LeaveRoom("c", room),
            "add": c.AddMember("c", room, AWAY.id),
            "kick a member": c.Kick("c", room, PLAIN.id),
            "kick a moderator": c.Kick("c", room, MODERATING.id),
            "kick an owner": c.Kick("c", room, OWNING.id),
            "kick oneself": c.Kick("c", room, actor.id),
            "ban a member": c.Ban("c", room, PLAIN.id),
            "ban a moderator": c.Ban("c", room, MODERATING.id),
            "ban an owner": c.Ban("c", room, OWNING.id),
            "ban somebody away": c.Ban("c", room, AWAY.id),
            "unban": c.Unban("c", room, OUTCAST.id),
            "mute a member": c.Mute("c", room, PLAIN.id, 60),
            "mute an owner": c.Mute("c", room, OWNING.id, 60),
            "unmute": c.Unmute("c", room, HUSHED.id),
            "promote a member": c.SetRole("c", room, PLAIN.id, "moderator"),
            "demote an owner": c.SetRole("c", room, OWNING.id, "member"),
            "promote oneself": c.SetRole("c", room, actor.id, "owner"),
        }

        def changing(command: c.Change) -> Callable[[], Awaitable[Any]]:
            return lambda: changes.change(actor.id, command, *sealed)

        return {
            "post": lambda: self.store.events.append(
                [draft(actor, f"{self.mid()}", room)], self.sealer
            ),
            "report": lambda: changes.report(actor.id, report, *sealed),
            "invite": lambda: changes.invite(actor.id, invite, link),
            "revoke invites": lambda: changes.revoke_invites(
                actor.id, c.RevokeInvites("c", room), NOW_MS
            ),
            "join": lambda: changes.join(actor.id, room, *sealed),
            **{name: changing(command) for name, command in on_person.items()},
        }

    async def outcome(self, do: Callable[[], Awaitable[Any]]) -> Code | None:
        """None where it was done, else the code of the refusal."""
        try:
            result = await do()
        except Refused as refused:
            return refused.code
        if isinstance(result, list):
            return _code(result[0])
        return None

    async def traces(self, room: RoomId) -> list[Any]:
        """All that a change of the room could have left."""
        rows = [
            sorted(await self.sql(f"SELECT * FROM {table} WHERE {key} = ?", room))
            for table, key in TRACES
        ]
        counts = [
            await self.sql(f"SELECT COUNT(*) FROM {table}") for table in ("events", "annotations")
        ]
        return [rows, counts, await self.sql("SELECT SUM(revision), COUNT(*) FROM users")]


def _code(outcome: Outcome) -> Code | None:
    if isinstance(outcome, Appended):
        return None
    why = getattr(outcome, "why", "")
    return Code.NOT_A_MEMBER if why == "not_a_member" else Code.FORBIDDEN

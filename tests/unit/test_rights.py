"""Who may do what: the table, asked for every command, rank, kind of room and state."""

from __future__ import annotations

from typing import get_args

from twisted.trial.unittest import SynchronousTestCase

from securechat.core import commands as c
from securechat.core.errors import Code, Refused
from securechat.core.model import (
    GENERAL,
    REPORTS,
    MessageId,
    Role,
    RoomId,
    RoomKind,
    RoomRole,
    UserId,
)
from securechat.core.rights import (
    ARCHIVED,
    FIXED,
    LASTING,
    MUTED,
    RULES,
    Rank,
    Standing,
    check,
    check_delete,
    check_room,
)

NOW_MS = 1_000
ADA, EVE = UserId("ada"), UserId("eve")

COMMANDS: dict[type, object] = {
    type(command): command
    for command in (
        c.Post(MessageId("A" * 22), GENERAL, "hi"),
        c.Typing(GENERAL),
        c.Delete("1", GENERAL, 1),
        c.Report("1", GENERAL, 1, ""),
        c.RenameRoom("1", GENERAL, "x"),
        c.SetTopic("1", GENERAL, "x"),
        c.ArchiveRoom("1", GENERAL, True),
        c.SetRetention("1", GENERAL, 7),
        c.EraseRoom("1", GENERAL),
        c.LeaveRoom("1", GENERAL),
        c.Invite("1", GENERAL, 60, 1),
        c.AddMember("1", GENERAL, EVE),
        c.RevokeInvites("1", GENERAL),
        c.Kick("1", GENERAL, EVE),
        c.Ban("1", GENERAL, EVE),
        c.Unban("1", GENERAL, EVE),
        c.Mute("1", GENERAL, EVE, None),
        c.Unmute("1", GENERAL, EVE),
        c.SetRole("1", GENERAL, EVE, "moderator"),
    )
}


def standing(
    user: UserId = ADA,
    room_role: RoomRole = "member",
    server_role: Role = "member",
    muted_until_ms: int | None = 0,
) -> Standing:
    return Standing(user, server_role, room_role, muted_until_ms)


class TheRoomOfReports(SynchronousTestCase):
    def test_nobody_changes_who_is_in_it_or_how_it_is_found(self) -> None:
        fixed = {c.LeaveRoom, c.ArchiveRoom, c.RenameRoom, c.Invite, c.AddMember}
        others = {kind: one for kind, one in COMMANDS.items() if kind is not c.EraseRoom}
        for kind, command in others.items():
            check_room(command, GENERAL)
            if kind not in fixed:
                check_room(command, REPORTS)
                continue
            refused = self.assertRaises(Refused, check_room, command, REPORTS)
            self.assertEqual((refused.code, str(refused)), (Code.FORBIDDEN, FIXED))

    def test_nobody_erases_the_servers_own_rooms(self) -> None:
        check_room(c.EraseRoom("1", RoomId("tea")), RoomId("tea"))
        for room in (GENERAL, REPORTS):
            refused = self.assertRaises(Refused, check_room, c.EraseRoom("1", room), room)
            self.assertEqual((refused.code, str(refused)), (Code.FORBIDDEN, LASTING))


class Rights(SynchronousTestCase):
    def code(
        self,
        command: type,
        actor: Standing | None,
        kind: RoomKind = "private",
        is_archived: bool = False,
        concerned: Standing | None = None,
    ) -> str:
        try:
            check(COMMANDS[command], actor, kind, is_archived, NOW_MS, concerned)
        except Refused as refused:
            return str(refused.code)
        return "done"

    def allowed(self, actor: Standing, kind: RoomKind, is_archived: bool = False) -> set[type]:
        return {one for one in COMMANDS if self.code(one, actor, kind, is_archived) == "done"}

    def test_every_command_that_needs_a_right_has_its_rule(self) -> None:
        self.assertEqual(set(RULES), set(COMMANDS))
        free = {c.CreateRoom, c.JoinRoom, c.FindRooms}
        self.assertEqual(set(get_args(c.RoomCommand)) - set(RULES), free)

    def test_each_rank_may_do_what_the_ranks_below_may_and_some_more(self) -> None:
        member = {c.Post, c.Typing, c.Delete, c.Report, c.LeaveRoom}
        moderator = member | {
            *(c.SetTopic, c.Invite, c.AddMember, c.RevokeInvites),
            *(c.Kick, c.Ban, c.Unban, c.Mute, c.Unmute),
        }
        owner = moderator | {c.RenameRoom, c.ArchiveRoom, c.SetRetention, c.EraseRoom, c.SetRole}
        for actor, expected in (
            (standing(), member),
            (standing(room_role="moderator"), moderator),
            (standing(room_role="owner"), owner),
            (standing(server_role="administrator"), owner),
        ):
            self.assertEqual(self.allowed(actor, "private"), expected)
            public = expected | {c.Invite, c.AddMember}
            self.assertEqual(self.allowed(actor, "public"), public)

    def test_in_direct_messages_nobody_is_above_anybody(self) -> None:
        for actor in (standing(), standing(server_role="administrator")):
            self.assertEqual(self.allowed(actor, "direct"), {c.Post, c.Typing, c.Delete, c.Report})

    def test_an_archived_room_is_read_only_and_can_be_left_and_tidied(self) -> None:
        self.assertEqual(
            self.allowed(standing(room_role="owner"), "private", is_archived=True),
            {
                c.Report,
                c.ArchiveRoom,
                c.SetRetention,
                c.EraseRoom,
                c.LeaveRoom,
                c.RevokeInvites,
                c.Kick,
                c.Ban,
                c.Unban,
            },
        )
        refused = self.assertRaises(
            Refused, check, COMMANDS[c.Post], standing(), "public", True, NOW_MS
        )
        self.assertEqual(str(refused), ARCHIVED)

    def test_who_is_no_member_is_told_that_and_nothing_else(self) -> None:
        for command in COMMANDS:
            for kind in ("public", "private", "direct"):
                for is_archived in (False, True):
                    found = self.code(command, None, kind, is_archived)
                    self.assertEqual(found, Code.NOT_A_MEMBER)

    def test_the_muted_read_and_do_all_but_speak(self) -> None:
        for until_ms, is_muted in ((None, True), (NOW_MS + 1, True), (NOW_MS, False), (0, False)):
            actor = standing(muted_until_ms=until_ms)
            self.assertEqual(c.Post not in self.allowed(actor, "public"), is_muted)
            self.assertEqual(c.Typing not in self.allowed(actor, "public"), is_muted)
            self.assertIn(c.Delete, self.allowed(actor, "public"))
        refused = self.assertRaises(
            Refused,
            check,
            COMMANDS[c.Post],
            standing(muted_until_ms=None),
            "public",
            False,
            NOW_MS,
        )
        self.assertEqual(str(refused), MUTED)

    def test_nobody_touches_who_stands_as_high(self) -> None:
        ranks = (
            standing(ADA),
            standing(ADA, "moderator"),
            standing(ADA, "owner"),
            standing(ADA, server_role="administrator"),
        )
        self.assertEqual([one.rank for one in ranks], list(Rank))
        outranking = {command for command, rule in RULES.items() if rule.outranks}
        self.assertEqual(outranking, {c.Kick, c.Ban, c.Mute, c.Unmute, c.SetRole})
        for actor in ranks:
            for other in ranks:
                concerned = Standing(EVE, other.server_role, other.room_role)
                for command in outranking:
                    may = actor.rank >= RULES[command].rank and actor.rank > other.rank
                    expected = "done" if may else Code.FORBIDDEN
                    found = self.code(command, actor, concerned=concerned)
                    self.assertEqual(found, expected, (actor, other, command))

    def test_an_owner_may_step_down_and_nobody_mutes_or_puts_out_oneself(self) -> None:
        owner = standing(EVE, "owner")
        self.assertEqual(self.code(c.SetRole, owner, concerned=owner), "done")
        for command in (c.Kick, c.Ban, c.Mute, c.Unmute):
            self.assertEqual(self.code(command, owner, concerned=owner), Code.FORBIDDEN)

    def test_ones_own_is_deleted_anywhere_and_others_by_moderators_where_there_are_any(
        self,
    ) -> None:
        for kind in ("public", "private", "direct"):
            for actor, may in (
                (standing(), False),
                (standing(room_role="moderator"), kind != "direct"),
                (standing(room_role="owner"), kind != "direct"),
                (standing(server_role="administrator"), kind != "direct"),
            ):
                check_delete(actor, ADA, kind)
                if may:
                    check_delete(actor, EVE, kind)
                else:
                    refused = self.assertRaises(Refused, check_delete, actor, EVE, kind)
                    self.assertEqual(refused.code, Code.FORBIDDEN)

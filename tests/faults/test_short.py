"""The short form of the fault campaign: every fault at least twice, on real processes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from twisted.trial.unittest import SkipTest, TestCase

from tests.support import mariadb, redis

from . import disks
from .machine import missing_faketime
from .result import BEGIN, END, Result, aligned, put
from .scenarios import ALL
from .schedule import ACTIONS, schedule
from .world import NOISE, RECOVER_WITHIN_S

SEED = int(os.environ.get("FAULTS_SEED", "20260101"))


class Short(TestCase):
    """One test a fault; ``script/faults`` has the full counts."""

    timeout = 600

    PROMISED: ClassVar = frozenset(
        {"kill-database", "pause-database", "cut-commit", "reset-database", "silent-database"}
    )
    """Faults after which the recovery is promised within 5 s (D9)."""

    async def suffer(self, name: str) -> Result:
        """Run a scenario in its short form; nothing may be lost, doubled or missing."""
        one = ALL[name]
        why = {
            "mariadb": mariadb.missing,
            "redis": lambda: mariadb.missing() or redis.missing(),
            "disk": lambda: mariadb.missing() or disks.missing(),
            "faketime": missing_faketime,
        }.get(one.needs, lambda: None)()
        if why:
            raise SkipTest(why)
        result = await one.run(one.short, SEED)
        self.assertEqual(result.faults, [], f"seed {SEED}\n{aligned([result])}")
        self.assertGreater(result.acked, 0)
        slowest_s = result.slowest_recovery_s or 0.0
        if name in self.PROMISED:
            self.assertLess(slowest_s, NOISE * RECOVER_WITHIN_S, aligned([result]))
        else:
            self.assertLess(slowest_s, 10 * RECOVER_WITHIN_S, aligned([result]))
        return result

    async def test_nothing_acknowledged_is_lost_when_the_daemon_is_killed(self) -> None:
        await self.suffer("kill-daemon")

    async def test_nothing_acknowledged_is_lost_when_the_daemon_on_mariadb_is_killed(self) -> None:
        await self.suffer("kill-daemon-mariadb")

    async def test_nothing_is_lost_and_nobody_disconnected_when_the_database_is_killed(
        self,
    ) -> None:
        await self.suffer("kill-database")

    async def test_nothing_acknowledged_is_lost_when_daemon_and_database_are_killed(self) -> None:
        await self.suffer("kill-both")

    async def test_a_database_that_hangs_is_answered_in_time_and_recovered_from(self) -> None:
        await self.suffer("pause-database")

    async def test_a_daemon_that_was_frozen_goes_on(self) -> None:
        await self.suffer("pause-daemon")

    async def test_sigterm_under_load_says_goodbye_and_loses_nothing(self) -> None:
        await self.suffer("drain")

    async def test_a_commit_whose_connection_is_cut_is_stored_once_or_not_and_found_out(
        self,
    ) -> None:
        await self.suffer("cut-commit")

    async def test_database_connections_break_at_any_byte(self) -> None:
        await self.suffer("reset-database")

    async def test_half_open_connections_to_the_database_are_given_up(self) -> None:
        await self.suffer("silent-database")

    async def test_a_slow_database_delays_and_loses_nothing(self) -> None:
        await self.suffer("slow-database")

    async def test_a_resend_after_a_lost_ack_gets_the_first_number(self) -> None:
        await self.suffer("lost-acks")

    async def test_a_client_may_be_reset_at_each_step_of_the_protocol(self) -> None:
        await self.suffer("reset-steps")

    async def test_half_open_peers_are_pinged_out(self) -> None:
        await self.suffer("half-open")

    async def test_everybody_may_come_back_at_once_and_resume(self) -> None:
        await self.suffer("reconnect-all")

    async def test_a_full_disk_acknowledges_nothing_and_is_recovered_from(self) -> None:
        await self.suffer("full-disk")

    async def test_a_full_disk_of_the_database_server_is_recovered_from(self) -> None:
        await self.suffer("full-disk-mariadb")

    async def test_a_clock_that_jumps_by_a_day_changes_nothing(self) -> None:
        await self.suffer("clock")

    async def test_a_limit_of_128_open_files_disturbs_nobody_who_is_in(self) -> None:
        await self.suffer("few-descriptors")

    async def test_a_missing_or_wrong_keyring_refuses_the_start_and_loses_nothing(self) -> None:
        await self.suffer("keyring")

    async def test_a_second_daemon_on_the_same_file_is_refused(self) -> None:
        await self.suffer("second-daemon")

    async def test_readers_that_never_read_are_cut_and_the_others_hear_everything(self) -> None:
        await self.suffer("dead-readers")

    async def test_two_daemons_without_a_bus_lose_nothing_when_one_is_killed(self) -> None:
        await self.suffer("two-daemons")

    async def test_two_daemons_lose_nothing_when_one_is_killed(self) -> None:
        await self.suffer("kill-one")

    async def test_a_daemon_is_taken_out_and_put_back_without_losing_anything(self) -> None:
        await self.suffer("take-out")

    async def test_a_daemon_cut_off_the_database_catches_up(self) -> None:
        await self.suffer("cut-one-off")

    async def test_a_dead_or_hanging_redis_costs_time_and_no_message(self) -> None:
        await self.suffer("kill-redis")

    async def test_a_random_schedule_loses_nothing(self) -> None:
        await self.suffer("random")


class Complete(TestCase):
    def test_every_scenario_has_its_test(self) -> None:
        source = Path(__file__).read_text(encoding="utf-8")
        for name in ALL:
            self.assertIn(f'self.suffer("{name}")', source)

    def test_a_seed_gives_the_same_schedule_again_and_another_one_another(self) -> None:
        self.assertEqual(schedule(25, 7), schedule(25, 7))
        self.assertNotEqual(schedule(25, 7), schedule(25, 8))
        self.assertEqual({action for _, _, action in schedule(len(ACTIONS), 7)}, set(ACTIONS))

    def test_a_table_is_put_between_its_marks_and_nowhere_else(self) -> None:
        document = Path(self.mktemp())
        document.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
        put(document, "Just now.", [Result("rain", 3, acked=1234, faults=["lost: one"])])
        text = document.read_text(encoding="utf-8")
        self.assertTrue(text.startswith("before\n") and text.endswith(f"{END}\nafter\n"))
        self.assertIn("| rain | 3 | 1,234 | 0 | 1 | 0 | 0 | – | 0.0 |", text)
        self.assertNotIn("old", text)

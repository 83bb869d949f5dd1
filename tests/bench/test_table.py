"""What script/bench makes of what it has measured."""

from __future__ import annotations

import json
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from bench import __main__ as command
from bench import peers, works
from bench.run import marks_of, medians
from bench.table import (
    BEGIN,
    END,
    Column,
    Row,
    Section,
    aligned,
    as_json,
    cells,
    markdown,
    put,
    ratio,
    warnings,
)

SECTION = Section("Speed", (Column("cpu_us", "CPU µs", 1), Column("lost", "lost")), ratio="cpu_us")
ROWS = [
    Row("small", "limit", "–", {"cpu_us": 5.0, "lost": 0, "others": 0.0}),
    Row("small", "autobahn", "–", {"cpu_us": 40.0, "lost": 0, "others": 0.04}),
    Row("small", "securechat", "seals, stores", {"cpu_us": 10.0, "lost": 0, "others": 0.5}),
    Row("large", "securechat", "seals, stores", {"cpu_us": 1234.5, "lost": 0}),
]


class Table(SynchronousTestCase):
    def test_a_row_is_compared_with_others_under_the_same_work(self) -> None:
        self.assertEqual(ratio(ROWS, ROWS[2], "cpu_us", "autobahn"), 0.25)
        self.assertEqual(ratio(ROWS, ROWS[2], "cpu_us", "limit"), 2.0)
        self.assertIsNone(ratio(ROWS, ROWS[3], "cpu_us", "autobahn"))

    def test_a_row_says_who_seals_and_stores_and_whether_to_believe_it(self) -> None:
        self.assertEqual(
            cells(SECTION, ROWS, ROWS[2]),
            ["small", "securechat", "seals, stores", "10.0", "0", "0.25", "2.00", "50%!"],
        )
        self.assertEqual(cells(SECTION, ROWS, ROWS[3])[3:], ["1,234.5", "0", "–", "–", "–"])
        self.assertEqual(marks_of(peers.OURS), "seals, stores")
        self.assertEqual(marks_of(peers.AUTOBAHN), "–")

    def test_columns_stand_below_each_other(self) -> None:
        title, _, *lines = aligned(SECTION, ROWS).splitlines()
        self.assertEqual(title, "Speed")
        ends = {line.index("CPU µs") + len("CPU µs") for line in lines[:1]}
        self.assertEqual(ends, {line.index("10.0") + len("10.0") for line in lines[3:4]})

    def test_as_markdown_every_line_has_the_same_cells(self) -> None:
        lines = [line for line in markdown(SECTION, ROWS).splitlines() if line.startswith("|")]
        self.assertEqual(len(lines), 2 + len(ROWS))
        self.assertEqual(len({line.count("|") for line in lines}), 1)

    def test_it_is_put_between_its_marks_and_nowhere_else(self) -> None:
        document = Path(self.mktemp())
        document.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
        put(document, "Just now.", [markdown(SECTION, ROWS)])
        text = document.read_text(encoding="utf-8")
        self.assertTrue(text.startswith("before\n") and text.endswith(f"{END}\nafter\n"))
        self.assertIn("Just now.\n\n**Speed**\n\n| work |", text)
        self.assertNotIn("old", text)
        document.write_text("no marks", encoding="utf-8")
        self.assertRaises(ValueError, put, document, "Just now.", [])

    def test_numbers_for_programs_are_whole(self) -> None:
        said = json.loads(as_json({"date": "2026-01-31"}, ROWS))
        self.assertEqual(said["date"], "2026-01-31")
        self.assertEqual(said["rows"][2]["values"]["cpu_us"], 10.0)

    def test_a_busy_machine_is_warned_of(self) -> None:
        [warning] = warnings(ROWS)
        self.assertIn("1 of 4 rows", warning)
        self.assertIn("50%, in small on securechat", warning)
        self.assertEqual(list(warnings(ROWS[:2])), [])

    def test_rounds_become_medians_and_losses_add_up(self) -> None:
        samples = [{"cpu_us": us, "lost": 1.0} for us in (3.0, 100.0, 4.0)]
        row = medians("small", "limit", "–", samples)
        self.assertEqual(row.values, {"cpu_us": 4.0, "lost": 3.0})


class Asking(SynchronousTestCase):
    """What the command line chooses."""

    NAMES = ("fanout-100", "fanout-1000", "rooms")

    def test_without_a_name_all_are_chosen(self) -> None:
        self.assertEqual(command.chosen([], list(self.NAMES), "work"), list(self.NAMES))

    def test_a_whole_name_means_itself_and_a_beginning_all_that_begin_so(self) -> None:
        names = list(self.NAMES)
        self.assertEqual(command.chosen(["fanout-100"], names, "work"), ["fanout-100"])
        self.assertEqual(command.chosen(["fanout"], names, "work"), names[:2])
        self.assertEqual(command.chosen(["rooms,fanout-100"], names, "work"), [names[0], names[2]])

    def test_a_name_that_is_not_there_is_refused(self) -> None:
        with self.assertRaises(SystemExit) as refused:
            command.chosen(["fan", "moon"], list(self.NAMES), "work")
        self.assertIn("moon", str(refused.exception))

    def test_every_work_has_columns_and_every_server_a_name(self) -> None:
        for name, work in works.ALL.items():
            self.assertEqual(name, work.name)
            self.assertTrue(work.section.columns)
        self.assertLessEqual({"limit", "autobahn", "securechat"}, set(peers.ALL))

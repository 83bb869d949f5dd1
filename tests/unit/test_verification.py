"""docs/security-verification.md is whole, counts right, and names only what there is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.support.sources import is_a_test

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "security-verification.md"
PACKAGE = ROOT / "securechat"

VERDICTS = ("met", "partly", "not met", "does not apply")

# OWASP ASVS 5.0.0: the level of each requirement, section by section, in their order.
LEVELS = """
V1.1: 2 2
V1.2: 1 1 1 1 1 2 2 2 2 3
V1.3: 1 1 2 2 2 2 2 2 2 2 2 3
V1.4: 2 2 2
V1.5: 1 2 3
V2.1: 1 2 2
V2.2: 1 1 2
V2.3: 1 2 2 2 3
V2.4: 2 3
V3.1: 3
V3.2: 1 1 3
V3.3: 1 2 2 2 3
V3.4: 1 1 2 2 2 2 3 3
V3.5: 1 1 1 2 2 3 3 3
V3.6: 3
V3.7: 2 2 3 3 3
V4.1: 1 2 2 3 3
V4.2: 2 3 3 3 3
V4.3: 2 2
V4.4: 1 2 2 2
V5.1: 2
V5.2: 1 1 2 3 3 3
V5.3: 1 1 3
V5.4: 2 2 2
V6.1: 1 2 2
V6.2: 1 1 1 1 1 1 1 1 2 2 2 2
V6.3: 1 1 2 2 3 3 3 3
V6.4: 1 1 2 2 3 3
V6.5: 2 2 2 2 2 3 3 3
V6.6: 2 2 2 3
V6.7: 3 3
V6.8: 2 2 2 2
V7.1: 2 2 2
V7.2: 1 1 1 1
V7.3: 2 2
V7.4: 1 1 2 2 2
V7.5: 2 2 3
V7.6: 2 2
V8.1: 1 2 3 3
V8.2: 1 1 2 3
V8.3: 1 3 3
V8.4: 2 3
V9.1: 1 1 1
V9.2: 1 2 2 2
V10.1: 2 2
V10.2: 2 2 3
V10.3: 2 2 2 2 3
V10.4: 1 1 1 1 1 2 2 2 2 2 2 3 3 3 3 3
V10.5: 2 2 2 2 2
V10.6: 2 2
V10.7: 2 2 2
V11.1: 2 2 3 3
V11.2: 2 2 2 3 3
V11.3: 1 1 2 3 3
V11.4: 1 2 2 2
V11.5: 2 3
V11.6: 2 3
V11.7: 3 3
V12.1: 1 2 2 3 3
V12.2: 1 1
V12.3: 2 2 2 2 3
V13.1: 2 3 3 3
V13.2: 2 2 2 2 2 3
V13.3: 2 2 3 3
V13.4: 1 2 2 2 2 3 3
V14.1: 2 2
V14.2: 1 2 2 2 3 3 3 3
V14.3: 1 2 2
V15.1: 1 2 2 3 3
V15.2: 1 2 2 3 3
V15.3: 1 2 2 2 2 2 2
V15.4: 3 3 3 3
V16.1: 2
V16.2: 2 2 2 2 2
V16.3: 2 2 2 2
V16.4: 2 2 2
V16.5: 2 2 2 3
V17.1: 2 3
V17.2: 2 2 2 2 3 3 3 3
V17.3: 2 2
"""

# What is imported by whoever has to do with keys, hashes, randomness or TLS.
CRYPTOGRAPHIC = re.compile(
    r"^\s*(?:from|import) (hashlib|hmac|secrets|ssl|bcrypt|cryptography|OpenSSL"
    r"|twisted\.internet\.ssl|twisted\.protocols\.tls)\b|\bos\.urandom\b",
    re.MULTILINE,
)


def levels() -> dict[str, int]:
    """Every requirement's number, in order, with its level."""
    found = {}
    for line in LEVELS.split("\n"):
        section, _, each = line.partition(": ")
        for n, level in enumerate(each.split(), 1):
            found[f"{section}.{n}"] = int(level)
    return found


def page_rows() -> list[list[str]]:
    """The rows of every table of requirements."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if re.match(r"\| V\d", line)]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in rows]


def covered(cell: str) -> Iterator[str]:
    """The numbers in a first cell: single ones, and from one to another with all between."""
    order = list(levels())
    for part in cell.split(", "):
        first, _, last = part.partition("–")
        yield from order[order.index(first) : order.index(last or first) + 1]


class Requirements(SynchronousTestCase):
    def test_every_one_of_each_level_has_one_row(self) -> None:
        shown = Counter(number for row in page_rows() for number in covered(row[0]))
        self.assertEqual({number for number, times in shown.items() if times > 1}, set())
        self.assertEqual(set(shown), set(levels()))
        self.assertEqual(Counter(levels().values()), {1: 70, 2: 183, 3: 92})

    def test_each_row_says_the_level_and_one_of_four_verdicts(self) -> None:
        known = levels()
        for row in page_rows():
            self.assertEqual(len(row), 5, row)
            told = ", ".join(map(str, sorted({known[number] for number in covered(row[0])})))
            self.assertEqual(row[1], told, row[0])
            self.assertIn(row[3], VERDICTS, row[0])

    def test_what_is_met_names_a_test_or_a_section_and_the_rest_a_reason(self) -> None:
        for number, _, _, verdict, evidence in page_rows():
            if verdict == "met":
                self.assertRegex(evidence, r"`tests[./]|\]\(", number)
            else:
                words = re.sub(r"`tests[^`]*`", "", evidence)
                self.assertGreater(len(words.split()), 1, number)

    def test_the_counts_are_those_of_the_rows(self) -> None:
        known = levels()
        counted = Counter((known[n], row[3]) for row in page_rows() for n in covered(row[0]))
        told = re.findall(r"^\| L(\d) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
        self.assertEqual([level for level, _ in told], ["1", "2", "3"])
        for level, cells in told:
            numbers = [counted[int(level), verdict] for verdict in VERDICTS]
            self.assertEqual([int(cell) for cell in cells.split(" | ")], [*numbers, sum(numbers)])


class Evidence(SynchronousTestCase):
    def test_every_test_that_is_named_exists(self) -> None:
        named = re.findall(r"`(tests[./][\w./]+)`", PAGE.read_text(encoding="utf-8"))
        self.assertGreater(len(named), 300)
        for name in set(named):
            self.assertTrue(is_a_test(name), name)


class Inventory(SynchronousTestCase):
    """The table of keys and algorithms."""

    def test_every_module_that_has_to_do_with_cryptography_is_named(self) -> None:
        section = (
            PAGE.read_text(encoding="utf-8").partition("\n### Keys\n")[2].partition("\n### ")[0]
        )
        table = [line for line in section.splitlines() if line.startswith("| ")]
        named = {name for line in table for name in re.findall(r"`([\w/]+\.py)`", line)}
        found = {
            path.relative_to(PACKAGE).as_posix()
            for path in PACKAGE.rglob("*.py")
            if CRYPTOGRAPHIC.search(path.read_text(encoding="utf-8"))
        }
        self.assertEqual(named, found)

    def test_no_weak_hash_is_used_but_where_a_standard_wants_it(self) -> None:
        weak = re.compile(r"\b(?:md5|sha1|MD5|SHA1|DES|ARC4|RC4|ECB)\b")
        users = {
            path.relative_to(PACKAGE).as_posix()
            for path in PACKAGE.rglob("*.py")
            if weak.search(path.read_text(encoding="utf-8"))
        }
        self.assertEqual(users, {"web/handshake.py"})

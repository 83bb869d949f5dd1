"""Every rule finds what it is for; `script/test` then holds the code to all of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).parents[2]
RULES = ROOT / "rules"
SEMGREP = ROOT / ".cache/semgrep/bin/semgrep"
QUIET = ("--metrics", "off", "--disable-version-check")

_MARK = re.compile(r"(?:#|//) finds: ([\w -]+)$")
_EXCUSE = re.compile(r"(?:noqa: [A-Z0-9, ]+?|eslint-disable\S* [\w, -]+?) -+ \w+")

Found = set[tuple[int, str]]
"""Lines, from 1, and the rules that they break."""


def run(*command: str | Path, text: str = "") -> subprocess.CompletedProcess[str]:
    """The finished command, which ran in the checkout."""
    return subprocess.run(
        command, cwd=ROOT, input=text, capture_output=True, text=True, check=False, timeout=120
    )


def marked(text: str) -> Found:
    """What the file says itself is to be found in it."""
    return {
        (number, rule)
        for number, line in enumerate(text.splitlines(), start=1)
        if (mark := _MARK.search(line))
        for rule in mark[1].split()
    }


def sources() -> Iterator[Path]:
    """Every program text of ours that a linter reads."""
    yield from (ROOT / "setup.py", ROOT / "securechat.tac")
    for folder in ("securechat", "twisted", "tests", "bench"):
        yield from (ROOT / folder).rglob("*.py")
    for folder in ("static", "tests/js"):
        yield from (ROOT / folder).rglob("*.js")


class Rules(SynchronousTestCase):
    """The files in rules/ say what must be found in them, and what must be left."""

    def setUp(self) -> None:
        if os.environ.get("SECURECHAT_TESTS") != "all":
            raise SkipTest("needs what script/test installs: SECURECHAT_TESTS=all runs it")

    def test_semgrep_finds_what_is_marked_and_nothing_else(self) -> None:
        tested = run(SEMGREP, *QUIET, "--test", "rules")
        self.assertEqual(tested.returncode, 0, tested.stdout + tested.stderr)
        self.assertIn("All tests passed", tested.stdout + tested.stderr)

    def test_every_rule_of_semgrep_has_lines_to_find_and_lines_to_leave(self) -> None:
        for file in RULES.glob("*.yaml"):
            examples = "".join(
                example.read_text(encoding="utf-8")
                for example in RULES.glob(f"{file.stem}.*")
                if example != file
            )
            rules = re.findall(r"^ +- id: (\S+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            self.assertTrue(rules, file)
            for rule in rules:
                self.assertRegex(examples, rf"ruleid: {rule}\b")
                self.assertRegex(examples, rf"ok: {rule}\b")

    def test_ruff_finds_what_is_marked(self) -> None:
        text = (RULES / "ruff.py").read_text(encoding="utf-8")
        here = ("--stdin-filename", "securechat/snippet.py", "--output-format", "json", "-")
        told = json.loads(run(sys.executable, "-m", "ruff", "check", *here, text=text).stdout)
        found = {(one["location"]["row"], one["code"]) for one in told}
        self.assertEqual(marked(text) - found, set())
        unmarked = {one for one in found - marked(text) if re.match(r"S\d", one[1])}
        self.assertEqual(unmarked, set())

    def test_eslint_finds_what_is_marked_and_nothing_else(self) -> None:
        text = (RULES / "eslint.js").read_text(encoding="utf-8")
        here = ("--stdin", "--stdin-filename", "static/snippet.js", "--format", "json")
        [told] = json.loads(run("node_modules/.bin/eslint", *here, text=text).stdout)
        self.assertEqual({(one["line"], one["ruleId"]) for one in told["messages"]}, marked(text))


class Exceptions(SynchronousTestCase):
    """What a linter is told to pass over."""

    def test_each_says_why(self) -> None:
        mute = [
            f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
            for path in sources()
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
            if re.search(r"(#|//|/\*) *(noqa|eslint-disable)", line) and not _EXCUSE.search(line)
        ]
        self.assertEqual(mute, [], "\n".join(mute))

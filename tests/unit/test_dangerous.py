"""What the daemon could do and never does: run text, start programs, fetch addresses."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.support.sources import parsed

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "securechat"

# The parser of Python's own patterns; it has no public name.
PARSER: Any = re._parser  # type: ignore[attr-defined]

RUNS_TEXT_OR_PROGRAMS = {
    *("subprocess", "multiprocessing", "pty", "code", "codeop", "runpy", "imp", "ctypes", "cffi"),
    *("pickle", "marshal", "shelve", "dill", "yaml", "xml", "lxml", "xmlrpc", "zipfile", "tarfile"),
}
FETCHES = {
    *("requests", "treq", "httpx", "aiohttp", "smtplib", "ftplib", "imaplib", "poplib", "ldap3"),
    *("urllib.request", "http.client", "twisted.web.client", "twisted.mail", "twisted.conch"),
}
TO_CODE = {"eval", "exec", "compile", "__import__"}
TO_PROGRAMS = re.compile(r"os\.(system|popen|exec\w+|spawn\w+|posix_spawnp?|fork|forkpty)")


def trees() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the package by its path within it, read."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), parsed(path)


def imported(tree: ast.Module) -> set[str]:
    """What ``tree`` imports from elsewhere: modules, and names with their module."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module))
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def belongs(name: str, modules: set[str]) -> bool:
    """Whether ``name`` is one of ``modules`` or within one."""
    parts = name.split(".")
    return any(".".join(parts[:n]) in modules for n in range(1, len(parts) + 1))


class NeverDone(SynchronousTestCase):
    def users_of(self, modules: set[str]) -> set[str]:
        return {
            name for name, tree in trees() if any(belongs(one, modules) for one in imported(tree))
        }

    def test_text_is_never_run_and_no_program_started(self) -> None:
        self.assertEqual(self.users_of(RUNS_TEXT_OR_PROGRAMS), set())
        for name, tree in trees():
            calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
            for called in map(ast.unparse, calls):
                self.assertNotIn(called, TO_CODE, name)
                self.assertIsNone(TO_PROGRAMS.fullmatch(called), f"{name}: {called}")

    def test_no_address_is_fetched_and_nothing_spoken_to_but_database_and_bus(self) -> None:
        self.assertEqual(self.users_of(FETCHES), set())
        clients = {"twisted.internet.endpoints.HostnameEndpoint", "pymysql", "socket"}
        talkers = {name.partition("/")[0] for name in self.users_of(clients)}
        self.assertLessEqual(talkers, {"store", "bus", "config", "direct.py"})

    def test_templates_are_our_files_and_never_what_somebody_sent(self) -> None:
        for name, tree in trees():
            for node in ast.walk(tree):
                if isinstance(node, ast.Attribute):
                    self.assertNotIn(node.attr, {"from_string", "Template"}, name)
        self.assertEqual(self.users_of({"jinja2"}), {"web/templates.py"})

    def test_dice_that_can_be_guessed_are_for_waiting_times_only(self) -> None:
        self.assertEqual(self.users_of({"random"}), {"bus/line.py", "sockets/factory.py"})
        self.assertEqual(self.users_of({"uuid"}), set())


class Scripts(SynchronousTestCase):
    """What the linter does not know. That strings become neither markup nor code it knows."""

    def test_none_lets_a_key_from_outside_reach_what_all_objects_share(self) -> None:
        reaching = re.compile(
            r"__proto__|\.prototype\b|setPrototypeOf|\bfor \((?:const|let) \w+ in "
        )
        for name, script in self.scripts():
            self.assertIsNone(reaching.search(script), name)

    def test_none_listens_to_windows_of_others(self) -> None:
        listening = re.compile(r"(?:window|globalThis)\.(?:addEventListener\('message'|onmessage)")
        for name, script in self.scripts():
            self.assertIsNone(listening.search(script), name)
            self.assertNotIn("parent.postMessage", script, name)

    def scripts(self) -> Iterator[tuple[str, str]]:
        for path in sorted((ROOT / "static").glob("*.js")):
            yield path.name, path.read_text(encoding="utf-8")


class Patterns(SynchronousTestCase):
    """A pattern that can read the same text in many ways takes for ever to say no (ReDoS)."""

    def test_no_pattern_repeats_what_repeats_without_a_sign_between(self) -> None:
        seen = 0
        for name, tree in trees():
            for pattern in self.patterns(tree):
                seen += 1
                self.assertFalse(self.explodes(PARSER.parse(pattern)), f"{name}: {pattern!r}")
        self.assertGreater(seen, 25)

    def test_what_explodes_is_found(self) -> None:
        for bad in (r"(a+)+", r"(?:[a-z]*)*x", r"((?:x|y+)*)+", rb"(?:\s*\w+)*$"):
            self.assertTrue(self.explodes(PARSER.parse(bad)), bad)
        for good in (r"a+b*", r"[a-z]+(?:\.[a-z]+)*", r"(?:ab){2,5}c*"):
            self.assertFalse(self.explodes(PARSER.parse(good)), good)

    def patterns(self, tree: ast.Module) -> Iterator[str | bytes]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re."):
                value = node.args[0]
                if isinstance(value, ast.Constant) and isinstance(value.value, str | bytes):
                    yield value.value

    def explodes(self, parsed: Any, within: bool = False) -> bool:
        """Whether something without end repeats in something without end.

        What begins with one sign of its own is read in one way only, and passes.
        """
        for sort, value in parsed:
            without_end = sort in (PARSER.MAX_REPEAT, PARSER.MIN_REPEAT) and value[1] > 64
            if without_end and within:
                return True
            for inner in self.inside(value):
                marked = without_end and str(inner[0][0]) == "LITERAL"
                if self.explodes(inner, (within or without_end) and not marked):
                    return True
        return False

    def inside(self, value: Any) -> Iterator[Any]:
        if isinstance(value, PARSER.SubPattern) and len(value):
            yield value
        elif isinstance(value, tuple | list):
            for one in value:
                yield from self.inside(one)

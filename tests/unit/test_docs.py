"""The documents say what the code says: options, defaults, limits, codes, metrics, links."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import generate_latest
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from securechat.chat.rooms import FOUND_A_PAGE, MEMBERS_A_PAGE
from securechat.config import load_config, sources
from securechat.config.loading import CREDENTIAL
from securechat.core import commands
from securechat.core.errors import RETRYABLE, TEXTS, Close, Code
from securechat.core.model import MOST_DIRECT_PEOPLE, MOST_UNREAD
from securechat.core.parsing import COMMANDS
from securechat.core.settings import Limits, limit_names, limit_range
from securechat.core.trail import Kind
from securechat.log import json_line
from securechat.metrics import Metrics
from securechat.options import HELP, Options
from securechat.web import site
from tests.support.sources import parsed

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "securechat"
DOCUMENTS = (
    "README.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "docs/protocol.md",
    "docs/delivery.md",
    "docs/design.md",
    "docs/operations.md",
    "docs/security-verification.md",
)
# Where the README says a default in its own words, as it stands in the option's help.
SPOKEN_DEFAULTS = {
    "registration": "what was chosen at /setup, else open",
    "keyring": "the systemd credential securechat-keyring, else <data-dir>/keyring.json",
    "public-url": "localhost, 127.0.0.1 and [::1] on the listening ports",
}


def text(name: str) -> str:
    """The document `name`, from the checkout's top."""
    return (ROOT / name).read_text(encoding="utf-8")


def table(document: str, first_heading: str) -> list[list[str]]:
    """The rows (below the heading) of the one table whose first column has this heading."""
    lines = text(document).splitlines()
    [start] = [n for n, line in enumerate(lines) if line.startswith(f"| {first_heading} |")]
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def bare(cell: str) -> str:
    """A cell without its backquotes."""
    return cell.replace("`", "")


def option_names() -> set[str]:
    """Every option of `twistd securechat`, but for those that every command has."""
    return {name.rstrip("=") for name in Options().longOpt} - {"help", "version"}


def _returned(body: list[ast.stmt]) -> dict[str, frozenset[str]]:
    """The keys of the dictionaries that functions return, by their names."""
    return {
        function.name: frozenset(
            str(key.value)
            for each in ast.walk(function)
            if isinstance(each, ast.Return) and isinstance(each.value, ast.Dict)
            for key in each.value.keys
            if isinstance(key, ast.Constant)
        )
        for function in body
        if isinstance(function, ast.FunctionDef)
    }


def _who() -> frozenset[str]:
    """The fields of ``**asking.who``."""
    module = ast.parse((PACKAGE / "web" / "asking.py").read_text(encoding="utf-8"))
    [asking] = [each for each in module.body if isinstance(each, ast.ClassDef)]
    return _returned(asking.body)["who"]


def logged_in(module: ast.Module) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Every ``log.…(…, event="…")`` but debugging: the event, its level, its fields."""
    returned = _returned(module.body)
    for call in ast.walk(module):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        said = {each.arg: each.value for each in call.keywords if each.arg}
        event, level = said.pop("event", None), call.func.attr
        if not isinstance(event, ast.Constant) or level == "debug":
            continue
        fields = set(said)
        for each in call.keywords:
            if each.arg is None and isinstance(each.value, ast.Call):
                fields |= returned[ast.unparse(each.value.func)]
            elif each.arg is None and isinstance(each.value, ast.Attribute):
                fields |= _who()
        if level == "failure":
            level, fields = "critical", fields | {"failure"}
        yield str(event.value), level, frozenset(fields)


def refusals() -> Iterator[str]:
    """The words that are handed to ``note_refusal``: in answers, at the door, by the site."""
    yield from site.REFUSALS.values()
    for path in (PACKAGE / "web").glob("*.py"):
        for call in ast.walk(parsed(path)):
            if not isinstance(call, ast.Call):
                continue
            place = {"Answer": 1, "Refusal": 1, "note": 1, "note_refusal": 0, "throttled": 0}.get(
                ast.unparse(call.func).rpartition(".")[2]
            )
            if place is not None and len(call.args) > place:
                word = call.args[place]
                if isinstance(word, ast.Constant):
                    yield str(word.value)


class ConfigurationTable(SynchronousTestCase):
    def setUp(self) -> None:
        self.rows = {bare(row[0]).removeprefix("--"): row for row in table("README.md", "option")}

    def test_it_holds_exactly_the_options(self) -> None:
        self.assertEqual(set(self.rows), option_names())

    def test_every_key_and_variable_is_the_one_that_is_read(self) -> None:
        for name in sources.NAMES:
            key, variable = (bare(cell) for cell in self.rows[name][1:3])
            self.assertEqual(key, name)
            self.assertEqual(variable, sources.PREFIX + name.upper().replace("-", "_"))

    def test_every_default_is_the_one_that_counts(self) -> None:
        config = load_config({}, {}, folder=Path("/cwd"))
        told = {name: bare(row[3]) for name, row in self.rows.items()}
        self.assertEqual((told["listen"],), config.listen)
        self.assertIsNone(config.registration)
        self.assertEqual(told["log-format"], config.log_format)
        self.assertEqual(told["tls-minimum"], config.tls_minimum)
        self.assertEqual(Path("/cwd", told["data-dir"]), config.data_dir)
        database = told["database"].replace("<data-dir>", str(config.data_dir))
        self.assertEqual(database, f"sqlite:{config.database.path}")  # type: ignore[union-attr]
        for name in ("tls_cert", "tls_key", "plain_listen", "bus", "metrics_listen"):
            self.assertIsNone(getattr(config, name))
            self.assertEqual(told[name.replace("_", "-")], "none")

    def test_what_the_help_calls_a_default_is_said_in_the_same_words(self) -> None:
        for name, words in SPOKEN_DEFAULTS.items():
            self.assertIn(f"[default: {words}]", HELP[name])
            self.assertEqual(bare(self.rows[name][3]), words)

    def test_example_files_name_only_settings_that_exist(self) -> None:
        for document in ("README.md", "docs/operations.md"):
            examples = re.findall(r"```toml\n(.*?)```", text(document), re.DOTALL)
            self.assertTrue(examples)
            for example in examples:
                settings = tomllib.loads(example)
                limits = settings.pop("limits", {})
                self.assertLessEqual(set(settings), set(sources.NAMES))
                self.assertLessEqual(set(limits), set(limit_names()))

    def test_the_unit_hands_over_the_keyring_under_the_name_that_is_looked_for(self) -> None:
        found = re.findall(r"LoadCredential=([^:]+):", text("docs/securechat.service"))
        self.assertEqual(found, [CREDENTIAL, "securechat-database"])
        named = "/run/credentials/securechat.service/securechat-database"
        self.assertIn(f'database-password-file = "{named}"', text("docs/operations.md"))


class LimitsTable(SynchronousTestCase):
    def test_it_holds_every_limit_with_its_default_range_and_switch(self) -> None:
        found = {}
        for name, default, smallest, largest, _ in table("docs/operations.md", "limit"):
            plain = [bare(cell).replace(",", "") for cell in (default, smallest, largest)]
            found[bare(name)] = tuple(int(cell) for cell in plain)
        expected = {
            name: (getattr(Limits(), name.replace("-", "_")), *limit_range(name))
            for name in limit_names()
        }
        self.assertEqual(found, expected)


class ProtocolTables(SynchronousTestCase):
    def test_the_codes_are_those_of_the_code(self) -> None:
        found = {bare(row[0]): (row[1], row[2]) for row in table("docs/protocol.md", "code")}
        expected = {
            str(code): ("yes" if code in RETRYABLE else "no", words)
            for code, words in TEXTS.items()
        }
        self.assertEqual(set(Code), set(TEXTS))
        self.assertEqual(found, expected)

    def test_the_close_codes_are_those_of_the_code(self) -> None:
        found = {(int(row[0]), bare(row[1])) for row in table("docs/protocol.md", "close code")}
        self.assertEqual(found, {(int(close), close.name.lower()) for close in Close})

    def test_every_command_has_its_section(self) -> None:
        document = text("docs/protocol.md")
        for command in COMMANDS:
            self.assertRegex(document, rf"(?m)^### .*`{command}`")

    def test_the_limits_of_lists_and_times_are_those_of_the_code(self) -> None:
        document = " ".join(text("docs/protocol.md").split())
        for words in (
            f"{MEMBERS_A_PAGE} a page",
            f"{FOUND_A_PAGE} a page",
            f"at most {commands.MOST_INVITE_DAYS} days",
            f"at most {commands.MOST_INVITE_USES:,} times",
            f"at most {commands.MOST_MUTE_DAYS} days",
            f"at most {MOST_DIRECT_PEOPLE} people",
            f"counted up to {MOST_UNREAD}",
        ):
            self.assertTrue(words in document, words)


class Watching(SynchronousTestCase):
    def test_every_event_of_the_log_is_described_with_its_level_and_fields(self) -> None:
        described = {}
        for event, level, names, _ in table("docs/operations.md", "event"):
            described[bare(event)] = (level, frozenset(re.findall(r"`(\w+)`", names)))
        logged: dict[str, tuple[str, frozenset[str]]] = {}
        for path in PACKAGE.rglob("*.py"):
            for event, level, fields in logged_in(parsed(path)):
                said = logged.setdefault(event, (level, fields))
                self.assertEqual(said, (level, fields), event)
        self.assertEqual(set(described), set(logged))
        for event, said in described.items():
            self.assertEqual(said, logged[event], event)

    def test_every_word_that_says_why_a_request_was_refused_is_described(self) -> None:
        whys = {row[0] for row in table("docs/operations.md", "why")}
        self.assertEqual({bare(why) for why in whys}, set(refusals()))

    def test_the_fields_of_every_line_are_described(self) -> None:
        rows = {bare(row[0]): row[1] for row in table("docs/operations.md", "field")}
        least = {"log_time": 0.0, "log_namespace": "x", "log_format": "x"}
        always = {name for name, answer in rows.items() if answer == "yes"}
        self.assertEqual(always, set(json.loads(json_line(least))))
        most = {**least, "event": "x", "log_failure": Failure(ValueError())}
        self.assertEqual(set(rows), set(json.loads(json_line(most))))

    def test_every_metric_is_described_under_its_name(self) -> None:
        rows = table("docs/operations.md", "metric")
        shown = generate_latest(Metrics().registry).decode()
        families = re.findall(r"^# TYPE (\S+) (\S+)$", shown, re.MULTILINE)
        ours = {(name, kind) for name, kind in families if not name.endswith("_created")}
        self.assertEqual({(bare(row[0]), row[1]) for row in rows}, ours)


class AuditLog(SynchronousTestCase):
    def test_every_kind_is_described_and_recorded_somewhere(self) -> None:
        described = [bare(row[0]) for row in table("docs/operations.md", "kind")]
        self.assertEqual(described, [str(kind) for kind in Kind])
        others = [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "core" / "trail.py"]
        code = "".join(path.read_text(encoding="utf-8") for path in others)
        told = ["joined", "left", "removed", "banned", "unbanned", "muted", "unmuted", "role"]
        told += ["unproven"]
        for kind in Kind:
            if kind not in told:
                self.assertIn(f"Kind.{kind.name}", code)


class Delivery(SynchronousTestCase):
    def test_every_promise_names_tests_and_every_test_that_is_named_exists(self) -> None:
        promises = text("docs/delivery.md").partition("## What is promised")[2]
        sections = re.split(r"(?m)^### ", promises.partition("## What a client")[0])[1:]
        for section in sections:
            names = re.findall(r"`((?:tests|Short)\.[\w.]+)`", section)
            if not section.startswith("D4 "):
                self.assertTrue(names, section)
            for name in names:
                self._find(name.replace("Short.", "tests.faults.test_short.Short.", 1))
        numbers = [section.split()[0] for section in sections if section[1].isdigit()]
        self.assertEqual(numbers, [f"D{number}" for number in range(1, 16)])

    def _find(self, name: str) -> None:
        parts = name.split(".")
        cut = next(n for n in range(len(parts), 0, -1) if self._module(parts[:n]).exists())
        module, inside = ".".join(parts[:cut]), parts[cut:]
        tree = ast.parse(self._module(parts[:cut]).read_text(encoding="utf-8"))
        found = {each.name: each for each in tree.body if isinstance(each, ast.ClassDef)}
        if not inside:
            return
        self.assertIn(inside[0], found, module)
        tests = {getattr(each, "name", "") for each in found[inside[0]].body}
        self.assertLessEqual(set(inside[1:]), tests, name)

    def _module(self, parts: list[str]) -> Path:
        return ROOT.joinpath(*parts).with_suffix(".py")


class Prose(SynchronousTestCase):
    def test_every_link_leads_to_a_file_or_a_heading(self) -> None:
        for name in DOCUMENTS:
            for target in re.findall(r"\[[^\]]*\]\(([^)]+)\)", text(name)):
                if not target.startswith(("http://", "https://")):
                    self._follow(name, target)

    def _follow(self, document: str, target: str) -> None:
        path, _, anchor = target.partition("#")
        found = (ROOT / document).parent / path if path else ROOT / document
        self.assertTrue(found.exists(), f"{document} links to {target}")
        if anchor:
            headings = re.findall(r"^#+ (.+)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in headings}
            self.assertIn(anchor, slugs, f"{document} links to {target}")

    def test_the_wire_is_described_for_every_reason_to_be_refused(self) -> None:
        for status in ("400", "401", "403", "421", "426", "429", "503"):
            self.assertIn(f"| {status} |", text("docs/protocol.md"))

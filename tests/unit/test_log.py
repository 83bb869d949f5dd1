"""The log: one record a line, whatever people type into it."""

from __future__ import annotations

import io
import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import LogEvent, Logger, LogLevel, LogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from securechat import log

# Every character that ends a line, turns the direction of writing, or commands a terminal.
DANGEROUS = [
    *(chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))),
    *"\u2028\u2029\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ud800\udfff",
]


def event(message: str = "", **fields: object) -> LogEvent:
    """A record as twisted.logger makes it, at a fixed time."""
    return {
        "log_time": 1_700_000_000.25,
        "log_level": LogLevel.info,
        "log_namespace": "securechat.test",
        "log_format": message,
        **fields,
    }


def refuse(message: str) -> None:
    """Fail, quoting `message` as it is."""
    raise ValueError(message)


def failure(message: str) -> Failure:
    """A real failure with a traceback."""
    try:
        refuse(message)
    except ValueError:
        return Failure()
    raise AssertionError(message)


class Lines(SynchronousTestCase):
    """Text for people, JSON for machines."""

    def test_text_tells_time_level_logger_and_message(self) -> None:
        line = log.text_line(event("{user} connected", user="ada"))
        self.assertEqual(line, "2023-11-14T22:13:20.250Z info securechat.test: ada connected\n")

    def test_json_has_the_event_and_its_fields(self) -> None:
        line = log.json_line(event("{user} connected", event="connected", user="ada", count=3))
        self.assertEqual(
            json.loads(line),
            {
                "time": "2023-11-14T22:13:20.250Z",
                "level": "info",
                "logger": "securechat.test",
                "event": "connected",
                "message": "ada connected",
                "user": "ada",
                "count": 3,
            },
        )

    def test_nobody_can_forge_a_line(self) -> None:
        for evil in ("\n", "\r", "\x1b[2J", "\x00", "\x85", "\u2028", "\u202e", "\ud800"):
            typed = f"x{evil}2023-11-14T22:13:20.250Z info securechat: all is well"
            text = log.text_line(event("{name} came", name=typed))
            self.assertEqual(len(text.splitlines()), 1)
            self.assertNotIn(evil, text[:-1])
            text.encode("utf-8")
            as_json = log.json_line(event("{name} came", name=typed))
            self.assertEqual(len(as_json.splitlines()), 1)
            self.assertEqual(json.loads(as_json)["name"], typed)

    @given(st.text(), st.text(max_size=3), st.sampled_from(DANGEROUS))
    def test_whatever_is_typed_into_any_field_a_line_stays_one_and_reads_as_it_was_said(
        self, before: str, after: str, evil: str
    ) -> None:
        typed = f"{before}{evil}{after}"
        fields: dict[str, object] = {"name": typed, "names": [typed, [typed]], "level": typed}
        record = event("{name} {names} {level}", event=typed, **fields)
        record["log_namespace"] = typed
        record["log_failure"] = failure(typed)
        text = log.text_line(record)
        self.assertTrue(text.endswith("\n") and evil not in text.replace("\n", ""))
        head, *trace = text.splitlines()
        self.assertTrue(head.startswith("2023-11-14T22:13:20.250Z info "))
        self.assertTrue(all(line.startswith("    ") for line in trace))
        as_json = log.json_line(record)
        self.assertEqual(len(as_json.splitlines()), 1)
        self.assertTrue(as_json.isascii())
        told = json.loads(as_json)
        self.assertEqual((told["name"], told["level_"]), (typed, typed))
        self.assertEqual(told["names"], [typed, [typed]])

    def test_braces_in_what_people_type_are_only_text(self) -> None:
        self.assertIn("{user} {0.x}", log.text_line(event("{name}", name="{user} {0.x}")))

    def test_a_record_that_cannot_be_formatted_still_makes_a_line(self) -> None:
        for line in (log.text_line(event("{missing}")), log.json_line(event("{missing}"))):
            self.assertEqual(len(line.splitlines()), 1)

    def test_forms_that_only_twisted_knows_are_formatted_too(self) -> None:
        self.assertIn("now 7!", log.text_line(event("now {number()}!", number=lambda: 7)))
        self.assertIn("bytes 7", log.text_line(event(b"bytes {n}", n=7)))  # type: ignore[arg-type]

    def test_a_failure_is_indented_and_cannot_forge_either(self) -> None:
        record = event("broke", log_failure=failure("a\n2023-11-14T22:13:20Z info x: fine"))
        head, *trace = log.text_line(record).splitlines()
        self.assertTrue(head.endswith("securechat.test: broke"))
        self.assertTrue(trace and all(line.startswith("    ") for line in trace))
        told = json.loads(log.json_line(record))["failure"]
        self.assertEqual(told["type"], "ValueError")
        self.assertIn("Traceback", told["traceback"])

    def test_an_object_is_named_and_never_shown(self) -> None:
        class Session:
            def __repr__(self) -> str:
                return "token=hunter2"

        line = log.json_line(event("in", session=Session(), sizes=[1, Session()], part=b"hunter2"))
        self.assertNotIn("hunter2", line)
        self.assertIn("Session>", line)

    def test_a_field_never_replaces_what_the_log_itself_says(self) -> None:
        told = json.loads(log.json_line(event("in", level="critical", time="never")))
        self.assertEqual((told["level"], told["level_"]), ("info", "critical"))
        self.assertEqual(told["time_"], "never")

    def test_numbers_that_json_does_not_know_become_text(self) -> None:
        self.assertEqual(json.loads(log.json_line(event("x", ratio=float("nan"))))["ratio"], "nan")


class Observers(SynchronousTestCase):
    """What reaches the log at all, and where it goes."""

    def test_frameworks_talking_about_themselves_are_left_out(self) -> None:
        for record in (
            event("Starting factory {factory!r}", factory=1),
            event("hello", log_namespace="autobahn.websocket.protocol"),
            event("Site starting on 8080", log_namespace="log_legacy"),
            event('"::1" - - "GET /?q"', log_namespace="twisted.python.log"),
            event("(TCP Port 8080 Closed)", log_namespace="log_legacy"),
            event("detail", log_level=LogLevel.debug),
        ):
            self.assertFalse(log.is_wanted(record), record)

    def test_what_an_operator_needs_stays(self) -> None:
        for record in (
            event("Received SIGTERM, shutting down.", log_namespace="twisted.internet.base"),
            event("odd", log_namespace="autobahn.websocket", log_level=LogLevel.warn),
            event("ada connected"),
            {"log_format": "no level", "log_namespace": "log_legacy"},
        ):
            self.assertTrue(log.is_wanted(record), record)

    def test_records_go_through_the_chosen_format(self) -> None:
        for log_format, is_json in (("text", False), ("json", True)):
            stream = io.StringIO()
            observer = log.log_observer(log_format, stream)
            Logger("securechat.test", observer=LogPublisher(observer)).info("hello {n}", n=1)
            self.assertIn("hello 1", stream.getvalue())
            self.assertEqual(stream.getvalue().startswith("{"), is_json)

    def test_the_chosen_log_goes_into_its_file(self) -> None:
        path = Path(self.mktemp())
        self.addCleanup(log.choose, "text", None, is_daemon=False)
        log.choose("json", str(path), is_daemon=False)
        log.chosen_observer()(event("hello"))
        self.assertEqual(json.loads(path.read_text())["message"], "hello")
        self.assertEqual(path.stat().st_mode & 0o777, 0o640)

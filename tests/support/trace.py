"""What a page's main thread did, as Chromium's own tracing tells it.

Tasks are measured by the processor time that they took: on a busy machine a task that waits for its
turn is long on the clock, and it is nobody's fault.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.support.browser import browser

if TYPE_CHECKING:
    from playwright.sync_api import Page

CATEGORIES = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"]


class Trace:
    """The main thread's work while it was traced."""

    def __init__(self) -> None:
        self._events: list[dict[str, Any]] = []

    def read(self, trace: bytes) -> None:
        """Take in what Chromium has written."""
        events = json.loads(trace)["traceEvents"]
        main = {
            (event["pid"], event["tid"])
            for event in events
            if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
        }
        self._events = [
            event for event in events if event["ph"] == "X" and (event["pid"], event["tid"]) in main
        ]

    @property
    def longest_task_ms(self) -> float:
        """Processor time of the longest task."""
        spent = [e.get("tdur", e["dur"]) for e in self._events if e["name"].endswith("RunTask")]
        return float(max(spent)) / 1000

    def count(self, name: str) -> int:
        """How often this was done: ``Layout``, ``UpdateLayoutTree``, ``ParseHTML`` …"""
        return sum(1 for event in self._events if event["name"] == name)


@contextmanager
def traced(page: Page) -> Iterator[Trace]:
    """Trace what happens within; the trace can be read behind it."""
    trace = Trace()
    browser().start_tracing(page=page, categories=CATEGORIES)
    try:
        yield trace
    finally:
        trace.read(browser().stop_tracing())

"""A tiny fan-out through the whole of script/bench: our daemon beside plain Autobahn."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.support.daemon import ROOT

WITHIN_S = 120.0


class Smoke(SynchronousTestCase):
    timeout = 180

    def test_our_daemon_and_a_peer_are_measured_and_nothing_is_lost(self) -> None:
        if shutil.which("cc") is None and os.environ.get("SECURECHAT_TESTS") != "all":
            raise SkipTest("there is no C compiler: script/test installs one")
        numbers = Path(self.mktemp()).resolve()
        words = ["--quick", "--only", "fanout-100", "--peers", "securechat,autobahn"]
        done = subprocess.run(
            [sys.executable, "-m", "bench", *words, "--json", str(numbers)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        said = json.loads(numbers.read_text())
        self.assertEqual(said["notes"], [])
        self.assertEqual(
            {(row["work"], row["server"]) for row in said["rows"]},
            {
                (f"fanout-100 W={window}", server)
                for window in (1, 8)
                for server in ("securechat", "autobahn")
            },
        )
        for row in said["rows"]:
            self.assertEqual(row["values"]["lost"], 0, row)
            self.assertGreater(row["values"]["cpu_us"], 0, row)
            self.assertGreater(row["values"]["per_s"], 0, row)
        # Sealed and framed, it is larger than what was said, and by no more than it must be.
        self.assertTrue(256 < said["frame_bytes"] < 1100, said["frame_bytes"])
        self.assertIn("seals, stores", done.stdout)

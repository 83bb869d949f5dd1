"""The command line in a process of its own, to be killed while it works."""

from __future__ import annotations

import os
import subprocess
import sys

from .daemon import ROOT, DaemonProcess

LATER = """
import sys
from twisted.internet import reactor
from securechat import administration, inspection, rotation
from securechat.__main__ import main
print("ready", flush=True)
sys.exit(main(sys.argv[1:]))
"""
"""The command line as it is, which says when it begins: what is imported is not to be killed."""


def begin(daemon: DaemonProcess, *words: str) -> subprocess.Popen[bytes]:
    """Carry out these words with the daemon's options; returns once the work begins."""
    options = ("--data-dir", str(daemon.data_dir), *daemon.options)
    begun = subprocess.Popen(
        [sys.executable, "-c", LATER, *options, *words],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=daemon.folder,
        stdout=subprocess.PIPE,
    )
    assert begun.stdout is not None
    first = begun.stdout.readline()
    if first != b"ready\n":
        raise RuntimeError(f"the command line did not begin: {first!r}")
    return begun

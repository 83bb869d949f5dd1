"""twistd with a daemon that pings every second, so that half-open peers are found out soon."""

from __future__ import annotations

import sys
from pathlib import Path

from twisted.scripts.twistd import run

from securechat.sockets import pulse

PING_S = 1

if __name__ == "__main__":
    pulse.PING_EVERY_S = PING_S
    # twistd looks for plugins beside itself.
    sys.argv[0] = str(Path(sys.executable).parent / "twistd")
    run()

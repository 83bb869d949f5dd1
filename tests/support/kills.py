"""How often the tests kill (-9) what must survive it."""

from __future__ import annotations

import os

KILLS = int(os.environ.get("KILLS", "2"))
"""Few in each run of all tests; what they prove was found out with ``KILLS=20``."""

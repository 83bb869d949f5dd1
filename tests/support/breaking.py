"""``python -m tests.support.breaking NUMBER …``: twistd that is killed while it migrates.

It kills itself (-9) instead of carrying out the statement with this number of those that bring the
database up to date; one SELECT that looks for a column is no such statement.
"""

from __future__ import annotations

import os
import signal
import sys

from twisted.scripts.twistd import run

from securechat.store import migrations
from securechat.store.transaction import Transaction


class Breaking(Transaction):
    """A transaction that ends its process at the statement ``ends_at``."""

    ends_at = 0

    def run(self, sql: str, *values: object) -> int:
        Breaking.ends_at -= 1
        if Breaking.ends_at == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().run(sql, *values)


if __name__ == "__main__":
    Breaking.ends_at = int(sys.argv.pop(1))
    migrations.Transaction = Breaking  # type: ignore[attr-defined]  # what it speaks through
    run()

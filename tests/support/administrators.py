"""Administrators, made behind the daemon's back."""

from __future__ import annotations

import sqlite3

from .daemon import DaemonProcess


def make_administrator(daemon: DaemonProcess, username: str) -> None:
    """As the operator does: a server administrator is a member of the room of reports."""
    with sqlite3.connect(daemon.data_dir / "securechat.sqlite3", timeout=20) as database:
        database.execute("UPDATE users SET role = 'administrator' WHERE username = ?", [username])
        database.execute(
            "INSERT INTO memberships (room_id, user_id, role, read_seq, since_seq, joined_ms)"
            " SELECT 'reports', id, 'owner', 0, 0, 0 FROM users WHERE username = ?",
            [username],
        )
        database.execute(
            "UPDATE rooms SET members = members + 1, revision = revision + 1 WHERE id = 'reports'"
        )
    database.close()

"""Times on pages."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(time_ms: int) -> dict[str, str]:
    """For scripts, and for readers without: where they are is not known here, so it is UTC."""
    moment = datetime.fromtimestamp(time_ms // 1_000, UTC)
    return {"iso": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "text": moment.strftime("%Y-%m-%d %H:%M")}

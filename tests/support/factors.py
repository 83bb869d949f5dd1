"""An authenticator app for the tests."""

from __future__ import annotations

import base64
import re
import time

import pyotp

from securechat.core.factors import STEP_MS

SECRET = re.compile(r'<p class="link secret"[^>]*>([^<]+)</p>')
OFFER = re.compile(r'name="offer" value="([^"]+)"')
CODES = re.compile(r"<li><code>([^<]+)</code>")


class App:
    """It knows the secret by the text that people type into it."""

    def __init__(self, spelled: str) -> None:
        spelled = spelled.replace(" ", "")
        self.secret = base64.b32decode(spelled)
        self._hotp = pyotp.HOTP(spelled)

    def code(self, now_ms: int) -> str:
        """What it shows at that time."""
        return self._hotp.at(now_ms // STEP_MS)

    def code_now(self, steps_off: int = 0) -> str:
        """What it shows now, or where its clock is wrong by so many steps."""
        return self.code(int(time.time() * 1_000) + steps_off * STEP_MS)

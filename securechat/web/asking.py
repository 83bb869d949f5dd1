"""A form that somebody who is logged in has sent."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.model import Session
from .forms import Form
from .site import SecureRequest


@dataclass(frozen=True)
class Asking:
    """The form, and whose it is."""

    request: SecureRequest
    session: Session
    form: Form

    @property
    def who(self) -> dict[str, str]:
        """Whose change it is, for the log."""
        user = self.session.user
        address = self.request.client_address()
        return {"username": user.username, "user": user.id, "address": address}

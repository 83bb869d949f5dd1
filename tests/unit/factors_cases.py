"""What tests of second factors share."""

from __future__ import annotations

from securechat.chat.factors import Factors, Offer
from securechat.core.factors import FactorKeys
from securechat.core.model import Session
from tests.support.factors import App

from .fakes_accounts import START_MS
from .fakes_factors import MemoryFactors
from .fakes_web import ROOTS
from .test_accounts import AccountsCase


class FactorsCase(AccountsCase):
    """Ada, who has registered."""

    def setUp(self) -> None:
        super().setUp()
        self.keys = FactorKeys(ROOTS)
        self.factor_store = MemoryFactors(self.store)
        self.factors = Factors(
            self.factor_store, self.accounts, self.bus, self.keys, self.random, "chat.example.org"
        )
        self.mine, self.token = self.register()

    def offered(self) -> tuple[Offer, App]:
        offer = self.factors.offer(self.mine.user)
        return offer, App(offer.spelled)

    def enrolled(self, now_ms: int = START_MS) -> tuple[App, tuple[str, ...]]:
        """Her app, and her recovery codes."""
        offer, app = self.offered()
        work = self.factors.add_app(self.mine, offer.token, app.code(now_ms), now_ms)
        return app, self.run_now(work)

    def session_of(self, token: str, now_ms: int = START_MS) -> Session:
        found = self.find(token, now_ms)
        assert found is not None
        return found

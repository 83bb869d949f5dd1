"""The web edge: HTTP pages and the door to the socket, behind one entry point."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from ..chat.accounts import Accounts
from ..chat.administration import Administration
from ..chat.factors import Factors
from ..chat.invitations import Invitations
from ..chat.own_account import OwnAccount
from ..chat.passkeys import Passkeys
from ..core.buckets import Capacity, per_minute
from ..core.ports import Audit
from ..core.settings import Limits
from .confirming import Confirming
from .connections import Connections
from .deleting import Deleting
from .desk import Desk, Throttles
from .door import Admit, Door
from .entering import Entering
from .joining import Joining
from .known_browsers import KnownBrowsers
from .macs import Macs
from .origins import Origins
from .pages import Pages, Ready
from .passkey_login import PasskeyLogin
from .passkeys import Challenges, PasskeyForms
from .pictures import Pictures
from .proxies import Network, Proxies
from .resetting import Resetting
from .second import SecondStep
from .security import Security
from .sessions import Cookies, Csrf
from .setting_up import SettingUp
from .settings import Settings
from .site import SecureSite, WebMetrics
from .static import StaticFiles
from .templates import Templates
from .texts import Texts

__all__ = [
    "Admit",
    "Origins",
    "Ready",
    "SecureSite",
    "StaticFiles",
    "WebMetrics",
    "build_site",
]


def build_site(
    *,
    accounts: Accounts,
    administration: Administration,
    own_account: OwnAccount,
    factors: Factors,
    passkeys: Passkeys,
    invitations: Invitations,
    limits: Limits,
    origins: Origins,
    purposes: Callable[[str], Sequence[bytes]],
    ready: Ready,
    draining: Callable[[], bool],
    admit: Admit,
    capacity: Capacity,
    metrics: WebMetrics,
    audit: Audit,
    wall_clock_ms: Callable[[], int],
    secure_cookies: bool,
    behind_proxy: Iterable[Network],
    reactor: Any,
    templates_dir: Path,
    static: StaticFiles,
    most_connections: int = 0,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> SecureSite:
    """The factory for the web port (plain, TLS or behind a proxy).

    accounts           the use cases of people and sessions
    administration     who may register, the first administrator, new passwords
    own_account        what people change about their own account
    factors            second factors, at the log-in and where they are changed
    passkeys           the same, of passkeys
    invitations        where invite links lead
    limits             logins_per_address, registrations_per_address, connections_per_address,
                       session_days, password_min
    origins            which hosts and origins are ours; without a public URL call
                       ``origins.listen_on(ports)`` once the ports are known
    purposes           the keys for one purpose (``csrf``, ``device``, ``passkey``), one of each
                       root key, 32 bytes each, the newest first
    ready              None, or why the daemon is not ready (a short text, shown at /readyz); may
                       return an awaitable
    draining           whether new sockets are turned away because the daemon is stopping
    admit              ``admit(visitor)`` makes what speaks once the handshake is over
    capacity           counts open sockets; their owner calls ``capacity.gone(visitor)`` once for
                       each that has ended
    metrics            log-ins, registrations, answers
    audit              takes what is to be recorded of people and their sessions
    wall_clock_ms      milliseconds since 1970, monotonic within a run
    secure_cookies     True under TLS or an https public URL: ``__Host-`` names and Secure
    behind_proxy       networks whose X-Forwarded-For and X-Forwarded-Proto are believed
    reactor            for deadlines and the throttles' clock
    templates_dir      login.html, register.html, chat.html, error.html …
    static             what lies under /static
    most_connections   TCP connections that may be open at all, sockets among them; 0: any number
    random_bytes       the source of randomness
    """
    templates = Templates(templates_dir, static.address, Texts(static.folder / "texts"))
    cookies = Cookies(secure_cookies, random_bytes)
    throttles = Throttles(
        logins=per_minute(limits.logins_per_address),
        registrations=per_minute(limits.registrations_per_address),
        changes=per_minute(limits.registrations_per_address),
        links=per_minute(limits.registrations_per_address),
    )
    desk = Desk(
        accounts=accounts,
        limits=limits,
        origins=origins,
        cookies=cookies,
        csrf=Csrf(Macs(lambda: purposes("csrf"))),
        known_browsers=KnownBrowsers(cookies, Macs(lambda: purposes("device"))),
        templates=templates,
        known_registration=lambda: administration.known_registration,
        metrics=metrics,
        audit=audit,
        wall_clock_ms=wall_clock_ms,
        seconds=reactor.seconds,
    )
    challenges = Challenges(cookies, Macs(lambda: purposes("passkey")))
    passkey_forms = PasskeyForms(desk, passkeys, challenges, origins)
    second = SecondStep(desk, factors, passkey_forms, metrics, throttles)
    pages = Pages(
        desk=desk,
        entering=Entering(
            desk, accounts, administration, second, passkey_forms, metrics, throttles
        ),
        joining=Joining(desk, accounts, administration, invitations, throttles),
        setting_up=SettingUp(desk, administration, invitations, metrics, throttles),
        resetting=Resetting(desk, administration, throttles),
        pictures=Pictures(desk, throttles),
        settings=Settings(desk, own_account, factors, throttles),
        deleting=Deleting(desk, own_account, factors, throttles),
        second=second,
        passkey_login=PasskeyLogin(desk, passkey_forms, passkeys, metrics, throttles),
        security=Security(desk, factors, passkeys, passkey_forms, own_account, throttles),
        confirming=Confirming(desk, factors, passkeys, passkey_forms, throttles),
        static=static,
        ready=ready,
    )
    door = Door(
        accounts=accounts,
        cookies=cookies,
        origins=origins,
        capacity=capacity,
        draining=draining,
        admit=admit,
        wall_clock_ms=wall_clock_ms,
    )
    proxies = Proxies(behind_proxy)
    connections = Connections(
        most=most_connections,
        per_address=limits.connections_per_address,
        proxies=proxies,
        sockets=lambda: capacity.open,
        seconds=reactor.seconds,
    )
    return SecureSite(
        pages.app.resource(),
        door,
        origins=origins,
        proxies=proxies,
        templates=templates,
        metrics=metrics,
        reactor=reactor,
        connections=connections,
    )

"""What ``python -m securechat demo`` does, beside a running daemon or without one."""

from __future__ import annotations

import os
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import keyring
from ..administration import Refusal, carry_out, home_of
from ..assets import static_dir
from ..bus.local import LocalBus
from ..chat.accounts import Accounts, InvalidFields
from ..chat.administration import Administration, WrongToken
from ..chat.changes import RoomChanges
from ..chat.journal import MOST_EVENTS_A_BATCH, Journal
from ..config import Config
from ..config.certificate import private_bytes
from ..core.errors import NameTaken, Refused, Unavailable
from ..core.keys import RoomKeys
from ..core.settings import SqliteDatabase
from ..core.trail import Signer
from ..files import make_data_dir
from ..hashing import BcryptPool
from ..metrics import Metrics
from ..store import Store
from ..store.trail import Trail
from ..web.texts import SOURCE, Texts
from . import crowd
from .cafe import CAFE
from .cast import PEOPLE
from .direct import OF_THREE, WITH_LAYLA, WITH_THEO, WITH_TOMAS
from .play import Scene, begin_ms
from .rooms import BOARD, FAIR, GARDEN, GENERAL, KEYS, SHED
from .telling import Means, Moment, Teller

LEAST_PASSWORD_CHARACTERS = 16
ARRIVED_BEFORE_MS = 60_000
"""So long before anything happens the accounts are made."""


def run(config: Config, messages: int, password_file: Path | None) -> int:
    """Fill the empty server; the exit status. Reasons go to standard error.

    ``messages`` (0: none) are told in a room of their own, beside the rest. Without
    ``password_file``, whose first line is everybody's password, one is made up and printed.
    """

    async def work(reactor: Any) -> None:
        given = None if password_file is None else _password_in(password_file)
        password = given or _new_password(config)
        store, ring = _opened(config, reactor)
        if not store.ledger.is_unused():
            raise Refusal("somebody is here already: a demo is only for an empty server")
        hashing = BcryptPool(reactor, ring.roots.peppers())
        store.database.start()
        hashing.start()
        try:
            told = await _fill(_Wired(config, reactor, store, ring, hashing), password, messages)
        except (Unavailable, Refused) as error:
            why = f"the demo was left half told: {error}; remove what is stored, and begin again"
            raise Refusal(why) from error
        finally:
            await hashing.stop()
            await store.stop()
        sys.stdout.write(announcement(told, home_of(config), None if given else password))

    return carry_out(work)


def _password_in(file: Path) -> str:
    try:
        lines = private_bytes(file).decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise Refusal(f"the file {file} is not UTF-8") from None
    except ValueError as error:
        raise Refusal(f"--password-file: {error}") from None
    if not lines or not lines[0]:
        raise Refusal(f"the first line of {file} is empty: it is everybody's password")
    return lines[0]


def _new_password(config: Config) -> str:
    characters = max(LEAST_PASSWORD_CHARACTERS, config.limits.password_min)
    return secrets.token_urlsafe(characters)[:characters]


def _opened(config: Config, reactor: Any) -> tuple[Store, keyring.Keyring]:
    """The store, whose database and keyring are made where there are none yet."""
    make_data_dir(config)
    ring = keyring.read_or_draft(config.keyring)
    store = Store(config.database, reactor, trail=Trail(Signer(ring.roots)))
    database = config.database
    is_new = isinstance(database, SqliteDatabase) and not database.path.exists()
    identity = None if is_new else store.ledger.examine()
    if identity is None:
        store.ledger.prepare()
        ring.settle(store.ledger)
    else:
        ring.check(identity)
    return store, ring


@dataclass(frozen=True, slots=True)
class _Wired:
    """What the use cases stand on."""

    config: Config
    reactor: Any
    store: Store
    ring: keyring.Keyring
    hashing: BcryptPool


async def _fill(wired: _Wired, password: str, messages: int) -> int:
    """Tell everything; how many messages were said."""
    now_ms = int(time.time() * 1_000)
    means = _means(wired, Moment(now_ms))
    told = scenes()
    fast = [crowd.many(messages)] if messages else []
    began_ms = min(begin_ms(scene, now_ms) for scene in (*told, *fast))
    teller = Teller(means, now_ms)
    try:
        await teller.introduce(PEOPLE, password, began_ms - ARRIVED_BEFORE_MS)
    except InvalidFields as error:
        raise Refusal(f"this cannot be everybody's password: {_in_english(error)}") from None
    except (NameTaken, WrongToken):
        raise Refusal("somebody else was quicker: this server is not empty any more") from None
    for scene in told:
        await teller.tell(scene)
    for scene in fast:
        await teller.tell_fast(scene)
    await means.journal.drain()
    await means.room_changes.drain()
    return teller.messages


def _in_english(error: InvalidFields) -> str:
    english = Texts(static_dir() / "texts").of(SOURCE)
    return " ".join(english.say(why).unescape() for why in error.errors.values())


def _means(wired: _Wired, moment: Moment) -> Means:
    config, store = wired.config, wired.store
    # A running daemon asks the database by itself what is new: nobody needs to be told.
    bus, keys = LocalBus(), RoomKeys(wired.ring.roots)
    accounts = Accounts(
        store.accounts, wired.hashing, bus, config.limits, os.urandom, keys, config.host
    )
    journal = Journal(
        events=store.events,
        room_keys=keys,
        bus=bus,
        clock=wired.reactor,
        wall_clock=moment,
        most_waiting=MOST_EVENTS_A_BATCH,
        metrics=Metrics(),
    )
    room_changes = RoomChanges(
        changes=store.changes,
        rooms=store.rooms,
        sealer=keys,
        bus=bus,
        clock=wired.reactor,
        wall_clock=moment,
        random_bytes=os.urandom,
        doubt=journal.doubts.add,
    )
    administration = Administration(store.administration, accounts, bus, os.urandom)
    return Means(
        moment=moment,
        accounts=accounts,
        administration=administration,
        room_changes=room_changes,
        journal=journal,
        rooms=store.rooms,
        random_bytes=os.urandom,
    )


def scenes() -> tuple[Scene, ...]:
    """Everything that is told one thing after the other, room by room."""
    rooms = (GENERAL, CAFE, GARDEN, BOARD, KEYS, FAIR, SHED, crowd.birds())
    return (*rooms, WITH_LAYLA, WITH_THEO, OF_THREE, WITH_TOMAS)


def announcement(messages: int, home: str, password: str | None) -> str:
    """What is printed at the end: who may log in where; ``password`` only where it is new."""
    first, *others = PEOPLE
    width = max(len(person.username) for person in PEOPLE)
    lines = [
        f"{messages} messages of {len(PEOPLE)} people. Log in{f' at {home}' if home else ''} as",
        f"  {first.username:{width}}  {first.full_name} (administrator; much is unread)",
        *(f"  {person.username:{width}}  {person.full_name}" for person in others),
        "Everybody's password is the one in your file.\n"
        if password is None
        else f"Everybody's password, shown only now: {password}\n",
    ]
    return "\n".join(lines)

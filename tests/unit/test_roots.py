"""The root keys of a running daemon: exchanged at once, and looked for where one is missing."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from securechat import keyfile, keyring
from securechat.core.errors import RootUnknown
from securechat.core.keys import RoomKeys, RootKeys, purpose_key
from securechat.core.model import GENERAL
from securechat.core.passwords import hash_password, password_matches
from securechat.roots import LOOK_AGAIN_S, LiveRoots
from securechat.web.macs import Macs
from securechat.web.sessions import Csrf

OLD = RootKeys("of-this-database", {1: b"1" * 32})
BOTH = OLD.adding(2, b"2" * 32, 0)
NEW = BOTH.without(1)
NOW_MS = 1_700_000_000_000


class LiveRootsCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp())
        keyfile.make(self.path, OLD)
        self.now_s, self.told = 0.0, 0
        self.roots = LiveRoots(keyring.read(self.path), lambda: self.now_s)
        self.roots.tell_behind = self.tell
        self.room_keys = RoomKeys(self.roots)

    def tell(self) -> None:
        self.told += 1

    def write(self, roots: RootKeys) -> None:
        keyfile.replace(self.path, roots)


class Missing(LiveRootsCase):
    def test_a_key_that_the_file_has_by_now_opens_at_once(self) -> None:
        theirs = RoomKeys(BOTH).new_key(GENERAL, 1, 1, NOW_MS)
        self.assertEqual(theirs.root_id, 2)
        self.write(BOTH)
        self.assertEqual(self.room_keys.unwrap(theirs), RoomKeys(BOTH).unwrap(theirs))
        self.assertEqual(self.told, 1)

    def test_what_was_found_does_not_seal_before_it_is_adopted(self) -> None:
        self.write(BOTH)
        self.roots.key(2)
        self.assertEqual(self.room_keys.new_key(GENERAL, 1, 1, NOW_MS).root_id, 1)
        self.roots.adopt(BOTH)
        self.assertEqual(self.room_keys.new_key(GENERAL, 1, 1, NOW_MS).root_id, 2)

    def test_one_that_the_file_does_not_have_is_for_later_and_not_damaged(self) -> None:
        theirs = RoomKeys(BOTH).new_key(GENERAL, 1, 1, NOW_MS)
        self.assertRaises(RootUnknown, self.room_keys.unwrap, theirs)
        self.write(BOTH)
        self.assertRaises(RootUnknown, self.room_keys.unwrap, theirs)
        self.now_s += LOOK_AGAIN_S
        self.assertEqual(len(self.room_keys.unwrap(theirs)), 32)

    def test_the_file_is_looked_at_once_a_second_at_most(self) -> None:
        looked: list[Path] = []
        real = keyfile.read

        def read(path: Path) -> RootKeys:
            looked.append(path)
            return real(path)

        self.patch(keyfile, "read", read)
        for _ in range(100):
            self.assertRaises(RootUnknown, self.roots.key, 2)
        self.assertEqual(len(looked), 1)

    def test_another_databases_file_and_a_broken_one_give_nothing(self) -> None:
        for text in (self.path.read_text().replace("of-this-database", "of-another"), "{"):
            self.path.write_text(text.replace('"1": "', '"2": "'))
            self.now_s += LOOK_AGAIN_S
            self.assertRaises(RootUnknown, self.roots.key, 2)
        self.assertEqual(self.told, 0)


class Adopting(LiveRootsCase):
    def test_older_keys_open_until_they_are_retired(self) -> None:
        mine = self.room_keys.new_key(GENERAL, 1, 1, NOW_MS)
        self.roots.adopt(BOTH)
        self.assertEqual(len(self.room_keys.unwrap(mine)), 32)
        moved = self.room_keys.rewrapped(mine)
        self.write(NEW)
        self.roots.adopt(NEW)
        fresh = RoomKeys(self.roots)
        self.assertEqual(fresh.unwrap(moved), self.room_keys.unwrap(mine))
        self.assertRaises(RootUnknown, fresh.unwrap, mine)

    def test_every_purpose_follows_with_the_newest_first(self) -> None:
        first = purpose_key(b"1" * 32, "csrf")
        self.assertEqual(self.roots.purposes("csrf"), (first,))
        self.roots.adopt(BOTH)
        self.assertEqual(self.roots.purposes("csrf"), (purpose_key(b"2" * 32, "csrf"), first))
        self.assertEqual(self.roots.purposes("csrf"), BOTH.purposes("csrf"))

    def test_a_form_from_before_a_rotation_is_good_until_its_key_is_retired(
        self,
    ) -> None:
        csrf = Csrf(Macs(lambda: self.roots.purposes("csrf")))
        before = csrf.token("session", "cookie")
        self.roots.adopt(BOTH)
        after = csrf.token("session", "cookie")
        self.assertNotEqual(before, after)
        for token in (before, after):
            self.assertTrue(csrf.holds("session", "cookie", token))
            self.assertFalse(csrf.holds("session", "another", token))
        self.roots.adopt(NEW)
        self.assertFalse(csrf.holds("session", "cookie", before))
        self.assertTrue(csrf.holds("session", "cookie", after))

    def test_passwords_take_the_newest_pepper_and_match_under_the_older(self) -> None:
        peppers = self.roots.peppers
        old = hash_password("a long secret", peppers, 4)
        self.roots.adopt(BOTH)
        new = hash_password("a long secret", peppers, 4)
        self.assertEqual((old.root_id, new.root_id), (1, 2))
        for stored in (old, new):
            self.assertTrue(password_matches("a long secret", stored, peppers))
            self.assertFalse(password_matches("another secret", stored, peppers))
        self.roots.adopt(OLD)
        self.assertRaises(RootUnknown, password_matches, "a long secret", new, peppers)

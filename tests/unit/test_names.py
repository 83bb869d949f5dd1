"""What people may be called."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from securechat.core.names import BadName, fold_username, tidy_full_name, tidy_room_name


class UserNames(SynchronousTestCase):
    def test_upper_case_and_space_around_are_folded_away(self) -> None:
        self.assertEqual(fold_username(" Ada.Lovelace-1_ "), "ada.lovelace-1_")

    def test_three_to_thirty_two_characters(self) -> None:
        self.assertEqual(fold_username("abc"), "abc")
        self.assertEqual(fold_username("a" * 32), "a" * 32)
        for typed in ("", "  ", "ab", "a" * 33):
            self.assertRaises(BadName, fold_username, typed)

    def test_nothing_but_the_allowed_characters(self) -> None:
        for typed in ("a b", "adé", "ada\0", "ada\n\nx", "ada@b", "<ada>", "ada/..", "😀😀😀"):
            self.assertRaises(BadName, fold_username, typed)

    def test_letters_that_fold_to_ascii_are_not_let_in(self) -> None:
        self.assertEqual("\u212a".lower(), "k")
        self.assertRaises(BadName, fold_username, "\u212ate")
        self.assertRaises(BadName, fold_username, "\uff41\uff42\uff43")

    @given(st.text())
    def test_a_folded_name_folds_to_itself(self, typed: str) -> None:
        try:
            name = fold_username(typed)
        except BadName as error:
            self.assertTrue(str(error))
        else:
            self.assertEqual(fold_username(name), name)


class FullNames(SynchronousTestCase):
    def test_names_of_all_scripts_and_emoji_are_kept(self) -> None:
        for name in (
            "Ada Lovelace",
            "محمد\u200f (Mo)",
            "דָּוִד",
            "नरेंद्र",
            "李小龍",
            "👩\u200d💻 Grace",
            "🏴\U000e0067\U000e0062\U000e007f",
            "می\u200cخواهم",
            "O'Brien <b>&amp;",
        ):
            self.assertEqual(tidy_full_name(f" {name}\t"), tidy_full_name(name))
            self.assertTrue(tidy_full_name(name))

    def test_a_name_is_composed(self) -> None:
        self.assertEqual(tidy_full_name("Rene\u0301"), "Ren\u00e9")

    def test_one_to_eighty_characters_after_trimming(self) -> None:
        self.assertEqual(tidy_full_name(" " + "é" * 80 + " "), "é" * 80)
        for typed in ("", "   ", "é" * 81):
            self.assertRaises(BadName, tidy_full_name, typed)

    def test_control_and_override_characters_are_refused(self) -> None:
        refused = [0x00, 0x09, 0x0A, 0x0D, 0x1B, 0x7F, 0x85, 0x9B, 0x2028, 0x2029, 0xD800, 0xDFFF]
        refused += [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]
        for point in refused:
            self.assertRaises(BadName, tidy_full_name, f"Ada{chr(point)}Lovelace")

    def test_a_name_that_shows_nothing_is_refused(self) -> None:
        for typed in ("\u200d", "\u200b\u200b", "\u2060", "\u0301", "\u00ad"):
            self.assertRaises(BadName, tidy_full_name, typed)


class RoomNames(SynchronousTestCase):
    def test_the_servers_own_rooms_have_their_names_alone(self) -> None:
        for typed in (
            "Reports",
            "general",
            " GENERAL ",
            "re\u200dports",
            "\uff32\uff45\uff50\uff4f\uff52\uff54\uff53",
            "general\u00a0",
            "Report\u017f",
        ):
            refused = self.assertRaises(BadName, tidy_room_name, typed)
            self.assertEqual(str(refused), "This name is taken by the server.", typed)

    def test_names_that_only_hold_those_are_good(self) -> None:
        for typed in ("General talk", "reports 2026", "Généraal", "report"):
            self.assertEqual(tidy_room_name(typed), typed)

"""Limits that are told the time, and the count of open sockets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from securechat.core.buckets import Buckets, Capacity, address_key, per_minute
from securechat.core.model import SessionDigest, User, UserId, Visitor


class TokenBuckets(SynchronousTestCase):
    def test_a_burst_passes_and_then_one_at_a_time(self) -> None:
        buckets = Buckets(per_second=2, burst=3)
        self.assertEqual([buckets.wait_s("a", 0) for _ in range(3)], [0, 0, 0])
        self.assertEqual(buckets.wait_s("a", 0), 0.5)
        self.assertEqual(buckets.wait_s("a", 0.25), 0.25)
        self.assertEqual(buckets.wait_s("a", 0.5), 0)
        self.assertGreater(buckets.wait_s("a", 0.5), 0)

    def test_what_costs_more_takes_more_and_never_more_than_a_burst(self) -> None:
        buckets = Buckets(per_second=2, burst=6)
        self.assertEqual(buckets.wait_s("a", 0, 5), 0)
        self.assertEqual(buckets.wait_s("a", 0, 5), 2)
        self.assertEqual(buckets.wait_s("a", 0), 0)
        self.assertEqual(buckets.wait_s("a", 3, 100), 0)
        self.assertEqual(buckets.wait_s("a", 3), 0.5)

    def test_one_key_does_not_pay_for_another(self) -> None:
        buckets = Buckets(per_second=1, burst=1)
        self.assertEqual(buckets.wait_s("a", 0), 0)
        self.assertEqual(buckets.wait_s("b", 0), 0)

    def test_thirty_a_minute_and_not_one_more(self) -> None:
        buckets = per_minute(30)
        passed = sum(buckets.wait_s("a", second) == 0 for second in range(600))
        self.assertEqual(passed, 30 + 299)

    def test_zero_switches_a_limit_off(self) -> None:
        buckets = per_minute(0)
        self.assertTrue(all(buckets.wait_s("a", 0) == 0 for _ in range(1_000)))
        self.assertEqual(len(buckets), 0)

    def test_a_clock_that_goes_back_refills_nothing(self) -> None:
        buckets = Buckets(per_second=1, burst=1)
        self.assertEqual(buckets.wait_s("a", 100), 0)
        self.assertEqual(buckets.wait_s("a", 0), 1)

    def test_memory_is_bounded_and_the_one_who_keeps_asking_is_not_forgotten(self) -> None:
        buckets = Buckets(per_second=0.001, burst=1, max_keys=10)
        buckets.wait_s("loud", 0)
        for number in range(1_000):
            buckets.wait_s(str(number), 0)
            self.assertGreater(buckets.wait_s("loud", 0), 0)
        self.assertEqual(len(buckets), 10)

    @given(st.lists(st.floats(0, 5), max_size=50))
    def test_never_more_than_burst_and_rate_allow(self, pauses_s: list[float]) -> None:
        buckets, now_s, passed = Buckets(per_second=2, burst=4), 0.0, 0
        for pause_s in pauses_s:
            now_s += pause_s
            passed += buckets.wait_s("a", now_s) == 0
        self.assertLessEqual(passed, 4 + 2 * now_s + 1e-6)


class AddressKeys(SynchronousTestCase):
    def test_an_ipv6_network_of_64_bits_counts_as_one(self) -> None:
        self.assertEqual(address_key("2001:db8::1"), address_key("2001:db8:0:0:ffff::2"))
        self.assertNotEqual(address_key("2001:db8::1"), address_key("2001:db8:0:1::1"))

    def test_an_ipv4_address_is_one_however_it_is_written(self) -> None:
        self.assertEqual(address_key("::ffff:192.0.2.1"), address_key("192.0.2.1"))
        self.assertNotEqual(address_key("192.0.2.1"), address_key("192.0.2.2"))

    def test_what_is_no_address_stands_for_itself(self) -> None:
        self.assertEqual(address_key("local"), "local")


class Places(SynchronousTestCase):
    def visitor(self, address: str, user: str) -> Visitor:
        person = User(UserId(user), user, user, "member")
        return Visitor(person, SessionDigest(b"s" * 32), 0, address)

    def test_each_cap_counts_its_own(self) -> None:
        capacity = Capacity(connections=4, per_address=2, per_user=1)
        places = [capacity.enter(address) for address in ("a", "a", "b", "c")]
        self.assertNotIn(None, places)
        self.assertIsNone(capacity.enter("d"))
        first, second = places[:2]
        assert first is not None
        assert second is not None
        self.assertTrue(first.seat("ada"))
        self.assertFalse(second.seat("ada"))
        second.leave()
        self.assertIsNotNone(capacity.enter("a"))

    def test_leaving_twice_counts_once(self) -> None:
        capacity = Capacity(2, 2, 2)
        place, other = capacity.enter("a"), capacity.enter("a")
        assert place is not None
        assert other is not None
        place.leave()
        place.leave()
        self.assertEqual(capacity.open, 1)

    def test_an_admitted_visitor_is_counted_until_gone(self) -> None:
        capacity = Capacity(1, 1, 1)
        place = capacity.enter("a")
        assert place is not None
        place.seat("ada")
        place.keep()
        place.leave()
        self.assertIsNone(capacity.enter("a"))
        capacity.gone(self.visitor("a", "ada"))
        again = capacity.enter("a")
        assert again is not None
        self.assertTrue(again.seat("ada"))

    def test_zero_switches_a_cap_off(self) -> None:
        capacity = Capacity(0, 0, 0)
        for _ in range(100):
            place = capacity.enter("a")
            assert place is not None
            self.assertTrue(place.seat("ada"))

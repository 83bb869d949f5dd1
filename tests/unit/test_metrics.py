"""The figures for Prometheus."""

from __future__ import annotations

from prometheus_client import generate_latest
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import NoResource, getChildForRequest
from twisted.web.test.requesthelper import DummyRequest

from securechat.core.errors import Code
from securechat.metrics import Metrics, MetricsResource


class Figures(SynchronousTestCase):
    """Each method moves its series, and only fixed labels appear."""

    def setUp(self) -> None:
        self.metrics = Metrics()

    def value(self, name: str, **labels: str) -> float | None:
        """The present value of one series."""
        return self.metrics.registry.get_sample_value(name, labels)

    def test_connections_rise_and_fall(self) -> None:
        self.metrics.connected()
        self.metrics.connected()
        self.metrics.disconnected()
        self.assertEqual(self.value("securechat_connections"), 1)
        self.assertEqual(self.value("securechat_connects_total"), 2)
        self.assertEqual(self.value("securechat_disconnects_total"), 1)

    def test_a_batch_counts_its_messages_and_its_time(self) -> None:
        self.metrics.journal_depth(3)
        self.metrics.batch_committed(3, 0.004)
        self.assertEqual(self.value("securechat_journal_depth"), 3)
        self.assertEqual(self.value("securechat_messages_posted_total"), 3)
        self.assertEqual(self.value("securechat_batch_size_bucket", le="4.0"), 1)
        self.assertEqual(self.value("securechat_batch_size_bucket", le="2.0"), 0)
        self.assertEqual(self.value("securechat_commit_seconds_sum"), 0.004)

    def test_fan_out_counts_deliveries(self) -> None:
        self.metrics.fanned_out(500, 0.01)
        self.assertEqual(self.value("securechat_deliveries_total"), 500)
        self.assertEqual(self.value("securechat_fanout_seconds_count"), 1)

    def test_refusals_are_counted_by_code(self) -> None:
        self.metrics.refused(Code.TOO_LARGE)
        self.metrics.slow_reader_cut()
        self.assertEqual(self.value("securechat_refusals_total", code="too_large"), 1)
        self.assertEqual(self.value("securechat_refusals_total", code="internal"), 0)
        self.assertEqual(self.value("securechat_slow_readers_cut_total"), 1)

    def test_logins_registrations_and_answers_are_counted(self) -> None:
        self.metrics.login("throttled")
        self.metrics.registered()
        for status in (204, 303, 404, 404, 0, 999):
            self.metrics.responded(status)
        self.assertEqual(self.value("securechat_logins_total", outcome="throttled"), 1)
        self.assertEqual(self.value("securechat_registrations_total"), 1)
        self.assertEqual(self.value("securechat_http_responses_total", status="4xx"), 2)
        self.assertEqual(self.value("securechat_http_responses_total", status="5xx"), 1)

    def test_two_daemons_in_one_process_count_apart(self) -> None:
        self.metrics.registered()
        self.assertIn(b"securechat_registrations_total 0.0", generate_latest(Metrics().registry))

    def test_series_exist_before_their_first_event(self) -> None:
        self.assertEqual(self.value("securechat_refusals_total", code="unavailable"), 0)


class Served(SynchronousTestCase):
    """GET /metrics, and 404 for all else."""

    def test_only_the_one_address_exists(self) -> None:
        site = MetricsResource(Metrics())
        found = getChildForRequest(site, DummyRequest([b"metrics"]))
        self.assertNotIsInstance(found, NoResource)
        for path in ([b""], [b"other"], [b"metrics", b"more"]):
            missing = getChildForRequest(site, DummyRequest(path))
            request = DummyRequest(path)
            missing.render(request)
            self.assertEqual(request.responseCode, 404)

"""What the daemon counts, for Prometheus. No user, room or address ever becomes a label."""

from __future__ import annotations

from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from twisted.web.iweb import IRequest
from twisted.web.resource import IResource, Resource

from .core.errors import Code

LOGIN_OUTCOMES = ("ok", "refused", "throttled")
BUS_DROPS = ("away", "busy", "refused", "forged", "stale", "unreadable")
ERASINGS = ("room", "person", "retention")
STATUS_CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")
BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
LATENCIES_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

BusDrop = Literal["away", "busy", "refused", "forged", "stale", "unreadable"]
LoginOutcome = Literal["ok", "refused", "throttled"]


class Metrics:
    """The figures of one daemon in a registry of its own, so that tests and daemons never mix.

    Every method is cheap, synchronous and never fails. Durations are in seconds.
    """

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self._connections = Gauge("securechat_connections", "Open sockets now.", registry=registry)
        self._connects = Counter(
            "securechat_connects", "Sockets opened since the start.", registry=registry
        )
        self._disconnects = Counter(
            "securechat_disconnects", "Sockets closed since the start.", registry=registry
        )
        self._cuts = Counter(
            "securechat_slow_readers_cut",
            "Sockets aborted because their client read too slowly.",
            registry=registry,
        )
        self._posted = Counter(
            "securechat_messages_posted", "Messages stored and acknowledged.", registry=registry
        )
        self._depth = Gauge(
            "securechat_journal_depth", "Messages waiting for the database.", registry=registry
        )
        self._batch = Histogram(
            "securechat_batch_size",
            "Messages that one transaction stored.",
            buckets=BATCH_SIZES,
            registry=registry,
        )
        self._commit = Histogram(
            "securechat_commit_seconds",
            "Time of one storing transaction, commit included.",
            buckets=LATENCIES_S,
            registry=registry,
        )
        self._fanout = Histogram(
            "securechat_fanout_seconds",
            "Time from the commit of a batch to its last send.",
            buckets=LATENCIES_S,
            registry=registry,
        )
        self._deliveries = Counter(
            "securechat_deliveries", "Events sent to live sockets.", registry=registry
        )
        self._refusals = Counter(
            "securechat_refusals", "Error frames, by code.", ["code"], registry=registry
        )
        self._logins = Counter(
            "securechat_logins", "Attempts to log in, by outcome.", ["outcome"], registry=registry
        )
        self._registrations = Counter(
            "securechat_registrations", "Accounts made.", registry=registry
        )
        self._responses = Counter(
            "securechat_http_responses", "HTTP answers, by class.", ["status"], registry=registry
        )
        self._bus_up = Gauge(
            "securechat_bus_up", "1 while the bus carries news both ways.", registry=registry
        )
        self._bus_sent = Counter(
            "securechat_bus_messages_sent", "Messages handed to the bus.", registry=registry
        )
        self._bus_received = Counter(
            "securechat_bus_messages_received",
            "Messages from the bus, one's own among them.",
            registry=registry,
        )
        self._bus_dropped = Counter(
            "securechat_bus_messages_dropped",
            "Messages not sent or not believed, by reason.",
            ["why"],
            registry=registry,
        )
        self._erased = Counter(
            "securechat_erased_events",
            "Events whose texts were destroyed, by what asked for it.",
            ["why"],
            registry=registry,
        )
        self._show_zeros()

    def _show_zeros(self) -> None:
        # A series that appears only with its first event hides that event from rate().
        for code in Code:
            self._refusals.labels(code)
        for outcome in LOGIN_OUTCOMES:
            self._logins.labels(outcome)
        for why in BUS_DROPS:
            self._bus_dropped.labels(why)
        for status in STATUS_CLASSES:
            self._responses.labels(status)
        for erasing in ERASINGS:
            self._erased.labels(erasing)

    def connected(self) -> None:
        """A socket was opened and knows its user."""
        self._connections.inc()
        self._connects.inc()

    def disconnected(self) -> None:
        """A socket that was `connected` is gone."""
        self._connections.dec()
        self._disconnects.inc()

    def journal_depth(self, waiting: int) -> None:
        """So many messages wait for the database now."""
        self._depth.set(waiting)

    def batch_committed(self, size: int, seconds: float) -> None:
        """One transaction stored `size` messages and took `seconds`."""
        self._posted.inc(size)
        self._batch.observe(size)
        self._commit.observe(seconds)

    def fanned_out(self, deliveries: int, seconds: float) -> None:
        """`deliveries` events went to live sockets, the last `seconds` after their commit."""
        self._deliveries.inc(deliveries)
        self._fanout.observe(seconds)

    def refused(self, code: Code) -> None:
        """An error frame with `code` was sent."""
        self._refusals.labels(code).inc()

    def slow_reader_cut(self) -> None:
        """A socket was aborted because its client read too slowly."""
        self._cuts.inc()

    def login(self, outcome: LoginOutcome) -> None:
        """Somebody tried to log in."""
        self._logins.labels(outcome).inc()

    def registered(self) -> None:
        """An account was made."""
        self._registrations.inc()

    def bus_is_up(self, is_up: bool) -> None:
        """The bus carries news both ways, or no longer does."""
        self._bus_up.set(is_up)

    def bus_sent(self) -> None:
        """A message was handed to the bus."""
        self._bus_sent.inc()

    def bus_received(self) -> None:
        """A message came from the bus."""
        self._bus_received.inc()

    def bus_dropped(self, why: BusDrop) -> None:
        """A message was not sent, or was not believed."""
        self._bus_dropped.labels(why).inc()

    def erased(self, why: str, count: int) -> None:
        """So many events are gone with a room or a person, or because of their age."""
        self._erased.labels(why).inc(count)

    def responded(self, status: int) -> None:
        """An HTTP answer with `status` was sent."""
        self._responses.labels(f"{min(max(status // 100, 1), 5)}xx").inc()


class MetricsResource(Resource):
    """What `--metrics-listen` serves: the figures at /metrics, and nothing else."""

    isLeaf = False

    def __init__(self, metrics: Metrics) -> None:
        Resource.__init__(self)
        # Only now: the import installs the reactor.
        from prometheus_client.twisted import MetricsResource as Exposition

        self.putChild(b"metrics", _Exact(Exposition(metrics.registry)))


class _Exact(Resource):
    """`resource` at its own address only, nothing below it."""

    def __init__(self, resource: IResource) -> None:
        Resource.__init__(self)
        self._resource = resource

    def render(self, request: IRequest) -> bytes | int:
        answer: bytes | int = self._resource.render(request)
        return answer

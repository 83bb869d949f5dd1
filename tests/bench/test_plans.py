"""The frames that the load generator sends are those of the protocols that they are meant to be."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from bench import peers
from bench.load import BODY_BYTES, ID_BYTES, Plan, masked_text, upgrade
from bench.peers import ejabberd, mosquitto
from bench.peers.base import MARK, body
from bench.sample import filled
from securechat.sockets.intake import text_at

SPOKEN = [peer for peer in peers.ALL.values() if peer is not peers.OURS]


def said(plan: Plan) -> bytes:
    """A message of the first connection, as it goes out."""
    return filled(plan, plan.message)


class Frames(SynchronousTestCase):
    def test_a_body_has_256_bytes_once_its_id_is_filled_in(self) -> None:
        self.assertEqual(len(body().replace(b"$$ID$$", b"A" * ID_BYTES)), BODY_BYTES)

    def test_a_masked_frame_of_any_size_reads_back(self) -> None:
        for size in (0, 125, 126, 1000, 65_535, 65_536):
            payload = b"x" * size
            frame = masked_text(payload)
            self.assertEqual(text_at(frame, 0, 1 << 20), (payload, len(frame)))

    def test_a_frame_says_how_long_it_is_once_its_words_are_filled_in(self) -> None:
        frame = masked_text(b"id $$ID$$", 3 + ID_BYTES).replace(b"$$ID$$", b"A" * ID_BYTES)
        self.assertEqual(text_at(frame, 0, 1 << 20), (b"id " + b"A" * ID_BYTES, len(frame)))

    def test_a_handshake_ends_with_an_empty_line(self) -> None:
        lines = upgrade("127.0.0.1:1", "Origin: here").split(b"\r\n")
        self.assertEqual(lines[0], b"GET /ws HTTP/1.1")
        self.assertEqual(lines[-3:], [b"Origin: here", b"", b""])


class Plans(SynchronousTestCase):
    """Of the peers, for ten connections in three rooms."""

    def test_every_peer_sends_256_bytes_of_body(self) -> None:
        for peer in SPOKEN:
            message = said(peer.plan(1, 10, 3))
            begin = message.index(MARK)
            self.assertEqual(
                message[begin : begin + BODY_BYTES], filled(peer.plan(1, 10, 3), body()), peer.name
            )

    def test_connections_take_turns_in_the_rooms(self) -> None:
        for peer in SPOKEN:
            rooms = [line.split()[0] for line in peer.plan(1, 10, 3).values]
            self.assertEqual(rooms[:4], ["00000", "00001", "00002", "00000"], peer.name)

    def test_a_marker_is_in_what_comes_back_exactly_once(self) -> None:
        for peer in SPOKEN:
            if peer.name != "nats":  # whose server writes another word than its clients
                plan = peer.plan(1, 10, 3)
                self.assertEqual(said(plan).count(plan.marker), 1, peer.name)

    def test_an_mqtt_packet_says_its_length_in_groups_of_seven_bits(self) -> None:
        self.assertEqual(mosquitto.packet(0x30, b"x"), b"\x30\x01x")
        self.assertEqual(mosquitto.packet(0x30, b"", 321)[:3], b"\x30\xc1\x02")

    def test_an_mqtt_message_is_as_long_as_it_says(self) -> None:
        message = said(peers.ALL["mosquitto"].plan(1, 10, 3))
        low, high = message[1] & 0x7F, message[2]
        self.assertEqual(len(message) - 3, high << 7 | low)

    def test_a_nats_message_is_as_long_as_it_says(self) -> None:
        head, _, rest = said(peers.ALL["nats"].plan(1, 10, 3)).partition(b"\r\n")
        self.assertEqual(head, b"PUB room.00000 256")
        self.assertEqual(len(rest), BODY_BYTES + len(b"\r\n"))

    def test_senders_of_xmpp_know_their_own_messages(self) -> None:
        plan = ejabberd.posting(peers.EJABBERD.plan(1, 4, 1))
        self.assertEqual((plan.connections, plan.rooms), (4, 4))
        self.assertIn(b"r00000@rooms.localhost/n00000'", filled(plan, plan.marker))


class Generator(SynchronousTestCase):
    def test_a_plan_is_written_a_line_a_statement(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        plan = Plan(7, 2, [(b"", b"hi")], b"mark", b"say", values=["a b", "c d"])
        self.assertEqual(
            plan.write(folder).read_text().splitlines(),
            [
                "target 127.0.0.1 7",
                "at_once 64",
                "group 2 1",
                f"values {folder / 'values'}",
                "step - 6869",
                "marker 6d61726b",
                "message 736179",
            ],
        )
        self.assertEqual((folder / "values").read_text(), "a b\nc d\n")

    def test_the_programs_in_c_compile_without_a_warning(self) -> None:
        if shutil.which("cc") is None:
            raise SkipTest("there is no C compiler")
        sources = (
            Path(peers.__file__).parent / "limit.c",
            Path(peers.__file__).parents[1] / "load.c",
        )
        for source in sources:
            flags = ("-Wall", "-Wextra", "-Werror", "-fsyntax-only")
            done = subprocess.run(["cc", *flags, source], capture_output=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr.decode())

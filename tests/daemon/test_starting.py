"""What is wrong is said when the daemon starts, in a sentence, and nothing is touched."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
from contextlib import closing

from tests.support.daemon import ROOT, DaemonProcess

from .cases import ProcessCase, contents


class Listening(ProcessCase):
    is_cold = True

    def test_a_port_in_use_is_said_in_one_line(self) -> None:
        daemon = self.new_daemon()
        with socket.socket() as other:
            other.bind(("127.0.0.1", daemon.port))
            other.listen()
            status, output = daemon.run_to_end()
        self.assert_refused((status, output))
        reasons = [line for line in output.splitlines() if "Address already in use" in line]
        self.assertEqual(len(reasons), 1, output)
        self.assertIn(f"cannot listen on tcp:{daemon.port}:interface=127.0.0.1", reasons[0])

    def test_a_port_in_use_does_not_keep_a_daemonizing_start_waiting(self) -> None:
        daemon = self.new_daemon()
        command = [word for word in daemon.command() if word not in ("-n", "--pidfile=")]
        with socket.socket() as other:
            other.bind(("127.0.0.1", daemon.port))
            other.listen()
            ended = subprocess.run(
                command,
                cwd=daemon.folder,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        self.assertEqual(ended.returncode, 1, ended.stdout + ended.stderr)
        self.assertIn("cannot listen", (daemon.folder / "twistd.log").read_text())
        self.assertFalse((daemon.folder / "twistd.pid").exists())


class Settings(ProcessCase):
    def test_a_data_folder_that_cannot_be_made_is_refused(self) -> None:
        daemon = self.new_daemon()
        file = daemon.folder / "file"
        file.write_text("a file")
        before = contents(daemon.folder)
        for folder in (file / "below", file):
            for check in ([], ["--check"]):
                answer = daemon.run_to_end("--data-dir", str(folder), *check)
                self.assert_refused(answer, str(folder), "--data-dir")
        self.assertEqual(contents(daemon.folder), before)

    def test_an_unknown_option_is_answered_with_the_nearest_one(self) -> None:
        daemon = self.new_daemon()
        self.assert_refused(
            daemon.run_to_end("--databse", "x"), "--databse", "did you mean database?"
        )
        self.assert_refused(daemon.run_to_end("--limit", "post=3"), "post", "did you mean posts?")
        self.assert_refused(daemon.run_to_end(SECURECHAT_DATA_DIRR="x"), "SECURECHAT_DATA_DIR")
        config = daemon.folder / "securechat.toml"
        config.write_text('metrics-lissten = "tcp:1"\n')
        answer = daemon.run_to_end("--config", str(config))
        self.assert_refused(answer, "metrics-lissten", "metrics-listen")
        self.assertFalse(daemon.data_dir.exists())

    def test_plain_http_and_metrics_stay_on_this_machine(self) -> None:
        daemon = self.new_daemon()
        for address in ("tcp:8080", "tcp:8080:interface=0.0.0.0", "tcp6:8080"):
            self.assert_refused(daemon.run_to_end("--listen", address), address, "plain HTTP")
        for address in ("tcp:9090", "tcp:9090:interface=192.0.2.1"):
            answer = daemon.run_to_end("--metrics-listen", address)
            self.assert_refused(answer, "metrics-listen")
        self.assertFalse(daemon.data_dir.exists())


class Checking(ProcessCase):
    is_cold = True

    def test_a_check_starts_nothing_and_writes_nothing(self) -> None:
        daemon = self.new_daemon()
        before = contents(daemon.folder)
        self.assertEqual(daemon.run_to_end("--check"), (0, "everything is in order\n"))
        self.assertEqual(contents(daemon.folder), before)

        daemon.start().stop()
        before = contents(daemon.data_dir)
        self.assertEqual(daemon.run_to_end("--check"), (0, "everything is in order\n"))
        self.assertEqual(contents(daemon.data_dir), before)

    def test_a_check_leaves_the_running_daemon_alone(self) -> None:
        daemon = self.new_daemon().start()
        self.assertEqual(daemon.run_to_end("--check"), (0, "everything is in order\n"))
        daemon.wait_until("/readyz", 200)


class Files(ProcessCase):
    def assert_untouched(
        self, daemon: DaemonProcess, *words: str, ways: tuple[str, ...] = ("start", "--check")
    ) -> None:
        """Both a start and a check refuse with these words, and leave everything as it was."""
        before = contents(daemon.data_dir)
        for way in ways:
            check = [] if way == "start" else [way]
            self.assert_refused(daemon.run_to_end(*check), *words)
            after = contents(daemon.data_dir)
            # The lock file is how a daemon keeps others off; it holds nothing.
            lock = str(daemon.data_dir / "securechat.sqlite3.lock")
            after.pop(lock, None)
            self.assertEqual(after, {path: seen for path, seen in before.items() if path != lock})

    def test_a_keyring_that_is_missing_open_broken_or_foreign_stops_the_start(self) -> None:
        daemon = self.new_daemon().start()
        daemon.stop()
        keyring = daemon.data_dir / "keyring.json"
        self.assertEqual(keyring.stat().st_mode & 0o777, 0o600)
        self.assertEqual(daemon.data_dir.stat().st_mode & 0o777, 0o700)
        ours = keyring.read_text()

        keyring.chmod(0o644)
        self.assert_untouched(daemon, "others may read", f"chmod 600 {keyring}")
        keyring.chmod(0o600)
        for broken in ("not json", "{}"):
            keyring.write_text(broken)
            self.assert_untouched(daemon, str(keyring), "not a keyring", ways=("start",))
        other = self.new_daemon().start()
        other.kill()
        keyring.write_text((other.data_dir / "keyring.json").read_text())
        self.assert_untouched(daemon, str(keyring), "another database")
        # The right name and a wrong key: the check value tells.
        content = json.loads(ours)
        content["keys"] = json.loads((other.data_dir / "keyring.json").read_text())["keys"]
        keyring.write_text(json.dumps(content))
        self.assert_untouched(daemon, str(keyring), "another database", ways=("--check",))
        keyring.unlink()
        self.assert_untouched(daemon, str(keyring), "missing", "backup")

        keyring.touch(0o600)
        keyring.write_text(ours)
        daemon.start()

    def test_a_second_daemon_on_the_same_file_is_refused(self) -> None:
        daemon = self.new_daemon().start()
        second = self.new_daemon("--data-dir", str(daemon.data_dir))
        self.assert_refused(second.run_to_end(), "Another daemon", "--data-dir")
        daemon.wait_until("/readyz", 200)

    def test_a_file_that_is_no_database_is_left_alone(self) -> None:
        daemon = self.new_daemon()
        daemon.data_dir.mkdir(mode=0o700)
        (daemon.data_dir / "securechat.sqlite3").write_bytes(b"Dear diary, " * 1_000)
        (daemon.data_dir / "securechat.sqlite3").chmod(0o600)
        self.assert_untouched(daemon, "is not an SQLite database")
        self.assertFalse((daemon.data_dir / "keyring.json").exists())

    def test_another_programs_database_is_left_alone(self) -> None:
        daemon = self.new_daemon().start()
        daemon.stop()
        shutil.rmtree(daemon.data_dir)
        daemon.data_dir.mkdir(mode=0o700)
        with closing(sqlite3.connect(daemon.data_dir / "securechat.sqlite3")) as database:
            database.execute("CREATE TABLE users (shoe_size INTEGER)")
            database.commit()
        answer = daemon.run_to_end()
        self.assert_refused(answer, "another program")
        self.assertFalse((daemon.data_dir / "keyring.json").exists())

"""SecureChat runs from a wheel, from an editable install, from its .tac and from script/server."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from twisted.trial.unittest import SynchronousTestCase

from tests.packaging.installed import (
    INSTALL_TIMEOUT_S,
    ROOT,
    TWISTD,
    RunningDaemon,
    answer,
    clean_environment,
    copy_of_checkout,
    environment_in,
    need_all_tools,
    pip,
)
from tests.support.daemon import free_port


class InstallTestCase(SynchronousTestCase):
    """A folder of its own, and what every running daemon must show."""

    def setUp(self) -> None:
        need_all_tools()
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)

    def assert_pages_and_files(self, daemon: RunningDaemon) -> None:
        """The log-in page comes, and so does every static file that it names."""
        status, page = answer(daemon.url + "/login")
        self.assertEqual(status, 200, daemon.output)
        addresses = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
        self.assertTrue(addresses, page)
        for address in addresses:
            self.assertEqual(answer(daemon.url + address)[0], 200, address)

    def assert_runs(self, python: Path) -> None:
        """twistd finds the plugin from a folder that has nothing to do with the checkout."""
        port = free_port()
        listen = f"--listen=tcp:{port}:interface=127.0.0.1"
        command: list[str | Path] = [python, "-c", TWISTD, "-n", "--pidfile=", "securechat", listen]
        elsewhere = self.folder / "elsewhere"
        with RunningDaemon(command, elsewhere, port) as daemon:
            self.assert_pages_and_files(daemon)
        self.assertNotIn("Traceback", daemon.output)
        data = elsewhere / "securechat-data"
        self.assertEqual(data.stat().st_mode & 0o777, 0o700)
        self.assertTrue((data / "securechat.sqlite3").exists())


class Installed(InstallTestCase):
    """The two ways of installing."""

    def test_a_wheel_carries_all_that_the_daemon_needs(self) -> None:
        source = copy_of_checkout(self.folder / "source")
        pip("wheel", "--quiet", "--no-deps", "--wheel-dir", self.folder, f"{source}/")
        (wheel,) = self.folder.glob("securechat-*.whl")
        names = set(ZipFile(wheel).namelist())
        for kind, pattern in (
            ("templates", "*"),
            ("static", "*"),
            ("securechat", "**/*.sql"),
            ("securechat", "**/*.txt"),
        ):
            for path in (ROOT / kind).glob(pattern):
                inside = path.relative_to(ROOT if kind == "securechat" else ROOT / kind)
                target = inside if kind == "securechat" else Path("securechat", kind, inside)
                if path.is_file() and not path.name.startswith("."):
                    self.assertIn(target.as_posix(), names)
        self.assertFalse([name for name in names if name.startswith("tests/")])
        python = environment_in(self.folder / "venv")
        pip("--python", python, "install", "--quiet", "--no-deps", wheel)
        self.assert_runs(python)

    def test_an_editable_install_uses_the_checkout(self) -> None:
        source = copy_of_checkout(self.folder / "source")
        python = environment_in(self.folder / "venv")
        pip("--python", python, "install", "--quiet", "--no-deps", "--editable", source)
        self.assert_runs(python)


class Started(InstallTestCase):
    """The other ways of starting, and the check that starts nothing."""

    def test_the_tac_takes_its_settings_from_the_environment(self) -> None:
        port = free_port()
        environ = {
            "SECURECHAT_LISTEN": f"tcp:{port}:interface=127.0.0.1",
            "SECURECHAT_LOG_FORMAT": "json",
            "PYTHONPATH": str(ROOT),
        }
        command: list[str | Path] = [
            sys.executable,
            "-c",
            TWISTD,
            "-ny",
            ROOT / "securechat.tac",
            "--pidfile=",
        ]
        with RunningDaemon(command, self.folder, port, environ) as daemon:
            self.assert_pages_and_files(daemon)
        self.assertTrue(daemon.output.startswith('{"time"'), daemon.output)

    def test_the_server_script_works_from_any_folder_and_starts_again_at_once(self) -> None:
        source = copy_of_checkout(self.folder / "a clone with spaces")
        for _ in range(2):
            port = free_port()
            listen = f"--listen=tcp:{port}:interface=127.0.0.1"
            with RunningDaemon(
                [source / "script/server", listen],
                self.folder,
                port,
                start_timeout_s=INSTALL_TIMEOUT_S,
            ) as daemon:
                self.assert_pages_and_files(daemon)
                self.assertIn(str(source / "securechat-data"), daemon.output)
        self.assertTrue((source / "securechat-data" / "securechat.sqlite3").exists())
        self.assertNotIn("installing", daemon.output)

    def check(self, *words: str) -> tuple[int, str]:
        """Exit status and output of twistd securechat --check."""
        done = subprocess.run(
            [sys.executable, "-c", TWISTD, "-n", "--pidfile=", "securechat", "--check", *words],
            cwd=self.folder,
            env=clean_environment() | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def test_check_starts_nothing_and_says_whether_all_is_in_order(self) -> None:
        status, output = self.check()
        self.assertEqual((status, output.strip()), (0, "everything is in order"))
        status, output = self.check("--listen=tcp:80", "--limit=posts=x")
        self.assertEqual(status, 1)
        self.assertIn("--listen: tcp:80 would serve plain HTTP", output)
        self.assertIn("--limit posts: 'x' is no whole number", output)
        self.assertNotIn("Traceback", output)

"""The build: metadata is in setup.cfg; here the page files find their way into the wheel."""

from pathlib import Path
from shutil import copytree, ignore_patterns

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
ASSETS = ("templates", "static")


class BuildWithAssets(build_py):
    """Copies templates/ and static/ to securechat/, where securechat.assets looks first.

    An editable install needs no copy: there the folders beside the package are used.
    """

    def run(self):
        super().run()
        if getattr(self, "editable_mode", False):
            return
        for name in ASSETS:
            copytree(
                ROOT / name,
                Path(self.build_lib, "securechat", name),
                dirs_exist_ok=True,
                ignore=ignore_patterns("*.test.js", "__pycache__", ".*"),
            )


setup(cmdclass={"build_py": BuildWithAssets})

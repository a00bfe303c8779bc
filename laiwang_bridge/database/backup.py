"""A copy of an SQLite database, made while others may read it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path


def back_up(database: Path, name: str) -> Path:
    """Copy a database to `<its name>.<name>.bak` beside it and return the path; there is never half a copy.

    Raises OSError and sqlite3.Error.
    """
    copy = database.with_name(f"{database.name}.{name}.bak")
    unfinished = copy.with_name(f"{copy.name}.part")
    try:
        unfinished.touch(mode=0o600)
        unfinished.chmod(database.stat().st_mode & 0o777)
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(unfinished)) as target:
            source.backup(target)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(copy)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return copy

"""The revisions themselves, run by alembic."""

from __future__ import annotations

from pathlib import Path

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def run(connection: Connection, folder: Path, after: str | None, upto: str = "head") -> None:
    """Run the revisions after `after` (None: all of them), in order, in the transaction of `connection`."""
    scripts = ScriptDirectory(str(folder), version_locations=[str(folder)])
    wanted = reversed(list(scripts.iterate_revisions(upto, after or "base")))
    with Operations.context(MigrationContext.configure(connection)):
        for script in wanted:
            script.module.upgrade()

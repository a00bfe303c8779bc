"""What can be wrong with a database, in words for the admin."""

from __future__ import annotations

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError


class UnusableDatabase(Exception):
    """The database can not be used; the message is `trouble`, what is wrong, and `mend`, what to do."""

    def __init__(self, trouble: str, mend: str) -> None:
        super().__init__(f"{trouble} {mend}")
        self.trouble = trouble
        self.mend = mend


class OutOfReach(UnusableDatabase):
    """Nobody answers, we are not let in, or the file can not be opened."""


class NotOurs(UnusableDatabase):
    """The tables are another program's, or those of a newer version of this one."""


class MigrationFailed(UnusableDatabase):
    """The tables could not be changed; they are as they were."""


def out_of_reach(url: URL, error: DBAPIError) -> OutOfReach:
    """Words for an error while connecting or at the first look."""
    return OutOfReach(f"{_name(url)} can not be opened: {complaint(error)}.", _way_out(url, error))


def migration_failed(url: URL, error: DBAPIError) -> MigrationFailed:
    """Words for an error while changing the tables."""
    return MigrationFailed(f"{_name(url)} could not be changed: {complaint(error)}.", _way_out(url, error))


def complaint(error: DBAPIError) -> str:
    """What the database itself said, on one line, without values from our tables."""
    lines = [line.strip() for line in str(error.orig).splitlines()]
    told = [line for line in lines if line and not line.startswith(("DETAIL:", "CONTEXT:", "HINT:", "LINE ", "^"))]
    return (told[-1] if told else type(error.orig).__name__).removesuffix(".")


def _name(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return f"The database {url.database}"
    place = url.query.get("host") or f"{url.host or 'localhost'}:{url.port or 5432}"
    return f"The database {url.database} at {place}"


def _way_out(url: URL, error: DBAPIError) -> str:
    said = str(error.orig)
    ways = _SQLITE_WAYS_OUT if url.get_backend_name() == "sqlite" else _POSTGRES_WAYS_OUT
    return next(way for words, way in ways if any(word in said for word in words))


_SQLITE_WAYS_OUT = (
    (("not a database", "malformed"), "Is it really ours? If so, restore it from a backup."),
    (("locked",), "Another program is writing to it: stop that one first."),
    (("full",), "Make room on its disk."),
    (("",), "Its folder must exist, and the user that the bridge runs as must be able to write to both."),
)
_POSTGRES_WAYS_OUT = (
    (("password", "authentication", "role"), "Look at the user and the password in database.url."),
    (("does not exist",), "Make it first: createdb --encoding=UTF8 --template=template0 --owner=USER NAME."),
    (("permission denied",), "Make the user of database.url its owner: ALTER DATABASE name OWNER TO user."),
    (("",), "Is PostgreSQL running there, and does database.url name the right host and port?"),
)

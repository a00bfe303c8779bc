"""The tables of the bridge, and how they come to be what this version needs."""

from laiwang_bridge.database.errors import MigrationFailed, NotOurs, OutOfReach, UnusableDatabase
from laiwang_bridge.database.migration import Migration, database_state, migrate, read_once
from laiwang_bridge.database.schema import Standing, State

__all__ = [
    "Migration",
    "MigrationFailed",
    "NotOurs",
    "OutOfReach",
    "Standing",
    "State",
    "UnusableDatabase",
    "database_state",
    "migrate",
    "read_once",
]

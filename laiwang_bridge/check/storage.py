"""The database: is it there, is it ours, can it be written to, and does anything in it wait for the admin."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection

from appservice import inbox, outbox
from appservice.database import UnsupportedDatabase, parse_url
from laiwang_bridge.check.findings import Check, Finding, Subject, fail, ok, warn
from laiwang_bridge.check.road import is_running
from laiwang_bridge.database import OutOfReach, Standing, State, database_state, read_once

_SCARCE_BYTES = 100 * 1024 * 1024
_NETWORK_FILE_SYSTEMS = {
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "9p", "afs", "ceph", "glusterfs", "lustre", "davfs",
    "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "fuse.davfs2",
}  # fmt: skip


async def place(subject: Subject) -> Iterable[Finding]:
    """Where the file of an SQLite database lies; a server minds its files itself."""
    path = _sqlite_path(subject)
    if path is None:
        return [ok("database.place", "The database is a PostgreSQL server's.")]
    return _place(path)


def _place(path: Path) -> list[Finding]:
    if not path.parent.is_dir():
        return [fail("database.no-folder", f"There is no folder {path.parent} for the database.", "Make it.")]
    for needed in filter(Path.exists, (path.parent, path)):
        if not os.access(needed, os.W_OK):
            told = f"This user may not write to {needed}."
            return [fail("database.not-writable", told, "Run the check as the bridge's user, or chown it to that one.")]
    findings = []
    if shutil.disk_usage(path.parent).free < _SCARCE_BYTES:
        told = f"There is hardly any room left in {path.parent}."
        findings.append(warn("database.no-room", told, "Make room, or move the database (database.url)."))
    if path.exists() and path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        told = f"Everybody on this machine may read or change {path}, and it holds what people write."
        findings.append(warn("database.readable-by-others", told, f"chmod o= {path}*"))
    file_system = file_system_of(path, Path("/proc/self/mounts"))
    if file_system in _NETWORK_FILE_SYSTEMS:
        told = f"{path} lies on a network file system ({file_system}), where SQLite databases get damaged."
        findings.append(warn("database.network", told, "Move it to a local disk, or use PostgreSQL."))
    return findings or [ok("database.place", f"{path.parent} can be written to.")]


async def schema(subject: Subject) -> Iterable[Finding]:
    url = subject.config.database.url
    try:
        state = await asyncio.to_thread(database_state, url)
    except OutOfReach as error:
        return [fail("database.unreachable", error.trouble, error.mend)]
    except UnsupportedDatabase as error:
        return [fail("database.unsupported", str(error), "")]
    return [about(state, is_sqlite=_sqlite_path(subject) is not None)]


def about(state: State, *, is_sqlite: bool) -> Finding:
    """What there is to say about a database that can be looked at."""
    if state.refusal is not None:
        kind = {Standing.FOREIGN: "foreign", Standing.NEWER: "newer"}.get(state.standing, "encoding")
        return fail(f"database.{kind}", state.refusal.trouble, state.refusal.mend)
    match state.standing:
        case Standing.OLD:
            told = f"The database has revision {state.revision}, and this version works with {state.head}."
            backup = "a copy of the file stays beside it" if is_sqlite else "run pg_dump before"
            mend = f"The bridge brings it up to date when it starts, or `laiwang-bridge migrate` does; {backup}."
            return warn("database.old", told, mend)
        case Standing.EMPTY:
            return ok("database", "The database is empty; the bridge makes its tables when it starts.")
    return ok("database", f"The database is up to date (revision {state.revision}).")


async def owner(subject: Subject) -> Iterable[Finding]:
    """Several processes share PostgreSQL; an SQLite file is one bridge's."""
    path = _sqlite_path(subject)
    holder = None if path is None else _holder(path.with_name(f"{path.name}.lock"))
    if holder is None:
        return [ok("database.owner", "No other bridge keeps us from the database.")]
    if await is_running(subject):
        return [ok("database.owner", f"The running bridge (process {holder}) uses the database.")]
    told = f"Process {holder} uses {path}, and it is not the bridge of this configuration."
    return [fail("database.in-use", told, "Stop it, or give this bridge a database of its own (database.url).")]


async def address_key(subject: Subject) -> Iterable[Finding]:
    """Whether a copy of the database alone tells whose number is whose."""
    if subject.config.contacts.key:
        return [ok("contacts.key", "Numbers and addresses are kept under a key that is not in the database.")]
    told = (
        "Whoever gets a copy of the database finds in it the key to the numbers of everybody (contacts.key is empty)."
    )
    mend = "Before people prove numbers, set contacts.key to a long random text; later, what was proven would be lost."
    return [warn("contacts.key-in-database", told, mend)]


async def dead_letters(subject: Subject) -> Iterable[Finding]:
    url = subject.config.database.url
    state = await asyncio.to_thread(database_state, url)
    count = await asyncio.to_thread(read_once, url, _given_up) if state.standing is Standing.CURRENT else 0
    if count:
        told = "One thing was given up." if count == 1 else f"{count} things were given up."
        return [warn("dead-letters.waiting", told, "See `laiwang-bridge dead-letters`; each can be tried again.")]
    return [ok("dead-letters", "Nothing was given up.")]


def _given_up(connection: Connection) -> int:
    arrived, leaving = inbox.backlog(connection), outbox.backlog(connection)
    return arrived.dead + arrived.aside + leaving.dead


def _sqlite_path(subject: Subject) -> Path | None:
    url = parse_url(subject.config.database.url)
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


def _holder(lock: Path) -> str | None:
    """Which process holds the lock; None when nobody does."""
    try:
        with lock.open(encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return lock.read_text(encoding="ascii").strip() or "unknown"
    except OSError:
        return None
    return None


def file_system_of(path: Path, mounts: Path) -> str | None:
    """The kind of file system that a path lies on, from Linux's table of mounts; None where there is none."""
    try:
        table = mounts.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    place = path.parent.resolve()
    best: tuple[int, str] | None = None
    for line in table.splitlines():
        point, kind = line.split()[1:3]
        mounted = Path(point.encode().decode("unicode_escape"))
        if place.is_relative_to(mounted) and (best is None or len(mounted.parts) >= best[0]):
            best = (len(mounted.parts), kind)
    return best[1] if best else None


CHECKS = (
    Check("database.place", place),
    Check("database", schema, ("database.place",)),
    Check("database.owner", owner, ("database",)),
    Check("dead-letters", dead_letters, ("database",)),
    Check("contacts.key", address_key),
)

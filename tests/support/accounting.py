"""Real programs that read books: beancount, and hledger where the system has it or can fetch it. Never imported."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from laiwang_bridge.demo.cache import cache_folder

_FETCH_SECONDS = 40
_CHECK = """
import sys
from beancount import loader
for name in sys.argv[1:]:
    _entries, errors, _options = loader.load_file(name)
    for error in errors:
        print(name, error)
"""


def complaints_of_beancount(files: Sequence[Path]) -> str:
    """What beancount has against these files; nothing where they are fine."""
    done = subprocess.run([sys.executable, "-c", _CHECK, *files], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else done.stderr


def complaints_of_hledger(hledger: Path, file: Path) -> str:
    """The same of hledger, in its strict mode."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    command: list[str | Path] = [hledger, "-f", file, "check", "-s", "ordereddates"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    return done.stderr if done.returncode else ""


def find_hledger() -> Path | None:
    """The program: that of the system, or the one in Debian's package, unpacked into the cache once; None if there is
    no way to it."""
    if found := shutil.which("hledger"):
        return Path(found)
    folder = cache_folder() / "hledger"
    program = folder / "usr" / "bin" / "hledger"
    if program.exists():
        return program
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _unpack(folder)
    return program if program.exists() else None


def _unpack(folder: Path) -> None:
    """Fetch and unpack; a package that cannot be had is no mistake of ours."""
    try:
        subprocess.run(
            ["apt-get", "download", "hledger"], cwd=folder, check=True, capture_output=True, timeout=_FETCH_SECONDS
        )
        [package] = folder.glob("hledger_*.deb")
        subprocess.run(["dpkg-deb", "-x", package, folder], check=True, capture_output=True, timeout=_FETCH_SECONDS)
    except (OSError, ValueError, subprocess.SubprocessError):
        return

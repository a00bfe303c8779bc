"""Start programs that never outlive us, and find free ports for them.

A child that is left behind keeps its port, its database and its memory. On Linux the kernel ends our children when we
die, whatever we die of; elsewhere a `kill -9` of us can leave them running.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO

from laiwang_bridge.demo.cache import cache_folder

# Runs in a fresh interpreter between fork and the real program: code between fork and exec in this process could
# deadlock on a lock that another thread held. The user is changed first, for that clears the death signal.
_LAUNCHER = """
import ctypes, os, sys
parent, death_signal, user, group = (int(word) for word in sys.argv[1:5])
if user >= 0:
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)
os.execv(sys.argv[5], sys.argv[5:])
"""


def spawn(
    arguments: Sequence[str | Path],
    *,
    output: int | IO[bytes],
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    user: tuple[int, int] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program (its path first) that dies with us, but not of our Ctrl-C; its output and errors go to `output`.

    The kernel watches the *thread* that calls this: call it from the main thread, or from one that waits for the
    program to end. `user` is a (uid, gid) to become, `environment` replaces ours.
    """
    program, *rest = (str(argument) for argument in arguments)
    uid, gid = user if user is not None else (-1, -1)
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER]
    numbers = [str(number) for number in (os.getpid(), int(death_signal), uid, gid)]
    return subprocess.Popen(
        [*launcher, *numbers, program, *rest],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=None if environment is None else dict(environment),
        cwd=folder,
        process_group=0,  # Ctrl-C is for us; we end the others in order
    )


class Program:
    """A program that is one process of ours while it runs."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Of the running process; 0 when there is none."""
        return self._process.pid if self._process is not None and self.running else 0


async def ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait until the process has ended, at most so long; whether it has."""
    deadline = time.monotonic() + seconds
    while process.poll() is None:
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(0.01)
    return True


async def stop(process: subprocess.Popen[bytes], *, patience: float = 10.0) -> None:
    """End the process politely (SIGTERM), and after `patience` seconds for certain (SIGKILL)."""
    if process.poll() is None:
        process.terminate()
    if not await ended(process, patience):
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End the process at once (SIGKILL); returns when it is gone."""
    if process.poll() is None:
        process.kill()
    process.wait()


def last_lines(path: Path, count: int = 30) -> str:
    """The end of a log, or nothing when there is none."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-count:])


def free_port() -> int:
    """A TCP port on loopback on which nobody listens, and that nobody has got here and is about to use.

    No two calls give the same port, neither in this process nor in two that live at the same time. It lies below the
    range from which the kernel takes ports for outgoing connections, so that it is still free when a server is
    restarted on it.
    """
    ceiling = min(_first_outgoing_port(), 32768)
    for _ in range(200):
        port = random.SystemRandom().randrange(max(ceiling - 20000, 1024), ceiling)
        if port not in _given() and _is_ours(port) and _is_free(port):
            _given().add(port)
            return port
    raise RuntimeError("There is no free TCP port on 127.0.0.1; stop some of the servers on this machine.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _is_ours(port: int) -> bool:
    """Speak for a port among all processes until we end (a lock does not keep a process from its own ports)."""
    try:
        fcntl.lockf(_ports(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except (BlockingIOError, PermissionError):
        return False
    return True


@cache
def _given() -> set[int]:
    """The ports this process has got so far: their servers may not listen yet, or may come back to them."""
    return set()


@cache
def _ports() -> int:
    """A file with a byte for each port, to be locked by whoever speaks for it."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return os.open(folder / "ports.lock", os.O_RDWR | os.O_CREAT, 0o600)


def _first_outgoing_port() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 32768

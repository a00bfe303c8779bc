"""Ports for the servers of demo and tests."""

from __future__ import annotations

import subprocess
import sys

from laiwang_bridge.demo.process import free_port

MANY = 400


def test_no_two_processes_get_the_same_port_before_one_of_them_listens() -> None:
    taking = (
        "import sys\n"
        "from laiwang_bridge.demo.process import free_port\n"
        f"print(*(free_port() for _ in range({MANY})), flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", taking], stdin=-1, stdout=-1, text=True) as other:
        assert other.stdout is not None
        theirs = set(map(int, other.stdout.readline().split()))
        ours = [free_port() for _ in range(MANY)]
        assert other.stdin is not None
        other.stdin.close()
    assert len(theirs) == MANY
    assert theirs.isdisjoint(ours)


def test_a_process_does_not_get_a_port_twice_before_its_server_listens() -> None:
    assert len({free_port() for _ in range(MANY)}) == MANY

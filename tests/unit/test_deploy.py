"""What admins deploy with: the container's start in its stages, and names that are really there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from laiwang_bridge.demo import process

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


class Container:
    """The entry point in a folder in place of a container: `volume` is what /data is there."""

    def __init__(self, folder: Path) -> None:
        self.volume = folder / "data"
        self.volume.mkdir()
        self.port = process.free_port()
        programs = folder / "bin"
        programs.mkdir()
        program = programs / "laiwang-bridge"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m laiwang_bridge "$@"\n')
        program.chmod(0o755)
        self._environment = {
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "LAIWANG_CONFIG": str(self.volume / "config.yaml"),
            "LAIWANG_APPSERVICE__LISTEN_HOST": "127.0.0.1",
            "LAIWANG_APPSERVICE__LISTEN_PORT": str(self.port),
        }
        self._running: subprocess.Popen[str] | None = None

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        self._running = subprocess.Popen(
            ["sh", str(DEPLOY / "entrypoint.sh"), *arguments],
            env={**self._environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self._running

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        started = self.start(*arguments, **environment)
        output, _ = started.communicate(timeout=60)
        return started.returncode, output

    def close(self) -> None:
        if self._running is not None:
            self._running.kill()
            self._running.communicate()


@pytest.fixture
def container(folder: Path) -> Iterator[Container]:
    container = Container(folder)
    yield container
    container.close()


def test_a_new_container_says_what_it_needs_then_sets_itself_up_then_runs(container: Container) -> None:
    status, output = container.run()
    assert status == 1
    assert "LAIWANG_HOMESERVER__DOMAIN=example.org" in output
    assert not list(container.volume.iterdir())

    status, output = container.run(
        LAIWANG_HOMESERVER__DOMAIN="example.org", LAIWANG_APPSERVICE__ADDRESS="http://laiwang:29350"
    )
    assert status == 0
    assert "app_service_config_files" in output
    assert {path.name for path in container.volume.iterdir()} == {"config.yaml", "registration.yaml"}
    assert "url: http://laiwang:29350" in (container.volume / "registration.yaml").read_text()

    running = container.start()
    assert answers(f"http://127.0.0.1:{container.port}/live")
    running.send_signal(signal.SIGTERM)  # to the bridge itself, which took the shell's place
    output, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert "stopping" in output


def test_a_container_does_what_its_arguments_say(container: Container) -> None:
    assert container.run("--version")[1].startswith("laiwang-bridge ")
    assert container.run("config", "check")[0] == 1


def test_a_container_that_may_not_write_says_how_to_let_it(container: Container) -> None:
    container.volume.rmdir()
    status, output = container.run(LAIWANG_HOMESERVER__DOMAIN="example.org")
    assert status == 1
    assert f"may not write to {container.volume}" in output


def test_the_image_is_made_of_files_that_there_are() -> None:
    lines = re.findall(r"^COPY (?!--from)(.+)$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)
    copied = [name for line in lines for name in line.split()[:-1] if not name.startswith("--")]
    assert "deploy/entrypoint.sh" in copied
    assert all((ROOT / name).exists() for name in copied)


def answers(url: str, seconds: float = 30.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return True
        except OSError:
            time.sleep(0.05)
    return False

"""Programs that the tests install for themselves, each into an environment of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from laiwang_bridge.demo.environment import CannotInstall


def installed(config: pytest.Config, install: Callable[[Callable[[str], None]], Path], untested: str) -> Path:
    """The interpreter that `install` gives; the test is skipped, aloud, where the program cannot be installed.

    `untested` says what is not tried then.
    """
    capture = config.pluginmanager.getplugin("capturemanager")

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n{line}", flush=True)

    try:
        return install(say)
    except CannotInstall as error:
        say(f"NOT TESTED: {untested}. {error}")
        pytest.skip(f"{untested}: it cannot be installed here")

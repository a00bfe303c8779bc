"""All checks in their order, each left out where what it needs is broken."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from pathlib import Path

from laiwang_bridge.check import files, homeserver, road, storage
from laiwang_bridge.check.findings import Check, Finding, Level, Subject, fail, skipped
from laiwang_bridge.check.http import Http, NoAnswer
from laiwang_bridge.config_file import ConfigError, load_config

CHECKS = (*files.CHECKS, *storage.CHECKS, *homeserver.CHECKS, *road.CHECKS)


async def examine(
    config_path: Path, environ: Mapping[str, str], clock: Callable[[], float] = time.time
) -> AsyncIterator[Finding]:
    """Look at everything; findings come as they are made. Nothing is changed but what every start changes.

    That is: the bot and its device, and one user of our namespace that is never used, exist afterwards.
    """
    try:
        config = load_config(config_path, environ)
    except ConfigError as error:
        for problem in error.problems:
            yield fail("config.invalid", str(problem), "")
        for check in CHECKS[1:]:
            yield skipped(check.code, "Not looked at: the configuration cannot be used.")
        return
    broken: dict[str, str] = {}
    async with Http() as http:
        subject = Subject(config, config_path, http, clock)
        for check in CHECKS:
            for finding in await _findings(check, subject, broken):
                if finding.level is Level.FAIL:
                    broken.setdefault(check.code, finding.code)
                elif finding.level is Level.SKIPPED:
                    broken[check.code] = next((broken[need] for need in check.needs if need in broken), finding.code)
                yield finding


async def _findings(check: Check, subject: Subject, broken: Mapping[str, str]) -> Iterable[Finding]:
    cause = next((broken[need] for need in check.needs if need in broken), None)
    if cause is not None:
        return [skipped(check.code, f"Not looked at because of {cause}.")]
    try:
        return list(await check.look(subject))
    except NoAnswer as error:
        return [
            fail(f"{check.code}.no-answer", f"In the middle of it nobody answered any more: {error}.", "Try again.")
        ]

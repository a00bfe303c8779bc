"""The configuration and the registration, as they lie on this machine."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from appservice import registration_file
from appservice.registration import Registration, compare
from laiwang_bridge.check.findings import REGISTER_AGAIN, Check, Finding, Subject, fail, ok, warn

_CONFIG = "config"
_REGISTRATION = "registration"


async def config(subject: Subject) -> Iterable[Finding]:
    """Reading it has succeeded, or there would be no subject."""
    path = subject.config_path
    if _readable_by_others(path):
        return [_exposed(f"{_CONFIG}.readable-by-others", path)]
    return [ok(_CONFIG, f"{path} can be used.")]


async def registration(subject: Subject) -> Iterable[Finding]:
    """The file that the homeserver was given, or a copy of it."""
    path = subject.registration_path
    if not path.exists():
        text = f"There is no {path}, so it is not known whether the homeserver's copy agrees with the configuration."
        mend = "Fine if you moved it. Run `laiwang-bridge registration` to have it again."
        return [warn(f"{_REGISTRATION}.missing", text, mend)]
    try:
        found = registration_file.load(path, subject.config.homeserver.domain)
    except registration_file.RegistrationError as error:
        mend = "Let this user read it, or run `laiwang-bridge registration` to write it again."
        return [warn(f"{_REGISTRATION}.unreadable", problem, mend) for problem in error.problems]
    findings = list(_complaints(subject, path, found))
    return findings or [ok(_REGISTRATION, f"{path} agrees with the configuration.")]


def _complaints(subject: Subject, path: Path, found: Registration) -> Iterator[Finding]:
    problems = found.validate()
    for problem in problems:
        yield fail(f"{_REGISTRATION}.invalid", f"{path}: {problem}", REGISTER_AGAIN)
    if not problems:
        wanted = replace(subject.config.registration(), rate_limited=found.rate_limited)
        for difference in compare(wanted, found):
            yield fail(f"{_REGISTRATION}.differs", difference, REGISTER_AGAIN)
    if found.rate_limited:
        text = f"{path} has the homeserver limit our rate, so that messages come late when much happens."
        yield warn(f"{_REGISTRATION}.rate-limited", text, REGISTER_AGAIN)
    if _readable_by_others(path):
        yield _exposed(f"{_REGISTRATION}.readable-by-others", path)


def _readable_by_others(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH))


def _exposed(code: str, path: Path) -> Finding:
    return warn(code, f"Everybody on this machine may read or change {path}, and it holds secrets.", f"chmod o= {path}")


CHECKS = (Check(_CONFIG, config), Check(_REGISTRATION, registration))

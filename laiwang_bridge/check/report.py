"""Findings for people to read, and for programs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import orjson

from laiwang_bridge.check.examination import examine
from laiwang_bridge.check.findings import Finding, Level

_MARKS = {Level.OK: "ok  ", Level.WARN: "warn", Level.FAIL: "FAIL", Level.SKIPPED: "skip"}


def lines(finding: Finding) -> list[str]:
    """One finding, with what to do below it."""
    shown = [f"{_MARKS[finding.level]}  {finding.text}  [{finding.code}]"]
    return [*shown, f"      -> {finding.mend}"] if finding.mend else shown


def summary(findings: Sequence[Finding]) -> str:
    """The last line."""
    counts = Counter(finding.level for finding in findings)
    told = [
        f"{counts[level]} {word}"
        for level, word in ((Level.FAIL, "to mend"), (Level.WARN, "to look at"), (Level.SKIPPED, "not looked at"))
        if counts[level]
    ]
    return ", ".join(told).capitalize() + "." if told else "All is well."


def to_json(findings: Sequence[Finding]) -> str:
    """A list of objects with `code`, `level`, `text` and `mend`."""
    shown = [finding.to_json() for finding in findings]
    return orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode()


def is_healthy(findings: Sequence[Finding]) -> bool:
    """Whether nothing fails."""
    return all(finding.level is not Level.FAIL for finding in findings)


async def check(config_path: Path, *, as_json: bool) -> bool:
    """Examine and print: line by line as it goes, or all as JSON. Returns whether nothing fails."""
    findings = []
    async for finding in examine(config_path, os.environ):
        findings.append(finding)
        if not as_json:
            print("\n".join(lines(finding)), flush=True)
    print(to_json(findings) if as_json else summary(findings))
    return is_healthy(findings)

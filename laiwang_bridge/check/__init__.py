"""`laiwang-bridge check`: names the cause of what does not work, and what mends it."""

from laiwang_bridge.check.examination import examine
from laiwang_bridge.check.findings import Finding, Level
from laiwang_bridge.check.report import as_json, is_healthy, lines, summary

__all__ = ["Finding", "Level", "as_json", "examine", "is_healthy", "lines", "summary"]

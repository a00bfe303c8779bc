"""`laiwang-bridge check`: names the cause of what does not work, and what mends it."""

from laiwang_bridge.check.examination import examine
from laiwang_bridge.check.findings import Finding, Level
from laiwang_bridge.check.report import check, is_healthy, lines, summary, to_json

__all__ = ["Finding", "Level", "check", "examine", "is_healthy", "lines", "summary", "to_json"]

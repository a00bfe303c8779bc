"""The command line: `laiwang-bridge`."""

from laiwang_bridge.cli.program import main

__all__ = ["main"]

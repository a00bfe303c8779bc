"""Runs the benchmarks that are named, or all of them."""

from __future__ import annotations

import importlib
import sys

ALL = ("ingest", "send", "roundtrip", "idle", "kill", "graph", "packets", "payments", "books", "notices")


def main() -> int:
    names = [word for word in sys.argv[1:] if word in ALL]
    options = [word for word in sys.argv[1:] if word not in ALL]
    if options and len(names) != 1:
        print(f"options need one benchmark to go to; there are: {', '.join(ALL)}", file=sys.stderr)
        return 2
    status = 0
    for name in names or ALL:
        status |= int(importlib.import_module(f"bench.{name}").main(options))
    return status


if __name__ == "__main__":
    sys.exit(main())

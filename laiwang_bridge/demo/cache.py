"""Where downloaded and installed things are kept, for this run and for others."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Where downloaded and installed things are kept: $LAIWANG_CACHE, or a folder in the user's cache."""
    if chosen := os.environ.get("LAIWANG_CACHE"):
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "laiwang-bridge"

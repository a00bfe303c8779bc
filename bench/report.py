"""What a benchmark prints: a table, the aims, and whether they were reached."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Report:
    """Collects lines and aims; `finish` prints the verdict and returns the exit status."""

    title: str
    missed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        print(f"\n== {self.title}", flush=True)

    def note(self, line: str) -> None:
        print(line, flush=True)

    def table(self, heading: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        widths = [max(len(row[column]) for row in [heading, *rows]) for column in range(len(heading))]
        for row in [heading, ["-" * width for width in widths], *rows]:
            first, *rest = (cell for cell in zip(row, widths, strict=True))
            cells = [first[0].ljust(first[1]), *(text.rjust(width) for text, width in rest)]
            print("  " + "  ".join(cells), flush=True)

    def aim(self, what: str, reached: bool, measured: str) -> None:
        print(f"  {'reached' if reached else 'MISSED '}  {what}: {measured}", flush=True)
        if not reached:
            self.missed.append(what)

    def finish(self) -> int:
        return 1 if self.missed else 0


@contextmanager
def memory_folder() -> Iterator[Path]:
    """A folder that goes away afterwards, in memory where the system has such storage."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="laiwang-bench-", dir=shared if shared.is_dir() else None) as folder:
        yield Path(folder)


def spread(values: Sequence[float], digits: int = 0) -> str:
    """The median, and in brackets the least and the most."""
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]

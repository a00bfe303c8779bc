"""A picture of how far clusters travelled: how many of them came at least so far, by reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from laiwang_bridge.simulation.graph import Town
from laiwang_bridge.simulation.report import members, shown
from laiwang_bridge.simulation.spreading import Outcome
from laiwang_bridge.simulation.trials import Result

# Told apart by those who do not see all colours, too (Okabe and Ito).
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9")
_STYLES = ("-", "--", "-.", ":")


def can_plot() -> bool:
    """Whether what draws is installed."""
    return find_spec("matplotlib") is not None


def plot(path: Path, town: Town, results: Sequence[Result]) -> None:
    """Draw into `path`; its end says whether as SVG or PNG. The same results make the same file."""
    import matplotlib  # noqa: PLC0415 - an extra that only this needs
    from matplotlib.figure import Figure  # noqa: PLC0415

    with matplotlib.rc_context({"svg.hashsalt": "laiwang-bridge"}):  # else names in the file would be random
        figure = Figure(figsize=(9, 3.8), layout="constrained")
        pair = figure.subplots(1, 2, sharey=True)
        panels: tuple[tuple[str, Callable[[Outcome], float]], ...] = (("members", members), ("people shown", shown))
        for axes, (what, value) in zip(pair, panels, strict=True):
            for number, result in enumerate(results):
                across, up = _at_least(result, value)
                axes.step(
                    across,
                    up,
                    where="pre",
                    label=str(result.reach),
                    color=_COLOURS[number % len(_COLOURS)],
                    linestyle=_STYLES[number % len(_STYLES)],
                    linewidth=1.8,
                )
            axes.set(xscale="log", xlim=(1, town.size), ylim=(0, 101), xlabel=what)
            axes.xaxis.set_major_formatter(lambda count, _: f"{count:,.0f}")
            axes.grid(alpha=0.3)
            axes.spines[["top", "right"]].set_visible(False)
        pair[0].set_ylabel("% of clusters with at least so many")
        pair[1].legend(frameon=False)
        figure.suptitle(f"How far a cluster travels among {town.size:,} people (a toy)", fontsize="medium")
        when = "Date" if path.suffix.lower() == ".svg" else "Creation Time"
        figure.savefig(path, dpi=144, metadata={when: None})


def _at_least(result: Result, value: Callable[[Outcome], float]) -> tuple[list[float], list[float]]:
    """Each value that occurs, and how many in a hundred clusters have at least that."""
    ordered = sorted(map(value, result.outcomes))
    count = len(ordered)
    return [1.0, *ordered], [100.0, *(100 * (count - place) / count for place in range(count))]

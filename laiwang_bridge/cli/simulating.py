"""simulate: what the limits of a cluster would mean on a server of this size."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from laiwang_bridge.cli.common import OK, Commands, Trouble, add_command, say
from laiwang_bridge.clusters.reach import MOST_HOPS, BadReach, Mode, Reach, default_cap, parse_reach

_REACHES = ("friends", "hops:2", "hops:3", "chain")
_SIMULATED = (Mode.FRIENDS, Mode.HOPS, Mode.CHAIN)
_FORMATS = (".svg", ".png")


def add_to(commands: Commands) -> None:
    parser = add_command(
        commands,
        "simulate",
        _simulate,
        "try out how far a cluster would travel, before you choose its limits",
        "Makes up a server and its friendships, and lets clusters grow there by the rules of the bridge. A toy: it "
        "shows which limits matter, not what will happen. Nothing of your own server is read.",
        config=False,
    )
    parser.add_argument("--people", type=_whole(10, 200_000), default=10_000, metavar="N", help="on the server (10000)")
    parser.add_argument("--friends", type=_whole(1, 500), default=30, metavar="N", help="of each, on average (30)")
    parser.add_argument(
        "--chance",
        type=_share,
        default=0.06,
        metavar="P",
        help="that somebody steps in for the first friend whom he is shown inside; each further one adds less (0.06)",
    )
    parser.add_argument(
        "--loud", type=_share, default=0.6, metavar="P", help="the share who let their friends see them inside (0.6)"
    )
    parser.add_argument(
        "--hours", type=_hours, default=8.0, metavar="H", help="until somebody looks at a card, on average (8)"
    )
    parser.add_argument("--runs", type=_whole(1, 10_000), default=200, metavar="N", help="clusters of each reach (200)")
    parser.add_argument(
        "--reach",
        type=_reach,
        action="append",
        metavar="REACH",
        help=f"friends, hops:2 to hops:{MOST_HOPS}, or chain; may be given several times ({', '.join(_REACHES)})",
    )
    parser.add_argument(
        "--cap", type=_whole(2, 200_000), metavar="N", help="most members of a cluster (as the bridge has it: 500)"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another number is another run of chance (1)")
    parser.add_argument(
        "--plot", type=_picture, metavar="FILE", help="draw it, too: a file that ends with .svg or .png"
    )
    parser.add_argument("--json", action="store_true", help="the results for programs")


def _simulate(arguments: argparse.Namespace) -> int:
    from laiwang_bridge import simulation  # noqa: PLC0415 - nothing for a bridge at work to carry
    from laiwang_bridge.simulation import plot, report  # noqa: PLC0415

    picture: Path | None = arguments.plot
    if picture is not None:
        _ready_to_draw(picture, can_plot=plot.can_plot())
    least = simulation.fewest_people(arguments.friends)
    if arguments.people < least:
        raise Trouble(
            f"{arguments.friends} friends each are too many among {arguments.people} people: say --people {least} or "
            f"more, or --friends {max(1, arguments.people // 4)} or fewer."
        )
    reaches: list[Reach] = list(dict.fromkeys(arguments.reach or map(_reach, _REACHES)))
    town = simulation.small_world(arguments.people, arguments.friends, arguments.seed)
    habits = simulation.Habits(chance=arguments.chance, loud=arguments.loud, hours=arguments.hours)
    results = [
        simulation.simulate(
            town, reach, arguments.cap or default_cap(reach), habits, runs=arguments.runs, seed=arguments.seed
        )
        for reach in reaches
    ]
    if arguments.json:
        say([report.to_json(town, habits, arguments.seed, results)])
    else:
        say(report.lines(town, habits, results))
    if picture is not None:
        plot.plot(picture, town, results)
    return OK


def _ready_to_draw(picture: Path, *, can_plot: bool) -> None:
    """Say what is missing before the work, not after it."""
    if not can_plot:
        raise Trouble(
            "To draw, install what draws: pip install 'laiwang-bridge[plots]'. Without --plot it is not needed."
        )
    if not picture.absolute().parent.is_dir():
        raise Trouble(f"There is no folder {picture.absolute().parent} for the picture; make it first.")


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text} is not a whole number from {least} to {most}")
        return int(text)

    return read


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _share(text: str) -> float:
    if not 0 <= _number(text) <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not a share from 0 to 1, as 0.06 for 6 in 100")
    return _number(text)


def _hours(text: str) -> float:
    if not 0 < _number(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text} is not a number of hours above 0")
    return _number(text)


def _reach(text: str) -> Reach:
    reach = parse_reach(text)
    if isinstance(reach, BadReach):
        raise argparse.ArgumentTypeError(f"{text} is no reach; did you mean {reach.suggestion}?")
    if reach.mode not in _SIMULATED:
        raise argparse.ArgumentTypeError(
            f"a cluster that is {reach} does not spread through friends; try friends, hops:2 or chain"
        )
    return reach


def _picture(text: str) -> Path:
    if Path(text).suffix.lower() not in _FORMATS:
        raise argparse.ArgumentTypeError(f"{text} does not end with {' or '.join(_FORMATS)}")
    return Path(text)

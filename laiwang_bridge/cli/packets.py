"""packet-check: whether a red packet was drawn as it had to be. It needs no bridge, and trusts none."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import orjson

from laiwang_bridge.cli.common import OK, PROBLEM, Commands, Trouble, add_command, say
from laiwang_bridge.payments.packets.checking import BadCard, Drawn, Verdict, read_card, verdict
from laiwang_bridge.payments.packets.rules import Kind


def add_to(commands: Commands) -> None:
    parser = add_command(
        commands,
        "packet-check",
        _check,
        "work out the draw of a red packet again",
        "Works out what each part of a red packet has to be, from the seed that its card shows when it is over, and "
        "compares that with what people had. Everything is in minor units (cents). Nothing is asked of any bridge or "
        "homeserver. Status 0: as drawn, 1: not so.",
        config=False,
    )
    parser.add_argument("seed", nargs="?", metavar="SEED", help="64 hexadecimal digits")
    parser.add_argument("total", nargs="?", type=int, metavar="TOTAL", help="what was in it, in minor units")
    parser.add_argument("parts", nargs="?", type=int, metavar="PARTS", help="in how many parts")
    parser.add_argument(
        "--commitment", metavar="SHA256", help="the SHA-256 that the card showed while the packet was open"
    )
    parser.add_argument(
        "--taken", nargs="+", type=int, metavar="AMOUNT", help="what people had, in the order in which they took it"
    )
    parser.add_argument(
        "--card", metavar="FILE", help="the card as JSON instead (“view source” in most clients); - for standard input"
    )


def _check(arguments: argparse.Namespace) -> int:
    try:
        drawn = _given(arguments)
        found = verdict(drawn)
    except BadCard as bad:
        raise Trouble(str(bad)) from None
    say(_lines(drawn, found))
    return OK if found.is_good else PROBLEM


def _given(arguments: argparse.Namespace) -> Drawn:
    if arguments.card is not None:
        if arguments.seed is not None:
            raise Trouble("Give either SEED, TOTAL and PARTS, or --card.")
        drawn = read_card(_json(arguments.card))
    elif arguments.parts is None:
        raise Trouble("Give SEED, TOTAL and PARTS, or --card FILE; `laiwang-bridge packet-check --help` tells more.")
    else:
        drawn = Drawn(Kind.LUCKY, arguments.total, arguments.parts, arguments.seed.lower())
    if arguments.commitment is not None:
        drawn = replace(drawn, commitment=arguments.commitment.lower())
    return drawn if arguments.taken is None else replace(drawn, taken=arguments.taken)


def _json(name: str) -> dict[str, object]:
    data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    try:
        read = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Trouble(f"That is no JSON: {error}.") from None
    if not isinstance(read, dict):
        raise Trouble("That is JSON, but no card: a card is an object, { … }.")
    return read


def _lines(drawn: Drawn, found: Verdict) -> list[str]:
    lines = [] if found.sealed is None else [f"SHA-256 of the seed: {found.sealed}", _on_seed(found)]
    for place, amount in enumerate(found.expected):
        had = drawn.taken[place] if place < len(drawn.taken) else None
        lines.append(f"part {place + 1}: {amount}{_on_part(amount, had, is_known=bool(drawn.taken))}")
    if len(drawn.taken) > len(found.expected):
        lines.append(f"wrong: {len(drawn.taken)} parts were taken, and there are {len(found.expected)}")
    return [*lines, "The packet was drawn as it had to be." if found.is_good else "The packet was NOT drawn so."]


def _on_seed(found: Verdict) -> str:
    match found.seed_fits:
        case None:
            return "Compare it with the one that the card showed while the packet was open."
        case True:
            return "That is what was told while the packet was open."
        case False:
            return "wrong: another one was told while the packet was open"


def _on_part(amount: int, had: int | None, *, is_known: bool) -> str:
    if not is_known:
        return ""
    if had is None:
        return "  nobody took it"
    return "  ✓" if had == amount else f"  wrong: {had} was taken"

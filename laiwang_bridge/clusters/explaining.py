"""Why a cluster stands where it does in somebody's list, in words."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from appservice.bots import Voice
from appservice.content import Rich, lines
from appservice.language import N_, _
from laiwang_bridge.clusters.feed import Seen
from laiwang_bridge.clusters.talk import HOUR_MS


def explain(voice: Voice, seen: Seen, friends: Sequence[str], now: int) -> Rich:
    """The four parts of the sum (`cards.rank`). `friends` are those of the reader who are inside, as he calls them."""
    rank = seen.rank
    hours = max(now - seen.named.rules.created_at, 0) // HOUR_MS
    times = seen.card.times_shown if seen.card else 0
    return lines(
        voice.say(_("Points of “**{title}**”: {score}"), title=seen.named.title, score=_points(rank.score)),
        voice.say(
            N_("{points} for {count} friend inside: {friends}", "{points} for {count} friends inside: {friends}"),
            points=_points(rank.friends),
            count=len(friends),
            friends=list(friends),
        )
        if friends
        else voice.say(_("You may step in because you were named, whoever is inside.")),
        voice.say(
            N_(
                "{points} for {count} message in the last 24 hours",
                "{points} for {count} messages in the last 24 hours",
            ),
            points=_points(rank.talk),
            count=seen.messages,
        ),
        voice.say(
            N_("{points} because it is {count} hour old", "{points} because it is {count} hours old"),
            points=_points(rank.age),
            count=hours,
        ),
        voice.say(
            N_("{points} because you were shown it {count} time", "{points} because you were shown it {count} times"),
            points=_points(rank.shown),
            count=times,
        ),
        voice.say(_("The list begins with the most points. Nobody else sees this sum.")),
    )


def _points(value: float) -> Decimal:
    return Decimal(f"{value + 0.0:.1f}") + 0

"""Why a code did not get to an address."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from appservice.language import Message, _


class Problem(StrEnum):
    """`sentence` is for whoever asked for the code, with the field `address`."""

    ADDRESS = "address"
    SERVICE = "service"
    OVER = "over"

    @property
    def sentence(self) -> Message:
        return _SENTENCES[self]


_SENTENCES = {
    Problem.ADDRESS: _(
        "Nothing can be sent to {address}: there is no such address. Please check it and write it again:"
    ),
    Problem.SERVICE: _("I could not send anything to {address}; the operators of this service have to look at it."),
    Problem.OVER: _("My message to {address} did not get through in an hour. Please try again later:"),
}


def done() -> Mapping[str, Any]:
    """It was done."""
    return {"problem": None}


def failed(problem: Problem) -> Mapping[str, Any]:
    return {"problem": problem.value}


def problem_in(outcome: Mapping[str, Any] | None) -> Problem | None:
    """What went wrong; a job that was given up is for the operators too."""
    if outcome is None:
        return Problem.SERVICE
    return None if outcome["problem"] is None else Problem(outcome["problem"])

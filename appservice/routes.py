"""Who handles what: event types, answers and timers to plain synchronous functions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from mautrix.types import EventID, RoomID, UserID

from appservice.effects import Answer, EffectKey, Job
from appservice.events import Event
from appservice.inbox import Entry, Kind
from appservice.receipts import Receipts
from appservice.unit import Unit

EventHandler = Callable[[Unit, Event], None]
AnswerHandler = Callable[[Unit, Answer], None]
TimerHandler = Callable[[Unit, Mapping[str, Any]], None]
JobWorker = Callable[[Job], Awaitable[Mapping[str, Any]]]
"""Does a job in the outside world and returns plain JSON: also what people can mend (a wrong password). What will pass
(a mail server that is away) it raises as `Later`. Anything else that it raises is a fault of ours."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Something that was given up, so that whoever asked for it can be told.

    `number` is what the admin finds it by; `asker` and `room_id` tell where it came from, as far as is known.
    """

    number: str
    what: str
    error: str
    asker: UserID | None = None
    room_id: RoomID | None = None
    event_id: EventID | None = None


ReceiptsHandler = Callable[[Unit, Receipts], None]
LetterHandler = Callable[[Unit, DeadLetter], None]


class Later(Exception):
    """A job cannot be done now: it is tried again after `seconds`."""

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.seconds = seconds


class UnknownRoute(LookupError):
    """An answer or a timer names a handler that this version of the program does not have."""


class Routes:
    """The table of handlers. Handlers of one event type run in the order in which they were added."""

    def __init__(self) -> None:
        self._events: dict[str, list[EventHandler]] = {}
        self._answers: dict[str, AnswerHandler] = {}
        self._timers: dict[str, TimerHandler] = {}
        self._letters: list[LetterHandler] = []
        self._receipts: list[ReceiptsHandler] = []
        self._jobs: dict[str, JobWorker] = {}

    def on_event(self, type: str, handler: EventHandler) -> None:
        self._events.setdefault(type, []).append(handler)

    def on_answer(self, name: str, handler: AnswerHandler) -> None:
        """`name` is what `Unit.emit(notify=…)` gives."""
        if name in self._answers:
            raise ValueError(f"two handlers for the answer {name!r}")
        self._answers[name] = handler

    def on_timer(self, name: str, handler: TimerHandler) -> None:
        if name in self._timers:
            raise ValueError(f"two handlers for the timer {name!r}")
        self._timers[name] = handler

    def on_receipts(self, handler: ReceiptsHandler) -> None:
        """For the rooms that `appservice.receipts.watch` names."""
        self._receipts.append(handler)

    def on_job(self, name: str, worker: JobWorker) -> None:
        """`name` is that of the `Job` effects it does."""
        if name in self._jobs:
            raise ValueError(f"two workers for the job {name!r}")
        self._jobs[name] = worker

    async def work(self, job: Job) -> Mapping[str, Any]:
        """Have a job done. Raises `UnknownRoute`, `Later`, and whatever its worker raises."""
        if (worker := self._jobs.get(job.name)) is None:
            raise UnknownRoute(f"nobody does the job {job.name!r}")
        return await worker(job)

    def on_dead_letter(self, handler: LetterHandler) -> None:
        self._letters.append(handler)

    def handle(self, unit: Unit, entry: Entry) -> None:
        """Run the handlers of one inbox entry.

        Raises `MalformedEvent` for an event that cannot be read, `UnknownRoute` for an answer or timer without
        handler, and whatever a handler raises.
        """
        body = orjson.loads(entry.body)
        match entry.kind:
            case Kind.EVENT:
                self._handle_event(unit, body)
            case Kind.ANSWER:
                name = body.pop("name")
                if (on_answer := self._answers.get(name)) is None:
                    raise UnknownRoute(f"nobody handles the answer {name!r}")
                body["state"] = tuple(body.get("state", ()))
                on_answer(unit, Answer(**body))
            case Kind.TIMER:
                if (on_timer := self._timers.get(body["name"])) is None:
                    raise UnknownRoute(f"nobody handles the timer {body['name']!r}")
                on_timer(unit, body["context"])
            case Kind.LETTER:
                for on_letter in self._letters:
                    on_letter(unit, DeadLetter(**body))
            case Kind.RECEIPTS:
                for on_receipts in self._receipts:
                    on_receipts(unit, Receipts.of(body))

    def _handle_event(self, unit: Unit, body: Any) -> None:
        handlers = self._events.get(body.get("type", ""), ())
        if not handlers and isinstance(body.get("type"), str):
            return
        event = Event.parse(body)
        for handler in handlers:
            handler(unit, event)


def answer_body(name: str, answer: Answer) -> dict[str, Any]:
    """An answer as the inbox keeps it; `Routes.handle` reads it back."""
    return {
        "name": name,
        "key": answer.key,
        "context": dict(answer.context),
        "event_id": answer.event_id,
        "room_id": answer.room_id,
        "content_uri": answer.content_uri,
        "state": list(answer.state),
        "outcome": answer.outcome,
        "error": answer.error,
        "message": answer.message,
    }


def letter_body(letter: DeadLetter) -> dict[str, Any]:
    return {
        "number": letter.number,
        "what": letter.what,
        "error": letter.error,
        "asker": letter.asker,
        "room_id": letter.room_id,
        "event_id": letter.event_id,
    }


__all__ = [
    "AnswerHandler",
    "DeadLetter",
    "EffectKey",
    "EventHandler",
    "JobWorker",
    "Later",
    "LetterHandler",
    "ReceiptsHandler",
    "Routes",
    "TimerHandler",
    "UnknownRoute",
    "answer_body",
    "letter_body",
]

"""`laiwang-bridge demo`: the story from the first line to the last, and what to try when it is over."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from aiohttp import ClientError

from laiwang_bridge.demo import bridge
from laiwang_bridge.demo.bridge import BridgeFailed
from laiwang_bridge.demo.chapters import Chapters
from laiwang_bridge.demo.environment import CannotInstall, synapse_python
from laiwang_bridge.demo.listening import NotSeen
from laiwang_bridge.demo.patience import Refused
from laiwang_bridge.demo.stage import BOT, Stage
from laiwang_bridge.demo.synapse import SynapseFailed
from laiwang_bridge.demo.telling import BOT_NAME, PATIENCE, StepFailed, Telling
from laiwang_bridge.demo.transcript import Transcript

_WENT_WRONG = (StepFailed, NotSeen, Refused, BridgeFailed, SynapseFailed, ClientError, TimeoutError)
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_READER = "you"

Stopped = asyncio.Future[signal.Signals]


def run_demo(*, stay: bool, bridge_command: Sequence[str | Path] = bridge.COMMAND, patience: float = PATIENCE) -> int:
    """Play the story on standard output; gives the status to end with: 0 if every step was seen by a client.

    With `stay` the homeserver and the bridge stay up afterwards, until SIGINT or SIGTERM. Nothing is left behind.
    Synapse is installed first where need be. `bridge_command` takes the place of `laiwang-bridge`; `patience` is how
    many seconds to wait for each thing to be seen.
    """
    logging.getLogger("nio").setLevel(logging.CRITICAL)  # it complains of what our clients put right themselves
    transcript = Transcript(sys.stdout)
    try:
        synapse_python(transcript.line)
    except CannotInstall as error:
        transcript.line(str(error))
        return 1
    return asyncio.run(_perform(transcript, Stage(bridge_command), Telling(transcript, patience=patience), stay=stay))


async def _perform(transcript: Transcript, stage: Stage, telling: Telling, *, stay: bool) -> int:
    stopped, begun = _listen_for_signals(), time.monotonic()
    async with stage:
        try:
            if not await _run(stopped, Chapters(stage, telling).play(), stage.watch()):
                transcript.line("\nStopped. Removing everything.")
                return 128 + stopped.result()
            transcript.line(f"\nAll of it was seen by a client ({time.monotonic() - begun:.0f} s).")
            if stay:
                await _invite_the_reader(transcript, stage)
                await _run(stopped, stage.watch())
                transcript.line("\nGood-bye, 再见！ Removing everything.")
        except _WENT_WRONG as error:
            _explain(transcript, stage, telling, error)
            return 1
    return 0


def _listen_for_signals() -> Stopped:
    """Done once we are asked to end. What we were told to ignore (nohup) stays ignored."""
    loop = asyncio.get_running_loop()
    stopped: Stopped = loop.create_future()

    def stop(number: signal.Signals) -> None:
        if not stopped.done():
            stopped.set_result(number)

    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop, number)
    return stopped


async def _run(stopped: Stopped, *work: Coroutine[Any, Any, None]) -> bool:
    """Run until the first of these ends (or raises), then stop the others. False if we were asked to end before."""
    tasks: list[asyncio.Future[Any]] = [asyncio.create_task(one) for one in work]
    try:
        await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                task.result()
        return any(task.done() for task in tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _invite_the_reader(transcript: Transcript, stage: Stage) -> None:
    await stage.all_leave()
    await stage.register(_READER)
    transcript.line(
        f"""
Now walk in, with any Matrix client (in Element: sign in, then edit the homeserver):

  Homeserver  {stage.synapse.client_url}
  Log in as   {_READER}, who is new here, or as lin, amy, bo or dan
  Password    {stage.password}

  Then start a chat with {BOT} ({BOT_NAME}) and try

    help or 帮助             what there is
    code or 暗号             a code for a friend: as lin, in another window, type it there, and both say yes
    !zd hot pot tonight?     start to talk about something; lin sees it by !zd (!扎堆 今晚火锅？ does the same)
    !zd                      what your friends are talking about; unasked it comes once a day
    AA 12 tea @lin           in a room with others to which {BOT} is invited: a bill, and its card
    friends, status, export  and more, all of it in the help

  Files       {stage.folder}: bridge/config.yaml, bridge/bridge.log, homeserver/homeserver.log

It stays up until you press Ctrl-C; then everything is removed."""
    )


def _explain(transcript: Transcript, stage: Stage, telling: Telling, error: Exception) -> None:
    if isinstance(error, StepFailed):
        transcript.failed(error.what, error.seconds)
        transcript.details("expected:", [error.expected])
        transcript.details("seen:", error.seen)
    else:
        what, *more = str(error).splitlines() or [type(error).__name__]
        transcript.failed(what, telling.elapsed())
        transcript.details("", more)
    for path, lines in stage.last_words():
        transcript.details(f"the last lines of {path}:", lines)

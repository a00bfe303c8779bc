"""The example in docs/example is a service that works, on a real homeserver, without anything of Laiwang."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from laiwang_bridge.demo import process
from laiwang_bridge.demo.person import Person
from tests.support.homeservers import People, SynapseFactory

pytestmark = pytest.mark.synapse

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "example" / "dice.py"
BOT = "@dice:localhost"


class Program:
    """`dice.py` in a folder of its own, started as its README says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "dice"
        self.folder.mkdir()
        self.registration = self.folder / "dice-registration.yaml"
        self.log = self.folder / "log"
        self._port = process.free_port()
        self._running: subprocess.Popen[bytes] | None = None

    def start(self, homeserver: str) -> subprocess.Popen[bytes]:
        options = ["--homeserver", homeserver, "--domain", "localhost", "--port", str(self._port)]
        with self.log.open("ab") as log:
            command = [sys.executable, str(EXAMPLE), *options]
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            self._running = process.spawn(command, output=log, folder=self.folder, environment=environment)
        return self._running

    def kill(self) -> None:
        if self._running is not None:
            process.kill(self._running)


@pytest.fixture
def program(folder: Path) -> Iterator[Program]:
    program = Program(folder)
    yield program
    program.kill()


async def ask(person: Person, room: str, text: str, answer: str) -> str:
    """Say something, and give the message of the bot in which `answer` (a regular expression) is found."""
    position = person.position
    await person.say(room, text)
    seen = await person.wait_for(
        lambda seen: seen.sender == BOT and re.search(answer, seen.text) is not None,
        room=room,
        since=position,
        what=f"an answer to {text!r}",
    )
    return seen.event_id


async def test_the_example_rolls_dice_and_remembers_over_a_crash(
    program: Program, synapse_factory: SynapseFactory, people: People
) -> None:
    synapse = synapse_factory.prepare()
    assert program.start(synapse.client_url).wait(60) == 0
    assert program.registration.exists()
    assert "app_service_config_files" in program.log.read_text()
    synapse.registrations.append(program.registration)
    program.start(synapse.client_url)  # before its homeserver, which it waits for
    await synapse.start()

    ann = await people(synapse, "ann")
    chat = await ann.create_direct_chat(BOT)
    thrown = await ask(ann, chat, "roll 2d6", r"^2d6: [1-6] \+ [1-6] makes \d+\.")
    await ann.wait_for(lambda seen: seen.reacts_to == thrown and seen.reaction == "🎲", what="the button")
    position = ann.position
    await ann.react(chat, thrown, "🎲")
    await ann.wait_for_text("2d6: ", room=chat, sender=BOT, since=position)
    await ask(ann, chat, "roll 1000d6", "1 to 20 dice")
    await ask(ann, chat, "掷 3d6", r"^3d6: ")

    await ask(ann, chat, "remind 4s tea is ready", "I remind you")
    await ask(ann, chat, "remind 1h the concert", "forget 2")
    program.kill()
    program.start(synapse.client_url)
    await ann.wait_for_text("tea is ready", room=chat, sender=BOT, since=ann.position)
    await ask(ann, chat, "reminders", "^2 · the concert$")
    await ask(ann, chat, "forget 7", "You have no reminder 7")
    await ann.say(chat, "forget 2")
    await ask(ann, chat, "reminders", "nothing to be reminded of")
    rung = [seen for seen in ann.timeline(chat) if seen.sender == BOT and "tea is ready" in seen.text]
    assert len(rung) == 1

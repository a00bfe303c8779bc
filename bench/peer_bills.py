"""I Hate Money taking bills, raced by `bench.bills`: `python bench/peer_bills.py FOLDER ROOMS MEMBERS`, in an
environment of its own.

Its own program and API, on SQLite, with neither a socket nor a server between. Reads a number of bills from each line
of its input, and prints the seconds and the processor seconds that they took; in the end, how many it has.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ihatemoney import default_settings
from ihatemoney.models import Bill, Person, Project, db
from ihatemoney.run import create_app


@dataclass(frozen=True, slots=True)
class Room:
    """A project of theirs: who may write to it, and its members."""

    name: str
    token: str
    members: list[int]


def main(folder: Path, rooms: int, members: int) -> None:
    settings = {name: value for name, value in vars(default_settings).items() if name.isupper()}
    settings |= {
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder / 'ihatemoney.db'}",
        "SECRET_KEY": "the secret of the benchmark",
        "ACTIVATE_DEMO_PROJECT": False,
    }
    application = create_app(type("Settings", (), settings), instance_path=str(folder))
    with application.app_context():
        projects = [_room(number, members) for number in range(rooms)]
    client = application.test_client()
    print("ready", flush=True)
    done = 0
    for line in sys.stdin:
        began, worked = time.perf_counter(), time.process_time()
        for number in range(done, done + int(line)):
            _send(client, projects[number % rooms], number // rooms, number)
        done += int(line)
        print(time.perf_counter() - began, time.process_time() - worked, flush=True)
    with application.app_context():
        print(db.session.query(Bill).count(), flush=True)


def _room(number: int, members: int) -> Room:
    name = f"room{number}"
    project = Project(id=name, name=name, password="-", contact_email="a@example.com", default_currency="XXX")
    people = [Person(name=f"p{place}", project=project, weight=1) for place in range(members)]
    db.session.add_all([project, *people])
    db.session.commit()
    return Room(name, project.generate_token("auth"), [person.id for person in people])


def _send(client: Any, room: Room, turn: int, number: int) -> None:
    payer, *others = (room.members[(turn + each) % len(room.members)] for each in range(3))
    bill = {
        "date": "2026-11-22",
        "what": "dinner",
        "payer": payer,
        "payed_for": [payer, *others],
        "amount": f"{10 + number % 90}.{number % 100:02}",
        "bill_type": "Expense",
        "original_currency": "XXX",
    }
    answer = client.post(
        f"/api/projects/{room.name}/bills", data=bill, headers={"Authorization": f"Bearer {room.token}"}
    )
    if answer.status_code != 201:
        raise RuntimeError(f"it does not take a bill: {answer.status} {answer.text}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))

"""Reading the time zone of a profile, whatever the homeserver answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from mautrix.types import UserID

from appservice.effects import Job
from appservice.homeserver import HomeserverAway, HomeserverError
from appservice.routes import Later, Routes
from laiwang_bridge.people.digests import ZONE_JOB, Digests, zone_in

BOT, LIN = UserID("@bot:town"), UserID("@lin:town")
JOB = Job(sender=BOT, name=ZONE_JOB, queue="zone:town", given={"user": LIN})


async def read(answer: Mapping[str, Any] | Exception) -> Mapping[str, Any]:
    """What the job brings back when the homeserver answers so."""

    async def profile(user: UserID) -> Mapping[str, Any]:
        assert user == LIN
        if isinstance(answer, Exception):
            raise answer
        return answer

    routes = Routes()
    Digests(BOT, ZoneInfo("UTC"), profile).add_to(routes)
    return await routes.work(JOB)


async def test_the_zone_of_a_profile_is_brought_back() -> None:
    assert await read({"displayname": "Lin", "m.tz": "Asia/Shanghai"}) == {"zone": "Asia/Shanghai"}


@pytest.mark.parametrize("status", [400, 403, 404, 502])
async def test_what_a_homeserver_does_not_know_or_say_is_no_zone(status: int) -> None:
    assert await read(HomeserverError(status, "M_UNKNOWN", "no")) == {"zone": None}


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (HomeserverAway("it sleeps"), 600),
        (HomeserverError(429, "M_LIMIT_EXCEEDED", "slowly", 7.5), 7.5),
        (HomeserverError(429, "M_LIMIT_EXCEEDED", "slowly"), 600),
    ],
)
async def test_a_homeserver_that_is_away_or_busy_is_asked_later(answer: Exception, seconds: float) -> None:
    with pytest.raises(Later) as later:
        await read(answer)
    assert later.value.seconds == seconds


def test_the_field_of_the_specification_goes_before_the_older_one() -> None:
    assert zone_in({"us.cloke.msc4175.tz": "Europe/Paris", "m.tz": "Europe/Berlin"}) == "Europe/Berlin"
    assert zone_in({"us.cloke.msc4175.tz": "Europe/Paris", "m.tz": "nowhere"}) == "Europe/Paris"
    assert zone_in({}) is None

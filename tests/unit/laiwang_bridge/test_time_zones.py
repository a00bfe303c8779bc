"""Time zones by the names that people give them."""

from __future__ import annotations

from zoneinfo import available_timezones

import pytest

from laiwang_bridge.time_zones import find_zone, zone_called, zones_like


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("上海", "Asia/Shanghai"),
        ("北京时间", "Asia/Shanghai"),
        ("柏林", "Europe/Berlin"),
        ("纽约", "America/New_York"),
        ("UTC+8", "Etc/GMT-8"),
        ("gmt-5", "Etc/GMT+5"),
        ("ＵＴＣ", "UTC"),
    ],
)
def test_a_zone_is_found_by_its_name_its_city_or_its_offset(written: str, name: str) -> None:
    found = find_zone(written)
    assert found is not None
    assert found.key == name


@pytest.mark.parametrize("written", ["", "Atlantis", "../etc/passwd", "/etc/localtime", "UTC+99", "Europe"])
def test_what_is_no_zone_is_none(written: str) -> None:
    assert find_zone(written) is None
    assert zone_called(written) is None


@pytest.mark.parametrize("written", ["Berln", "Europ/Berlin", "europe/berlim"])
def test_a_mistyped_zone_is_guessed(written: str) -> None:
    assert zones_like(written)[0] == "Europe/Berlin"


def test_every_zone_is_found_by_its_whole_name() -> None:
    assert all((zone := find_zone(name)) is not None and zone.key == name for name in available_timezones())

"""Time zones by the names people give them: `Europe/Berlin`, `berlin`, `上海`, `UTC+8`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from babel import Locale

from appservice.bots.guess import nearest
from appservice.bots.line import fold

_OFFSET = re.compile(r"(?:utc|gmt)\s*([+-])\s*(\d{1,2})(?::?00)?")
_MORE_NAMES = MappingProxyType(
    {"beijing": "Asia/Shanghai", "北京": "Asia/Shanghai", "北京时间": "Asia/Shanghai", "中国": "Asia/Shanghai"}
    | {"china": "Asia/Shanghai", "香港": "Asia/Hong_Kong", "台湾": "Asia/Taipei", "日本": "Asia/Tokyo"}
)


def zone_called(name: str) -> ZoneInfo | None:
    """The zone of exactly this IANA name (the tz database). None if there is none."""
    try:
        return ZoneInfo(name) if name in _known() else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


def find_zone(text: str) -> ZoneInfo | None:
    """The zone that somebody means: its name, its city in English or Chinese, or whole hours from UTC."""
    wanted = _plain(text)
    if (name := _names().get(wanted)) is not None:
        return zone_called(name)
    offset = _OFFSET.fullmatch(wanted)
    # The names of these zones count westwards.
    return zone_called(f"Etc/GMT{'-' if offset[1] == '+' else '+'}{int(offset[2])}") if offset else None


def zones_like(text: str, limit: int = 3) -> list[str]:
    """The zones that a mistyped name may stand for, the likeliest first."""
    names = _names()
    return list(dict.fromkeys(names[near] for near in nearest(_plain(text), names, limit * 2)))[:limit]


def _plain(text: str) -> str:
    return fold(text).strip().replace(" ", "_").strip("_")


@cache
def _known() -> frozenset[str]:
    """Looked up once: the files of all zones are read for it."""
    return frozenset(available_timezones())


@cache
def _names() -> Mapping[str, str]:
    """Every zone by each of its names, folded; of two with the same city the one that is no old alias."""
    names = dict(_MORE_NAMES)
    known = sorted(_known())
    for name in known:
        names[_plain(name)] = name
    for name in (name for name in known if "/" in name and not name.startswith("Etc/")):
        names.setdefault(_plain(name.rpartition("/")[2]), name)
    for name, shown in Locale("zh").time_zones.items():
        if name in known and (city := shown.get("city")):
            names.setdefault(_plain(city), name)
    return MappingProxyType(names)

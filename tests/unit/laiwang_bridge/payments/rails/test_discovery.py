"""Rails are found by entry points; one that does not work costs nobody but itself."""

from __future__ import annotations

import logging
from importlib.metadata import EntryPoint

import pytest

from laiwang_bridge.payments.rails.discovery import GROUP, installed, load
from laiwang_bridge.payments.rails.upi import UpiRail


class Tin(UpiRail):
    name = "tin"


class Pretender(UpiRail):
    """Calls itself as one of ours."""


class Broken:
    def __init__(self) -> None:
        raise RuntimeError("not today")


class Halfway:
    name = "halfway"


def point(name: str, what: str, module: str = __name__) -> EntryPoint:
    return EntryPoint(name, f"{module}:{what}", GROUP)


def test_all_that_come_along_are_found() -> None:
    assert set(load(installed())) == {
        "alipay", "bitcoin", "paypal", "pix", "revolut", "sepa", "swiss", "upi", "venmo", "wechat",
    }  # fmt: skip


def test_another_package_can_add_one() -> None:
    rails = load([*installed(), point("tin", "Tin")])
    assert rails["tin"].name == "tin"
    assert len(rails) == 11


@pytest.mark.parametrize(
    "broken",
    [
        point("broken", "Broken"),
        point("halfway", "Halfway"),
        point("missing", "Missing"),
        point("nowhere", "Rail", "no_such_package_at_all"),
        point("another", "Tin"),
        point("upi", "Pretender"),
    ],
    ids=lambda point: point.value,
)
def test_a_broken_one_costs_only_itself_and_the_log_says_which(
    broken: EntryPoint, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="laiwang_bridge"):
        rails = load([*installed(), broken])
    assert len(rails) == 10
    assert type(rails["upi"]) is UpiRail
    [record] = caplog.records
    assert broken.name in record.getMessage()
    assert broken.value in record.getMessage()


def test_none_at_all_is_said_too(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="laiwang_bridge"):
        assert load([]) == {}
    assert "entry points" in caplog.text

"""Codes that a person gives away, and the text to go with one. The bridge itself writes to nobody who is not here."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from appservice.language import Catalogues, Language, _
from appservice.unit import Unit
from laiwang_bridge.people import request_store, rules
from laiwang_bridge.people.codes import CODE_BITS, format_code
from laiwang_bridge.people.rules import FriendCode, PersonId

MOST_OPEN_CODES = 20

_TEXT = _(
    "Hi! I am on Laiwang, and would like to have you there as a friend.\n"
    "1. Get a Matrix account, on whatever server you like; if you have one, all the better: https://matrix.org/try-matrix/\n"
    "2. Open a chat with {bot}: https://matrix.to/#/{bot}\n"
    "3. Write it this code: {code}\n"
    "The code is for you alone and works until {until}."
)


class Codes:
    """Makes codes that can be used for `lifetime_ms`."""

    def __init__(self, lifetime_ms: int) -> None:
        self._lifetime_ms = lifetime_ms

    def open_or_new(self, unit: Unit, me: PersonId) -> FriendCode:
        """The newest code that a person can still give away, a new one if there is none."""
        return request_store.open_code(unit.connection, me, unit.now) or self._new(unit, me)

    def new(self, unit: Unit, me: PersonId) -> FriendCode:
        """A code for one friend more; somebody with very many open ones gets the newest of these again."""
        if request_store.count_open_codes(unit.connection, me, unit.now) >= MOST_OPEN_CODES:
            return self.open_or_new(unit, me)
        return self._new(unit, me)

    def _new(self, unit: Unit, me: PersonId) -> FriendCode:
        for attempt in range(8):
            value = unit.random_bits(f"code/{attempt}", CODE_BITS)
            if request_store.find_code(unit.connection, value) is None:
                made = rules.make_code(me, value, unit.now, self._lifetime_ms)
                request_store.put_code(unit.connection, made)
                return made
        raise RuntimeError("no free code was found in eight tries")


def texts_to_send(code: FriendCode, bot: str, zone: ZoneInfo, catalogues: Catalogues, first: Language) -> list[str]:
    """What somebody can send a friend himself, in every language, his own first."""
    until = datetime.fromtimestamp(code.expires_at // 1000, UTC).astimezone(zone).date()
    languages = [first, *(language for language in Language if language is not first)]
    values = {"bot": bot, "code": format_code(code.value), "until": until}
    return [catalogues[language].text(_TEXT, **values) for language in languages]

"""What address books need of the rest of the house, and what the admin has chosen about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from appservice.rooms import Rooms
from laiwang_bridge.contacts.importing import TellOperators
from laiwang_bridge.contacts.reading import Download
from laiwang_bridge.contacts.rules import Limits
from laiwang_bridge.contacts.summary import Typed
from laiwang_bridge.outside.client import Outside
from laiwang_bridge.people.digests import Digests
from laiwang_bridge.people.mail import Mail, Speak
from laiwang_bridge.people.names import Names
from laiwang_bridge.people.requests import Requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """`outside` fetches from the servers that people name. `prove` is how one's own number is proven, as it is
    typed."""

    rooms: Rooms
    names: Names
    mail: Mail
    digests: Digests
    requests: Requests
    speak: Speak
    tell_operators: TellOperators
    download: Download
    outside: Outside
    prove: Typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """`key` is the admin's secret, empty for none; `regions` (ISO 3166) are where numbers without a country code are
    from; `range_from` numbers that follow each other are refused; `identity_host` is empty where there is none."""

    key: str
    regions: Sequence[str]
    limits: Limits
    range_from: int
    most_bytes: int
    shop_files: bool
    identity_host: str

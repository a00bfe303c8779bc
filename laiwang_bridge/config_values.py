"""What a setting is, and how one value of it is read. The sections are in `config` and `config_*`."""

from __future__ import annotations

import dataclasses
import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any, TypeVar, cast

from appservice.bots.permissions import Level
from appservice.database import UnsupportedDatabase, parse_url
from appservice.registration import localpart_problem, token_problem, url_problem
from laiwang_bridge import rsa_keys
from laiwang_bridge.clusters.reach import BadReach, Mode, Reach, parse_reach
from laiwang_bridge.outside.addresses import policy
from laiwang_bridge.outside.problems import OutsideProblem
from laiwang_bridge.time_zones import zone_called, zones_like

T = TypeVar("T")
Choice = TypeVar("Choice", bound=str)
Reader = Callable[[object], T]
"""Makes a checked value of what the file says. Raises ValueError with the rest of a sentence about the setting."""
Contradiction = tuple[tuple[str, str], str]
"""Values that do not go together: the key to blame and the other one, as `section.key`, and the rest of a sentence."""

_METADATA_KEY = "laiwang"
_REACHES = "closed, friends, hops:2 to hops:9, chain or open"
_SERVER_NAME = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the configuration. `required` is what the admin has to write, empty where the default will do."""

    doc: str
    read: Reader[Any]
    secret: bool
    required: str
    is_text: bool

    def keys_for(self, name: str) -> tuple[str, ...]:
        """The keys under which it may stand in the file: a secret may also come from a file of its own."""
        return (name, f"{name}_file") if self.secret else (name,)


@dataclass(frozen=True, slots=True)
class Section:
    """One block of the configuration.

    A block whose keys are the admin's own words (permissions) has no settings but `read_entry`, which makes a checked
    value of one key and what stands there.
    """

    name: str
    doc: str
    kind: type[Any]
    default: Callable[[], Any]
    settings: Mapping[str, Setting]
    read_entry: Callable[[str, object], Any] | None

    @property
    def known_keys(self) -> list[str]:
        """Every key that may stand in the block."""
        return [key for name, setting in self.settings.items() for key in setting.keys_for(name)]


def setting(default: T, doc: str, read: Reader[T], *, secret: bool = False, required: str = "") -> T:
    """A field of a section."""
    metadata = {_METADATA_KEY: Setting(doc, read, secret, required, isinstance(default, str))}
    field: T = dataclasses.field(default=default, repr=not secret, metadata=metadata)
    return field


def section(
    kind: type[T],
    doc: str,
    *,
    default: Callable[[], T] | None = None,
    read_entry: Callable[[str, object], Any] | None = None,
) -> T:
    """A section of the configuration; without a `default` it has those of its settings."""
    metadata = {_METADATA_KEY: (doc, kind, read_entry)}
    field: T = dataclasses.field(default_factory=default or kind, metadata=metadata)
    return field


def sections_of(config: type[Any]) -> list[Section]:
    """The sections of a configuration class, in the order in which they stand in the file."""
    found = []
    for field in dataclasses.fields(config):
        doc, kind, read_entry = field.metadata[_METADATA_KEY]
        settings = {
            inner.name: inner.metadata[_METADATA_KEY]
            for inner in dataclasses.fields(kind)
            if _METADATA_KEY in inner.metadata
        }
        default = cast(Callable[[], Any], field.default_factory)
        found.append(Section(field.name, doc, kind, default, settings, read_entry))
    return found


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """The sentence " Did you mean …?" when `word` is close to something known, otherwise empty."""
    wanted = str(word).lower().replace("-", "_")
    ratios = {key: difflib.SequenceMatcher(None, wanted, key.lower()).ratio() for key in known}
    best = max(ratios.values(), default=0.0)
    if best < 0.5:
        return ""
    close = sorted((key for key, ratio in ratios.items() if ratio >= best - 0.1), key=lambda key: -ratios[key])
    return f" Did you mean {' or '.join(close[:3])}?"


def _wrong(must: str, value: object) -> ValueError:
    shown = str(value).lower() if isinstance(value, bool) else repr(value)
    return ValueError(f"must be {must}, not {shown}.")


def _either(choices: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(choices[:-1]), choices[-1])))


def text(value: object) -> str:
    """Any words on one line."""
    if not isinstance(value, str):
        raise _wrong("a text (put it in quotes)", value)
    if not all(sign.isprintable() or unicodedata.category(sign) in ("Cf", "Zs") for sign in value):
        raise _wrong("a text on one line, without control characters", value)
    return str(value)


def truth(value: object) -> bool:
    """true or false; words such as yes and no are not."""
    if not isinstance(value, bool):
        raise _wrong("true or false", value)
    return bool(value)


def whole_number(lowest: int, highest: int) -> Reader[int]:
    """A number without a fraction, bounds included."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise _wrong(f"a whole number from {lowest} to {highest}", value)
        return int(value)

    return read


def one_of(*choices: Choice) -> Reader[Choice]:
    """One of a few words."""

    def read(value: object) -> Choice:
        for choice in choices:
            if value == choice:
                return choice
        raise ValueError(f"{_wrong(_either(choices), value)}{did_you_mean(value, choices)}")

    return read


def http_address(value: object) -> str:
    """The base address of an HTTP server, without a slash at its end."""
    address = text(value).rstrip("/")
    problem = url_problem(address)
    if problem:
        raise ValueError(problem)
    if "/_matrix" in address:
        raise ValueError(f"{address!r} must be the address before /_matrix.")
    return address


def server_name(value: object) -> str:
    """The name of a homeserver, as it stands at the end of its users' ids."""
    name = text(value)
    if not _SERVER_NAME.fullmatch(name):
        raise _wrong("a server name such as example.org, without https:// and without a path", name)
    return name


def host(value: object) -> str:
    """The name or the IP address of a network interface."""
    name = text(value)
    if not re.fullmatch(r"[A-Za-z0-9.:_-]+", name):
        raise _wrong("a host name or an IP address such as 127.0.0.1", name)
    return name


def identifier(value: object) -> str:
    """A short name in which nothing needs quoting."""
    name = text(value)
    if not re.fullmatch(r"[A-Za-z0-9._-]+", name):
        raise _wrong("made of letters, digits and . _ - only", name)
    return name


def localpart(value: object) -> str:
    """The part of a user id or alias between its sign and the colon, or the beginning of one."""
    name = text(value)
    problem = localpart_problem(name)
    if problem:
        raise ValueError(problem)
    return name


def localparts(value: object) -> tuple[str, ...]:
    """A list of localparts, at least one."""
    if not isinstance(value, (list, tuple)) or not value:
        raise _wrong("a list with at least one entry, for instance [zd_]", value)
    return tuple(localpart(entry) for entry in value)


def regions(value: object) -> tuple[str, ...]:
    """Countries by their ISO 3166 codes, at least one."""
    if not isinstance(value, (list, tuple)) or not value:
        raise _wrong("a list with at least one country, for instance [CN]", value)
    codes = tuple(text(entry).upper() for entry in value)
    for code in codes:
        if not re.fullmatch(r"[A-Z]{2}", code):
            raise _wrong("made of two-letter codes of countries such as CN", code)
    return codes


def currency(value: object) -> str:
    """A currency that money is counted in."""
    code = text(value).upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise _wrong("the ISO 4217 code of a currency, such as EUR or CNY", code)
    return code


def days(value: object) -> tuple[int, ...]:
    """Numbers of days that grow, ten at most; or none."""
    must = "a list of up to 10 whole numbers from 1 to 365, the smallest first, such as [1, 3, 7, 14]"
    if not isinstance(value, (list, tuple)) or len(value) > 10:
        raise _wrong(must, value)
    found = tuple(one for one in value if isinstance(one, int) and not isinstance(one, bool) and 1 <= one <= 365)
    if len(found) < len(value) or list(found) != sorted(set(found)):
        raise _wrong(must, list(value))
    return found


def hosts(value: object) -> tuple[str, ...]:
    """Names or IP addresses of hosts, each perhaps with a port; or none."""
    if not isinstance(value, (list, tuple)):
        raise _wrong("a list such as [nextcloud.lan, 10.0.0.5]", value)
    names = tuple(text(entry) for entry in value)
    try:
        policy(names)
    except OutsideProblem as problem:
        raise _wrong("made of hosts such as nextcloud.lan or 10.0.0.5:5232", list(names)) from problem
    return names


def addresses(value: object) -> tuple[str, ...]:
    """Addresses of web pages, or none."""
    if not isinstance(value, (list, tuple)):
        raise _wrong("a list such as [https://example.org/terms]", value)
    pages = tuple(text(entry) for entry in value)
    for page in pages:
        if not re.fullmatch(r"https?://[^\s/]+\S*", page):
            raise _wrong("made of addresses such as https://example.org/terms", page)
    return pages


def token(value: object) -> str:
    """A secret that two servers share. Problems never show it."""
    if not isinstance(value, str):
        raise ValueError("must be a text: put the token in quotes.")
    problem = token_problem(value)
    if problem:
        raise ValueError(problem)
    return str(value)


def optional(read: Reader[str]) -> Reader[str]:
    """What `read` takes, or nothing."""
    return lambda value: "" if value == "" else read(value)


def mailbox(value: object) -> str:
    """What mails are from: laiwang@example.org, or Laiwang <laiwang@example.org>."""
    written = text(value)
    name, address = parseaddr(written)
    if not re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+", address) or (name and "<" not in written):
        raise _wrong("an e-mail address such as Laiwang <laiwang@example.org>", written)
    return written


def command(value: object) -> tuple[str, ...]:
    """A program and its arguments, each as an entry of its own; or nothing."""
    if not isinstance(value, (list, tuple)):
        raise _wrong("a list such as [/usr/local/bin/send-sms, --quiet]", value)
    words = tuple(text(entry) for entry in value)
    if words and not words[0].startswith("/"):
        raise _wrong("a list that begins with the whole path of the program", words[0])
    return words


def webhook(value: object) -> str:
    """An address that takes a POST; a path belongs to it, and a query may."""
    address = text(value)
    problem = url_problem(address.partition("?")[0])
    if problem:
        raise ValueError(problem)
    return address


def secret_text(value: object) -> str:
    """A password or the like, in any letters. Problems never show it."""
    if not isinstance(value, str):
        raise ValueError("must be a text: put it in quotes.")
    return value


def user_id(value: object) -> str:
    """The Matrix id of somebody."""
    given = text(value)
    if not re.fullmatch(r"@[^:\s]{1,200}:\S{1,250}", given):
        raise _wrong("the Matrix id of a person, such as @alice:example.org", value)
    return given


def private_key(value: object) -> str:
    """A private RSA key. Problems never show it."""
    given = secret_text(value)
    rsa_keys.private_key(given)
    return given


def public_key(value: object) -> str:
    """A public RSA key."""
    given = secret_text(value)
    rsa_keys.public_key(given)
    return given


def database_url(value: object) -> str:
    """Where the database is. Problems never show it, for it may hold a password."""
    if not isinstance(value, str):
        raise ValueError("must be a text such as sqlite:///laiwang.db.")
    try:
        url = parse_url(value)
    except UnsupportedDatabase:
        raise ValueError("must be sqlite:///laiwang.db or postgresql://user:password@host/name.") from None
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise ValueError("must name a file, for instance sqlite:///laiwang.db: what is only in memory is lost.")
    return str(value)


def room(value: object) -> str:
    """A room id or alias, or empty. A room id may or may not name a server, depending on its room version."""
    name = text(value)
    if name and not re.fullmatch(r"![^\s]+|#[^\s:]+:[^\s]+", name):
        raise _wrong('a room id or an alias in quotes, for instance "#operators:example.org"', name)
    return name


def reach(value: object) -> Reach:
    """How far a cluster may travel, of those reaches that need no further choice."""
    meant = parse_reach(text(value))
    if isinstance(meant, BadReach):
        raise ValueError(f"{_wrong(_REACHES, value)} Did you mean {meant.suggestion}?")
    if meant.mode is Mode.LIST:
        raise _wrong(f"{_REACHES} (everybody has lists of his own)", value)
    return meant


def permission(who: str, value: object) -> Level:
    """One line of the permissions: a user id, a server name or "*", and a level."""
    if who != "*" and not _SERVER_NAME.fullmatch(who) and not re.fullmatch(r"@[^\s:]*:[^\s]+", who):
        raise ValueError('must be a user id such as "@alice:example.org", a server name or "*".')
    names = [level.name.lower() for level in Level]
    return Level[one_of(*names)(value).upper()]


def time_zone(value: object) -> str:
    """A name of the tz database."""
    name = text(value)
    if zone_called(name) is None:
        near = zones_like(name, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ValueError(f"{_wrong('a time zone such as Europe/Berlin', value)}{hint}")
    return name

"""The registration: what an application service and its homeserver agree on.

Source: Matrix specification, Application Service API, "Registration"; MSC2409 (ephemeral data), MSC3202 (device
lists and key counts) and MSC4190 (devices of our users) for the keys that are not in the specification yet.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from mautrix.types import RoomAlias, UserID

MINIMUM_TOKEN_LENGTH = 32

_TOKEN_BYTES = 48
_FEWEST_DIFFERENT_CHARACTERS = 8
_PLACEHOLDERS = re.compile(r"placeholder|change.?me|replace.?me|example|generate", re.IGNORECASE)
_SIGILS = {"users": "@", "aliases": "#", "rooms": "!"}
# Field of Registration -> key in the file.
FLAG_KEYS = {
    "rate_limited": "rate_limited",
    "receive_ephemeral": "receive_ephemeral",
    "push_ephemeral": "de.sorunome.msc2409.push_ephemeral",
    "transaction_extensions": "org.matrix.msc3202",
    "device_management": "io.element.msc4190",
}


@dataclass(frozen=True, slots=True)
class Namespace:
    """Names that the homeserver sends us events for; when `exclusive`, nobody else may take them."""

    exclusive: bool
    regex: str

    def holds(self, name: str) -> bool:
        """Whether the whole name matches (homeservers differ in how they anchor, we do not depend on it)."""
        return re.fullmatch(self.regex, name) is not None


@dataclass(frozen=True, slots=True)
class Namespaces:
    users: tuple[Namespace, ...] = ()
    aliases: tuple[Namespace, ...] = ()
    rooms: tuple[Namespace, ...] = ()

    def by_kind(self) -> dict[str, tuple[Namespace, ...]]:
        return {"users": self.users, "aliases": self.aliases, "rooms": self.rooms}


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One application service as its homeserver knows it.

    `domain` is the homeserver's server name. The file does not carry it, but without it nobody can tell our users
    from people of the same localpart elsewhere. `url` is None where the homeserver is told to send us nothing.
    """

    id: str
    domain: str
    url: str | None
    as_token: str = field(repr=False)
    hs_token: str = field(repr=False)
    sender_localpart: str
    namespaces: Namespaces
    rate_limited: bool = False
    protocols: tuple[str, ...] = ()
    receive_ephemeral: bool = True
    push_ephemeral: bool = True
    transaction_extensions: bool = True
    device_management: bool = True

    @property
    def bot(self) -> UserID:
        """The user that the service itself is."""
        return UserID(f"@{self.sender_localpart}:{self.domain}")

    def is_ours(self, user_id: str) -> bool:
        """Whether this is the bot or a local user that only we may be."""
        return user_id == self.bot or self._claims(self.namespaces.users, "@", user_id)

    def is_our_alias(self, alias: RoomAlias | str) -> bool:
        """Whether this is a local room alias that only we may make."""
        return self._claims(self.namespaces.aliases, "#", alias)

    def validate(self) -> list[str]:
        """What is wrong with it, one sentence each; empty when the homeserver and we can work with it."""
        return [
            *self._identity_problems(),
            *_token_pair_problems(self.as_token, self.hs_token),
            *self._sender_problems(),
            *(
                problem
                for kind, namespaces in self.namespaces.by_kind().items()
                for namespace in namespaces
                for problem in _namespace_problems(kind, namespace, self.domain)
            ),
        ]

    def _claims(self, namespaces: tuple[Namespace, ...], sigil: str, name: str) -> bool:
        localpart, colon, domain = name[1:].partition(":")
        if not (name.startswith(sigil) and localpart and colon and domain == self.domain):
            return False
        return any(namespace.exclusive and namespace.holds(name) for namespace in namespaces)

    def _identity_problems(self) -> Iterable[str]:
        if not self.id:
            yield "id is missing: give the service a name that no other registration on this homeserver has."
        elif "|" in self.id:
            yield f"id {self.id!r} contains '|', which homeservers refuse: use letters, digits and hyphens."
        if self.url is None:
            yield "url is missing or null, so the homeserver would never send us anything: write our address."
        else:
            problem = url_problem(self.url)
            if problem:
                yield f"url {problem}"

    def _sender_problems(self) -> Iterable[str]:
        if not self.sender_localpart:
            yield "sender_localpart is missing: write the localpart of the bot, without @ and without the domain."
            return
        problem = localpart_problem(self.sender_localpart)
        if problem:
            yield f"sender_localpart {problem}"
        elif not any(_safely_holds(namespace, self.bot) for namespace in self.namespaces.users):
            yield (
                f"The bot {self.bot} is outside of the users namespace, and homeservers treat such a bot differently "
                f"from our other users: add {{exclusive: true, regex: '{escape(self.bot)}'}}."
            )


def generate(
    *,
    id: str,
    url: str,
    domain: str,
    sender_localpart: str,
    user_prefix: str,
    bots: Sequence[str] = (),
    alias_prefixes: Sequence[str] = (),
    protocols: Sequence[str] = (),
    as_token: str | None = None,
    hs_token: str | None = None,
) -> Registration:
    """A registration that claims the bot, further `bots`, the users `@<user_prefix>*` and the aliases
    `#<alias_prefix>*`.

    Tokens that are not given are made up: 48 random bytes each.
    """
    users = (*(f"@{escape(bot)}" for bot in (sender_localpart, *bots)), f"@{escape(user_prefix)}.*")
    aliases = tuple(f"#{escape(prefix)}.*" for prefix in alias_prefixes)
    return Registration(
        id=id,
        domain=domain,
        url=url,
        as_token=as_token if as_token is not None else new_token(),
        hs_token=hs_token if hs_token is not None else new_token(),
        sender_localpart=sender_localpart,
        namespaces=Namespaces(
            users=tuple(Namespace(True, f"{name}:{escape(domain)}") for name in users),
            aliases=tuple(Namespace(True, f"{name}:{escape(domain)}") for name in aliases),
        ),
        protocols=tuple(protocols),
    )


def new_token() -> str:
    """A token nobody can guess."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def escape(text: str) -> str:
    """`text` as a regular expression that matches only itself, in every homeserver's dialect.

    `re.escape` also escapes characters that have no special meaning, which some dialects refuse.
    """
    return re.sub(r"[.^$*+?()\[\]{}|\\]", lambda match: f"\\{match[0]}", text)


def compare(configured: Registration, file: Registration) -> list[str]:
    """How the file differs from what the service is configured as, one sentence each. Tokens are never shown."""
    return [
        *_token_differences(configured, file),
        *(
            f"The registration file has {key}: {json.dumps(theirs)}, the configuration wants {json.dumps(ours)}."
            for key, ours, theirs in _plain_values(configured, file)
            if ours != theirs
        ),
        *_namespace_differences(configured, file),
    ]


def _token_differences(configured: Registration, file: Registration) -> list[str]:
    if (file.as_token, file.hs_token) == (configured.hs_token, configured.as_token) != (file.hs_token, file.as_token):
        return ["as_token and hs_token are swapped: each stands in the registration file where the other should."]
    return [
        f"The {name} of the registration file is not the one of the configuration."
        for name in ("as_token", "hs_token")
        if getattr(configured, name) != getattr(file, name)
    ]


def _plain_values(configured: Registration, file: Registration) -> Iterable[tuple[str, object, object]]:
    yield "id", configured.id, file.id
    yield "url", (configured.url or "").rstrip("/"), (file.url or "").rstrip("/")
    yield "sender_localpart", configured.sender_localpart, file.sender_localpart
    yield "protocols", sorted(configured.protocols), sorted(file.protocols)
    for name, key in FLAG_KEYS.items():
        yield key, getattr(configured, name), getattr(file, name)


def _namespace_differences(configured: Registration, file: Registration) -> Iterable[str]:
    for kind, ours in configured.namespaces.by_kind().items():
        theirs = file.namespaces.by_kind()[kind]
        for namespace in ours:
            if namespace not in theirs:
                yield f"The {kind} namespace of the registration file lacks {_shown(namespace)}."
        for namespace in theirs:
            if namespace not in ours:
                yield f"The {kind} namespace of the registration file has {_shown(namespace)}, which is not configured."


def _shown(namespace: Namespace) -> str:
    return f"{namespace.regex!r} ({'exclusive' if namespace.exclusive else 'not exclusive'})"


def token_problem(token: str) -> str | None:
    """Why this cannot be a token, as the rest of a sentence about it."""
    if not token:
        return "is missing: generate a registration to get a random one."
    if _PLACEHOLDERS.search(token):
        return "is still the placeholder: generate a registration to get a random one."
    if not re.fullmatch(r"[!-~]+", token):
        return "contains characters that no HTTP header can carry: use letters and digits."
    if len(token) < MINIMUM_TOKEN_LENGTH:
        return f"is too short to be safe: it has {len(token)} characters and needs at least {MINIMUM_TOKEN_LENGTH}."
    if len(set(token)) < _FEWEST_DIFFERENT_CHARACTERS:
        return "is too easy to guess: generate a random one."
    return None


def localpart_problem(localpart: str) -> str | None:
    """Why this cannot be the localpart of a user of ours, as the rest of a sentence about it."""
    if re.fullmatch(r"[a-z0-9._/-]+", localpart):
        return None
    return f"{localpart!r} must be made of a-z, 0-9 and . _ - / only."


def url_problem(url: str) -> str | None:
    """Why this cannot be the base address of an HTTP server, as the rest of a sentence about it."""
    wrong = f"{url!r} is not an address such as http://localhost:29350."
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return wrong
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", url):
        return wrong
    if parts.query or parts.fragment or parts.username:
        return f"{url!r} must be a bare address, without user name, '?' or '#'."
    return None


def _token_pair_problems(as_token: str, hs_token: str) -> Iterable[str]:
    for name, token in (("as_token", as_token), ("hs_token", hs_token)):
        problem = token_problem(token)
        if problem:
            yield f"{name} {problem}"
    if as_token and as_token == hs_token:
        yield "as_token and hs_token are the same: each side needs a secret of its own."


def _namespace_problems(kind: str, namespace: Namespace, domain: str) -> Iterable[str]:
    where = f"The {kind} namespace {namespace.regex!r}"
    if not _compiles(namespace.regex):
        yield f"{where} is not a valid regular expression."
        return
    sigil = _SIGILS[kind]
    if not namespace.regex.removeprefix("^").startswith(sigil):
        yield f"{where} must begin with {sigil}."
    if kind == "rooms":  # room ids name no domain, and nobody can take one
        return
    if not namespace.exclusive:
        yield f"{where} is not exclusive, so others could take our names: set exclusive: true."
    problem = _domain_problem(namespace.regex, domain)
    if problem:
        yield f"{where} {problem}"
    elif all(namespace.holds(f"{sigil}{anybody}:{domain}") for anybody in ("q7", "zw.4-x")):
        yield f"{where} claims every name on {domain}: let it begin with a prefix of ours."


def _domain_problem(regex: str, domain: str) -> str | None:
    wanted = f":{escape(domain)}"
    ending = regex.removesuffix("$")
    if ending.replace(r"\-", "-").replace(r"\:", ":").replace("[.]", r"\.").endswith(wanted):
        return None
    if "." in domain and ending.endswith(f":{domain}"):
        return f"does not escape the dots of the domain: end it in {wanted}"
    return f"must end in {wanted}, for only users of this homeserver can be ours."


def _safely_holds(namespace: Namespace, name: str) -> bool:
    return _compiles(namespace.regex) and namespace.exclusive and namespace.holds(name)


def _compiles(regex: str) -> bool:
    try:
        re.compile(regex)
    except re.error:
        return False
    return bool(regex)

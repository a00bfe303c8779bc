"""Client of a Matrix identity server (Identity Service API v2): which Matrix users are behind numbers and addresses.

Addresses are hashed as MSC2134 has it. That keeps them from passers-by and not from the identity server: all mobile
numbers of a country can be hashed within an hour, whatever the pepper. So whom to ask is the operator's choice, and
nothing here is needed for the bridge to work. In clear text (`algorithm: none`) nothing is ever asked.

An application service has no account of its own at an identity server. Its bot gets one the way any user does: it asks
its homeserver for an OpenID token (`openid_of`), and the identity server asks the homeserver, over federation, whose it
is. Where the two cannot reach each other the operator can give an access token instead.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from mautrix.api import Path
from mautrix.types import UserID
from yarl import URL

from appservice.homeserver import Homeserver, HomeserverAway, HomeserverError
from appservice.language import Message, _
from laiwang_bridge.outside.addresses import read_address
from laiwang_bridge.outside.client import Answer, Errand, Outside
from laiwang_bridge.outside.problems import OutsideProblem

HASHED = "sha256"
ADDRESSES_PER_REQUEST = 1000
_SECONDS = 60.0
_ANSWER_BYTES = 4 * 1024 * 1024
_USER_ID = re.compile(r"@[^:\s]{0,200}:\S{1,250}")
_NUMBER = re.compile(r"\+[0-9]{5,20}")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")

OpenId = Callable[[], Awaitable[Mapping[str, Any]]]
"""Asks the homeserver for an OpenID token of the bot: the answer of `/user/{userId}/openid/request_token`."""


class IdentityCause(StrEnum):
    """Why an identity server could not be asked. `sentence` is for the operator."""

    AWAY = "away"
    NOT_ACCEPTED = "not_accepted"
    TERMS = "terms"
    CLEAR_TEXT_ONLY = "clear_text_only"
    PEPPER = "pepper"
    BAD_ANSWER = "bad_answer"

    @property
    def sentence(self) -> Message:
        return _SENTENCES[self]


_SENTENCES = {
    IdentityCause.AWAY: _("The identity server cannot be reached at the moment."),
    IdentityCause.NOT_ACCEPTED: _(
        "The identity server does not accept our bot. It has to reach your homeserver over federation, or you have to "
        "configure an access token."
    ),
    IdentityCause.TERMS: _("The identity server has terms that you did not accept yet. Read them, and list them."),
    IdentityCause.CLEAR_TEXT_ONLY: _("The identity server wants addresses in clear text. We do not give them."),
    IdentityCause.PEPPER: _("The identity server changes its pepper faster than it can be asked."),
    IdentityCause.BAD_ANSWER: _("The identity server answered something that is not in the specification."),
}


class IdentityProblem(Exception):
    """The identity server could not be asked: `cause`, `sentence` for the operator, and for TERMS their addresses."""

    def __init__(self, cause: IdentityCause, detail: str = "", *, terms: tuple[str, ...] = ()) -> None:
        super().__init__(f"{cause}: {detail}" if detail else cause.value)
        self.cause = cause
        self.terms = terms

    @property
    def sentence(self) -> Message:
        return self.cause.sentence


def hashed(address: str, medium: str, pepper: str) -> str:
    """The hash of an address (Identity Service API, "Client behaviour"; MSC2134)."""
    digest = hashlib.sha256(f"{address} {medium} {pepper}".encode()).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def openid_of(homeserver: Homeserver, user: UserID) -> OpenId:
    """How `user`, a user of our application service, proves at other servers who he is."""

    async def ask() -> Mapping[str, Any]:
        path = Path.v3.user[user].openid.request_token
        try:
            token = await homeserver.call("POST", path, {}, user=user)
        except HomeserverError as error:
            raise IdentityProblem(IdentityCause.NOT_ACCEPTED, str(error)) from error
        except HomeserverAway as error:
            raise IdentityProblem(IdentityCause.AWAY, str(error)) from error
        return _object(token)

    return ask


class IdentityServer:
    """One identity server. `credentials` are an access token for it, or a way to get OpenID tokens.

    `client` has to be allowed to reach `address`. Terms of service are accepted only as far as the operator has listed
    the address of each in `accepted_terms`.
    """

    def __init__(
        self, address: str, client: Outside, credentials: str | OpenId, *, accepted_terms: Collection[str] = ()
    ) -> None:
        self._address = address
        self._client = client
        self._openid = None if isinstance(credentials, str) else credentials
        self._token = credentials if isinstance(credentials, str) else ""
        self._accepted_terms = frozenset(accepted_terms)

    async def look_up(self, addresses: Iterable[str]) -> dict[str, UserID]:
        """The Matrix users behind numbers in E.164 form and e-mail addresses; what is neither is not asked.

        An identity server says who *claimed* an address there, and proved it to that server only. Raises
        `IdentityProblem`.
        """
        asked = {pid: address for address in addresses if (pid := _third_party_id(address)) is not None}
        found: dict[str, UserID] = {}
        if not asked:
            return found
        talk = self._talk()
        pepper = _pepper(await self._authorized(talk, "GET", "hash_details"))
        everything = list(asked)
        for begin in range(0, len(everything), ADDRESSES_PER_REQUEST):
            batch = everything[begin : begin + ADDRESSES_PER_REQUEST]
            users, pepper = await self._look_up(talk, batch, pepper)
            found |= {asked[pid]: user for pid, user in users.items()}
        return found

    async def _look_up(
        self, talk: _Talk, batch: list[tuple[str, str]], pepper: str
    ) -> tuple[dict[tuple[str, str], UserID], str]:
        """One request, and a second one if the pepper was changed meanwhile."""
        for _attempt in range(2):
            hashes = {hashed(address, medium, pepper): (address, medium) for address, medium in batch}
            # Sorted, so that the order of the address book is not told.
            body = {"addresses": sorted(hashes), "algorithm": HASHED, "pepper": pepper}
            said = await self._authorized(talk, "POST", "lookup", body)
            if said.errcode != "M_INVALID_PEPPER":
                mappings = _object(said.expected().get("mappings"))
                return {hashes[key]: UserID(user) for key, user in mappings.items() if _fits(key, user, hashes)}, pepper
            pepper = _pepper(await self._authorized(talk, "GET", "hash_details"))
        raise IdentityProblem(IdentityCause.PEPPER)

    async def _authorized(self, talk: _Talk, method: str, path: str, body: object = None) -> _Said:
        """A request as our bot, known to the server and to its terms."""
        renewed = self._token == ""
        if renewed:
            self._token = await self._register(talk)
        said = await talk.say(method, path, body, self._token)
        if said.status == 401 and self._openid is not None and not renewed:
            self._token = await self._register(talk)
            said = await talk.say(method, path, body, self._token)
        if said.errcode == "M_TERMS_NOT_SIGNED":
            await self._accept_terms(talk)
            said = await talk.say(method, path, body, self._token)
        if said.status in (401, 403):
            raise IdentityProblem(IdentityCause.NOT_ACCEPTED, said.errcode)
        return said

    async def _register(self, talk: _Talk) -> str:
        if self._openid is None:
            raise IdentityProblem(IdentityCause.NOT_ACCEPTED, "the access token is empty")
        said = await talk.say("POST", "account/register", await self._openid())
        if said.status != 200:
            raise IdentityProblem(IdentityCause.NOT_ACCEPTED, f"{said.status} {said.errcode} {said.error}")
        token = said.content.get("token") or said.content.get("access_token")  # the second is Sydent's older spelling
        if not isinstance(token, str):
            raise IdentityProblem(IdentityCause.BAD_ANSWER, "it gave no token")
        return token

    async def _accept_terms(self, talk: _Talk) -> None:
        policies = _object((await talk.say("GET", "terms")).expected().get("policies"))
        documents = [_translations(policy) for policy in policies.values()]
        accepted = [self._accepted_terms.intersection(document) for document in documents]
        if not all(accepted):
            unread = tuple(document[0] for document, known in zip(documents, accepted, strict=True) if not known)
            raise IdentityProblem(IdentityCause.TERMS, ", ".join(unread), terms=unread)
        body = {"user_accepts": sorted(frozenset().union(*accepted))}
        (await talk.say("POST", "terms", body, self._token)).expected()

    def _talk(self) -> _Talk:
        try:
            base = read_address(self._address, self._client.policy)
        except OutsideProblem as problem:
            raise IdentityProblem(IdentityCause.AWAY, str(problem)) from problem
        # No redirects: hashes and tokens are for this server only.
        return _Talk(base, self._client.errand(seconds=_SECONDS, answer_bytes=_ANSWER_BYTES, redirects=0))


@dataclass(frozen=True, slots=True)
class _Said:
    """An answer of the identity server: an object, whatever the status."""

    status: int
    content: Mapping[str, Any]

    @property
    def errcode(self) -> str:
        return str(self.content.get("errcode", ""))

    @property
    def error(self) -> str:
        return str(self.content.get("error", ""))

    def expected(self) -> Mapping[str, Any]:
        """The content of an answer that has to be a good one."""
        if self.status != 200:
            raise IdentityProblem(IdentityCause.BAD_ANSWER, f"{self.status} {self.errcode} {self.error}")
        return self.content


class _Talk:
    """The requests of one look-up."""

    def __init__(self, base: URL, errand: Errand) -> None:
        self._base = base
        self._errand = errand

    async def say(self, method: str, path: str, body: object = None, token: str = "") -> _Said:
        headers = {"Content-Type": "application/json"} if method == "POST" else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        url = self._base / f"_matrix/identity/v2/{path}"
        payload = orjson.dumps(body) if body is not None else None
        try:
            answer = await self._errand.request(method, url, headers=headers, body=payload)
        except OutsideProblem as problem:
            raise IdentityProblem(IdentityCause.AWAY, str(problem)) from problem
        return _Said(answer.status, _content(answer))


def _content(answer: Answer) -> Mapping[str, Any]:
    if answer.status == 429 or answer.status >= 500:
        raise IdentityProblem(IdentityCause.AWAY, f"status {answer.status}, {answer.body[:200]!r}")
    try:
        return _object(orjson.loads(answer.body))
    except orjson.JSONDecodeError as error:
        raise IdentityProblem(IdentityCause.BAD_ANSWER, f"status {answer.status}, {error}") from None


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise IdentityProblem(IdentityCause.BAD_ANSWER, "an object is missing")
    return value


def _pepper(said: _Said) -> str:
    """What to hash with, from `/hash_details`."""
    details = said.expected()
    algorithms, pepper = details.get("algorithms"), details.get("lookup_pepper")
    if not isinstance(algorithms, list) or not isinstance(pepper, str):
        raise IdentityProblem(IdentityCause.BAD_ANSWER, "hash_details")
    if HASHED not in algorithms:
        raise IdentityProblem(IdentityCause.CLEAR_TEXT_ONLY, str(algorithms))
    return pepper


def _translations(policy: Any) -> tuple[str, ...]:
    """The addresses of one document of the terms, in all its languages, English first."""
    languages = {name: text for name, text in _object(policy).items() if isinstance(text, dict)}
    texts = [languages[name].get("url") for name in sorted(languages, key=lambda name: (name != "en", name))]
    addresses = tuple(text for text in texts if isinstance(text, str))
    if not addresses:
        raise IdentityProblem(IdentityCause.BAD_ANSWER, "terms without an address")
    return addresses


def _third_party_id(address: str) -> tuple[str, str] | None:
    """The address as identity servers write it, and its medium."""
    if _NUMBER.fullmatch(address):
        return address[1:], "msisdn"
    if _EMAIL.fullmatch(address):
        return address.lower(), "email"
    return None


def _fits(key: str, user: object, hashes: Mapping[str, object]) -> bool:
    """Whether a mapping is about what was asked, and names a user."""
    return key in hashes and isinstance(user, str) and _USER_ID.fullmatch(user) is not None

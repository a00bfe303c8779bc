"""Looking people up at an identity server: the hash, and a server that does exactly what the specification says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

import laiwang_bridge
from appservice.language import Catalogues, Language
from laiwang_bridge.contacts.identity import (
    ADDRESSES_PER_REQUEST,
    IdentityCause,
    IdentityProblem,
    IdentityServer,
    hashed,
)
from laiwang_bridge.outside.addresses import Policy
from laiwang_bridge.outside.client import Outside
from tests.support.web_servers import Server, Servers

USERS = {("lin@example.org", "email"): "@lin:example.org", ("8613800138000", "msisdn"): "@han:example.com"}
TERMS_EN, TERMS_ZH = "https://example.org/terms", "https://example.org/terms.zh"
OPENID = {"access_token": "o", "token_type": "Bearer", "matrix_server_name": "example.org", "expires_in": 3600}


@pytest.mark.parametrize(
    ("address", "medium", "result"),
    [
        ("alice@example.com", "email", "4kenr7N9drpCJ4AfalmlGQVsOn3o2RHjkADUpXJWZUc"),
        ("bob@example.com", "email", "LJwSazmv46n0hlMlsb_iYxI0_HXEqy_yj6Jm636cdT8"),
        ("18005552067", "msisdn", "nlo35_T5fzSGZzJApqu8lgIudJvmOQtDaHtr-I4rU7I"),
        ("12345678910", "msisdn", "S11EvvwnUWBDZtI4MTRKgVuiRx76Z9HnkbyRlWkBqJs"),
    ],
)
def test_the_hash_is_that_of_the_specification(address: str, medium: str, result: str) -> None:
    assert hashed(address, medium, "matrixrocks") == result


@settings(deadline=None)
@given(st.emails(), st.text(max_size=20))
def test_a_hash_fits_into_a_url(address: str, pepper: str) -> None:
    assert len(hashed(address, "email", pepper)) == 43
    assert "=" not in hashed(address, "email", pepper)


@dataclass
class Identity:
    """An identity server by the specification; a new pepper every `per_pepper` look-ups."""

    algorithms: tuple[str, ...] = ("sha256", "none")
    per_pepper: int = 1_000_000
    terms: bool = False
    batches: list[int] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    registered: int = 0
    accepted: object = None
    looked_up: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def pepper(self) -> str:
        return f"pepper{self.looked_up // self.per_pepper}"

    async def __call__(self, request: web.Request) -> web.Response:
        path = request.path.removeprefix("/_matrix/identity/v2/")
        body = orjson.loads(await request.read() or b"{}")
        match request.method, path:
            case "POST", "account/register":
                return self.register(body)
            case "GET", "terms":
                texts = {"en": {"name": "Terms", "url": TERMS_EN}, "zh": {"name": "条款", "url": TERMS_ZH}}
                return web.json_response({"policies": {"terms": {"version": "1", **texts}}})
        assert "access_token" not in request.query
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return refusal(401, "M_UNAUTHORIZED")
        if (request.method, path) == ("POST", "terms"):
            self.accepted = body["user_accepts"]
            self.terms = False
            return web.json_response({})
        if self.terms:
            return refusal(403, "M_TERMS_NOT_SIGNED")
        match request.method, path:
            case "GET", "hash_details":
                return web.json_response({"algorithms": self.algorithms, "lookup_pepper": self.pepper})
            case "POST", "lookup":
                return self.look_up(body)
        return refusal(404, "M_UNRECOGNIZED")

    def register(self, body: object) -> web.Response:
        assert body == OPENID
        self.registered += 1
        token = f"token{self.registered}"
        self.tokens = {token}
        return web.json_response({"token": token})

    def look_up(self, body: Mapping[str, Any]) -> web.Response:
        assert body["algorithm"] == "sha256"
        pepper = self.pepper
        self.looked_up += 1
        if body["pepper"] != pepper:
            return refusal(400, "M_INVALID_PEPPER", algorithm="sha256", lookup_pepper=pepper)
        self.batches.append(len(body["addresses"]))
        known = {hashed(address, medium, pepper): user for (address, medium), user in USERS.items()}
        found = {key: known[key] for key in body["addresses"] if key in known}
        return web.json_response({"mappings": found | dict(self.extra)})


def refusal(status: int, errcode: str, **more: str) -> web.Response:
    return web.json_response({"errcode": errcode, "error": "no", **more}, status=status)


async def openid() -> Mapping[str, Any]:
    return OPENID


async def cause_of(server: Server, client: Outside, **options: Any) -> IdentityProblem:
    with pytest.raises(IdentityProblem) as refused:
        await IdentityServer(str(server.url), client, openid, **options).look_up(["lin@example.org"])
    return refused.value


async def test_users_are_found_under_the_addresses_that_were_asked_for(servers: Servers, client: Outside) -> None:
    identity = Identity()
    server = await servers(identity)
    look_up = IdentityServer(str(server.url), client, openid).look_up
    asked = ["Lin@Example.org", "+8613800138000", "+8613900139000", "none of it", "a b@example.org", "13800138000", ""]
    assert await look_up(asked) == {"Lin@Example.org": "@lin:example.org", "+8613800138000": "@han:example.com"}
    assert await look_up(["lin@example.org"]) == {"lin@example.org": "@lin:example.org"}
    assert identity.registered == 1
    assert identity.batches == [3, 1]


async def test_nothing_that_could_be_asked_is_not_asked(servers: Servers, client: Outside) -> None:
    server = await servers(Identity())
    assert await IdentityServer(str(server.url), client, openid).look_up(["李雷", "10086"]) == {}
    assert server.seen == []


async def test_no_address_goes_out_as_it_is_written(servers: Servers, client: Outside) -> None:
    bodies: list[bytes] = []
    identity = Identity()

    async def listens(request: web.Request) -> web.Response:
        bodies.append(request.path_qs.encode() + await request.read())
        return await identity(request)

    server = await servers(listens)
    await IdentityServer(str(server.url), client, openid).look_up(["lin@example.org", "+8613800138000"])
    assert not any(secret in body for body in bodies for secret in (b"lin@", b"138001"))


async def test_many_addresses_go_in_parts(servers: Servers, client: Outside) -> None:
    identity = Identity()
    server = await servers(identity)
    many = [f"+86139{number:08}" for number in range(2 * ADDRESSES_PER_REQUEST)]
    found = await IdentityServer(str(server.url), client, openid).look_up([*many, "+8613800138000"])
    assert found == {"+8613800138000": "@han:example.com"}
    assert identity.batches == [ADDRESSES_PER_REQUEST, ADDRESSES_PER_REQUEST, 1]


async def test_a_new_pepper_costs_one_more_request(servers: Servers, client: Outside) -> None:
    identity = Identity(per_pepper=2)
    server = await servers(identity)
    look_up = IdentityServer(str(server.url), client, openid).look_up
    many = [f"+86139{number:08}" for number in range(5 * ADDRESSES_PER_REQUEST)]
    assert await look_up([*many, "lin@example.org"]) == {"lin@example.org": "@lin:example.org"}


async def test_a_pepper_that_never_stays_is_given_up(servers: Servers, client: Outside) -> None:
    identity = Identity()

    async def changes(request: web.Request) -> web.Response:
        identity.looked_up += 1_000_000
        return await identity(request)

    problem = await cause_of(await servers(changes), client)
    assert problem.cause is IdentityCause.PEPPER
    assert identity.batches == []


async def test_clear_text_is_refused(servers: Servers, client: Outside) -> None:
    server = await servers(Identity(algorithms=("none",)))
    assert (await cause_of(server, client)).cause is IdentityCause.CLEAR_TEXT_ONLY
    assert all(request.path.endswith(("register", "hash_details")) for request in server.seen)


async def test_a_token_that_ran_out_is_renewed_once(servers: Servers, client: Outside) -> None:
    identity = Identity()
    server = await servers(identity)
    look_up = IdentityServer(str(server.url), client, openid).look_up
    await look_up(["lin@example.org"])
    identity.tokens.clear()
    assert await look_up(["lin@example.org"])
    assert identity.registered == 2


async def test_a_token_that_the_operator_gave_is_used_and_never_renewed(servers: Servers, client: Outside) -> None:
    identity = Identity(tokens={"given"})
    server = await servers(identity)
    assert await IdentityServer(str(server.url), client, "given").look_up(["lin@example.org"])
    for token in ("other", ""):
        with pytest.raises(IdentityProblem) as refused:
            await IdentityServer(str(server.url), client, token).look_up(["lin@example.org"])
        assert refused.value.cause is IdentityCause.NOT_ACCEPTED
    assert identity.registered == 0


async def test_terms_wait_for_the_operator(servers: Servers, client: Outside) -> None:
    identity = Identity(terms=True)
    server = await servers(identity)
    problem = await cause_of(server, client, accepted_terms=["https://example.org/other"])
    assert (problem.cause, problem.terms) == (IdentityCause.TERMS, (TERMS_EN,))
    assert identity.accepted is None
    accepted = [TERMS_ZH, "https://example.org/other"]
    assert await IdentityServer(str(server.url), client, openid, accepted_terms=accepted).look_up(["lin@example.org"])
    assert identity.accepted == [TERMS_ZH], "and only what is asked for is accepted"


async def test_what_was_not_asked_and_what_is_no_user_is_not_believed(servers: Servers, client: Outside) -> None:
    asked = hashed("mei@example.org", "email", "pepper0")
    identity = Identity(extra={asked: "not a user", "made up": "@spam:example.org", hashed("a@b", "email", ""): 5})
    server = await servers(identity)
    found = await IdentityServer(str(server.url), client, openid).look_up(["lin@example.org", "mei@example.org"])
    assert found == {"lin@example.org": "@lin:example.org"}


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (200, b"<html>", IdentityCause.BAD_ANSWER),
        (200, b"[]", IdentityCause.BAD_ANSWER),
        (200, b"{}", IdentityCause.BAD_ANSWER),
        (200, b'{"token": 5}', IdentityCause.BAD_ANSWER),
        (200, b'{"token": "t", "algorithms": "sha256", "lookup_pepper": "p"}', IdentityCause.BAD_ANSWER),
        (200, b'{"token": "t", "algorithms": ["sha256"], "lookup_pepper": 5}', IdentityCause.BAD_ANSWER),
        (200, b'{"token": "t", "algorithms": ["sha256"], "lookup_pepper": "p"}', IdentityCause.BAD_ANSWER),
        (
            200,
            b'{"token": "t", "algorithms": ["sha256"], "lookup_pepper": "p", "mappings": []}',
            IdentityCause.BAD_ANSWER,
        ),
        (400, b"{}", IdentityCause.NOT_ACCEPTED),
        (403, b"{}", IdentityCause.NOT_ACCEPTED),
        (404, b"{}", IdentityCause.NOT_ACCEPTED),
        (429, b"{}", IdentityCause.AWAY),
        (502, b"<html>", IdentityCause.AWAY),
        (302, b"{}", IdentityCause.AWAY),
    ],
)
async def test_any_other_answer_is_a_problem(
    servers: Servers, client: Outside, status: int, body: bytes, cause: IdentityCause
) -> None:
    async def answers(_request: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers={"Location": "/elsewhere"})

    server = await servers(answers)
    assert (await cause_of(server, client)).cause is cause


async def test_a_server_inside_has_to_be_allowed(servers: Servers) -> None:
    server = await servers(Identity())
    async with Outside(Policy(http=True)) as strict:
        assert (await cause_of(server, strict)).cause is IdentityCause.AWAY
    assert server.seen == []


def test_there_is_a_chinese_sentence_for_every_cause() -> None:
    catalogues = Catalogues(Path(laiwang_bridge.__file__).parent / "locale")
    for cause in IdentityCause:
        assert catalogues[Language.ZH].text(cause.sentence) != catalogues[Language.EN].text(cause.sentence)

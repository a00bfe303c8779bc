"""The way from us to the homeserver: is it there, does it know us, may we do what we need."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.utils import parsedate_to_datetime

from appservice.ghosts import DEVICE_ID
from laiwang_bridge.check.findings import REGISTER_AGAIN, Check, Finding, Subject, fail, ok, skipped, warn
from laiwang_bridge.check.http import Answer, NoAnswer, Trouble, segment
from laiwang_bridge.setup import ENCRYPTION_LINES, homeserver_lines

_OLDEST = (1, 7)
"""The first version of the specification in which a service can have itself called."""
_CLOCKS_APART = 60.0
_CLIENT = "/_matrix/client/v3"


async def call(
    subject: Subject, method: str, path: str, *, token: str | None = None, body: object = None, **query: str
) -> Answer:
    """One request to the homeserver. Raises `NoAnswer`."""
    url = f"{subject.config.homeserver.address}{path}"
    return await subject.http.request(method, url, token=token, body=body, query=query)


async def _as_us(subject: Subject, method: str, path: str, body: object = None, **query: str) -> Answer:
    return await call(subject, method, path, token=subject.config.appservice.as_token, body=body, **query)


async def reachable(subject: Subject) -> Iterable[Finding]:
    address = subject.config.homeserver.address
    try:
        answer = await call(subject, "GET", "/_matrix/client/versions")
    except NoAnswer as error:
        return [_unreachable(address, error)]
    if 300 <= answer.status < 400:
        target = answer.headers.get("Location", "elsewhere").split("/_matrix")[0]
        return [
            fail("homeserver.redirect", f"{address} sends us on to {target}.", f"Write homeserver.address: {target}")
        ]
    if answer.status in (502, 503, 504) and not answer.errcode:
        text = f"A proxy answers at {address}, and does not reach the homeserver behind it (HTTP {answer.status})."
        return [fail("homeserver.behind-proxy", text, "Start the homeserver, or look at the proxy's configuration.")]
    if answer.status != 200 or not isinstance(answer.json.get("versions"), list):
        text = f"What answers at {address} is no Matrix homeserver (HTTP {answer.status}: {answer.error})."
        mend = "Write the base address of its client-server API as homeserver.address, without /_matrix."
        return [fail("homeserver.no-homeserver", text, mend)]
    name = answer.headers.get("Server", "A homeserver").replace("/", " ")
    return [ok("homeserver", f"{name} answers at {address}.")]


def _unreachable(address: str, error: NoAnswer) -> Finding:
    match error.trouble:
        case Trouble.CERTIFICATE:
            text = f"The certificate of {address} is not trusted: {error}."
            mend = (
                "Use the name for which the certificate was made, or install its authority on this machine; inside of "
                "one machine http:// and the homeserver's own port will do."
            )
            return fail("homeserver.certificate", text, mend)
        case Trouble.NOT_TLS:
            text = f"There is no TLS at {address}: {error}."
            return fail("homeserver.no-tls", text, "Write http:// instead of https:// in homeserver.address.")
        case Trouble.BROKEN:
            text = f"Something listens at {address}, but not a homeserver: {error}."
            return fail("homeserver.broken", text, "Look at the port in homeserver.address; perhaps it wants https://.")
        case Trouble.UNKNOWN_HOST:
            text = f"The homeserver cannot be found: {error}."
            return fail("homeserver.unknown-host", text, "Look at the host name in homeserver.address.")
    text = f"The homeserver does not answer at {address}: {error}."
    mend = "Start it, or write the address at which it listens as homeserver.address."
    return fail("homeserver.unreachable", text, mend)


async def version(subject: Subject) -> Iterable[Finding]:
    answer = await call(subject, "GET", "/_matrix/client/versions")
    matches = (re.fullmatch(r"v(\d+)\.(\d+)", str(name)) for name in answer.json.get("versions", ()))
    newest = max(((int(match[1]), int(match[2])) for match in matches if match), default=(0, 0))
    spoken = f"Matrix {newest[0]}.{newest[1]}" if newest > (0, 0) else "only versions before Matrix 1.1"
    if newest < _OLDEST:
        text = f"The homeserver is too old: it speaks {spoken}, and the bridge needs {_OLDEST[0]}.{_OLDEST[1]}."
        return [fail("homeserver.version.old", text, "Update the homeserver.")]
    return [ok("homeserver.version", f"It speaks {spoken}.")]


async def clocks(subject: Subject) -> Iterable[Finding]:
    answer = await call(subject, "GET", "/_matrix/client/versions")
    try:
        theirs = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (KeyError, ValueError):
        return [skipped("clock", "The homeserver does not tell what time it thinks it is.")]
    ahead = theirs - subject.clock()
    if abs(ahead) > _CLOCKS_APART:
        text = f"The homeserver's clock is {abs(ahead):.0f} seconds {'ahead of' if ahead > 0 else 'behind'} ours."
        return [warn("clock.apart", text, "Let both machines keep their time by NTP (timedatectl set-ntp true).")]
    return [ok("clock", "Its clock and ours agree.")]


async def token(subject: Subject) -> Iterable[Finding]:
    ours = subject.config.appservice
    answer = await _as_us(subject, "GET", f"{_CLIENT}/account/whoami")
    if answer.status == 200:
        return [ok("token", "The homeserver knows our as_token.")]
    if answer.status != 401:
        text = f"The homeserver does not let us in: {answer.error} (HTTP {answer.status} {answer.errcode})."
        return [fail("token.refused", text, "Look at the homeserver's log for what it has against the as_token.")]
    swapped = await call(subject, "GET", f"{_CLIENT}/account/whoami", token=ours.hs_token)
    if swapped.status == 200:
        text = "as_token and hs_token are swapped: the homeserver takes our hs_token for the as_token."
        mend = f"Swap them in {subject.config_path.name}: they must be as in the registration that the homeserver has."
        return [fail("token.swapped", text, mend)]
    return [await _unknown_token(subject)]


async def _unknown_token(subject: Subject) -> Finding:
    """Which of the ways to an unknown token it was, as far as the homeserver gives it away."""
    path = subject.registration_path
    line = homeserver_lines(path).splitlines()[-1].strip()
    load = f"Have the line `{line}` under app_service_config_files in homeserver.yaml, and restart the homeserver."
    localpart = subject.config.appservice.bot_localpart
    available = await call(subject, "GET", f"{_CLIENT}/register/available", username=localpart)
    profile = await call(subject, "GET", f"{_CLIENT}/profile/{segment(subject.bot)}")
    if available.errcode == "M_EXCLUSIVE":
        text = f"The homeserver does not know our as_token, but has a registration for {subject.bot} with another one."
        mend = f"Give it this bridge's {path.name} in place of the one it has, and restart it."
        return fail("token.other-registration", text, mend)
    if available.status == 200:
        text = "The homeserver does not know our as_token, for it has not loaded our registration."
        return fail("token.not-loaded", text, load)
    if profile.status == 200:
        text = f"The homeserver does not know our as_token, though it knows {subject.bot}: the tokens have changed."
        mend = f"Give it {path} as it is now, and restart it."
        return fail("token.changed", text, mend)
    text = (
        "The homeserver does not know our as_token: it was not given our registration, was not restarted since, or "
        "was given another file."
    )
    return fail("token.unknown", text, load)


async def identity(subject: Subject) -> Iterable[Finding]:
    answer = await _as_us(subject, "GET", f"{_CLIENT}/account/whoami")
    user = str(answer.json.get("user_id", ""))
    if user == subject.bot:
        return [ok("identity", f"We are {user}.")]
    localpart, _, domain = user.removeprefix("@").partition(":")
    if domain != subject.config.homeserver.domain:
        text = f"The homeserver's domain is {domain}, and the configuration says {subject.config.homeserver.domain}."
        return [fail("identity.other-domain", text, f"Write homeserver.domain: {domain}. {REGISTER_AGAIN}")]
    text = (
        f"Our as_token makes us {user} instead of {subject.bot}: it is in the registration of another service, or "
        "the registration was written for another bot."
    )
    mend = f"If {user} is meant, write appservice.bot_localpart: {localpart}. Otherwise: {REGISTER_AGAIN}"
    return [fail("identity.other-user", text, mend)]


async def bot(subject: Subject) -> Iterable[Finding]:
    """Registering them is what the bridge does at every start, too."""
    config = subject.config
    ours = (config.appservice.bot_localpart, config.contacts.bot_localpart, config.payments.bot_localpart)
    found = [await _what_is_wrong_with(subject, localpart) for localpart in ours]
    names = [f"@{localpart}:{subject.config.homeserver.domain}" for localpart in ours]
    return [one for one in found if one is not None] or [ok("bot", f"{' and '.join(names)} are ours.")]


async def _what_is_wrong_with(subject: Subject, localpart: str) -> Finding | None:
    """One bot of ours."""
    user = f"@{localpart}:{subject.config.homeserver.domain}"
    answer = await _register(subject, localpart)
    if answer.status == 200 or answer.errcode == "M_USER_IN_USE":
        return None
    if answer.errcode == "M_EXCLUSIVE":
        if await _is_not_covered(subject, user):
            text = f"The registration that the homeserver has does not give us {user}."
            return fail("bot.not-covered", text, REGISTER_AGAIN)
        return _taken("bot.taken", f"the name {user}")
    text = f"{user} cannot be made: {answer.error} (HTTP {answer.status} {answer.errcode})."
    return fail("bot.refused", text, "Look at the homeserver's log for what it has against this user.")


async def namespace(subject: Subject) -> Iterable[Finding]:
    """Whether the users of our namespace are ours can only be told by making one; this one is never used."""
    localpart = f"{subject.config.appservice.user_prefix}check"
    names = f"@{subject.config.appservice.user_prefix}*:{subject.config.homeserver.domain}"
    answer = await _register(subject, localpart)
    if answer.status == 200 or answer.errcode == "M_USER_IN_USE":
        return [ok("namespace", f"The users {names} are ours.")]
    if answer.errcode != "M_EXCLUSIVE":
        text = f"Users {names} cannot be made: {answer.error} (HTTP {answer.status} {answer.errcode})."
        return [fail("namespace.refused", text, "Look at the homeserver's log for what it has against them.")]
    user = f"@{localpart}:{subject.config.homeserver.domain}"
    if await _is_not_covered(subject, user):
        text = f"The registration that the homeserver has does not give us the users {names}."
        return [fail("namespace.not-covered", text, REGISTER_AGAIN)]
    return [_taken("namespace.taken", f"the users {names}")]


async def _is_not_covered(subject: Subject, user: str) -> bool:
    acting = await _as_us(subject, "GET", f"{_CLIENT}/account/whoami", user_id=user)
    return "masquerade" in acting.error  # Synapse's word where its registration of us does not cover the user


def _taken(code: str, names: str) -> Finding:
    text = f"Another application service of this homeserver claims {names} for itself alone."
    mend = (
        "Make its namespace smaller, or choose another appservice.bot_localpart and appservice.user_prefix. "
        f"{REGISTER_AGAIN}"
    )
    return fail(code, text, mend)


async def _register(subject: Subject, localpart: str) -> Answer:
    body = {"type": "m.login.application_service", "username": localpart, "inhibit_login": True}
    return await _as_us(subject, "POST", f"{_CLIENT}/register", body)


async def devices(subject: Subject) -> Iterable[Finding]:
    """MSC4190 and MSC4326: a device for the bot, and acting from it."""
    body = {"display_name": "laiwang-bridge"}
    made = await _as_us(subject, "PUT", f"{_CLIENT}/devices/{DEVICE_ID}", body, user_id=subject.bot)
    acting = await _as_us(subject, "GET", f"{_CLIENT}/account/whoami", user_id=subject.bot, device_id=DEVICE_ID)
    if made.status in (200, 201) and acting.json.get("device_id") == DEVICE_ID:
        return [ok("devices", "Our users can have devices, so nothing is sent twice when the homeserver restarts.")]
    text = (
        "The homeserver gives our users no devices (MSC4190, MSC4326), so a message that is on its way while the "
        "homeserver restarts can appear twice."
    )
    mend = (
        "Update the homeserver (Synapse 1.141 or newer), and look for io.element.msc4190: true in the registration "
        "it has."
    )
    return [warn("devices.missing", text, mend)]


async def encryption(_: Subject) -> Iterable[Finding]:
    """A homeserver does not tell which experiments it takes part in."""
    lines = " / ".join(line.strip() for line in ENCRYPTION_LINES.splitlines())
    text = f"Encrypted rooms are not served yet; for when they are, homeserver.yaml may already have: {lines}"
    return [ok("encryption", text)]


CHECKS = (
    Check("homeserver", reachable),
    Check("homeserver.version", version, ("homeserver",)),
    Check("clock", clocks, ("homeserver",)),
    Check("token", token, ("homeserver",)),
    Check("identity", identity, ("token",)),
    Check("bot", bot, ("identity",)),
    Check("namespace", namespace, ("identity",)),
    Check("devices", devices, ("bot",)),
    Check("encryption", encryption, ("bot",)),
)

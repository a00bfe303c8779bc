"""Why something could not be fetched: a cause for the log, a sentence for the person."""

from __future__ import annotations

from enum import StrEnum

from appservice.language import Message, _


class Cause(StrEnum):
    """Why not. `sentence` is for the person who gave the address."""

    NOT_AN_ADDRESS = "not_an_address"
    LOGIN_IN_ADDRESS = "login_in_address"
    NOT_HTTP = "not_http"
    HTTP_FORBIDDEN = "http_forbidden"
    PORT_FORBIDDEN = "port_forbidden"
    INSIDE = "inside"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    TOO_SLOW = "too_slow"
    TOO_LARGE = "too_large"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    BAD_ANSWER = "bad_answer"

    @property
    def sentence(self) -> Message:
        return _SENTENCES[self]


# The same for both, so that nobody learns by asking which names exist in the operator's network.
_CANNOT_REACH = _(
    "I cannot reach that address. Please check how it is written, and whether it opens in a browser. If it is "
    "inside the operator's own network, the operator has to allow it first."
)

_SENTENCES = {
    Cause.NOT_AN_ADDRESS: _("This is not an address. It should look like `https://example.org/path`."),
    Cause.LOGIN_IN_ADDRESS: _("Please leave the name and the password out of the address and give them separately."),
    Cause.NOT_HTTP: _("I can only open addresses that begin with `https://`."),
    Cause.HTTP_FORBIDDEN: _("This address is not encrypted, or leads to one that is not. Please use `https://`."),
    Cause.PORT_FORBIDDEN: _("I do not open addresses with this port number. Web servers have 443, or one above 1023."),
    Cause.INSIDE: _CANNOT_REACH,
    Cause.UNREACHABLE: _CANNOT_REACH,
    Cause.TLS: _("The certificate of that server is not valid, so I sent nothing. Its operator can mend that."),
    Cause.TOO_SLOW: _("That server takes too long to answer. Please try again later."),
    Cause.TOO_LARGE: _("What is there is too large for me."),
    Cause.TOO_MANY_REDIRECTS: _("That address sends me from one place to the next without end."),
    Cause.BAD_ANSWER: _("That server answered something I do not understand."),
}


class OutsideProblem(Exception):
    """Nothing was fetched: `cause` says why, `sentence` says it to the person, str() to the operator."""

    def __init__(self, cause: Cause, detail: str = "") -> None:
        super().__init__(f"{cause}: {detail}" if detail else cause.value)
        self.cause = cause

    @property
    def sentence(self) -> Message:
        return self.cause.sentence

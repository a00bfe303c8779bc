"""Message contents: what people read, built so that every client shows it well, and read without its clutter.

All functions are pure. HTML is only ever made here, from escaped text, with tags that every client keeps (no tables).
`m.mentions` is always set, so that nobody is pinged who was not meant (client-server specification, "User and room
mentions").
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter
from typing import Any
from urllib.parse import quote, urlsplit

from mautrix.types import EventID, UserID

from appservice.database import storable
from appservice.events import Content, Relation

LONGEST_TEXT = 12_000
"""Bytes of text in one message: an edit carries text and HTML twice, and an event holds 65,536 bytes."""

_SAFE_SCHEMES = ("http", "https", "mailto", "matrix")
_PLAIN = re.compile("[^&<>\"'\n]*")
_BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
_CODE = re.compile(r"`([^`]+)`")
_FALLBACK_START = re.compile(r"> (\* )?<@")
_HTML_FALLBACK = re.compile(r"<mx-reply>.*?</mx-reply>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rich:
    """A piece of text in its two forms. `+` joins two; a plain `str` beside it is escaped."""

    plain: str
    html: str

    def __add__(self, other: Rich | str) -> Rich:
        right = words(other)
        return Rich(self.plain + right.plain, self.html + right.html)

    def __radd__(self, other: str) -> Rich:
        return words(other) + self

    def __bool__(self) -> bool:
        return bool(self.plain)

    @property
    def is_plain(self) -> bool:
        """Whether the HTML says nothing that the plain text does not."""
        return self.html == _escaped(self.plain)


Words = Rich | str
"""Either form: a `str` is plain text and escaped where HTML is made."""


def words(text: Words) -> Rich:
    """Plain text; line breaks stay line breaks."""
    if isinstance(text, Rich):
        return text
    text = storable(text)
    return Rich(text, _escaped(text))


def _escaped(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else html.escape(text, quote=True).replace("\n", "<br>")


def bold(text: Words) -> Rich:
    inner = words(text)
    return Rich(inner.plain, f"<strong>{inner.html}</strong>")


def code(text: str) -> Rich:
    """Something to be typed exactly so, within a sentence."""
    return Rich(f"`{text}`", f"<code>{words(text).html}</code>")


def literal(text: str) -> Rich:
    """Like `code`, for places where the plain text shows by its position that it is to be typed."""
    return Rich(text, f"<code>{words(text).html}</code>")


def code_block(text: str) -> Rich:
    """Lines of their own, which many clients offer to copy."""
    return Rich(text, f"<pre><code>{html.escape(text, quote=True)}\n</code></pre>")


def with_blocks(message: Words, typed: Iterable[str]) -> Rich:
    """A message with things to type below it, each ready to be copied."""
    blocks = [code_block(text) for text in typed]
    first = words(message)
    return Rich("\n".join([first.plain, *(b.plain for b in blocks)]), first.html + "".join(b.html for b in blocks))


def link(label: Words, url: str) -> Rich:
    """A link, where `url` is one of a kind that is safe to follow; else just the label."""
    inner = words(label)
    if urlsplit(url).scheme not in _SAFE_SCHEMES:
        return inner
    plain = url if inner.plain == url else f"{inner.plain} ({url})"
    return Rich(plain, f'<a href="{html.escape(url, quote=True)}">{inner.html}</a>')


def pill(user: UserID, name: str | None = None) -> Rich:
    """A person, shown by clients as a pill. It pings only if the message's `mentions` name them too."""
    label = words(name or user)
    return Rich(label.plain, f'<a href="https://matrix.to/#/{quote(user, safe="@:")}">{label.html}</a>')


def join(separator: Words, parts: Iterable[Words]) -> Rich:
    between = words(separator)
    pieces = [words(part) for part in parts]
    return Rich(
        between.plain.join([piece.plain for piece in pieces]),
        between.html.join([piece.html for piece in pieces]),
    )


def lines(*parts: Words) -> Rich:
    """One below the other; empty parts leave no gap."""
    return join("\n", [part for part in parts if part])


def paragraphs(*parts: Words) -> Rich:
    """One below the other with an empty line between."""
    return join("\n\n", [part for part in parts if part])


def bullets(items: Iterable[Words]) -> Rich:
    return _list("ul", items, lambda _number: "- ")


def numbered(items: Iterable[Words]) -> Rich:
    return _list("ol", items, lambda number: f"{number}. ")


def _list(tag: str, items: Iterable[Words], mark: Callable[[int], str]) -> Rich:
    pieces = [words(item) for item in items]
    plain = "\n".join(mark(number) + piece.plain for number, piece in enumerate(pieces, 1))
    return Rich(plain, f"<{tag}>" + "".join(f"<li>{piece.html}</li>" for piece in pieces) + f"</{tag}>")


def markup(template: str, values: Mapping[str, Words]) -> Rich:
    """A sentence of ours with `**bold**`, `` `typed` `` and `{named}` values, which are never read as markup.

    Raises `KeyError` if the template names a value that is not given.
    """
    plain, in_html = _templates(template)
    rich = {name: words(values[name]) for _text, name in plain if name is not None}
    return Rich(
        "".join([text if name is None else text + rich[name].plain for text, name in plain]),
        "".join([text if name is None else text + rich[name].html for text, name in in_html]),
    )


_Pieces = tuple[tuple[str, str | None], ...]


@lru_cache(maxsize=1024)
def _templates(template: str) -> tuple[_Pieces, _Pieces]:
    """A sentence as plain text and as HTML, each in pieces of text with the name of the value that follows. Kept,
    because a list says the same sentence in every line."""
    html_template = words(template).html
    html_template = _CODE.sub(r"<code>\1</code>", _BOLD.sub(r"<strong>\1</strong>", html_template))
    return _pieces(_BOLD.sub(r"\1", template)), _pieces(html_template)


def _pieces(template: str) -> _Pieces:
    return tuple((text, name) for text, name, _spec, _conversion in Formatter().parse(template))


@dataclass(frozen=True, slots=True)
class ButtonLine:
    """How one button reads in a card: its emoji, what it does, and what may be typed instead."""

    emoji: str
    label: str
    typed: str


def card(message: Words, buttons: Sequence[ButtonLine]) -> Rich:
    """A message with its buttons below, so that it can be used in clients that show no reactions."""
    rows = [words(f"{b.emoji} {b.label} · ") + literal(b.typed) for b in buttons]
    return paragraphs(message, lines(*rows))


def text(message: Words, mentions: Sequence[UserID] = ()) -> dict[str, Any]:
    """A message that rings: for what somebody was not waiting for."""
    return _message("m.text", message, mentions)


def notice(message: Words, mentions: Sequence[UserID] = ()) -> dict[str, Any]:
    """What a bot says in answer. Other bots do not answer it, and phones stay silent."""
    return _message("m.notice", message, mentions)


def _message(kind: str, message: Words, mentions: Sequence[UserID]) -> dict[str, Any]:
    rich = words(message)
    if len(rich.plain.encode()) > LONGEST_TEXT:
        rich = words(_clip(rich.plain, LONGEST_TEXT))
    content: dict[str, Any] = {"msgtype": kind, "body": rich.plain}
    if not rich.is_plain and len(rich.html.encode()) <= LONGEST_TEXT:
        content["format"] = "org.matrix.custom.html"
        content["formatted_body"] = rich.html
    content["m.mentions"] = {"user_ids": sorted(set(mentions))} if mentions else {}
    return content


def _clip(body: str, limit: int) -> str:
    return body.encode()[: limit - 3].decode(errors="ignore") + "…"


def reply(content: Content, event_id: EventID) -> dict[str, Any]:
    """The same as a reply to an event, staying in its thread if `content` is in one already."""
    relation = content.get("m.relates_to")
    in_thread = isinstance(relation, Mapping) and relation.get("rel_type") == "m.thread"
    thread = {**relation, "is_falling_back": False} if isinstance(relation, Mapping) and in_thread else {}
    return {**content, "m.relates_to": {**thread, "m.in_reply_to": {"event_id": event_id}}}


def thread(content: Content, root: EventID) -> dict[str, Any]:
    """The same within the thread that began with the event `root`."""
    return {**content, "m.relates_to": {"rel_type": "m.thread", "event_id": root}}


def replacement(content: Content, event_id: EventID) -> dict[str, Any]:
    """The same as an edit of an earlier event (specification, "Event replacements"). It pings nobody anew."""
    new = {name: value for name, value in content.items() if name != "m.relates_to"}
    fallback = {**new, "m.mentions": {}}
    for name in ("body", "formatted_body"):
        if isinstance(new.get(name), str):
            fallback[name] = f"* {new[name]}"
    return {
        **fallback,
        "m.new_content": new,
        "m.relates_to": {"rel_type": "m.replace", "event_id": event_id},
    }


@dataclass(frozen=True, slots=True)
class Edit:
    """What an edit changes an event into."""

    event_id: EventID
    content: Content


def edit_in(content: Content) -> Edit | None:
    """The edit that this content is, if it is one."""
    relation, new = Relation.of(content), content.get("m.new_content")
    if relation.kind != "m.replace" or relation.event_id is None or not isinstance(new, Mapping):
        return None
    return Edit(relation.event_id, new)


def without_reply_fallback(content: Content) -> Content:
    """The content without the quotation that older clients put above a reply.

    Only a quotation as the specification formed it is taken away; a writer's own quotation stays.
    """
    relation = content.get("m.relates_to")
    if not isinstance(relation, Mapping) or "m.in_reply_to" not in relation:
        return content
    cleaned = dict(content)
    body, formatted = content.get("body"), content.get("formatted_body")
    if isinstance(body, str) and _FALLBACK_START.match(body):
        cleaned["body"] = _without_quotation(body)
    if isinstance(formatted, str):
        cleaned["formatted_body"] = _HTML_FALLBACK.sub("", formatted, count=1)
    return cleaned


def _without_quotation(body: str) -> str:
    rest = body.split("\n")
    while rest and rest[0].startswith(">"):
        rest = rest[1:]
    if rest and not rest[0]:
        rest = rest[1:]
    return "\n".join(rest)


def mentioned(content: Content) -> frozenset[UserID]:
    """The people whom a message says it is meant for (`m.mentions`)."""
    mentions = content.get("m.mentions")
    users = mentions.get("user_ids") if isinstance(mentions, Mapping) else None
    if not isinstance(users, (list, tuple)):
        return frozenset()
    return frozenset(UserID(user) for user in users if isinstance(user, str))

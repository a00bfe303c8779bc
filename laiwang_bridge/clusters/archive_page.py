"""An archive as one page to read: all in one file, nothing in it loads anything, and nothing said becomes markup."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from laiwang_bridge.clusters.archive import Archive, Saved

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;"
    "background:Canvas;color:CanvasText;color-scheme:light dark}"
    "article{margin:.9rem 0;overflow-wrap:anywhere}h2{font-size:1rem;margin:2rem 0 .5rem;text-align:center}"
    "header{margin-bottom:2rem}p{margin:.1rem 0;white-space:pre-wrap}"
    "small,.off{opacity:.65}a{color:inherit}b{margin-right:.5rem}"
)


@dataclass(frozen=True, slots=True)
class Labels:
    """The words of the page, in its reader's language."""

    language: str
    about: str
    cut: str
    unreadable: str
    edited: str
    answer: str
    file: str


def page(archive: Archive, title: str, zone: ZoneInfo, labels: Labels) -> str:
    """The whole page (HTML)."""
    return "\n".join(_lines(archive, title, zone, labels)) + "\n"


def _lines(archive: Archive, title: str, zone: ZoneInfo, labels: Labels) -> Iterator[str]:
    yield "<!doctype html>"
    yield f'<html lang="{escape(labels.language)}"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
    yield f"<header><h1>{escape(title)}</h1><small>{escape(labels.about)}</small></header>"
    if archive.is_cut:
        yield f'<p class="off">{escape(labels.cut)}</p>'
    places = {message.id: place for place, message in enumerate(archive.messages, 1)}
    day = ""
    for place, message in enumerate(archive.messages, 1):
        then = datetime.fromtimestamp(message.at / 1000, zone)
        if f"{then:%Y-%m-%d}" != day:
            day = f"{then:%Y-%m-%d}"
            yield f"<h2>{day}</h2>"
        name = archive.names.get(message.sender, message.sender)
        yield (
            f'<article id="m{place}"><b title="{escape(message.sender)}">{escape(name)}</b>'
            f'<time datetime="{then.isoformat(timespec="seconds")}"><small>{then:%H:%M}</small></time>'
        )
        yield from _body(message, places, archive, labels)
        yield "</article>"
    yield "</body></html>"


def _body(message: Saved, places: dict[str, int], archive: Archive, labels: Labels) -> Iterator[str]:
    if message.reply_to is not None:
        place = places[message.reply_to]
        other = archive.messages[place - 1].sender
        name = archive.names.get(other, other)
        yield f'<p><small><a href="#m{place}">{escape(labels.answer)} {escape(name)}</a></small></p>'
    if message.text is None:
        yield f'<p class="off">{escape(labels.unreadable)}</p>'
    elif message.file is None or message.text != message.file.name:
        edited = f" <small>({escape(labels.edited)})</small>" if message.is_edited else ""
        yield f"<p>{escape(message.text)}{edited}</p>"
    if message.file is not None:
        yield f'<p class="off">[{escape(labels.file)}: {escape(message.file.name)}]</p>'
    if message.reactions:
        counted = "  ".join(f"{escape(key)} {count}" for key, count in message.reactions.items())
        yield f"<p><small>{counted}</small></p>"

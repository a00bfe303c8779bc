"""What the documentation says of commands by itself: the lists of all of them, and the head of each one's page.

It is made from the declarations, like the help of the bots.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from appservice.bots.permissions import Level
from appservice.bots.router import Command, Router
from appservice.language import Catalogue, Catalogues, Language, Message
from laiwang_bridge.application import CATALOGUES

FOLDER = "docs/commands"

_WHERE = {"any": "anywhere", "direct": "chat", "room": "room"}
_WORKS = {
    "any": ("in your own chat with the bot, and in rooms", "跟 bot 的私聊和聊天室里都可以"),
    "direct": ("in your own chat with the bot", "只在跟 bot 的私聊里"),
    "room": ("in a room", "只在聊天室里"),
}
_FOR_HOSTS = Message("For hosts")
_OF_ADMINS = ("for operators (`permissions`: admin)", "只给管理员（`permissions` 里的 admin）")


@dataclass(frozen=True, slots=True)
class Entry:
    """One command and the router that declares it."""

    router: Router
    command: Command

    @property
    def page(self) -> str:
        """The name of its page: `zd-join.md`."""
        return f"{self.router.prefix_in(Language.EN)[1:]}-{self.command.name_in(Language.EN)}.md"

    @property
    def heading(self) -> str:
        """`join · 加入`"""
        return f"{self.command.name_in(Language.EN)} · {self.command.name_in(Language.ZH)}"

    def usage(self, catalogue: Catalogue) -> str:
        """`!lw code [code]`; of the default command the name may be left out."""
        name = self.command.name_in(catalogue.language)
        is_default = self.command is self.router.default
        pieces = [self.router.prefix_in(catalogue.language), f"({name})" if is_default else name]
        for parameter in self.command.parameters:
            label = catalogue.text(parameter.label) + ("…" if parameter.is_many else "")
            pieces.append(f"<{label}>" if parameter.required else f"[{label}]")
        return " ".join(pieces)

    def group(self, catalogue: Catalogue) -> str:
        """What it is listed under, as in the help."""
        title = self.command.group or self.router.title
        return catalogue.text(title) if title else ""


def entries(routers: Sequence[Router]) -> list[Entry]:
    """All commands, in the order in which they are declared."""
    return [Entry(router, command) for router in routers for command in router.commands]


def table(all_entries: Sequence[Entry]) -> str:
    """Every command in both languages, as Markdown; each leads to its page."""
    english, chinese = _catalogues()
    rows = ["| you type | it does | where |", "|---|---|---|"]
    for entry in all_entries:
        typed = f"[`{entry.usage(english)}`]({FOLDER}/{entry.page})<br>`{entry.usage(chinese)}`"
        does = "<br>".join(catalogue.text(entry.command.help) for catalogue in (english, chinese))
        rows.append(f"| {typed} | {does} | {_WHERE[entry.command.where]} |")
    return "\n".join(rows) + "\n"


def index(all_entries: Sequence[Entry]) -> str:
    """Every command in its group, a line each, as Markdown for docs/commands.md."""
    english, chinese = _catalogues()
    groups: dict[str, list[Entry]] = {}
    for entry in all_entries:
        groups.setdefault(f"{entry.group(english)} · {entry.group(chinese)}", []).append(entry)
    return "\n".join(_section(group, members, english, chinese) for group, members in groups.items())


def _section(group: str, members: Sequence[Entry], english: Catalogue, chinese: Catalogue) -> str:
    rows = [f"### {group}", "", "| | | |", "|---|---|---|"]
    for entry in members:
        name = f"[`{entry.router.prefix_in(Language.EN)} {entry.command.name_in(Language.EN)}`](commands/{entry.page})"
        typed = f"`{entry.router.prefix_in(Language.ZH)} {entry.command.name_in(Language.ZH)}`"
        help = f"{english.text(entry.command.help)} · {chinese.text(entry.command.help)}"
        rows.append(f"| {name} | {typed} | {help} |")
    return "\n".join(rows) + "\n"


def head(entry: Entry) -> str:
    """What stands between the marks of a page: usage, arguments, where it works, who may; as Markdown."""
    english, chinese = _catalogues()
    rows = ["| English | 中文 |", "|---|---|", f"| `{entry.usage(english)}` | `{entry.usage(chinese)}` |"]
    rows += [f"| {one} | {other} |" for one, other in zip(_facts(entry, english), _facts(entry, chinese), strict=True)]
    return "\n".join(rows) + "\n"


def _facts(entry: Entry, catalogue: Catalogue) -> Iterator[str]:
    command, chinese = entry.command, catalogue.language is Language.ZH
    yield catalogue.text(command.help)
    for parameter in command.parameters:
        label, example = catalogue.text(parameter.label), parameter.example_in(catalogue.language).strip("…")
        if example:
            yield f"{label}：例如 `{example}`" if chinese else f"{label}: for example `{example}`"
    others = set(command.names) - {command.name_in(language) for language in Language}
    if others:
        also = ("、" if chinese else ", ").join(f"`{name}`" for name in command.names if name in others)
        yield f"也可以写：{also}" if chinese else f"also: {also}"
    yield _WORKS[command.where][chinese]
    if command.permission is Level.ADMIN:
        yield _OF_ADMINS[chinese]
    elif entry.group(catalogue) == catalogue.text(_FOR_HOSTS):
        yield "只有堆主可以用" if chinese else "for hosts"
    if command.power:
        power = command.power
        yield f"要有聊天室里的权力等级 {power}" if chinese else f"takes power level {power} in the room: hosts have it"


@cache
def _catalogues() -> tuple[Catalogue, Catalogue]:
    catalogues = Catalogues(CATALOGUES)
    return catalogues[Language.EN], catalogues[Language.ZH]

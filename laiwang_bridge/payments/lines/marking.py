"""A line with one sign in the place of each person and of each text in quotation marks, so that the rest can be read.

The signs are private characters, which nobody types: what people are called, and what is quoted, is never read as
an amount, a date or anything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from mautrix.types import UserID

from appservice.bots.line import Line
from appservice.language import contains_han
from laiwang_bridge.payments.lines.amounts import folded_text
from laiwang_bridge.payments.lines.wording import Everybody, Guest, Habits, Named, Sender, User, Who

_FIRST_PERSON, _FIRST_QUOTE = 0xF0000, 0x100000
_MOST = 0xFFFD
PERSON = "[\U000f0000-\U000ffffd]"

NOT_IN = "[不没沒冇唔](?:参与|參與|参加|參加|算|計|计|吃|食|来|來|嚟|去|在|喝|飲)了?"
"""What is said behind somebody who takes no part."""

_QUOTES = {'"': '"', "“": "”", "„": "“", "「": "」", "『": "』", "《": "》", "«": "»"}
_AFTER_QUOTE = ",，、;；.。:：)）!！?？=*×+-\x02"
_USER = re.compile(
    r"@[^\s:@\U000f0000-\U0010fffd]*:(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[0-9]{1,5})?"
)
_LESS = re.compile(r"(?<=[A-Za-z])-[0-9]+(?:\.[0-9]+)?\Z")
_NAME = re.compile(r"@([^\s:：@/,，、;；&+=*×%()（）＝＋＊％／\"“”「」<>|#\x02\U000f0000-\U0010fffd]+)")
_GUEST = re.compile(
    r"[+＋](?:guest\s*)?(?:(?P<quote>[\U00100000-\U0010fffd])|(?P<name>[^\W\d_](?:[\w'’]|[.-](?=\w))*))"
)
_ADDRESS = re.compile(r"(?<![@A-Za-z0-9._-])[A-Za-z](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z")
_OF_SOMEBODY = re.compile(r"(?<=\w)['’]s\Z")
_SIGN_WITHIN = re.compile(r"(?<!\S)([$€£¥￥])([-\u2212])(?=[0-9])")
_STOP = re.compile(
    r"(?<!\A)(?:付(?:了|的|款|[0-9]|\Z)|垫|墊|买的?单|買的?單|结的?账|結的?帳|请客|請客|出[0-9了的钱錢]|欠|不[算含参吃来去在喝]"
    r"|[没沒](?:[来去吃有参喝]|\Z)|一起|大家|所有人|[双雙半两兩二三一]份|一[半家]|两口子|[一二三四五六七八九]成|多[付出]|少[付出]|百分之)"
)
"""Words that do not belong to a name in front of them, in a script without spaces."""
_TAIL = re.compile(
    r"(?:和|跟|与|與|及)(?:我)?\Z|(?:[0-9.]+份|半份)\Z|-[0-9]+(?:[.,][0-9]+)?\Z|(?:付款|付的|付了|垫付|垫的|买单|請客|请客|付|除外|以外|之外|外)\Z"
)
_EVERYBODY = frozenset(
    ("room", "all", "everyone", "everybody", "alle", "tous", "大家", "所有人", "全体", "全體", "全员", "here")
)
_SENDER = frozenset(("me", "myself", "我", "自己", "ich", "moi"))

_WITH = (
    "with|between|btwn?|among|amongst|for|and|by|except|but|not|minus|only|just|nur|without|w/o|excluding|including|excl\\.?|incl\\.?"
    "|mit|m\\.|zwischen|für|und|auf|durch|bis auf|nicht|exkl\\.?|pas|hors|juste|seulement|apart from|y compris"
    "|von|unter|außer|ausser|ohne|inkl\\.?|avec|entre|pour|et|par|sauf|sans|payers?"
)
_HAN_WITH = (
    "和|跟|给|給|与|與|及|除了|除|不算|不含|不包括|包括|含|算上|加上|付款人|由|除咗|唔計|唔计|没有|沒有|就|只有|只"
)
_PARTS = (
    r"(?:the rest|rest|le reste|reste|den rest|其余|剩下)\s*(?:\Z|[\x02,，;；])"
    r"|[0-9.]+\s?(?:份|shares?\b|parts?\b|anteile?\b)|[一两二三半]份"
)
_HAN_NONE = "ohne|außer|ausser|sans|sauf|pas|hors"
_NO_LETTER = r"(?![^\W\d_\u3400-\u9fff])"
_PART = r"\s*(?:[=*×]|x\s?[0-9]|[0-9.,]+\s?[x%]|[(（]?[+-][0-9])"
_OPTION = (
    r"on|am|le|every|jeden|jede|chaque|tous|each|paid|payé|bezahlt|payer|but|without|except|ohne|außer|sauf|sans"
    r"|und|and|et|hat|a payé|minus|w/o|excluding|excl|exkl|ausser|bis auf|hors|apart|nicht|not"
)
_AFTER = (
    rf"(?={_PART}|[ \t]*\n|\s*(?:\Z|[\x02,，、;；&.。:：()（）#]|{PERSON}|[0-9]|(?:{_OPTION})\b"
    r"|[和跟与與及付垫买外除每日不没]|以外|之外))"
)
_IN_LIST = rf"(?<={PERSON})(?:\s*[,，、&+/]\s*|\s+(?:and|und|et|n|u\.?)\s+|\s*[和跟与與及]\s*)"
_BEFORE = (
    rf"(?:\A|(?<=[\x02,，、;；:：&+])|(?<={PERSON})|\b(?:{_WITH})(?=\s)|(?:{_HAN_WITH})"
    rf"|(?<=[0-9€$£¥￥元块])(?=\s))\s*[:：]?\s*"
)
_MY = r"(?P<word>me|myself|mich|mir|ich|moi|我自己|我|自己)"
_ME = (
    re.compile(rf"(?<![^\W_]){_MY}(?=\s*(?:[=*×]|x\s?[0-9]|[0-9.,]+\s?%|[0-9]+x(?!\w)|{_PARTS}))"),
    re.compile(
        rf"(?<![^\W_])(?:without|w/o|except(?: for)?|excluding|excl\.?|exkl\.?|not|{_HAN_NONE}) {_MY}{_NO_LETTER}"
    ),
    re.compile(rf"(?:不含|不算|不包括|除了|没有|唔計|包括|含){_MY}(?![\u3400-\u9fff])"),
    re.compile(rf"(?<![^\W_])(?:rest|reste)\s*:?\s+{_MY}{_NO_LETTER}{_AFTER}"),
    re.compile(rf"(?:其余|剩下的?|剩余)\s*{_MY}(?:出|付)?(?=\s*(?:\Z|[,，;；]))"),
    re.compile(rf"(?<=[0-9]%)\s+{_MY}{_NO_LETTER}{_AFTER}"),
    re.compile(rf"{_IN_LIST}(?P<word>i)(?=\s*(?:\Z|[,;.\x02]))"),
    re.compile(rf"{_IN_LIST}{_MY}{_NO_LETTER}(?![\u3400-\u9fff])(?!\s+(?:war|bin|hab|habe|esse|zahle|paye|suis)\b)"),
    re.compile(rf"{_BEFORE}{_MY}{_NO_LETTER}{_AFTER}"),
    re.compile(rf"(?<=[\s，。]){_MY}(?={NOT_IN})"),
    re.compile(rf"(?<=\s)(?<!on )(?<!for )(?<!sur )(?P<word>me|moi|我)(?=\s+{PERSON}(?!\s*=))"),
    re.compile(rf"(?<=\s){_MY}(?=(?:\s*[和跟与與及]\s*|\s*[,，、&+]\s*|\s+(?:and|und|et|n|u\.?)\s+){PERSON})"),
)
_ME_AMONG_ITEMS = re.compile(rf"(?<=\s){_MY}{_NO_LETTER}{_AFTER}")
_ALL = (
    re.compile(
        rf"(?:{_BEFORE}|(?<=\s))(?P<word>all of us|all|everyone|everybody|alle|allen|tous|tout le monde"
        r"|大家(?:一起)?(?:aa制?|平摊|均摊|平分|分摊|一起|都有?份?|都算)?|所有人|全部人|全员|全体|全體|每个人都?)"
        rf"{_NO_LETTER}"
        rf"(?!\s*[0-9](?![0-9.,]*\s?%)|\s+(?:tag|woche|monat|jahr|les)|\s+(?:and|und|et)\s+(?!{PERSON})){_AFTER}"
    ),
    re.compile(r"(?<![^\W_])(?:for|with|pour|avec) (?P<word>everyone|everybody|tout le monde)(?=\s+[0-9€$£])"),
    re.compile(r"\A\s*(?P<word>大家|所有人|全员)(?=\s)"),
    re.compile(r"(?<=[0-9元块])(?P<word>大家|所有人|全员|全体)(?=\s*(?:\Z|[;；,，\n]))"),
)


@dataclass(frozen=True, slots=True)
class Marked:
    """The text with its signs; `folded` is the same for comparing, of the same length."""

    text: str
    folded: str
    people: dict[str, Who] = field(default_factory=dict)
    quotes: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)

    def without(self, start: int, end: int, sign: str = "\x02") -> Marked:
        """The same with a stretch taken out, or with what it stands for in its place."""
        text = self.text[:start] + sign + self.text[end:]
        return Marked(text, self.folded[:start] + sign + self.folded[end:], self.people, self.quotes, self.typed)

    def blank(self, start: int, end: int) -> Marked:
        """The same with a stretch taken out; what stands behind keeps its place."""
        return self.without(start, end, "\x02" * (end - start))

    def with_person(self, start: int, end: int, who: Who, typed: str) -> Marked:
        """The same with somebody in the place of a stretch."""
        sign = chr(_FIRST_PERSON + min(len(self.people), _MOST))
        changed = self.without(start, end, sign)
        return replace(changed, people=self.people | {sign: who}, typed=self.typed | {sign: typed})

    def part(self, start: int, end: int) -> Marked:
        """A stretch of it."""
        return Marked(self.text[start:end], self.folded[start:end], self.people, self.quotes, self.typed)

    def shown(self, start: int, end: int) -> str:
        """A stretch as it was typed."""
        return "".join(self.typed.get(char, char) for char in self.text[start:end])


def mark(line: Line, start: int, habits: Habits, names: frozenset[str] = frozenset()) -> Marked:
    """The line from `start` on. `names` are those known in the room, folded: `@d-5` is one, or five less."""
    marker = _Marker(habits, names)
    return marker.marked(line, start)


class _Marker:
    def __init__(self, habits: Habits, names: frozenset[str]) -> None:
        self._habits = habits
        self._names = names
        self.people: dict[str, Who] = {}
        self.quotes: dict[str, str] = {}
        self.typed: dict[str, str] = {}

    def marked(self, line: Line, start: int) -> Marked:
        text = self._pills_and_quotes(line, start)
        text = _USER.sub(self._user, text)
        text = text.replace("＠", "@")
        text = self._all_names(text)
        text = _GUEST.sub(self._guest, text)
        text = _SIGN_WITHIN.sub(r"\2\1", text)
        folded = folded_text(text)
        for pattern in _ALL:
            text, folded = self._words(pattern, Everybody(), text, folded)
        for pattern in (*_ME, _ME_AMONG_ITEMS) if re.search("[;；\n]", folded) else _ME:
            text, folded = self._words(pattern, Sender(), text, folded)
        return Marked(text, folded, self.people, self.quotes, self.typed)

    def _person(self, who: Who, typed: str) -> str:
        if isinstance(who, User) and who.user == self._habits.sender:
            who = Sender()
        sign = chr(_FIRST_PERSON + min(len(self.people), _MOST))
        self.people[sign] = who
        self.typed[sign] = typed
        return sign

    def _pills_and_quotes(self, line: Line, start: int) -> str:
        pills = {pill.start: pill for pill in line.pills}
        pieces: list[str] = []
        position = start
        while position < len(line.text):
            pill = pills.get(position)
            quote = None if pill else _quoted(line.text, position)
            if pill is not None:
                pieces.append(self._person(User(pill.user), pill.user))
                position = pill.end
            elif quote is not None:
                sign = chr(_FIRST_QUOTE + min(len(self.quotes), _MOST))
                self.quotes[sign], end = quote
                self.typed[sign] = line.text[position:end]
                pieces.append(sign)
                position = end
            else:
                char = line.text[position]
                pieces.append("\ufffd" if ord(char) >= _FIRST_PERSON or char == "\x02" else char)
                position += 1
        return "".join(pieces)

    def _user(self, match: re.Match[str]) -> str:
        typed = match[0]
        domain = typed.partition(":")[2]
        if re.fullmatch(r"[0-9]+(?:\.[0-9]{1,2})?", domain):  # @ann:20 is what Ann owes
            return typed
        less = _LESS.search(typed) if "." in domain else None
        if less is not None:
            typed = typed[: less.start()]
        return self._person(User(UserID(typed)), typed) + match[0][len(typed) :]

    def _all_names(self, text: str) -> str:
        pieces: list[str] = []
        position = 0
        for match in _NAME.finditer(text):
            if _ADDRESS.search(text, 0, match.start()):
                continue
            name = self._name(match[1], text[match.end() : match.end() + 1])
            pieces += [text[position : match.start()], self._person(_who(name), "@" + name)]
            position = match.start() + 1 + len(name)
        return "".join(pieces) + text[position:]

    def _name(self, typed: str, following: str) -> str:
        """The name itself, without what follows it without a space."""
        name = _OF_SOMEBODY.sub("", typed.rstrip(".!?。！？'’…"))
        if following in ("%", "％") and folded_text(name) not in self._names:
            name = name.rstrip("0123456789.") or name
        stop = _STOP.search(name)
        if stop is not None and folded_text(name) not in self._names:
            name = name[: stop.start()]
        known = (end for end in range(len(name), 0, -1) if folded_text(name[:end]) in self._names)
        if contains_han(name) and (end := next(known, None)) is not None:
            return name[:end]
        while folded_text(name) not in self._names:
            tail = _TAIL.search(name)
            if tail is None or not tail.start():
                break
            name = name[: tail.start()]
        return name or typed

    def _guest(self, match: re.Match[str]) -> str:
        before = match.string[: match.start()]
        is_glued = before[-1:].isascii() and (before[-1:].isalnum() or before[-1:] == "+")
        if is_glued or contains_han(before[-1:]):
            return match[0]
        name = self.quotes[match["quote"]] if match["quote"] else match["name"]
        rest = ""
        if not match["quote"] and contains_han(name) and (tail := _TAIL.search(name)) and tail.start():
            name, rest = name[: tail.start()], name[tail.start() :]
        clean = " ".join(name.split())
        return self._person(Guest(clean), f'+"{clean}"') + rest if clean else match[0]

    def _words(self, pattern: re.Pattern[str], who: Who, text: str, folded: str) -> tuple[str, str]:
        position = 0
        while (match := pattern.search(folded, position)) is not None:
            start, end = match.span("word")
            sign = self._person(who, text[start:end])
            text = f"{text[:start]}{sign}{text[end:]}"
            folded = f"{folded[:start]}{sign}{folded[end:]}"
            position = start + 1
        return text, folded


def _who(name: str) -> Who:
    key = folded_text(name)
    if key in _EVERYBODY:
        return Everybody()
    return Sender() if key in _SENDER else Named(name)


def _quoted(text: str, start: int) -> tuple[str, int] | None:
    """What stands in quotation marks that begin right there, and where they end."""
    closing = _QUOTES.get(text[start])
    within = start and text[start - 1].isalnum() and not contains_han(text[start - 1])
    if closing is None or (within and not text[:start].lower().endswith("+guest")):
        return None
    inner: list[str] = []
    position = start + 1
    while position < len(text):
        char, after = text[position], text[position + 1 : position + 2]
        if char == "\\" and after in ("\\", closing):
            inner.append(after)
            position += 2
            continue
        if char == closing and (not after or after.isspace() or after in _AFTER_QUOTE or contains_han(after)):
            return "".join(inner), position + 1
        inner.append(char)
        position += 1
    return None

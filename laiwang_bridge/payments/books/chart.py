"""Statistics as a picture, for light and dark clients alike.

It has a white ground of its own, and colours that people with any kind of sight can tell apart (Okabe and Ito, "Color
Universal Design", 2008; its yellow is left out, being too pale on white).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from PIL import Image, ImageDraw, ImageFont

from laiwang_bridge.payments.books.statistics import Statistics

MOST_PEOPLE, MOST_MONTHS, MOST_CATEGORIES = 7, 12, 8

_FONT = "fonts/NotoSansSC-subset.otf"
_WIDTH, _EDGE, _ROW, _BAR = 640, 24, 58, 17
"""Small enough that a phone shows the words large enough to read."""
_NAMES, _AMOUNTS = 150, 110
_COLUMNS_HEIGHT = 200
_SMALLEST = 10
_INK, _FAINT, _GROUND, _LINE = "#1a1a1a", "#5c5c5c", "#ffffff", "#d4d4d4"
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#7f5ca8", "#8a8a8a")
_MISSING = "\uffff"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A PNG; `width` and `height` are pixels."""

    data: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Labels:
    """What stands in the picture beside names and numbers, in somebody's language."""

    title: str
    subtitle: str
    paid: str
    borne: str
    by_month: str
    by_category: str
    others: str
    no_category: str


Money = Callable[[int], str]
"""An amount as people write it."""


def draw(statistics: Statistics, labels: Labels, money: Money) -> Drawing:
    """A PNG of one currency's statistics."""
    paid = _at_most(statistics.paid, MOST_PEOPLE, labels.others)
    people = [*paid, *(name for name in statistics.borne if name not in statistics.paid)][: MOST_PEOPLE + 1]
    borne = _within(statistics.borne, people, labels.others)
    categories = {name or labels.no_category: minor for name, minor in statistics.categories.items()}
    categories = _at_most(categories, MOST_CATEGORIES, labels.others)
    months = dict(list(statistics.months.items())[-MOST_MONTHS:])
    sheet = _Sheet(_height(len(people), len(months), len(categories)))
    sheet.heading(labels.title, labels.subtitle)
    colours = {name: _COLOURS[place % len(_COLOURS)] for place, name in enumerate(people)}
    sheet.people(labels, people, paid, borne, colours, money)
    if len(months) > 1:
        shown = {month: _within(by, people, labels.others) for month, by in months.items()}
        sheet.columns(labels.by_month, shown, colours, money)
    if len(categories) > 1:
        sheet.bars(labels.by_category, categories, money)
    return sheet.picture()


class _Sheet:
    def __init__(self, height: int) -> None:
        self._image = Image.new("RGB", (_WIDTH, height), _GROUND)
        self._draw = ImageDraw.Draw(self._image)
        self._draw.rectangle((0, 0, _WIDTH - 1, height - 1), outline=_LINE)
        self._y = _EDGE

    def picture(self) -> Drawing:
        file = io.BytesIO()
        self._image.quantize(64).save(file, format="PNG", optimize=True)
        return Drawing(file.getvalue(), _WIDTH, self._image.height)

    def heading(self, title: str, subtitle: str) -> None:
        self._text((_EDGE, self._y), title, 30, _INK, _WIDTH - 2 * _EDGE)
        self._text((_EDGE, self._y + 40), subtitle, 21, _FAINT, _WIDTH - 2 * _EDGE)
        self._y += 84

    def people(
        self,
        labels: Labels,
        people: Sequence[str],
        paid: Mapping[str, int],
        borne: Mapping[str, int],
        colours: Mapping[str, str],
        money: Money,
    ) -> None:
        """For each person a full bar of what he paid, and below it an outlined one of what he bears."""
        self._legend(labels)
        most = max([1, *(abs(minor) for minor in (*paid.values(), *borne.values()))])
        for name in people:
            y, colour = self._y, colours[name]
            self._text((_EDGE, y + 9), name, 21, _INK, _NAMES - 12)
            for row, amounts, is_full in ((0, paid, True), (1, borne, False)):
                minor = amounts.get(name, 0)
                top = y + 4 + row * (_BAR + 6)
                box = (_EDGE + _NAMES, top, _EDGE + _NAMES + self._length(minor, most), top + _BAR)
                self._draw.rectangle(box, fill=colour if is_full else _GROUND, outline=colour, width=2)
                self._text((box[2] + 8, top - 4), money(minor), 18, _INK if is_full else _FAINT, _AMOUNTS)
            self._y += _ROW
        self._y += 22

    def columns(
        self, title: str, months: Mapping[str, Mapping[str, int]], colours: Mapping[str, str], money: Money
    ) -> None:
        """For each month a column of what people paid, one upon the other."""
        self._title(title)
        sums = {month: sum(max(minor, 0) for minor in by.values()) for month, by in months.items()}
        most = max([1, *sums.values()])
        step = (_WIDTH - 2 * _EDGE) / len(months)
        bottom = self._y + _COLUMNS_HEIGHT
        for place, (month, by) in enumerate(months.items()):
            left = _EDGE + place * step + step * 0.16
            top = float(bottom)
            for name, minor in by.items():
                height = max(minor, 0) / most * (_COLUMNS_HEIGHT - 26)
                if height >= 1:
                    self._draw.rectangle((left, top - height, left + step * 0.68, top), fill=colours[name])
                top -= height
            self._middle(left + step * 0.34, top - 27, money(sums[month]), 17, _INK, step - 4)
            self._middle(left + step * 0.34, bottom + 6, month, 17, _FAINT, step - 4)
        self._draw.line((_EDGE, bottom, _WIDTH - _EDGE, bottom), fill=_LINE, width=2)
        self._y = bottom + 54

    def bars(self, title: str, amounts: Mapping[str, int], money: Money) -> None:
        self._title(title)
        most = max([1, *(abs(minor) for minor in amounts.values())])
        for name, minor in amounts.items():
            self._text((_EDGE, self._y), name, 20, _INK, _NAMES - 12)
            box = (_EDGE + _NAMES, self._y + 5, _EDGE + _NAMES + self._length(minor, most), self._y + 5 + _BAR + 2)
            self._draw.rectangle(box, fill=_FAINT)
            self._text((box[2] + 8, self._y + 1), money(minor), 18, _INK, _AMOUNTS)
            self._y += 36

    def _legend(self, labels: Labels) -> None:
        x, y = float(_EDGE), self._y
        for label, is_full in ((labels.paid, True), (labels.borne, False)):
            fill = _FAINT if is_full else _GROUND
            self._draw.rectangle((x, y + 5, x + 22, y + 17), fill=fill, outline=_FAINT, width=2)
            x += 32 + self._text((x + 32, y - 2), label, 19, _FAINT, 200) + 30
        self._y += 34

    def _title(self, title: str) -> None:
        self._text((_EDGE, self._y), title, 23, _INK, _WIDTH - 2 * _EDGE)
        self._y += 38

    def _length(self, minor: int, most: int) -> int:
        return max(2, round(abs(minor) / most * (_WIDTH - 2 * _EDGE - _NAMES - _AMOUNTS)))

    def _text(self, at: tuple[float, float], text: str, size: int, colour: str, width: float) -> float:
        """Write, and give how wide it is; what is too long ends in dots."""
        font = _font(size)
        shown = _legible(text)
        while shown and font.getlength(shown) > width:
            shown = shown[:-2].rstrip() + "…" if len(shown) > 2 else ""
        self._draw.text(at, shown, font=font, fill=colour)
        return font.getlength(shown)

    def _middle(self, x: float, y: float, text: str, size: int, colour: str, width: float) -> None:
        while size > _SMALLEST and _font(size).getlength(_legible(text)) > width:
            size -= 1
        length = min(_font(size).getlength(_legible(text)), width)
        self._text((x - length / 2, y), text, size, colour, width)


def _height(people: int, months: int, categories: int) -> int:
    height = _EDGE + 84 + 34 + people * _ROW + 22
    if months > 1:
        height += 38 + _COLUMNS_HEIGHT + 54
    if categories > 1:
        height += 38 + categories * 36
    return height + _EDGE


def _at_most(amounts: Mapping[str, int], most: int, others: str) -> dict[str, int]:
    """The first of them by themselves, the rest together."""
    if len(amounts) <= most + 1:
        return dict(amounts)
    kept = dict(list(amounts.items())[:most])
    return kept | {others: sum(amounts.values()) - sum(kept.values())}


def _within(amounts: Mapping[str, int], names: Sequence[str], others: str) -> dict[str, int]:
    """What each of these has, those without a name of their own together."""
    found: dict[str, int] = {}
    for name, minor in amounts.items():
        place = name if name in names else others if others in names else names[-1]
        found[place] = found.get(place, 0) + minor
    return {name: found[name] for name in names if name in found}


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont:
    data = files("laiwang_bridge.payments.books").joinpath(_FONT).read_bytes()
    return ImageFont.truetype(io.BytesIO(data), size)


def _legible(text: str) -> str:
    """Text without what the font does not have: emoji, for most."""
    return "".join(char for char in text if _is_there(char)).strip() or "·"


@lru_cache(maxsize=4096)
def _is_there(char: str) -> bool:
    if char.isspace():
        return char == " "
    font = _font(16)
    return bytes(font.getmask(char)) != bytes(font.getmask(_MISSING))

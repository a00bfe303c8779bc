"""QR codes as pictures: drawn for whoever has to pay, and read from a picture that somebody handed in."""

from __future__ import annotations

import io
from dataclasses import dataclass

import segno
import zxingcpp
from PIL import Image, ImageDraw, UnidentifiedImageError

from laiwang_bridge.payments.rails import QrCode

MOST_BYTES = 8_000_000
"""Of a picture that somebody hands in: a photo of a telephone is smaller."""

_MOST_PIXELS = 40_000_000
_KINDS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
_FORMATS = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_BORDER = 4
_WIDTH = 480
_CROSS = 7 / 46
"""Of the width of a Swiss QR Code (Implementation Guidelines for the QR-bill: 7 mm of 46 mm)."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG, `width` pixels wide and high."""

    data: bytes
    width: int


def draw(code: QrCode) -> Picture:
    """The picture of a code. Raises `ValueError` (`segno.DataOverflowError`) for what does not fit."""
    drawn = segno.make_qr(code.payload, error="m", boost_error=code.boost, encoding="utf-8")
    if int(drawn.version) > code.most_version:
        raise ValueError(f"version {drawn.version} is more than {code.most_version}")
    modules = drawn.symbol_size(border=_BORDER)[0]
    scale = max(_WIDTH // int(modules), 3)
    picture = io.BytesIO()
    drawn.save(picture, kind="png", scale=scale, border=_BORDER)
    width = int(modules) * scale
    if code.swiss_cross:
        return Picture(_with_cross(picture, (int(modules) - 2 * _BORDER) * scale), width)
    return Picture(picture.getvalue(), width)


def read(data: bytes) -> list[str]:
    """What the QR codes in a picture say; nothing for what is no picture, too large a one, or one without codes."""
    if len(data) > MOST_BYTES:
        return []
    try:
        with Image.open(io.BytesIO(data), formats=_KINDS) as image:
            if image.width * image.height > _MOST_PIXELS:
                return []
            found = zxingcpp.read_barcodes(image.convert("L"), formats=_FORMATS)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return []
    return [code.text for code in found if code.valid]


def _with_cross(picture: io.BytesIO, code_width: int) -> bytes:
    """The same with a white cross on black in the middle, in the proportions of the Swiss flag."""
    with Image.open(picture) as plain:
        image = plain.convert("L")
    draw_on = ImageDraw.Draw(image)
    mark = code_width * _CROSS

    def square(width: float, height: float, colour: int) -> None:
        left, top = (image.width - width) / 2, (image.height - height) / 2
        draw_on.rectangle((round(left), round(top), round(left + width) - 1, round(top + height) - 1), fill=colour)

    square(mark, mark, 255)
    side = mark * 6 / 7
    square(side, side, 0)
    square(side * 20 / 32, side * 6 / 32, 255)
    square(side * 6 / 32, side * 20 / 32, 255)
    result = io.BytesIO()
    image.convert("1").save(result, format="PNG", optimize=True)
    return result.getvalue()

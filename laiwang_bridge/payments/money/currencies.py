"""Currencies as people name them: signs, words and codes, and which of several a room means by them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from laiwang_bridge.payments.money.money import Currency, UnknownCurrency, all_currencies, currency

_DOLLARS = (
    "USD", "CAD", "AUD", "HKD", "SGD", "NZD", "TWD", "MXN", "ARS", "CLP", "COP", "BSD", "BBD", "BMD", "BND", "BZD",
    "DOP", "FJD", "GYD", "JMD", "KYD", "LRD", "MOP", "NAD", "SBD", "SRD", "TTD", "UYU", "XCD", "CUP", "NIO",
)  # fmt: skip
_POUNDS = ("GBP", "EGP", "FKP", "GIP", "LBP", "SDG", "SHP", "SSP", "SYP")
_FRANCS = ("CHF", "XAF", "XOF", "XPF", "CDF", "RWF", "BIF", "DJF", "GNF", "KMF")
_KRONER = ("SEK", "NOK", "DKK", "ISK")
_YUAN = ("CNY", "TWD", "HKD", "MOP")
_YEN = ("CNY", "JPY")
_PESOS = ("MXN", "PHP", "ARS", "CLP", "COP", "CUP", "DOP", "UYU")
_DIRHAMS = ("AED", "MAD")
_DINARS = ("KWD", "JOD", "RSD", "TND", "BHD", "IQD", "DZD", "LYD")
_RIYALS = ("SAR", "QAR", "OMR", "YER")
_RUPEES = ("INR", "PKR", "LKR", "NPR", "MUR", "SCR")


@dataclass(frozen=True, slots=True)
class _Name:
    """What a name can mean: the room's currency if it is among `family`, else one of `usual` (several: ask).

    `is_loose`: in a room of another currency it may mean that as well. `part` is the share of one that it names.
    """

    family: tuple[str, ...]
    usual: tuple[str, ...]
    is_loose: bool = False
    part: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name of a currency means in a room: one, or several to be asked about. `part`: a cent is 1/100.

    `family` has the codes that a code beside it may choose from: `$30 CAD`.
    """

    currencies: tuple[Currency, ...]
    part: Fraction = Fraction(1)
    family: tuple[str, ...] = ()


def _only(code: str) -> _Name:
    return _Name((code,), (code,))


_DOLLAR = _Name(_DOLLARS, ("USD", "CAD", "AUD", "HKD"))
_POUND = _Name(_POUNDS, ("GBP",))
_YUAN_NAME = _Name(_YUAN, ("CNY",), is_loose=True)
_FRANC = _Name(_FRANCS, ("CHF", "XOF", "XAF"))
_CENT = _Name((), (), is_loose=True, part=Fraction(1, 100))
_PENNY = _Name(_POUNDS, ("GBP",), part=Fraction(1, 100))


def _of_countries(country: str, code: str, *units: str) -> dict[str, _Name]:
    """`us dollars`, `swiss francs`, `us-dollar`."""
    return {country + unit if unit.startswith("-") else f"{country} {unit}": _only(code) for unit in units}


_SIGNS: dict[str, _Name] = {
    "$": _DOLLAR, "£": _POUND, "￡": _POUND, "rs.": _Name(_RUPEES, ("INR", "PKR")), "fr.": _FRANC, "sfr.": _only("CHF"),
    "¢": _CENT, "¥": _Name(_YEN, _YEN), "￥": _Name(_YEN, _YEN),
    "€": _only("EUR"), "₹": _only("INR"), "₩": _only("KRW"), "￦": _only("KRW"), "₽": _only("RUB"), "₺": _only("TRY"),
    "฿": _only("THB"), "₫": _only("VND"), "₪": _only("ILS"), "₴": _only("UAH"), "₱": _only("PHP"), "₦": _only("NGN"),
    "₸": _only("KZT"), "₾": _only("GEL"), "₡": _only("CRC"), "₲": _only("PYG"), "₵": _only("GHS"), "₼": _only("AZN"),
    "us$": _only("USD"), "ca$": _only("CAD"), "c$": _only("CAD"), "au$": _only("AUD"), "a$": _only("AUD"),
    "hk$": _only("HKD"), "nt$": _only("TWD"), "s$": _only("SGD"), "nz$": _only("NZD"), "r$": _only("BRL"),
    "mx$": _only("MXN"), "mop$": _only("MOP"), "cn¥": _only("CNY"), "cn￥": _only("CNY"), "jp¥": _only("JPY"),
    "us $": _only("USD"), "ca $": _only("CAD"), "au $": _only("AUD"), "hk $": _only("HKD"), "nt $": _only("TWD"),
}  # fmt: skip
_LATIN: dict[str, _Name] = {
    **dict.fromkeys(("euro", "euros"), _only("EUR")),
    **dict.fromkeys(("dollar", "dollars", "bucks"), _DOLLAR),
    **dict.fromkeys(("pound", "pounds", "pfund", "quid"), _POUND),
    **dict.fromkeys(("yuan", "kuai", "rmb", "renminbi"), _only("CNY")),
    **dict.fromkeys(("yen",), _only("JPY")),
    **dict.fromkeys(("franken", "sfr"), _only("CHF")),
    **dict.fromkeys(("franc", "francs"), _FRANC),
    **dict.fromkeys(("kr", "kroner", "kronor"), _Name(_KRONER, _KRONER)),
    **dict.fromkeys(("rupee", "rupees"), _Name(_RUPEES, ("INR", "PKR"))),
    **dict.fromkeys(("rs",), _Name(_RUPEES, ("INR", "PKR"))),
    **dict.fromkeys(("zł", "zl", "zloty", "złoty"), _only("PLN")),
    **dict.fromkeys(("kč", "koruna"), _only("CZK")),
    **dict.fromkeys(("krona", "krone", "kronen", "couronnes"), _Name(_KRONER, _KRONER)),
    **dict.fromkeys(("peso", "pesos"), _Name(_PESOS, ("MXN", "PHP", "ARS", "CLP"))),
    **dict.fromkeys(("dirham", "dirhams"), _Name(_DIRHAMS, _DIRHAMS)),
    **dict.fromkeys(("dinar", "dinars"), _Name(_DINARS, ("KWD", "JOD", "RSD", "TND"))),
    **dict.fromkeys(("riyal", "riyals"), _Name(_RIYALS, ("SAR", "QAR"))),
    **dict.fromkeys(("lira", "liras", "tl"), _only("TRY")),
    **dict.fromkeys(("rouble", "roubles", "ruble", "rubles", "rubel"), _Name(("RUB", "BYN"), ("RUB",))),
    **dict.fromkeys(("hryvnia", "hrywnja"), _only("UAH")),
    **dict.fromkeys(("baht",), _only("THB")),
    **dict.fromkeys(("dong",), _only("VND")),
    **dict.fromkeys(("won",), _only("KRW")),
    **dict.fromkeys(("rand",), _only("ZAR")),
    **dict.fromkeys(("real", "reais"), _only("BRL")),
    **dict.fromkeys(("ringgit",), _only("MYR")),
    **dict.fromkeys(("rupiah",), _only("IDR")),
    **dict.fromkeys(("forint",), _only("HUF")),
    **dict.fromkeys(("shekel", "shekels"), _only("ILS")),
    **dict.fromkeys(("cent", "cents", "ct", "cts", "centime", "centimes"), _CENT),
    **dict.fromkeys(("rappen",), _Name(("CHF",), ("CHF",), part=Fraction(1, 100))),
    **dict.fromkeys(("pence", "penny"), _PENNY),
    **dict.fromkeys(("balles", "balle"), _Name(("EUR", "CHF"), ("EUR",))),
    **dict.fromkeys(("mäuse", "tacken", "öcken", "kröten", "flocken", "piepen"), _only("EUR")),
    **dict.fromkeys(("piasses", "piasse"), _only("CAD")),
    **dict.fromkeys(("stutz", "schtutz", "fränkli"), _only("CHF")),
    **dict.fromkeys(("piastre", "piastres"), _only("CAD")),
    **_of_countries("us", "USD", "dollar", "dollars", "-dollar", "$"),
    **_of_countries("american", "USD", "dollar", "dollars"),
    **_of_countries("canadian", "CAD", "dollar", "dollars"),
    **_of_countries("australian", "AUD", "dollar", "dollars"),
    **_of_countries("singapore", "SGD", "dollar", "dollars", "-dollar"),
    **_of_countries("hong kong", "HKD", "dollar", "dollars", "-dollar"),
    **_of_countries("new zealand", "NZD", "dollar", "dollars"),
    **_of_countries("swiss", "CHF", "franc", "francs"),
    **_of_countries("schweizer", "CHF", "franken"),
    **_of_countries("british", "GBP", "pound", "pounds"),
    **_of_countries("kanadische", "CAD", "dollar"),
    **_of_countries("australische", "AUD", "dollar"),
    **dict.fromkeys(("dollars us", "$ us", "$us", "dollars américains"), _only("USD")),
    **dict.fromkeys(("dollars canadiens", "dollars ca", "$ ca", "$ca", "$ can", "$ cad", "$cad"), _only("CAD")),
    **dict.fromkeys(("$ usd", "$usd"), _only("USD")),
    **dict.fromkeys(("$ aud", "$aud"), _only("AUD")),
    **dict.fromkeys(("$ hkd", "$hkd"), _only("HKD")),
    **dict.fromkeys(("francs suisses",), _only("CHF")),
}  # fmt: skip
_HAN: dict[str, _Name] = {
    **dict.fromkeys(("元", "圆", "圓", "块", "塊", "元整", "块钱", "塊錢", "元钱"), _YUAN_NAME),
    **dict.fromkeys(("毛", "角", "毛钱", "角钱"), _Name(_YUAN, ("CNY",), is_loose=True, part=Fraction(1, 10))),
    **dict.fromkeys(("分", "分钱"), _Name(_YUAN, ("CNY",), is_loose=True, part=Fraction(1, 100))),
    **dict.fromkeys(("人民币", "人民幣", "块人民币", "元人民币"), _only("CNY")),
    **dict.fromkeys(("刀",), _DOLLAR),
    **dict.fromkeys(("美元", "美金", "美刀"), _only("USD")),
    **dict.fromkeys(("欧元", "歐元", "欧", "歐"), _only("EUR")),
    **dict.fromkeys(("円", "日元", "日圆", "日圓", "日币", "日幣"), _only("JPY")),
    **dict.fromkeys(("港币", "港幣", "港元", "港纸", "港紙", "蚊", "蚊雞", "蚊鸡"), _only("HKD")),
    **dict.fromkeys(("台币", "台幣", "新台币", "新台幣"), _only("TWD")),
    **dict.fromkeys(("英镑", "英鎊", "镑"), _only("GBP")),
    **dict.fromkeys(("韩元", "韓元", "韩币", "원"), _only("KRW")),
    **dict.fromkeys(("泰铢", "泰銖"), _only("THB")),
    **dict.fromkeys(("加元", "加币", "加刀"), _only("CAD")),
    **dict.fromkeys(("澳元", "澳币", "澳刀"), _only("AUD")),
    **dict.fromkeys(("新币", "新加坡元", "新刀"), _only("SGD")),
    **dict.fromkeys(("瑞郎", "瑞士法郎"), _only("CHF")),
    **dict.fromkeys(("卢布",), _only("RUB")),
    **dict.fromkeys(("卢比",), _Name(_RUPEES, ("INR", "PKR"))),
    **dict.fromkeys(("澳门元", "澳门币"), _only("MOP")),
    **dict.fromkeys(("马币", "令吉"), _only("MYR")),
    **dict.fromkeys(("越南盾",), _only("VND")),
}  # fmt: skip

COMMA_GROUPS = frozenset(
    (
        *("USD", "GBP", "AUD", "NZD", "CAD", "HKD", "SGD", "TWD", "MOP", "CNY", "INR", "PKR", "LKR", "NPR", "PHP"),
        *("MYR", "THB", "MXN", "ILS", "NGN", "KES", "GHS", "AED", "SAR", "EGP"),
    )
)
"""Where these are paid with, a comma parts thousands and a point decimals."""

_WORDS_TOO = frozenset(
    (
        "ALL",
        "AMD",
        "ANG",
        "ARS",
        "BAM",
        "BOB",
        "COP",
        "CUP",
        "CVE",
        "DOP",
        "GEL",
        "HUF",
        "ILS",
        "MAD",
        "MOP",
        "MUR",
        "PEN",
        "PHP",
        "RON",
        "RUB",
        "SAR",
        "SEK",
        "SOS",
        "TOP",
        "TRY",
    )
)
"""Codes that are words in languages of ours; small letters may well be the word."""

_WORDS_IN_CAPITALS = frozenset(("ALL", "BAM", "BOB", "COP", "CUP", "GEL", "MAD", "MOP", "PEN", "SOS", "TOP", "TRY"))
"""Of these, those that may be the word even in capitals."""


_NAMES_AND_WORDS = frozenset(("won", "real", "rand", "dong"))
"""Names that are words as well."""


_ONLY_AT_HOME: dict[str, tuple[str, _Name]] = {
    "fr": ("CHF", _only("CHF")),
    "p": ("GBP", _PENNY),
    "r": ("ZAR", _only("ZAR")),
    "nt": ("TWD", _only("TWD")),
}
"""Letters that name a currency only in rooms that count in it."""


def name_pattern() -> str:
    """A pattern for every name of a currency in folded text, the longest first; codes are any three letters of one."""
    return _pattern()


@lru_cache(maxsize=1)
def _pattern() -> str:
    whole = "(?![^\\W\\d_\\u3400-\\u9fff])"
    codes = (one.code.lower() for one in all_currencies())
    words = {name: re.escape(name) + whole for name in (*_LATIN, *_ONLY_AT_HOME, *codes)}
    signs = {name: re.escape(name) for name in (*_SIGNS, *_HAN)}
    return f"(?:{'|'.join(text for _name, text in sorted((words | signs).items(), key=_by_length))})"


def _by_length(pair: tuple[str, str]) -> int:
    return -len(pair[0])


def meaning(folded: str, room: Currency) -> Meaning | None:
    """What a name of a currency means in a room that counts in `room`; None if it names none there."""
    name = _SIGNS.get(folded) or _LATIN.get(folded) or _HAN.get(folded)
    if folded in _ONLY_AT_HOME:
        home, name = _ONLY_AT_HOME[folded]
        if room.code != home:
            return None
    if name is None:
        return Meaning((currency(folded),))
    if name is _CENT or room.code in name.family:
        return Meaning((room,), name.part, name.family)
    codes = (*name.usual, room.code) if name.is_loose else name.usual
    return Meaning(tuple(currency(code) for code in dict.fromkeys(codes)), name.part, name.family)


def meant_by(word: str, room: Currency) -> tuple[Currency, ...]:
    """What a word alone can mean in a room that counts in `room`, where it names whole units of money; else nothing."""
    folded = word.lower()
    if may_be_a_word(word, room) or not re.fullmatch(_pattern(), folded):
        return ()
    meant = meaning(folded, room)
    return meant.currencies if meant is not None and meant.part == 1 else ()


def named(text: str) -> Currency | None:
    """The one currency that a code, a word or a sign alone names; None where it names none, or one of several."""
    folded = text.strip().lower()
    name = _SIGNS.get(folded) or _LATIN.get(folded) or _HAN.get(folded)
    if name is not None:
        return currency(name.usual[0]) if len(name.usual) == 1 and name.part == 1 else None
    try:
        return currency(folded)
    except UnknownCurrency:
        return None


def may_be_a_word(typed: str, room: Currency) -> bool:
    """Whether a code, as it was typed, may as well be a word that has nothing to do with money."""
    code = typed.upper()
    if typed.lower() in _NAMES_AND_WORDS:
        return room.code not in _LATIN[typed.lower()].usual
    if code == room.code or code not in _WORDS_TOO:
        return False
    return not typed.isupper() or code in _WORDS_IN_CAPITALS


def is_plain_word(typed: str) -> bool:
    """Whether it is `all` (small), which names people."""
    return typed in ("all", "All")

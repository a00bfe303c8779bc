"""What the codes and links say: published examples byte for byte, and what no rail may carry."""

from __future__ import annotations

import io
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segno.helpers import make_epc_qr

from laiwang_bridge.payments.money.money import Money, currency
from laiwang_bridge.payments.rails import Details, Mistake, Offer, PayRequest, QrCode, Rail, takes
from laiwang_bridge.payments.rails.bip21 import BitcoinLink, BitcoinRail, is_address, link_to, read_link
from laiwang_bridge.payments.rails.collection import AlipayCodeRail, WeChatCodeRail
from laiwang_bridge.payments.rails.discovery import installed, load
from laiwang_bridge.payments.rails.links import PayPalRail, RevolutRail, VenmoRail
from laiwang_bridge.payments.rails.pictures import draw, read
from laiwang_bridge.payments.rails.pix import PixRail, br_code, crc16
from laiwang_bridge.payments.rails.sepa import MOST_BYTES, SepaRail, epc_text
from laiwang_bridge.payments.rails.swiss import Address, SwissRail, is_qr_iban, spc_text
from laiwang_bridge.payments.rails.upi import UpiRail, upi_uri

RAILS = load(installed())


def offered(rail: Rail, details: str, minor: int, code: str, *, name: str = "Mei Li", purpose: str = "dinner") -> Offer:
    checked = rail.check(details)
    assert isinstance(checked, Details)
    offer = rail.offer(PayRequest(checked.text, Money(minor, currency(code)), name, purpose))
    assert isinstance(offer, Offer)
    return offer


def payload(offer: Offer) -> str:
    assert offer.qr is not None
    return offer.qr.payload


# -- SEPA -------------------------------------------------------------------------------------------------------------


def test_the_first_example_of_the_epc_guidelines_is_met_byte_for_byte() -> None:
    written = epc_text(
        name="Franz Mustermänn",
        iban="DE71110220330123456789",
        cents=1230,
        bic="BHBLDEHHXXX",
        purpose="GDDS",
        reference="RF18539007547034",
    )
    assert (
        written.encode()
        == (
            "BCD\n002\n1\nSCT\nBHBLDEHHXXX\nFranz Mustermänn\nDE71110220330123456789\nEUR12.3\nGDDS\nRF18539007547034"
        ).encode()
    )
    assert len(written.encode()) == 96


def test_the_second_example_of_the_epc_guidelines_is_met_in_utf_8() -> None:
    written = epc_text(
        name="François D'Alsace S.A.",
        iban="FR1420041010050500013M02606",
        cents=1230,
        text="Client:Marie Louise La Lune",
    )
    assert len(written.encode("iso-8859-1")) == 103  # as the guidelines count it; the ç has two bytes in UTF-8
    assert written.split("\n")[6:] == [
        "FR1420041010050500013M02606", "EUR12.3", "", "", "Client:Marie Louise La Lune",
    ]  # fmt: skip


@settings(max_examples=8, deadline=None)
@given(
    name=st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=40),
    cents=st.integers(1, 99_999_999_999),
    text=st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=40),
)
def test_the_code_is_what_segno_would_draw(name: str, cents: int, text: str) -> None:
    whole, part = divmod(cents, 100)
    iban = "DE89370400440532013000"
    theirs = make_epc_qr(name, iban, f"{whole}.{part:02d}", text, encoding="utf-8")
    picture = io.BytesIO()
    theirs.save(picture, kind="png", scale=3)
    written = epc_text(name=name, iban=iban, cents=cents, text=text)
    assert read(picture.getvalue()) == [written]
    assert read(draw(QrCode(written, most_version=13)).data) == [written]


@pytest.mark.parametrize(
    ("cents", "amount"),
    [(1, "EUR0.01"), (10, "EUR0.1"), (100, "EUR1"), (100_000, "EUR1000"), (99_999_999_999, "EUR999999999.99")],
)
def test_an_amount_has_no_needless_zeros(cents: int, amount: str) -> None:
    assert epc_text(name="Mei", iban="DE89370400440532013000", cents=cents).split("\n")[-1] == amount


@pytest.mark.parametrize("cents", [-1, 0, 100_000_000_000])
def test_sepa_carries_a_cent_at_least_and_a_milliard_at_most(cents: int) -> None:
    rail = SepaRail()
    assert isinstance(rail.offer(PayRequest("DE89370400440532013000,,", Money(cents, currency("EUR")), "M")), Mistake)


@pytest.mark.parametrize(
    "wrong",
    [
        "DE88370400440532013000",  # a check digit
        "DE8937040044053201300",  # a digit missing
        "DE893704004405320130000",  # one too many
        "NO938601111794",  # too short for Norway
        "XX89370400440532013000",  # no such country
        "DE8937040044053201300O",  # a letter where a digit belongs
        "",
        "Mei Li",
    ],
)
def test_a_wrong_account_number_is_refused(wrong: str) -> None:
    assert isinstance(SepaRail().check(wrong), Mistake)


@pytest.mark.parametrize(
    "right",
    [
        "de89 3704 0044 0532 0130 00", "GB29 NWBK 6016 1331 9268 19", "NO93 8601 1117 947",
        "MT84MALT011000012345MTLCAST001S",
        "BE68539007547034", "NL91ABNA0417164300", "AT611904300234573201", "FR1420041010050500013M02606",
    ],
)  # fmt: skip
def test_account_numbers_of_many_countries_are_taken(right: str) -> None:
    assert isinstance(SepaRail().check(right), Details)


def test_a_bic_and_another_name_may_follow_the_account_number() -> None:
    offer = offered(SepaRail(), "DE71110220330123456789, BHBLDEHHXXX, Franz Mustermänn", 1230, "EUR")
    assert payload(offer).split("\n")[4:8] == ["BHBLDEHHXXX", "Franz Mustermänn", "DE71110220330123456789", "EUR12.3"]


@settings(max_examples=15, deadline=None)
@given(name=st.text(min_size=1, max_size=200), purpose=st.text(max_size=500))
def test_whatever_people_call_it_the_code_keeps_its_lines_and_its_bytes(name: str, purpose: str) -> None:
    rail = SepaRail()
    offer = rail.offer(PayRequest("DE89370400440532013000,,Mei", Money(1230, currency("EUR")), name, purpose))
    assert isinstance(offer, Offer)
    lines = payload(offer).split("\n")
    assert len(payload(offer).encode()) <= MOST_BYTES
    assert lines[:4] == ["BCD", "002", "1", "SCT"]
    assert lines[6:8] == ["DE89370400440532013000", "EUR12.3"]
    assert len(lines) <= 11


def test_a_transfer_is_written_as_banks_write() -> None:
    offer = offered(
        SepaRail(), "DE89370400440532013000", 1230, "EUR", name="李梅 Mei Lí", purpose="聚餐 dinner 🍕 & Wein"
    )
    lines = payload(offer).split("\n")
    assert (lines[5], lines[10]) == ("Mei Lí", "dinner & Wein")
    kept = offered(SepaRail(), "DE89370400440532013000", 1230, "EUR", name="李梅", purpose="聚餐")
    assert payload(kept).split("\n")[5:] == ["李梅", "DE89370400440532013000", "EUR12.3"]
    assert any("Latin letters" in note.singular for note in kept.notes)


# -- Switzerland ------------------------------------------------------------------------------------------------------

ROBERT = Address("Robert Schneider AG", "Rue du Lac", "1268", "2501", "Biel")
PIA = Address("Pia-Maria Rutschmann-Schnyder", "Grosse Marktgasse", "28", "9400", "Rorschach")


def test_the_published_bill_with_a_qr_reference_is_met_line_for_line() -> None:
    written = spc_text(
        iban="CH4431999123000889012",
        creditor=ROBERT,
        cents=194_975,
        currency="CHF",
        debtor=PIA,
        reference="210000000003139471430009017",
        message="Order of 15 June 2020",
        billing="//S1/10/10201409/11/200701/20/140.000-53/30/102673831/31/200615/32/7.7/40/0:30",
    )
    assert written.split("\n") == [
        "SPC", "0200", "1", "CH4431999123000889012",
        "S", "Robert Schneider AG", "Rue du Lac", "1268", "2501", "Biel", "CH",
        "", "", "", "", "", "", "",
        "1949.75", "CHF",
        "S", "Pia-Maria Rutschmann-Schnyder", "Grosse Marktgasse", "28", "9400", "Rorschach", "CH",
        "QRR", "210000000003139471430009017", "Order of 15 June 2020", "EPD",
        "//S1/10/10201409/11/200701/20/140.000-53/30/102673831/31/200615/32/7.7/40/0:30",
    ]  # fmt: skip


def test_an_ordinary_account_takes_a_creditor_reference_or_none() -> None:
    written = spc_text(
        iban="CH5800791123000889012", creditor=ROBERT, cents=None, currency="CHF", reference="RF18539007547034"
    )
    assert written.split("\n")[18:20] + written.split("\n")[27:29] == ["", "CHF", "SCOR", "RF18539007547034"]
    bare = spc_text(iban="CH5800791123000889012", creditor=ROBERT, cents=5, currency="EUR").split("\n")
    assert bare[18:20] + bare[27:] == ["0.05", "EUR", "NON", "", "", "EPD"]


def test_a_qr_iban_is_told_by_its_institution() -> None:
    assert is_qr_iban("CH4431999123000889012")
    assert not is_qr_iban("CH5800791123000889012")
    with pytest.raises(ValueError, match="QR-IBAN"):
        spc_text(iban="CH4431999123000889012", creditor=ROBERT, cents=5, currency="CHF")


@pytest.mark.parametrize(
    ("details", "is_right"),
    [
        ("CH93 0076 2011 6238 5295 7, Mei Li, Bahnhofstrasse 1, 8001 Zürich", True),
        ("CH93 0076 2011 6238 5295 7; Mei Li; 8001 Zürich", True),
        ("LI21 0881 0000 2324 013A A, Mei Li, Städtle 3a, 9490 Vaduz, LI", True),
        ("CH93 0076 2011 6238 5295 7, Mei Li, Bahnhofstrasse 1, 8001 Zürich, RF18 5390 0754 7034", True),
        ("CH44 3199 9123 0008 8901 2, Mei Li, Rue du Lac 1268, 2501 Biel, 21 00000 00003 13947 14300 09017", True),
        ("CH44 3199 9123 0008 8901 2, Mei Li, Rue du Lac 1268, 2501 Biel", False),
        ("CH93 0076 2011 6238 5295 7, Mei Li, Weg 1, 8001 Zürich, 21 00000 00003 13947 14300 09017", False),
        ("DE89 3704 0044 0532 0130 00, Mei Li, Bahnhofstrasse 1, 8001 Zürich", False),
        ("CH93 0076 2011 6238 5295 7", False),
        ("CH93 0076 2011 6238 5295 7, Mei Li", False),
    ],
)
def test_a_swiss_account_comes_with_an_address_and_with_the_reference_it_needs(details: str, is_right: bool) -> None:
    assert isinstance(SwissRail().check(details), Details) == is_right


def test_what_swiss_banks_cannot_write_is_left_out_of_the_purpose() -> None:
    offer = offered(SwissRail(), SwissRail.example, 1230, "CHF", purpose="聚餐 Znüni € 🍕")
    assert payload(offer).split("\n")[29] == "Znüni €"


# -- UPI, Pix ---------------------------------------------------------------------------------------------------------


def test_the_published_upi_link_is_met() -> None:
    assert upi_uri(
        address="chaipoint@okaxis", name="Chai Point", amount="149.50", note="Order 42", reference="ORD-42"
    ) == ("upi://pay?pa=chaipoint@okaxis&pn=Chai%20Point&am=149.50&cu=INR&tn=Order%2042&tr=ORD-42")


def test_a_person_is_paid_by_upi_without_a_merchants_reference() -> None:
    uri = offered(UpiRail(), "mei@okaxis", 14_950, "INR", purpose="tea & cake").uri
    assert uri == "upi://pay?pa=mei@okaxis&pn=Mei%20Li&am=149.50&cu=INR&tn=tea%20%26%20cake"


def test_the_check_digits_of_pix_are_those_of_ccitt_false() -> None:
    assert crc16(b"123456789") == 0x29B1


def test_the_published_br_code_is_met() -> None:
    assert br_code(key="123e4567-e12b-12d1-a456-426655440000", name="Fulano de Tal", city="BRASILIA") == (
        "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR"
        "5913Fulano de Tal6008BRASILIA62070503***63041D3D"
    )


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("529.982.247-25", "52998224725"),
        ("11.222.333/0001-81", "11222333000181"),
        ("+55 (11) 98765-4321", "+5511987654321"),
        ("Mei@Example.org", "mei@example.org"),
        ("123E4567-E12B-12D1-A456-426655440000", "123e4567-e12b-12d1-a456-426655440000"),
        ("529.982.247-26", None),
        ("Mei", None),
    ],
)
def test_pix_keys_are_kept_in_their_one_form(typed: str, key: str | None) -> None:
    checked = PixRail().check(typed)
    assert (checked.text.split(",")[0] if isinstance(checked, Details) else None) == key


@settings(max_examples=15, deadline=None)
@given(name=st.text(max_size=60), purpose=st.text(max_size=200), city=st.text(max_size=40))
def test_a_br_code_is_well_formed_whatever_people_are_called(name: str, purpose: str, city: str) -> None:
    request = PayRequest(f"{'m' * 60}@example.org,{city.replace(',', '')},", Money(5, currency("BRL")), name, purpose)
    offer = PixRail().offer(request)
    assert isinstance(offer, Offer)
    rest, fields = payload(offer), {}
    while rest:
        fields[rest[:2]], rest = rest[4 : 4 + int(rest[2:4])], rest[4 + int(rest[2:4]) :]
    assert fields["54"] == "0.05"
    assert 1 <= len(fields["59"]) <= 25
    assert 1 <= len(fields["60"]) <= 15
    assert payload(offer).isascii()
    assert fields["63"] == f"{crc16(payload(offer)[:-4].encode()):04X}"


# -- pages, collection codes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minor", "code", "end"),
    [(1230, "EUR", "12.30EUR"), (1230, "JPY", "1230JPY"), (123_000, "HUF", "1230HUF"), (5, "USD", "0.05USD")],
)
def test_paypal_is_told_amounts_in_its_own_decimals(minor: int, code: str, end: str) -> None:
    assert offered(PayPalRail(), "@meili", minor, code).uri == f"https://paypal.me/meili/{end}"


def test_paypal_is_not_told_half_a_forint() -> None:
    assert isinstance(PayPalRail().offer(PayRequest("meili", Money(150, currency("HUF")), "Mei")), Mistake)


@pytest.mark.parametrize(
    ("rail", "typed", "name"),
    [
        (PayPalRail(), "https://www.paypal.com/paypalme/meili", "meili"),
        (PayPalRail(), "paypal.me/meili/25EUR", "meili"),
        (PayPalRail(), "https://evil.example/paypal.me/meili", None),
        (RevolutRail(), "https://revolut.me/meili", "meili"),
        (VenmoRail(), "https://venmo.com/u/mei-li", "mei-li"),
        (VenmoRail(), "mei li", None),
    ],
)
def test_a_page_is_known_by_name_or_link(rail: Rail, typed: str, name: str | None) -> None:
    checked = rail.check(typed)
    assert (checked.text if isinstance(checked, Details) else None) == name


def test_venmo_gets_amount_and_purpose() -> None:
    uri = offered(VenmoRail(), "@mei-li", 1230, "USD", purpose="tea & cake 茶").uri
    assert dict(parse_qsl(urlsplit(uri or "").query)) == {
        "txn": "pay", "audience": "private", "recipients": "mei-li", "amount": "12.30", "note": "tea & cake 茶",
    }  # fmt: skip


def test_revolut_is_not_guessed_at() -> None:
    offer = offered(RevolutRail(), "meili", 1230, "EUR")
    assert offer.uri == "https://revolut.me/meili"
    assert [note.singular for note in offer.notes] == ["Type the amount on that page."]


@pytest.mark.parametrize("rail", [AlipayCodeRail(), WeChatCodeRail()])
def test_a_collection_code_says_that_the_amount_has_to_be_typed(rail: Rail) -> None:
    offer = offered(rail, rail.example, 1230, "CNY")
    assert payload(offer) == rail.example
    assert offer.facts[0].value == "12.30 CNY"
    assert any("cannot carry" in note.singular for note in offer.notes)


@pytest.mark.parametrize(
    "wrong", ["https://qr.alipay.com.evil.example/fkx012345", "http://example.org", "wxp://", "支付宝"]
)
def test_other_links_are_no_collection_codes(wrong: str) -> None:
    assert isinstance(AlipayCodeRail().check(wrong), Mistake)
    assert isinstance(WeChatCodeRail().check(wrong), Mistake)


# -- Bitcoin ----------------------------------------------------------------------------------------------------------

ADDRESS = "175tWpb8K1S7NmH4Zx6rewF9WQrcZv245W"


@pytest.mark.parametrize(
    ("uri", "meaning"),
    [
        (f"bitcoin:{ADDRESS}", BitcoinLink(ADDRESS)),
        (f"bitcoin:{ADDRESS}?label=Luke-Jr", BitcoinLink(ADDRESS, label="Luke-Jr")),
        (f"bitcoin:{ADDRESS}?amount=20.3&label=Luke-Jr", BitcoinLink(ADDRESS, 2_030_000_000, "Luke-Jr")),
        (
            f"bitcoin:{ADDRESS}?amount=50&label=Luke-Jr&message=Donation%20for%20project%20xyz",
            BitcoinLink(ADDRESS, 5_000_000_000, "Luke-Jr", "Donation for project xyz"),
        ),
        (f"bitcoin:{ADDRESS}?req-somethingyoudontunderstand=50&req-somethingelseyoudontget=999", None),
        (
            f"bitcoin:{ADDRESS}?somethingyoudontunderstand=50&somethingelseyoudontget=999",
            BitcoinLink(ADDRESS, other={"somethingyoudontunderstand": "50", "somethingelseyoudontget": "999"}),
        ),
        (f"bitcoin:{ADDRESS}?amount=50,000.00", None),
        (f"bitcoin:{ADDRESS}?amount=-1", None),
        (f"litecoin:{ADDRESS}", None),
        (f"BITCOIN:{ADDRESS}", BitcoinLink(ADDRESS)),
    ],
)
def test_the_links_of_bip_21_are_read_as_listed_there(uri: str, meaning: BitcoinLink | None) -> None:
    assert read_link(uri) == meaning


def test_a_bitcoin_link_is_written_as_bip_21_has_it() -> None:
    assert link_to(ADDRESS, satoshi=2_030_000_000, label="Luke-Jr") == f"bitcoin:{ADDRESS}?amount=20.3&label=Luke-Jr"
    assert link_to(ADDRESS, satoshi=5_000_000_000, message="Donation for project xyz").endswith(
        "?amount=50&message=Donation%20for%20project%20xyz"
    )


@pytest.mark.parametrize(
    ("address", "is_right"),
    [
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", True),
        ("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", True),
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", True),
        ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", True),
        ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj1", False),
        ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", False),  # the older checksum (BIP 350)
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", False),
        (ADDRESS, False),  # BIP 21's own is made up
    ],
)
def test_the_check_digits_of_an_address_are_checked(address: str, is_right: bool) -> None:
    assert is_address(address) == is_right
    assert isinstance(BitcoinRail().check(address), Details) == is_right


# -- all of them ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rail", RAILS.values(), ids=lambda rail: rail.name)
def test_every_picture_is_read_back_by_another_program(rail: Rail) -> None:
    code = "CHF" if rail.name == "swiss" else min(rail.currencies, default="EUR")
    assert takes(rail, code)
    for minor, name, purpose in ((1230, "Mei Li", "AA 12"), (1, "李梅", "聚餐 🍕 " * 30), (99_999_999, "Ö" * 80, "")):
        offer = offered(rail, rail.example, minor, code, name=name, purpose=purpose)
        assert offer.qr is not None
        assert read(draw(offer.qr).data) == [offer.qr.payload]


def test_the_swiss_cross_is_in_the_middle_and_the_code_is_read_all_the_same() -> None:
    offer = offered(SwissRail(), SwissRail.example, 1230, "CHF", purpose="x" * 140)
    assert offer.qr is not None
    assert offer.qr.swiss_cross
    assert read(draw(offer.qr).data) == [offer.qr.payload]

"""The people in files that shops and payment services let their customers export."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import laiwang_bridge
from appservice.language import Catalogues, Language
from laiwang_bridge.contacts.book import Book, BookFormat, NoBook, Unreadable
from laiwang_bridge.contacts.shops import NOT_READ_HERE, Service, ShopBook, is_shop_file, read_shop_file

LINE = "-" * 84
ALIPAY_HEAD = f"""{LINE}
导出信息：
姓名：林黛玉
支付宝账户：13912345678
起始时间：[2024-01-01 00:00:00]    终止时间：[2024-12-31 23:59:59]
导出交易类型：[全部]
共4笔记录

特别提示：
1.本回单内容可表明支付宝受理了相应支付交易申请，不能作为买卖双方交易的凭据。

{LINE}
支付宝支付科技有限公司  电子客户回单
交易时间,交易分类,交易对方,对方账号,商品说明,收/支,金额,收/付款方式,交易状态,交易订单号,商家订单号,备注,
"""
ALIPAY = f"""{ALIPAY_HEAD}2024-12-01 12:00:00,转账红包,李雷,138****8000,转账,支出,20.00,余额,交易成功,20241201\t,\t,,
2024-12-02 12:00:00,转账红包,韩梅梅,13800138000,转账,收入,20.00,余额,交易成功,20241202\t,\t,,
2024-12-03 12:00:00,转账红包,韩梅梅,13800138000,转账,收入,5.00,余额,交易成功,20241203\t,\t,,
2024-12-04 12:00:00,转账红包,小王,wang@example.com,转账,收入,5.00,余额,交易成功,20241204\t,\t,,
2024-12-05 12:00:00,餐饮美食,"面馆, 老店",mia***@example.com,"面, 大碗",支出,15.00,花呗,交易成功,20241205\t,\t,,
2024-12-06 12:00:00,充值缴费,余额宝,/,收益,不计收支,0.10,余额宝,交易成功,20241206\t,\t,,
"""
ALIPAY_WEB = """支付宝交易记录明细查询
账号:[13912345678]
起始日期:[2020-01-01 00:00:00]    终止日期:[2020-12-31 00:00:00]
---------------------------------交易记录明细列表------------------------------------
交易号                  ,商家订单号               ,交易创建时间              ,付款时间                ,最近修改时间              ,交易来源地     ,类型              ,交易对方            ,商品名称                ,金额（元）   ,收/支     ,交易状态    ,服务费（元）   ,成功退款（元）  ,备注                  ,资金状态     ,
2020120122001 ,T200P1 ,2020-12-01 12:00:00 ,2020-12-01 12:00:00 ,2020-12-01 12:00:00 ,其他 ,即时到账交易 ,韩梅梅 ,转账 ,20.00 ,支出 ,交易成功 ,0.00 ,0.00 , ,已支出 ,
------------------------------------------------------------------------------------
共1笔记录
导出时间:[2021-01-01 00:00:00]    用户:林黛玉
"""  # noqa: E501
WECHAT = """\ufeff微信支付账单明细,,,,,,,,
微信昵称：[黛玉],,,,,,,,
起始时间：[2024-01-01 00:00:00] 终止时间：[2024-12-31 23:59:59],,,,,,,,
,,,,,,,,
----------------------微信支付账单明细列表--------------------,,,,,,,,
交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注
2024-12-01 12:00:00,转账,宝玉 🌸,"/",支出,¥20.00,零钱,对方已收钱,"100013800138000\t","1\t","/"
2024-12-02 12:00:00,微信红包,宝玉 🌸,"/",收入,¥5.00,/,已存入零钱,"100013900139000\t","1\t","/"
2024-12-03 12:00:00,商户消费,13800138000,"饭",支出,¥5.00,零钱,支付成功,"1\t","1\t","/"
"""
TAOBAO = """"订单编号","买家会员名","买家支付宝账号","总金额","收货人姓名","收货地址 ","联系电话 ","联系手机","宝贝标题"
"1234567890123","mei_2012","mei@example.com","20.00","韩梅梅","北京市","'","'13800138000","茶"
"1234567890124","lei***","138****8001","20.00","李*","上海市","null","'139****9000","茶"
"""
PAYPAL = """\ufeff"Date","Time","TimeZone","Name","Type","Status","Currency","Gross","Fee","Net","From Email Address","To Email Address"
"12/01/2024","12:00:00","PST","Mei Han","Mobile Payment","Completed","EUR","-20.00","0.00","-20.00","me@example.org","Mei@Example.com"
"12/02/2024","12:00:00","PST","Lei Li","Payment","Completed","EUR","1,005.00","0.00","5.00","lei@example.com","me@example.org"
"12/03/2024","12:00:00","PST","","General Withdrawal","Completed","EUR","-5.00","0.00","-5.00","me@example.org",""
"""  # noqa: E501
PAYPAL_DE = PAYPAL.replace("Gross", "Brutto").replace("From Email Address", "Absender E-Mail-Adresse").replace(
    "To Email Address", "Empfänger E-Mail-Adresse"
)  # fmt: skip


def read(text: str, encoding: str = "utf-8") -> ShopBook:
    book = read_shop_file(text.encode(encoding))
    assert isinstance(book, ShopBook), book
    return book


def people(book: Book) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return [(contact.name, contact.numbers, contact.emails) for contact in book.contacts]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_alipay_names_whom_somebody_paid(encoding: str, end: str) -> None:
    book = read(ALIPAY.replace("\n", end), encoding)
    assert people(book) == [("韩梅梅", ("+8613800138000",), ()), ("小王", (), ("wang@example.com",))]
    assert (book.service, book.format) == (Service.ALIPAY, BookFormat.SHOP)
    assert (book.cards, book.masked, book.without) == (5, 2, 3)
    assert [contact.line for contact in book.contacts] == [16, 18]


def test_the_owner_of_the_file_is_nobody_in_it() -> None:
    for text in (ALIPAY, ALIPAY_WEB):
        assert "+8613912345678" not in {number for contact in read(text).contacts for number in contact.numbers}
    assert all("me@example.org" not in contact.emails for contact in read(PAYPAL).contacts)


def test_alipays_older_files_have_names_only() -> None:
    book = read(ALIPAY_WEB, "gbk")
    assert (book.service, book.cards, book.contacts, book.masked) == (Service.ALIPAY, 1, (), 0)


def test_nicknames_of_wechat_find_nobody() -> None:
    book = read(WECHAT)
    assert (book.service, book.cards, book.contacts, book.masked) == (Service.WECHAT_PAY, 2, (), 0)


def test_taobao_names_buyers_and_those_who_get_the_goods() -> None:
    book = read(TAOBAO, "gbk")
    assert people(book) == [("mei_2012", (), ("mei@example.com",)), ("韩梅梅", ("+8613800138000",), ())]
    assert (book.service, book.cards, book.masked) == (Service.TAOBAO, 4, 2)


@pytest.mark.parametrize("text", [PAYPAL, PAYPAL_DE, PAYPAL.replace('","', '"\t"')])
def test_paypal_names_the_other_side_of_each_payment(text: str) -> None:
    book = read(text)
    assert people(book) == [("Mei Han", (), ("mei@example.com",)), ("Lei Li", (), ("lei@example.com",))]
    assert (book.service, book.cards, book.masked) == (Service.PAYPAL, 2, 0)


def test_one_account_under_two_names_is_one_person() -> None:
    book = read(ALIPAY.replace("李雷,138****8000", "梅梅,+86 138 0013 8000"))
    assert [numbers for _name, numbers, _emails in people(book)] == [("+8613800138000",), ()]
    assert book.cards == 4


@settings(deadline=None)
@given(
    st.integers(13000000000, 19999999999).map(str),
    st.sets(st.integers(0, 10), min_size=1, max_size=10),
    st.sampled_from("*＊•●×"),
)
def test_what_is_masked_is_never_guessed_at(number: str, hidden: set[int], mask: str) -> None:
    masked = "".join(mask if place in hidden else digit for place, digit in enumerate(number))
    book = read(f"{ALIPAY_HEAD}2024-12-01 12:00:00,转账红包,李雷,{masked},转账,支出,20.00,余额,交易成功,1\t,\t,,\n")
    assert (book.contacts, book.masked) == ((), 1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"BEGIN:VCARD\nVERSION:3.0\nFN:Lin\nTEL:13800138000\nEND:VCARD\n",
        "姓名,手机\n李雷,13800138000\n".encode(),
        b"Name,Given Name,Family Name,E-mail 1 - Value,Phone 1 - Value\nLin,,,lin@example.org,13800138000\n",
        b"PK\x03\x04" + bytes(1000),
        b"\xff\xd8\xff" + bytes(range(256)) * 20,
    ],
)
def test_other_files_are_for_the_other_reader(data: bytes) -> None:
    assert not is_shop_file(data)
    assert read_shop_file(data) is None


@settings(deadline=None)
@given(
    st.one_of(st.binary(max_size=300), st.text(max_size=100).map(lambda text: (ALIPAY_HEAD + text).encode("gb18030")))
)
def test_no_file_makes_the_reader_fail(data: bytes) -> None:
    assert isinstance(read_shop_file(data), ShopBook | None)


def test_what_is_too_large_or_too_much_is_told() -> None:
    data = ALIPAY.encode()
    assert read_shop_file(data, most_bytes=len(data) - 1) == Unreadable(NoBook.TOO_LARGE, len(data) - 1)
    assert read_shop_file(data, most_people=4) == Unreadable(NoBook.TOO_MANY, 4)
    assert read_shop_file(b"x" * 100, most_bytes=50) is None, "that is for the other reader to say"


def test_a_year_of_payments_is_read_quickly() -> None:
    row = "2024-12-01 12:00:00,转账红包,朋友{0},1380013{0:04},转账,支出,20.00,余额,交易成功,1\t,\t,,\n"
    book = read(ALIPAY_HEAD + "".join(row.format(number % 5000) for number in range(50_000)), "gb18030")
    assert len(book.contacts) == book.cards == 5000


def test_what_is_said_where_such_files_are_not_read_is_said_in_chinese_too() -> None:
    catalogues = Catalogues(Path(laiwang_bridge.__file__).parent / "locale")
    assert catalogues[Language.ZH].text(NOT_READ_HERE) != catalogues[Language.EN].text(NOT_READ_HERE)

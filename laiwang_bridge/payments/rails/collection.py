"""Collection codes of Alipay and WeChat: what somebody shows to be paid. They carry no amount, and none can be added.

People hand in the picture of their code, from which the link is read (`payments.rails.pictures`), or the link.
"""

from __future__ import annotations

import re

from appservice.language import Message, _
from laiwang_bridge.payments.rails import Details, Fact, Mistake, Offer, PayRequest, QrCode
from laiwang_bridge.payments.rails.amounts import written
from laiwang_bridge.payments.rails.texts import one_line

_ALIPAY = re.compile(r"https://qr\.alipay\.com/[A-Za-z0-9]{5,80}", re.IGNORECASE)
_WECHAT = re.compile(r"wxp://[A-Za-z0-9_=-]{5,200}")
_TYPE_IT = _("Type the amount yourself: a collection code cannot carry one.")


class AlipayCodeRail:
    name = "alipay"
    title = _("Alipay (personal code)")
    currencies = frozenset(("CNY",))
    example = "https://qr.alipay.com/fkx0123456789"

    def check(self, details: str) -> Details | Mistake:
        link = one_line(details).partition("?")[0]
        if not _ALIPAY.fullmatch(link):
            return Mistake(
                _("Send me a picture of your Alipay collection code, or its link (https://qr.alipay.com/…).")
            )
        return Details(link, link)

    def offer(self, request: PayRequest) -> Offer | Mistake:
        return _code(request, _("Scan the code with Alipay."), uri=request.details)


class WeChatCodeRail:
    name = "wechat"
    title = _("WeChat (personal code)")
    currencies = frozenset(("CNY",))
    example = "wxp://f2f0abcdef0123456789"

    def check(self, details: str) -> Details | Mistake:
        link = one_line(details)
        if not _WECHAT.fullmatch(link):
            return Mistake(_("Send me a picture of your WeChat collection code, or its link (wxp://…)."))
        return Details(link, link)

    def offer(self, request: PayRequest) -> Offer | Mistake:
        return _code(request, _("Scan the code with WeChat; a link to it opens nothing."))


def _code(request: PayRequest, scan: Message, *, uri: str | None = None) -> Offer:
    money = request.money
    amount = f"{written(money.minor, money.currency.exponent)} {money.currency.code}"
    return Offer((Fact(_("Amount"), amount),), uri=uri, qr=QrCode(request.details, boost=True), notes=(scan, _TYPE_IT))

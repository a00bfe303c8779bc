"""What a room has chosen about its bills, and how much each of its people usually bears."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Annotated

from appservice.bots import Argument, ArgumentError, Context, Router, UserError
from appservice.bots.line import fold
from appservice.content import Rich, bullets, code, paragraphs
from appservice.language import Language, Message, _
from laiwang_bridge.payments import ledger_store
from laiwang_bridge.payments.cards import Cards
from laiwang_bridge.payments.ledger_store import Account, Confirmation, LedgerId, LedgerSettings, WhoAdds, WhoChanges
from laiwang_bridge.payments.money import UnknownCurrency, currency
from laiwang_bridge.payments.rights import Rights
from laiwang_bridge.payments.till import Till, Whom, read_who, show_who
from laiwang_bridge.payments.understanding import Understanding
from laiwang_bridge.payments.wording import Who

_MOST_WEIGHT = 20


def _read_weight(text: str) -> Fraction:
    """1/2, 0.5, 2, 半."""
    folded = fold(text).strip().removeprefix("x")
    try:
        weight = Fraction("1/2" if folded in ("half", "半", "一半") else folded)
    except (ValueError, ZeroDivisionError):
        raise ArgumentError(_("“{word}” is no number of parts, such as 1/2 or 2."), word=text[:30]) from None
    if not 0 <= weight <= _MOST_WEIGHT or weight.denominator > 100:
        raise ArgumentError(_("Somebody bears from 0 to {most} parts."), most=_MOST_WEIGHT)
    return weight


What = Annotated[str, Argument(_("which setting"), example="currency")]
Value = Annotated[str, Argument(_("what it is to be"), rest=True, example="CNY")]
Weight = Annotated[Fraction, Argument(_("how many parts"), parse=_read_weight, example="1/2")]
OtherWhom = Annotated[Who, Argument(_("with whom"), parse=read_who, show=show_who, example="@bo:example.org")]


@dataclass(frozen=True, slots=True)
class _Setting:
    """One thing that a room can choose: its names, what it is, and how a value is read. `choices` are its words."""

    names: tuple[str, ...]
    label: Message
    choices: tuple[tuple[str, ...], ...]
    change: Callable[[LedgerSettings, str], LedgerSettings]
    show: Callable[[LedgerSettings], str]


_MEMBERS, _HOSTS, _AUTHOR = ("members", "成员", "所有人"), ("hosts", "管理员"), ("author", "本人")
_ONE, _TWO, _ON, _OFF = ("one", "单方"), ("two", "双方"), ("on", "开"), ("off", "关")
_SETTINGS = (
    _Setting(
        ("add", "记账"), _("who may add bills"), (_MEMBERS, _HOSTS),
        lambda old, word: replace(old, who_may_add=WhoAdds(word)), lambda now: now.who_may_add.value,
    ),
    _Setting(
        ("change", "修改"), _("who may change a bill, beside hosts"), (_AUTHOR, _MEMBERS, _HOSTS),
        lambda old, word: replace(old, who_may_change=WhoChanges(word)), lambda now: now.who_may_change.value,
    ),
    _Setting(
        ("confirm", "确认"), _("who says that a payment has come: one side is enough, or two"), (_ONE, _TWO),
        lambda old, word: replace(old, confirmation=Confirmation(word)), lambda now: now.confirmation.value,
    ),
    _Setting(
        ("remind", "提醒"), _("whether I remind of open shares"), (_ON, _OFF),
        lambda old, word: replace(old, remind=word == "on"), lambda now: "on" if now.remind else "off",
    ),
)  # fmt: skip
_CURRENCY, _ASK = ("currency", "货币", "币种"), ("ask", "大额")


class SettingsBot:
    def __init__(self, router: Router, till: Till, understanding: Understanding, rights: Rights, cards: Cards) -> None:
        self._till = till
        self._understanding = understanding
        self._rights = rights
        self._cards = cards
        group = _("Shared bills")
        router.command("settings", "设置", help=_("What this room has chosen for its bills"), group=group)(
            self.settings
        )
        router.command("weight", "份额", help=_("How much somebody usually bears"), group=group)(self.weight)
        router.command("together", "一家", help=_("Have two people settle as one"), group=group)(self.together)
        router.command("apart", "分家", help=_("Have somebody settle alone again"), group=group)(self.apart)

    def settings(self, context: Context, what: What = "", value: Value = "") -> None:
        ledger = self._till.open_ledger(context)
        if not what:
            self._show(context, ledger)
            return
        self._rights.must_set(context)
        old = ledger_store.settings(context.connection, ledger)
        name = fold(what)
        if name in _CURRENCY:
            new = replace(old, currency=_currency(value), ask_from=None)
        elif name in _ASK:
            amount = self._till.amount(context, value, old.currency)
            if amount is None or amount.currency.code != old.currency:
                raise UserError(_("From which amount on?"), try_instead=context.line(self.settings, what, "500"))
            new = replace(old, ask_from=amount.minor)
        else:
            new = self._chosen(context, old, name, what, value)
        ledger_store.change_settings(context.connection, ledger, new)
        self._show(context, ledger)

    def weight(self, context: Context, whom: Whom, parts: Weight) -> None:
        ledger = self._till.open_ledger(context)
        account = self._mine_or_any(context, ledger, whom)
        ledger_store.change_account(context.connection, account.id, weight=parts, settles_with=account.settles_with)
        who = self._cards.faces(context.connection, ledger)[account.id].rich
        context.reply(_("{who} bears {parts} parts of what is shared from now on."), who=who, parts=str(parts))

    def together(self, context: Context, whom: Whom, other: OtherWhom) -> None:
        ledger = self._till.open_ledger(context)
        one = self._mine_or_any(context, ledger, other)
        head = self._account(context, ledger, whom)
        if one.id == head.id:
            raise UserError(_("That is the same person."))
        head_id = head.settles_with or head.id
        ledger_store.change_account(context.connection, one.id, weight=one.weight, settles_with=head_id)
        faces = self._cards.faces(context.connection, ledger)
        context.reply(
            _("{one} and {other} settle as one from now on: {other} pays and is paid for both."),
            one=faces[one.id].rich, other=faces[head_id].rich,
        )  # fmt: skip

    def apart(self, context: Context, whom: Whom) -> None:
        ledger = self._till.open_ledger(context)
        one = self._mine_or_any(context, ledger, whom)
        ledger_store.change_account(context.connection, one.id, weight=one.weight, settles_with=None)
        who = self._cards.faces(context.connection, ledger)[one.id].rich
        context.reply(_("{who} settles alone."), who=who)

    def _mine_or_any(self, context: Context, ledger: LedgerId, whom: Whom) -> Account:
        """Somebody's account: one's own, a guest's, or for hosts anybody's. Raises `UserError`."""
        account = self._account(context, ledger, whom)
        is_me = account.name == context.sender
        if not is_me and account.kind is not ledger_store.AccountKind.GUEST:
            self._rights.must_set(context)
        return account

    def _account(self, context: Context, ledger: LedgerId, whom: Whom) -> Account:
        id = self._till.account(context, ledger, whom)
        return ledger_store.accounts(context.connection, ledger)[id]

    def _chosen(self, context: Context, old: LedgerSettings, name: str, what: str, value: str) -> LedgerSettings:
        setting = next((one for one in _SETTINGS if name in one.names), None)
        if setting is None:
            names = [
                _in_language(one, context.language) for one in (_CURRENCY, _ASK, *(one.names for one in _SETTINGS))
            ]
            raise UserError(_("There is no setting “{what}”. There are: {names}."), what=what, names=names)
        wanted = fold(value).strip()
        for words in setting.choices:
            if wanted in words:
                return setting.change(old, words[0])
        raise UserError(
            _("“{what}” can be: {choices}."),
            what=what,
            choices=[_in_language(words, context.language) for words in setting.choices],
            try_instead=context.line(self.settings, what, setting.choices[0][0]),
        )

    def _show(self, context: Context, ledger: LedgerId) -> None:
        now = ledger_store.settings(context.connection, ledger)
        unit = currency(now.currency)
        limit = self._understanding.limit(context.connection, ledger, unit)
        rows: list[Rich] = [
            self._row(context, _CURRENCY, _("what is meant where no currency is said"), now.currency),
            self._row(context, _ASK, _("from which amount on I ask first"), limit.text(context.language.value)),
            *(self._row(context, one.names, one.label, _shown(one, now, context.language)) for one in _SETTINGS),
        ]
        example = context.line(self.settings, _in_language(_CURRENCY, context.language), "CNY")
        change = context.say(_("Change one with {line}, as a host."), line=code(example))
        context.reply(paragraphs(context.say(_("**Bills of this room**")), bullets(rows), change))

    def _row(self, context: Context, names: tuple[str, ...], label: Message, value: str) -> Rich:
        name = code(_in_language(names, context.language))
        return context.say(_("{name}: **{value}** ({label})"), name=name, value=value, label=label)


def _shown(setting: _Setting, now: LedgerSettings, language: Language) -> str:
    """What a room has chosen, in a word that may be typed."""
    value = setting.show(now)
    return next(_in_language(words, language) for words in setting.choices if value in words)


def _in_language(words: tuple[str, ...], language: Language) -> str:
    return words[1] if language is Language.ZH else words[0]


def _currency(value: str) -> str:
    try:
        return currency(fold(value).strip()).code
    except UnknownCurrency:
        raise UserError(_("“{value}” is no currency. Write its code, such as EUR or CNY."), value=value) from None

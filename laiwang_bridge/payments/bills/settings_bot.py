"""What a room has chosen about its bills, and how much each of its people usually bears."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Annotated

from mautrix.types import UserID

from appservice.bots import Argument, ArgumentError, Context, Router, UserError, button
from appservice.bots.line import fold
from appservice.content import Rich, bullets, code, paragraphs, pill
from appservice.effects import EffectKey
from appservice.language import Language, Message, _
from appservice.unit import Unit
from laiwang_bridge.payments.bills import bill_store, question_store
from laiwang_bridge.payments.bills.cards import Cards
from laiwang_bridge.payments.bills.entering import Entering
from laiwang_bridge.payments.bills.question_store import Asked, Reading
from laiwang_bridge.payments.bills.rights import Rights
from laiwang_bridge.payments.bills.understanding import Understanding
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_settings import Confirmation, LedgerSettings, WhoAdds, WhoChanges
from laiwang_bridge.payments.ledger.ledger_store import Account, AccountKind, LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.lines.wording import Who
from laiwang_bridge.payments.money.currencies import named
from laiwang_bridge.payments.money.money import currency
from laiwang_bridge.payments.paying import standing
from laiwang_bridge.payments.paying.back_off import DAYS
from laiwang_bridge.payments.till import Till, Whom, read_who, show_who

_MOST_WEIGHT = 20
_TOGETHER = "together"


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


What = Annotated[str, Argument(_("which setting"), example="currency", chinese="货币")]
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
_NUMBERS = (("ask", "询问"), ("1.234,50", "1.234,50", "1.234", ","), ("1,234.50", "1,234.50", "1,234", "."))
_MARKS = {"ask": None, "1.234,50": ",", "1,234.50": "."}
"""How numbers are written, and the sign before the decimals."""
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
        ("convert", "换算"), _("whether bills in other currencies are converted into that of the room"), (_ON, _OFF),
        lambda old, word: replace(old, convert=word == "on"), lambda now: "on" if now.convert else "off",
    ),
    _Setting(
        ("numbers", "数字"), _("how 1.234 is read, or whether I ask"), _NUMBERS,
        lambda old, word: replace(old, decimal_mark=_MARKS[word]),
        lambda now: next(word for word, mark in _MARKS.items() if mark == now.decimal_mark),
    ),
)  # fmt: skip
_CURRENCY, _ASK, _REMIND = ("currency", "货币", "币种"), ("ask", "大额"), ("reminders", "提醒", "remind")
_DAYS = re.compile(r"[0-9]+")
_DAYS_ALONE = re.compile(r"[1-9][0-9]*(?:[\s,，、;/和及]+[1-9][0-9]*)*\s*(?:days?|天)?")
_MOST_DAYS, _LATEST_DAY = 10, 365


class SettingsBot:
    def __init__(
        self,
        router: Router,
        till: Till,
        understanding: Understanding,
        rights: Rights,
        cards: Cards,
        entering: Entering,
    ) -> None:
        self._till = till
        self._understanding = understanding
        self._rights = rights
        self._cards = cards
        self._entering = entering
        self.reminds: list[Callable[[Unit, LedgerId], None]] = []
        entering.answers[_TOGETHER] = self._agreed
        group = _("Shared bills")
        router.command("settings", "设置", "set", help=_("What this room has chosen for its bills"), group=group)(
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
            amount = self._till.amount(
                context, value, old.currency, lambda said: context.line(self.settings, what, said)
            )
            if amount is None or amount.currency.code != old.currency:
                raise UserError(_("From which amount on?"), try_instead=context.line(self.settings, what, "500"))
            new = replace(old, ask_from=amount.minor)
        elif name in _REMIND:
            new = self._reminding(context, old, what, value)
        else:
            new = self._chosen(context, old, name, what, value)
        ledger_store.change_settings(context.connection, ledger, new)
        if (new.remind, new.remind_days) != (old.remind, old.remind_days):
            for listener in self.reminds:
                listener(context.unit, ledger)
        self._show(context, ledger)

    def _reminding(self, context: Context, old: LedgerSettings, what: str, value: str) -> LedgerSettings:
        """`on` is what the admin has chosen, or what is usual where he wants none."""
        wanted = fold(value).strip()
        if wanted in _OFF:
            return replace(old, remind=False)
        if wanted in _ON:
            return replace(old, remind=True, remind_days=None if self._till.around.reminder_days else DAYS)
        days = sorted({int(one) for one in _DAYS.findall(wanted)})
        is_clear = _DAYS_ALONE.fullmatch(wanted) is not None
        if not is_clear or not days or len(days) > _MOST_DAYS or days[-1] > _LATEST_DAY:
            usual = " ".join(map(str, self._till.around.reminder_days or DAYS))
            raise UserError(
                _("After how many days? Write up to {most} numbers from 1 to {latest}, or `on`, or `off`:"),
                most=_MOST_DAYS, latest=_LATEST_DAY, try_instead=context.line(self.settings, what, usual),
            )  # fmt: skip
        return replace(old, remind=True, remind_days=tuple(days))

    def _days(self, context: Context, now: LedgerSettings) -> str:
        """When a room reminds, as it may be typed."""
        days = self._till.around.reminder_days if now.remind_days is None else now.remind_days
        return " ".join(map(str, days)) if now.remind and days else _in_language(_OFF, context.language)

    def weight(self, context: Context, whom: Whom, parts: Weight) -> None:
        ledger = self._till.open_ledger(context)
        account = self._account(context, ledger, whom)
        if parts < 1 or account.name != context.sender:
            self._must_be_guest(context, account)
        ledger_store.change_account(context.connection, account.id, weight=parts, settles_with=account.settles_with)
        who = self._cards.faces(context.connection, ledger)[account.id].rich
        context.reply(_("{who} bears {parts} parts of what is shared from now on."), who=who, parts=str(parts))

    def together(self, context: Context, whom: Whom, other: OtherWhom) -> None:
        ledger = self._till.open_ledger(context)
        one, head = self._account(context, ledger, whom), self._account(context, ledger, other)
        if one.id == head.id:
            raise UserError(_("That is the same person."))
        if self._rights.is_host(context):
            self._join(context, ledger, one.id, head.id)
            return
        asked = [
            account for account in (one, head) if account.kind is AccountKind.USER and account.name != context.sender
        ]
        if len(asked) == 2 or head.kind is not AccountKind.USER:
            raise UserError(_("Only hosts of this room change that."))
        if asked:
            self._ask(context, ledger, UserID(asked[0].name), one.id, head.id)
        else:
            self._join(context, ledger, one.id, head.id)

    def _ask(self, context: Context, ledger: LedgerId, asked: UserID, one: AccountId, head: AccountId) -> None:
        """Nobody pays, or is paid, for another without both of them saying so."""
        faces = self._cards.faces(context.connection, ledger)
        reading = Reading(f"{one} {head}", "", is_sure=True)
        number = question_store.ask(
            context.connection, context.room, asked, context.event.event_id, [reading], context.now, aspect=_TOGETHER
        )
        yes = button("✅", _("Yes"), self._entering.choose, number, 1).only_for(asked)
        no = button("❌", _("No"), self._entering.dismiss, number).only_for(asked)
        key = context.reply(
            _("{asked}: shall {one} and {other} settle as one? Then {other} pays and is paid for both."),
            one=faces[one].rich, other=faces[head].rich, asked=pill(asked), mentions=[asked], buttons=[yes, no],
        )  # fmt: skip
        question_store.note_question_card(context.connection, number, key)

    def _agreed(self, context: Context, asked: Asked) -> None:
        one, head = (AccountId(int(word)) for word in asked.readings[0].line.split())
        self._join(context, self._till.ledger(context), one, head, asked.card)

    def _join(
        self, context: Context, ledger: LedgerId, one: AccountId, head: AccountId, question: EffectKey | None = None
    ) -> None:
        known = ledger_store.accounts(context.connection, ledger)
        head = known[head].head
        self._regroup(context, known[one], head)
        faces = self._cards.faces(context.connection, ledger)
        said = _("{one} and {other} settle as one from now on: {other} pays and is paid for both.")
        if question is None:
            context.reply(said, one=faces[one].rich, other=faces[head].rich)
        else:
            context.edit(question, said, one=faces[one].rich, other=faces[head].rich)

    def apart(self, context: Context, whom: Whom) -> None:
        ledger = self._till.open_ledger(context)
        one = self._account(context, ledger, whom)
        if one.name != context.sender:
            self._must_be_guest(context, one)
        self._regroup(context, one, None)
        who = self._cards.faces(context.connection, ledger)[one.id].rich
        context.reply(_("{who} settles alone."), who=who)

    def _regroup(self, context: Context, one: Account, head: AccountId | None) -> None:
        """Have an account settle with another one, or alone, and show it on the bills for which that matters."""
        connection = context.connection
        his = [
            bill for bill in bill_store.of_account(connection, LedgerId(one.ledger), one.id)
            if not bill.is_void and not bill.is_imported
        ]  # fmt: skip
        before = {bill.id: standing.of(connection, bill) for bill in his}
        ledger_store.change_account(connection, one.id, weight=one.weight, settles_with=head)
        other = [bill.id for bill in his if standing.of(connection, bill) != before[bill.id]]
        self._cards.regrouped(context.unit, his, other)

    def _must_be_guest(self, context: Context, account: Account) -> None:
        """Raises `UserError` for members, unless a host says it."""
        if account.kind is not AccountKind.GUEST:
            self._rights.must_set(context)

    def _account(self, context: Context, ledger: LedgerId, whom: Whom) -> Account:
        id = self._till.account(context, ledger, whom)
        return ledger_store.accounts(context.connection, ledger)[id]

    def _chosen(self, context: Context, old: LedgerSettings, name: str, what: str, value: str) -> LedgerSettings:
        setting = next((one for one in _SETTINGS if name in one.names), None)
        if setting is None:
            names = [
                _in_language(one, context.language)
                for one in (_CURRENCY, _ASK, _REMIND, *(one.names for one in _SETTINGS))
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
        limit = self._understanding.limit(now, unit)
        rows: list[Rich] = [
            self._row(context, _CURRENCY, _("what is meant where no currency is said"), now.currency),
            self._row(context, _ASK, _("from which amount on I ask first"), limit.text(context.language.value)),
            self._row(
                context, _REMIND, _("after how many days I remind of open shares, or off"), self._days(context, now)
            ),
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
    meant = named(fold(value))
    if meant is None:
        raise UserError(_("“{value}” is no currency. Write its code, such as EUR or CNY."), value=value)
    return meant.code

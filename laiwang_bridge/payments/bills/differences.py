"""What is different between two versions of a bill, in sentences: for whoever was there, and for the history."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from appservice.content import Rich
from appservice.language import Catalogue, Message, _
from laiwang_bridge.payments.bills.card_text import Face
from laiwang_bridge.payments.bills.versions import Change, Content, Version
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.money.money import Money

Faces = Mapping[AccountId, Face]
Shown = str | datetime.date | list[Rich]


def differences(old: Content, new: Content, faces: Faces, catalogue: Catalogue) -> list[Rich]:
    """Each difference as old → new; empty where there is none."""
    found: list[Rich] = []
    language = catalogue.language.value

    def note(message: Message, was: Shown, now: Shown) -> None:
        if was != now:
            found.append(catalogue.say(message, was=was or "–", now=now or "–"))

    note(_("total {was} → {now}"), old.total.text(language), new.total.text(language))
    note(_("title {was} → {now}"), old.title, new.title)
    if _payers(old) != _payers(new):
        note(_("paid by {was} → {now}"), _paid(old, faces, language), _paid(new, faces, language))
    if old.shares != new.shares and _changed(old, new):
        one, other = _only(old.shares, new.shares), _only(new.shares, old.shares)
        note(_("shares {was} → {now}"), _amounts(one, old, faces, language), _amounts(other, new, faces, language))
    note(_("date {was} → {now}"), old.date, new.date)
    note(_("category {was} → {now}"), old.category or "", new.category or "")
    return found


def line_of(version: Version, before: Version | None, faces: Faces, catalogue: Catalogue) -> Rich:
    """One version of a bill in its history."""
    content = version.content
    if version.change is Change.ADDED or before is None:
        total = content.total.text(catalogue.language.value)
        return catalogue.say(_("added: {total}"), total=total)
    if version.change is Change.VOIDED:
        return catalogue.say(_("made void"))
    if version.change is Change.RESTORED:
        return catalogue.say(_("brought back"))
    changes = differences(before.content, content, faces, catalogue)
    return catalogue.say(_("{changes}"), changes=changes) if changes else catalogue.say(_("changed"))


def _changed(old: Content, new: Content) -> bool:
    """Whether the shares say anything that the new total does not: who, and how."""
    return set(old.shares) != set(new.shares) or old.split != new.split


def _payers(content: Content) -> Mapping[AccountId, int | None]:
    """Who has paid how much; one alone has paid all of it."""
    paid = {account: minor for account, minor in content.paid.items() if minor}
    return dict.fromkeys(paid) if len(paid) == 1 else paid


def _paid(content: Content, faces: Faces, language: str) -> list[Rich]:
    payers = _payers(content)
    if len(payers) == 1:
        return [faces[account].rich for account in payers]
    return _amounts(content.paid, content, faces, language)


def _only(one: Mapping[AccountId, int], other: Mapping[AccountId, int]) -> dict[AccountId, int]:
    return {account: minor for account, minor in one.items() if other.get(account) != minor}


def _amounts(amounts: Mapping[AccountId, int], content: Content, faces: Faces, language: str) -> list[Rich]:
    return [
        faces[account].rich + f" {Money(minor, content.total.currency).text(language)}"
        for account, minor in amounts.items()
        if minor
    ]

"""How a red packet reads: its card while it is open and when it is over, and what `check` says about its draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from mautrix.types import UserID

from appservice.bots import Voice
from appservice.content import Rich, Words, code, lines, paragraphs, words
from appservice.language import N_, Message, _
from laiwang_bridge.payments.money.money import Money, currency
from laiwang_bridge.payments.packets import drawing
from laiwang_bridge.payments.packets.rules import Kind, State, luckiest
from laiwang_bridge.payments.packets.store import POINTS, Packet, Part

MOST_SHOWN = 60
"""So many parts are listed on a card; all of them are in what `check` says."""

_AGREES = N_("✅ One part was taken, as the draw gives it.", "✅ {count} parts were taken, as the draw gives them.")
_DIFFERS = N_("❌ One part was taken, but not as drawn.", "❌ {count} parts were taken, but not as drawn.")
MOST_NAMED = 5
"""So many who came too late are named in one sentence."""

_HEADS: Mapping[Kind, Message] = {
    Kind.LUCKY: N_(
        "{amount} from {sender} in {count} part, by luck", "{amount} from {sender} in {count} parts, by luck"
    ),
    Kind.FIXED: N_("{amount} from {sender}, in {count} part", "{amount} from {sender}, in {count} parts, all the same"),
}
_MINUTE, _HOUR = 60_000, 3_600_000


def amount(voice: Voice, unit: str, minor: int) -> Rich:
    """An amount in a currency, or in points."""
    if unit == POINTS:
        return voice.say(N_("{count} point", "{count} points"), count=minor)
    return words(Money(minor, currency(unit)).text(voice.language))


def card(
    voice: Voice,
    one: Packet,
    parts: Sequence[Part],
    names: Mapping[UserID, str],
    guests: Sequence[UserID] = (),
    check: str = "",
) -> Rich:
    """The card as it stands now. `check` is how to ask for the draw to be worked out again, once the packet is over."""
    sender = _name(voice, one.user, names)
    head = voice.say(_HEADS[one.kind], amount=amount(voice, one.currency, one.total), sender=sender, count=one.parts)
    meant = (
        voice.say(_("Only for {people}."), people=[_name(voice, guest, names) for guest in guests]) if guests else ""
    )
    return paragraphs(
        lines(voice.say(_("🧧 **{title}**"), title=one.title), head, meant),
        lines(_standing(voice, one, sender), _nature(voice, one, sender)),
        taken(voice, one, parts[:MOST_SHOWN], names, len(parts)),
        _draw(voice, one, check),
    )


def taken(voice: Voice, one: Packet, parts: Sequence[Part], names: Mapping[UserID, str], count: int) -> Rich | str:
    """Who took how much, in the order in which it was taken; the luckiest one is named once it is over."""
    if not parts:
        return ""
    best = luckiest([part.amount for part in parts]) if one.kind is Kind.LUCKY and one.state is not State.OPEN else None
    rows: list[Words] = []
    for place, part in enumerate(parts):
        message = _("👑 {name}: {amount}, best luck") if place == best else _("🧧 {name}: {amount}")
        shown = amount(voice, one.currency, part.amount)
        rows.append(voice.say(message, name=_name(voice, part.user, names), amount=shown))
    if count > len(parts):
        rows.append(voice.say(N_("and {count} more", "and {count} more"), count=count - len(parts)))
    return lines(*rows)


def proof(voice: Voice, one: Packet, parts: Sequence[Part]) -> Rich:
    """The draw worked out again from the seed, beside what people got."""
    amounts = [part.amount for part in parts]
    if one.kind is Kind.FIXED:
        expected = drawing.equal_parts(one.total, one.parts)
    else:
        expected = drawing.lucky_parts(bytes.fromhex(one.seed), one.total, one.parts)
    agrees = voice.say(_AGREES if amounts == list(expected[: len(amounts)]) else _DIFFERS, count=len(amounts))
    row = " ".join(str(each) for each in expected)
    if one.kind is Kind.FIXED:
        return paragraphs(agrees, voice.say(_("In minor units: {row}"), row=code(row)))
    typed = f"python3 packet.py {one.seed} {one.total} {one.parts}"
    return paragraphs(
        agrees,
        voice.say(_("The seed {seed} has the SHA-256 {sum}, which the card showed from the beginning."),
                  seed=code(one.seed), sum=code(drawing.commitment(bytes.fromhex(one.seed)))),
        voice.say(_("All its parts in minor units: {row}"), row=code(row)),
        voice.say(_("To work it out yourself, with the few lines of the documentation: {typed}"), typed=code(typed)),
    )  # fmt: skip


def too_late(voice: Voice, one: Packet, names: Sequence[str], count: int) -> Rich:
    """One sentence for all who came too late, so many, of whom some are named."""
    named, others = list(names), count - len(names)
    if others > 0:
        named.append(voice.catalogue.text(N_("{count} other", "{count} others"), count=others))
    reasons = {
        State.EMPTY: _("Too late for “{title}”, {people}: all parts are taken."),
        State.WITHDRAWN: _("Too late for “{title}”, {people}: it was taken back."),
    }
    late_for_time = _("Too late for “{title}”, {people}: its 24 hours are over.")
    return voice.say(reasons.get(one.state, late_for_time), title=one.title, people=named)


def _standing(voice: Voice, one: Packet, sender: Words) -> Rich:
    match one.state:
        case State.OPEN:
            left = amount(voice, one.currency, one.left)
            return voice.say(
                _("{taken} of {parts} taken, {left} still in it. Whatever is left after 24 hours goes back."),
                taken=one.taken, parts=one.parts, left=left,
            )  # fmt: skip
        case State.EMPTY:
            took = timedelta(milliseconds=_round((one.ended_at or one.made_at) - one.made_at))
            return voice.say(
                N_("Taken after {time}.", "All {count} parts taken in {time}."), count=one.parts, time=took
            )
        case State.EXPIRED:
            back = amount(voice, one.currency, one.returned)
            return voice.say(
                _("It is over: {taken} of {parts} taken, {back} went back to {sender}."),
                taken=one.taken, parts=one.parts, back=back, sender=sender,
            )  # fmt: skip
        case State.WITHDRAWN:
            return voice.say(_("{sender} has taken it back."), sender=sender)


def _nature(voice: Voice, one: Packet, sender: Words) -> Rich | str:
    """What it is that one takes: nobody's money goes through our hands."""
    if one.state is State.WITHDRAWN:
        return ""
    if one.currency == POINTS:
        return voice.say(_("Points of this room, and no money."))
    return voice.say(_("What you take, {sender} owes you in the books of this room; no money moves."), sender=sender)


def _draw(voice: Voice, one: Packet, check: str) -> Rich | str:
    if one.kind is Kind.FIXED:
        return ""
    sealed = code(drawing.commitment(bytes.fromhex(one.seed)))
    if one.state is State.OPEN:
        return voice.say(_("What is in each part is settled already, by a seed with the SHA-256 {sum}."), sum=sealed)
    if not one.taken:
        return ""
    return voice.say(
        _("The seed was {seed}, with the SHA-256 {sum}. To have the draw worked out again: {check}"),
        seed=code(one.seed), sum=sealed, check=code(check),
    )  # fmt: skip


def _name(voice: Voice, user: UserID | None, names: Mapping[UserID, str]) -> Words:
    return names.get(user, user) if user is not None else voice.say(_("somebody"))


def _round(milliseconds: int) -> int:
    """So that it can be said in one unit; at least a second."""
    if milliseconds >= 2 * _HOUR:
        return round(milliseconds / _HOUR) * _HOUR
    if milliseconds >= 2 * _MINUTE:
        return round(milliseconds / _MINUTE) * _MINUTE
    return max(round(milliseconds / 1000), 1) * 1000

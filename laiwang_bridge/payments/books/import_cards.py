"""What is said about a file before anything of it is taken in: what is in it, who is who, and what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from appservice.bots import Voice
from appservice.content import Rich, bullets, code, lines, paragraphs
from appservice.language import N_, _
from laiwang_bridge.payments.books.book import BILL, Books, balances
from laiwang_bridge.payments.books.importing.found import BadLine, Difference, Found
from laiwang_bridge.payments.money.money import Money, currency
from laiwang_bridge.people.readable import readable

Line = Callable[..., str]

_LONGEST_NAME = 60
MOST_LINES = 15
"""Of people, of bad lines and of differences that are listed."""


def preview(voice: Voice, found: Found, who: Mapping[int, str], known: int, *, skips_bad: bool, line: Line) -> Rich:
    """`who` says what each account is taken for, `known` how many entries are there already; `line` gives the command
    with these words."""
    return paragraphs(
        lines(_heading(voice, found), *_remarks(voice, found, known)),
        lines(voice.say(_("Who is who:")), _people(voice, found.books, who)),
        _bad(voice, found.bad, skips_bad=skips_bad, line=line),
        _differences(voice, found.differences),
        _what_now(voice, found, skips_bad=skips_bad, line=line),
    )


def _heading(voice: Voice, found: Found) -> Rich:
    entries = found.books.entries
    codes = list(dict.fromkeys(one.currency for entry in entries for one in entry.postings))
    counted = voice.say(
        N_("**{source}**: one bill or payment", "**{source}**: {count} bills and payments"),
        source=found.source.called,
        count=len(entries),
    )
    if not entries:
        return counted + "."
    dates = [entry.date for entry in entries]
    return voice.say(
        _("{counted}, {first} to {last}, in {currencies}."),
        counted=counted,
        first=min(dates).isoformat(),
        last=max(dates).isoformat(),
        currencies=", ".join(codes),
    )


def _remarks(voice: Voice, found: Found, known: int) -> list[Rich]:
    said = []
    if known:
        said.append(
            voice.say(
                N_(
                    "One of them is here already and does not come again.",
                    "{count} of them are here already and do not come again.",
                ),
                count=known,
            )
        )
    if found.left_out:
        said.append(
            voice.say(
                N_(
                    "One line was left out: it is deleted there, or moves nothing.",
                    "{count} lines were left out: they are deleted there, or move nothing.",
                ),
                count=found.left_out,
            )
        )
    if found.rounded:
        said.append(
            voice.say(
                N_(
                    "One amount had more decimals than its currency and was rounded.",
                    "{count} amounts had more decimals than their currency and were rounded.",
                ),
                count=found.rounded,
            )
        )
    several = sum(not entry.paid for entry in found.books.entries if entry.kind == BILL)
    if several and found.source.has_nets:
        said.append(
            voice.say(
                N_(
                    "One bill was paid by several people: its balances are exact, but its file does not "
                    "say who paid how much.",
                    "{count} bills were paid by several people: their balances are exact, but the file "
                    "does not say who paid how much.",
                ),
                count=several,
            )
        )
    return said


def _people(voice: Voice, books: Books, who: Mapping[int, str]) -> Rich:
    sums = balances(books.entries)
    shown = []
    for account in books.accounts[:MOST_LINES]:
        amounts = [
            Money(minor, currency(code)).text(voice.language.value)
            for (number, code), minor in sums.items()
            if number == account.number and minor
        ]
        has = f" ({', '.join(amounts)})" if amounts else ""
        taken_for = who[account.number]
        is_guest = taken_for.startswith("+")
        said = _("{number}. {name}{has} → a guest, {who}") if is_guest else _("{number}. {name}{has} → {who}")
        shown.append(
            voice.say(said, number=account.number, name=readable(account.name)[:_LONGEST_NAME], has=has, who=taken_for)
        )
    left = len(books.accounts) - len(shown)
    if left > 0:
        shown.append(voice.say(N_("and one more", "and {count} more"), count=left))
    return lines(*shown)


def _bad(voice: Voice, bad: Sequence[BadLine], *, skips_bad: bool, line: Line) -> Rich:
    if not bad:
        return Rich("", "")
    listed = [voice.say(one.sentence, line=one.line, what=one.what) for one in bad[:MOST_LINES]]
    if len(bad) > MOST_LINES:
        listed.append(voice.say(N_("and one more", "and {count} more"), count=len(bad) - MOST_LINES))
    if skips_bad:
        said = voice.say(N_("This line is left out:", "These {count} lines are left out:"), count=len(bad))
    else:
        said = voice.say(
            N_(
                "One line cannot be read, so nothing comes in. Mend it, or leave it out with {line}:",
                "{count} lines cannot be read, so nothing comes in. Mend them, or leave them out with {line}:",
            ),
            count=len(bad),
            line=code(line("skip")),
        )
    return lines(said, bullets(listed))


def _differences(voice: Voice, differences: Sequence[Difference]) -> Rich:
    if not differences:
        return Rich("", "")

    def money(minor: int, of: str) -> str:
        return Money(minor, currency(of)).text(voice.language.value)

    listed = [
        voice.say(
            _("{name}: the file says {said}, its lines add up to {found}"),
            name=one.name,
            said=money(one.said, one.currency),
            found=money(one.found, one.currency),
        )
        for one in differences[:MOST_LINES]
    ]
    return lines(voice.say(_("The totals of the file are not what its lines add up to:")), bullets(listed))


def _what_now(voice: Voice, found: Found, *, skips_bad: bool, line: Line) -> Rich:
    first = found.books.accounts[0].number if found.books.accounts else 1
    said = [
        voice.say(
            _("If somebody is taken for the wrong one, say who it is: {user}, or {guest} for somebody without Matrix."),
            user=code(line("as", f"{first}=@ann:example.org")),
            guest=code(line("as", f"{first}=+Ann")),
        )
    ]
    if found.assumed:
        said.append(
            voice.say(
                _("The file names no currency, so I take {currency}. Another one: {line}"),
                currency=found.books.currency,
                line=code(line("currency", "USD")),
            )
        )
    if not found.bad or skips_bad:
        said.append(
            voice.say(
                _("Nothing is in the books yet. {line} takes it in, {no} does not."),
                line=code(line("yes")),
                no=code(line("no")),
            )
        )
    return lines(*said)

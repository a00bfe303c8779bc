"""What is said about an address book: what was read of it, and what came of that.

Of people who may not be shown nothing is said, not even how many they are.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from appservice.bots import Voice
from appservice.content import Rich, code, lines, paragraphs
from appservice.language import N_, Language, _
from laiwang_bridge.contacts import watch_store
from laiwang_bridge.contacts.book import Book
from laiwang_bridge.contacts.matching import Looked
from laiwang_bridge.contacts.rules import DAY_MS
from laiwang_bridge.people import address_store
from laiwang_bridge.people.addresses import AddressKind
from laiwang_bridge.people.rules import PersonId

_MOST_LINES = 10
_FEWEST = 4
_HOUR_MS = 3_600_000

Typed = Callable[[Voice], str]
"""A command as it is typed in the language and the room of a voice."""


class Summary:
    """Its sentences name commands: `prove` (of one's own address), which another feature has, and `watch`."""

    def __init__(self, prove: Typed) -> None:
        self._prove = prove
        self._watch: Typed | None = None

    def answered_by(self, watch: Typed) -> None:
        self._watch = watch

    def of(self, voice: Voice, me: PersonId, book: Book, looked: Looked) -> Rich:
        return paragraphs(
            lines(read(voice, book), _lost(voice, book), self._elsewhere(voice, me, book)),
            lines(_fitted(voice, looked), _found(voice, looked)),
            "" if looked.new or looked.waiting else self._advice(voice, me),
        )

    def _elsewhere(self, voice: Voice, me: PersonId, book: Book) -> Rich | str:
        """That numbers may be from a country which nobody told us."""
        own = address_store.addresses_of(voice.connection, me)
        is_known = any(address.kind is AddressKind.NUMBER for address in own)
        if is_known or book.cards < _FEWEST or 2 * book.without < book.cards:
            return ""
        return voice.say(
            _(
                "Are those without one from another country? A number without its country code I read as one of your "
                "own, once you have shown me yours ({line}); then send the book again."
            ),
            line=code(self._prove(voice)),
        )

    def number_first(self, voice: Voice, me: PersonId) -> Rich | str:
        """That one's own number comes first, as long as none is proven."""
        if address_store.addresses_of(voice.connection, me):
            return ""
        line = code(self._prove(voice))
        return voice.say(_("First show me that your own number is yours: {line}"), line=line)

    def _advice(self, voice: Voice, me: PersonId) -> Rich:
        """What helps to find more; it depends on nothing that is secret."""
        assert self._watch is not None
        rows = [
            voice.say(
                _(
                    "I show you somebody once you have each other’s number or address. Friends who sent theirs before "
                    "you came may have to send it again."
                )
            ),
            self.number_first(voice, me),
        ]
        if watch_store.is_watching(voice.connection, me):
            rows.append(voice.say(_("When somebody comes later, I tell you, for 90 days from now.")))
        else:
            line = code(self._watch(voice))
            rows.append(
                voice.say(_("To be told of those who come later, write {line} and send the book again."), line=line)
            )
        return lines(*rows)


def read(voice: Voice, book: Book) -> Rich:
    """What was read: "412 cards, 398 with a number or address, 3 unreadable (lines 120, 377, 1,204)"."""
    usable = len(book.contacts)
    if not book.unreadable:
        counted = N_(
            "I have read {count} card, {usable} with a number or address.",
            "I have read {count} cards, {usable} with a number or address.",
        )
        return voice.say(counted, count=book.cards, usable=usable)
    counted = N_(
        "I have read {count} card, {usable} with a number or address, {damaged} unreadable (line {lines}).",
        "I have read {count} cards, {usable} with a number or address, {damaged} unreadable (lines {lines}).",
    )
    between = "、" if voice.language is Language.ZH else ", "
    shown = between.join(f"{line:,}" for line in book.unreadable[:_MOST_LINES])
    if len(book.unreadable) > _MOST_LINES:
        shown += " …"
    return voice.say(counted, count=book.cards, usable=usable, damaged=len(book.unreadable), lines=shown)


def _lost(voice: Voice, book: Book) -> Rich | str:
    if not book.rounded:
        return ""
    lost = N_(
        "In {count} of them a spreadsheet has rounded the number ({example}), so that its digits are lost. Please send "
        "the file as your phone exports it, before a spreadsheet saves it.",
        "In {count} of them a spreadsheet has rounded the numbers ({example}), so that their digits are lost. Please "
        "send the file as your phone exports it, before a spreadsheet saves it.",
    )
    return voice.say(lost, count=book.rounded, example="1.38E+10")


def _fitted(voice: Voice, looked: Looked) -> Rich | str:
    if looked.looked_at == looked.contacts:
        return ""
    return voice.say(
        _("The first {some} of {all} were looked at; send it again in {time} for the rest."),
        some=looked.looked_at,
        all=looked.contacts,
        time=rounded(looked.wait_ms),
    )


def _found(voice: Voice, looked: Looked) -> Rich:
    rows = []
    if looked.new:
        rows.append(
            voice.say(
                N_("{count} of them is here and new on your list.", "{count} of them are here and new on your list."),
                count=looked.new,
            )
        )
    if looked.waiting:
        rows.append(
            voice.say(
                N_("{count} of them is on your list already.", "{count} of them are on your list already."),
                count=looked.waiting,
            )
        )
    if looked.friends:
        rows.append(
            voice.say(N_("{count} is your friend already.", "{count} are your friends already."), count=looked.friends)
        )
    return lines(*rows) if rows else voice.say(_("There is nobody new whom I may show you."))


def rounded(wait_ms: int) -> timedelta:
    """A time to wait, in whole days or hours, never too short."""
    if wait_ms > 2 * DAY_MS:
        return timedelta(days=-(-wait_ms // DAY_MS))
    return timedelta(hours=max(1, -(-wait_ms // _HOUR_MS)))

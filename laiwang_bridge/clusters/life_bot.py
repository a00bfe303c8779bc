"""What members and hosts type about the life of a cluster: how far it spreads, how many it holds, when it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from sqlalchemy import Connection

from appservice.bots import Argument, ArgumentError, Context, Router, UserError, button
from appservice.bots.kinds import Duration
from appservice.bots.line import Word, fold
from appservice.content import code, lines
from appservice.language import _
from laiwang_bridge.clusters import clubs, growth, numbers, rules, store
from laiwang_bridge.clusters.ageing import Ageing
from laiwang_bridge.clusters.ages import DAY_MS, Life
from laiwang_bridge.clusters.cards import rounded_size, size_sentence
from laiwang_bridge.clusters.choosing import Choice, Number
from laiwang_bridge.clusters.rules import Lifecycle
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.clusters.surroundings import Surroundings
from laiwang_bridge.clusters.watch import Command, Watch
from laiwang_bridge.people.hours import Hours, next_time, read_time
from laiwang_bridge.people.names import who_asks

FEWEST = 2
_LONGEST_MS = 365 * DAY_MS
_NEVER = frozenset("off never no none 不 不散 取消 永不 关".split())  # noqa: SIM905
_DURATION = Duration()

Most = Annotated[int, Argument(_("how many people"), least=FEWEST, example="50")]
OnOff = Annotated[bool, Argument(_("on or off"))]


def _read_end(text: str) -> str:
    """A length of time, a time of day, or a word for never; what it means depends on whose clock it is."""
    word = fold(text).strip()
    if word in _NEVER or read_time(word) is not None:
        return word
    try:
        _DURATION.parse(Word(text))
    except ArgumentError as error:
        raise ArgumentError(
            _("“{word}” is neither a length of time nor a time of day. Write it like `3d` or `22:00`."),
            word=text[:30],
            suggestion="3d",
        ) from error
    return word


When = Annotated[str, Argument(_("when"), rest=True, parse=_read_end, example="22:00")]


class LifeBot:
    """The commands. `bud` and `archive` are those of others, for buttons; `cap` is how many any cluster may hold."""

    def __init__(
        self,
        prefixes: tuple[str, ...],
        around: Surroundings,
        choice: Choice,
        ageing: Ageing,
        watch: Watch,
        *,
        bud: Command,
        archive: Command,
        cap: int,
    ) -> None:
        self._lifecycles = around.lifecycles
        self._spread = around.spread
        self._digests = around.digests
        self._mail = around.mail
        self._choice = choice
        self._cap = cap
        self.router = router = Router("life", prefixes, title=_("The life of a cluster"))
        command, hosts, all = router.command, _("For hosts"), _("Clusters")
        command("seal", "封", help=_("It spreads no further, the talk goes on"), group=hosts)(self.seal)
        command("unseal", "解封", help=_("It spreads again"), group=hosts)(self.unseal)
        command("cap", "上限", help=_("How many people fit in"), group=hosts)(self.cap)
        command("stats", "统计", help=_("How it grows, in numbers"), group=hosts)(self.stats)
        command("keep", "保留", help=_("It does not end because nobody writes"), group=hosts)(self.keep)
        command("ends", "散场", help=_("When it ends"), group=hosts)(self.ends)
        command("commerce", "买卖", help=_("Whether goods may be offered in it"), group=hosts)(self.commerce)
        command("reopen", "重开", help=_("Open it again after it fell silent"), group=all)(self.reopen)
        ageing.buttons_do(
            reopening=button("🔓", _("open it again"), self.reopen), saving=button("💾", _("save it"), archive, None)
        )
        watch.buttons_do(bud=bud, seal=self.seal)

    # -- who may come -----------------------------------------------------------------------------------------------

    def seal(self, context: Context, number: Number = None) -> None:
        named = self._choice.hosted(context, number)
        if named.rules.lifecycle is not Lifecycle.OPEN:
            raise UserError(_("“**{title}**” is not open."), title=named.title)
        self._lifecycles.change(context.unit, named, Lifecycle.SEALED)
        context.reply(
            _("“**{title}**” is sealed: nobody new sees it or comes in, and the talk goes on. {line} lets it spread."),
            title=named.title,
            line=code(context.line(self.unseal, number)),
        )

    def unseal(self, context: Context, number: Number = None) -> None:
        named = self._choice.hosted(context, number)
        if named.rules.lifecycle is not Lifecycle.SEALED:
            raise UserError(_("“**{title}**” is not sealed."), title=named.title)
        self._lifecycles.change(context.unit, named, Lifecycle.OPEN)
        context.reply(_("“**{title}**” spreads again."), title=named.title)

    def cap(self, context: Context, most: Most, number: Number = None) -> None:
        named = self._choice.hosted(context, number)
        if most > self._cap:
            raise UserError(
                _("More than {cap} people do not fit into any cluster here."),
                cap=self._cap,
                try_instead=context.line(self.cap, self._cap, number),
            )
        if most < named.rules.seats_taken:
            raise UserError(
                _("“**{title}**” has {taken} seats taken already, invitations among them; it cannot have fewer."),
                title=named.title,
                taken=named.rules.seats_taken,
                try_instead=context.line(self.cap, max(named.rules.seats_taken, FEWEST), number),
            )
        store.set_cap(context.connection, named.id, most)
        self._change_life(context, named, replace(named.life, told_full=most == named.rules.seats_taken))
        context.reply(_("“**{title}**” holds up to {cap} people now."), title=named.title, cap=most)

    def stats(self, context: Context, number: Number = None) -> None:
        """For the host alone; and how many he sees, but never who."""
        named = self._choice.hosted(context, number)
        span = min(DAY_MS, max(growth.SPAN_MS, context.now - named.rules.created_at))
        counted = numbers.numbers_of(context.connection, named.id, context.now, span)
        rate = growth.reproduction(counted.sponsored, counted.loud, span)
        voice = context if context.is_direct else self._mail.to_user(context.unit, context.sender)
        if voice is None:
            return
        size = rounded_size(counted.inside)
        said = lines(
            voice.say(
                _("“**{title}**”: {size}, {seats} of {cap} seats taken."),
                title=named.title,
                size=voice.say(size_sentence(size), size=size),
                seats=named.rules.seats_taken,
                cap=named.rules.cap if named.rules.cap is not None else "∞",
            ),
            voice.say(_("Loud: {share} %."), share=round(100 * counted.loud / max(counted.inside, 1))),
            voice.say(_("One loud member brings in {rate} people a day."), rate=f"{rate:.1f}"),
            voice.say(_("Waiting to come in: {count}."), count=counted.waiting),
            voice.say(_("It grows fast, so people come in more slowly for now."))
            if growth.is_slowed(named.life.fast_at, context.now)
            else "",
        )
        if voice is context:
            context.reply(said)
        else:
            voice.send(said)
            context.agree()

    # -- when it ends -----------------------------------------------------------------------------------------------

    def keep(self, context: Context, on: OnOff = True, number: Number = None) -> None:
        named = self._choice.hosted(context, number)
        if not on and clubs.club_of(context.connection, named.id) is not None:
            raise UserError(_("“**{title}**” is in a club: what is in one is kept."), title=named.title)
        self._change_life(context, named, replace(named.life, kept=on))
        kept = _("“**{title}**” does not end because nobody writes.")
        context.reply(kept if on else _("“**{title}**” ends when nobody writes for long."), title=named.title)

    def ends(self, context: Context, when: When) -> None:
        named = self._choice.hosted(context, None)
        me = who_asks(context)
        hours = self._digests.hours_of(context.connection, me)
        at = _end(when, hours, context.now)
        if at is not None and not context.now < at <= context.now + _LONGEST_MS:
            raise UserError(_("It can end within a year from now."), try_instead=context.line(self.ends, "7d"))
        self._change_life(context, named, replace(named.life, ends_at=at))
        if at is None:
            context.reply(_("“**{title}**” has no hour at which it ends."), title=named.title)
            return
        then = datetime.fromtimestamp(at // 1000, hours.zone)
        context.reply(
            _("“**{title}**” ends on {day} at {time} ({zone})."),
            title=named.title,
            day=f"{then:%Y-%m-%d}",
            time=f"{then:%H:%M}",
            zone=hours.zone.key,
        )

    def reopen(self, context: Context, number: Number = None) -> None:
        named = self._choice.inside(context, number, self._can_reopen)
        if named.rules.lifecycle is not Lifecycle.LOCKED:
            raise UserError(_("“**{title}**” is not locked."), title=named.title)
        if named.life.reopens_as is None:
            raise UserError(_("Only its host or an operator can open “**{title}**” again."), title=named.title)
        self._lifecycles.change(context.unit, named, named.life.reopens_as)
        context.reply(_("“**{title}**” is open again."), title=named.title)

    def commerce(self, context: Context, on: OnOff, number: Number = None) -> None:
        named = self._choice.hosted(context, number)
        self._change_life(context, named, replace(named.life, commerce=on))
        allowed, not_allowed = _("Goods may be offered in “**{title}**”."), _("No goods are offered in “**{title}**”.")
        context.reply(allowed if on else not_allowed, title=named.title)

    # -- small things -----------------------------------------------------------------------------------------------

    def _change_life(self, context: Context, named: Named, life: Life) -> None:
        after = self._lifecycles.live(context.unit, named, life)
        change = rules.after_change(named.rules, after.rules)
        if life.ends_at != named.life.ends_at:  # cards tell the hour
            change = replace(change, whole=True)
        self._spread.recheck(context.unit, named.id, change)

    def _can_reopen(self, connection: Connection, named: Named) -> bool:
        return named.rules.lifecycle is Lifecycle.LOCKED and named.life.reopens_as is not None


def _end(when: str, hours: Hours, now: int) -> int | None:
    """The instant that is meant; None for never."""
    if when in _NEVER:
        return None
    minute = read_time(when)
    if minute is not None:
        return next_time(hours, minute, now)
    return now + int(_DURATION.parse(Word(when)).total_seconds() * 1000)

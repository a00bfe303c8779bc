"""Becoming friends: a code is typed, both sides are asked, both say yes. Cards show each side how it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mautrix.types import UserID

from appservice.bots import Button, Context, UserError, Voice, button
from appservice.language import Message, _
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge import rates
from laiwang_bridge.people import request_store, rules, store
from laiwang_bridge.people.digests import Digests
from laiwang_bridge.people.guesses import count_guess, guesses_too_much
from laiwang_bridge.people.mail import Mail, is_here
from laiwang_bridge.people.names import Names, who_asks
from laiwang_bridge.people.readable import readable
from laiwang_bridge.people.rules import FriendRequest, Origin, PersonId, Refusal, RefusalCause, RequestState
from laiwang_bridge.people.ties import Ties
from laiwang_bridge.rates import Limit

Answering = Callable[[Context, int], None]
TakesCode = Callable[[Context, int], bool]
"""Takes a code that somebody typed, if it is one of its own; returns whether it was."""

YES, NO = "✅", "❌"
PROPOSALS = Limit(burst=50, every_ms=24 * 3_600_000 // 50)
KNOCKS = Limit(burst=10, every_ms=24 * 3_600_000 // 10)

_ASK_OWNER = "people.ask_owner"
_KNOCKS_AT_ONCE = 5
_SHOWN_AT_ONCE = 10
_NOBODY_WAITS = _("Nobody is waiting for an answer from you.")


class Requests:
    """Friend requests and their cards. `yes` and `no` are the commands behind the buttons."""

    def __init__(self, names: Names, mail: Mail, ties: Ties, digests: Digests) -> None:
        self._names = names
        self._mail = mail
        self._ties = ties
        self._digests = digests
        self._buttons: tuple[Answering, Answering] | None = None
        self._others: list[TakesCode] = []

    def answered_by(self, yes: Answering, no: Answering) -> None:
        self._buttons = (yes, no)

    def add_to(self, routes: Routes) -> None:
        routes.on_timer(_ASK_OWNER, self._ask_owner_later)

    def also_taken_by(self, other: TakesCode) -> None:
        """Somebody else who gives codes; most people type them without a command."""
        self._others.append(other)

    def redeem(self, context: Context, value: int) -> None:
        """Somebody typed a code."""
        if any(takes(context, value) for takes in self._others):
            return
        connection, now = context.connection, context.now
        me = who_asks(context)
        if guesses_too_much(context):
            context.reply(_("Too many wrong codes. Please wait some minutes, then try again."))
            return
        code = request_store.find_code(connection, value)
        owner = code.owner if code else None
        tie = store.tie(connection, me, owner) if owner else rules.Tie()
        standing = request_store.newest_request(connection, me, owner) if owner and owner != me else None
        step = rules.redeem(code, me, tie, standing[1] if standing else None, now)
        if isinstance(step, Refusal):
            if step.counts_as_guess:
                count_guess(context)
            context.reply(step.sentence)
            return
        if step.changed:
            request_store.put_code(connection, step.code)
        if standing is not None and step.known:
            id = standing[0]
            request_store.update_request(connection, id, step.request)
        else:
            id = request_store.add_request(connection, step.request)
        self._show(context, id, step.request, me)
        if step.asks_owner:
            self._bring(context.unit, id, step.request, step.code.owner)

    def propose(self, unit: Unit, asker: PersonId, owner: PersonId, origin: Origin, words: str = "") -> None:
        """The asker has said yes to a friendship; the owner is asked now, or at his next digest if it is a knock.

        If the owner has said yes before, they are friends now. Whatever else is the case (a block, an earlier no, a
        proposal that is open already, a knock without a friend in common), the asker can tell no difference. Who
        proposes to more than fifty people on one day has the others asked in the days that follow.
        """
        if asker == owner:
            return
        connection, now = unit.connection, unit.now
        standing = request_store.newest_request(connection, asker, owner)
        tie = store.tie(connection, asker, owner)
        may_ask = origin is not Origin.KNOCK or bool(store.friends_in_common(connection, asker, owner))
        before = standing[1] if standing else None
        step = rules.propose(asker, owner, tie, before, origin, now, readable(words), may_ask)
        if step is None:
            return
        if standing is not None and step.known:
            self._settle(unit, standing[0], step.request, asker)
            return
        id = request_store.add_request(connection, step.request)
        wait = self._wait_of(unit, asker)
        if not step.asks_owner:
            return
        if wait:
            unit.at(now + wait, _ASK_OWNER, key=f"propose:{id}", lane=f"propose:{asker}", context={"request": id})
        else:
            self._ask_owner(unit, id, step.request)

    def bring_knocks(self, unit: Unit, person: PersonId) -> None:
        """The digest of a person is due: show him who knocks."""
        knocks = request_store.unshown_knocks(unit.connection, person, unit.now)
        for id, request in knocks[:_KNOCKS_AT_ONCE]:
            self._bring(unit, id, request, person)
        if len(knocks) > _KNOCKS_AT_ONCE:
            self._digests.ask(unit, person)

    def show_all(self, context: Context) -> None:
        """Show the person who asks every request that waits for his answer, knocks among them."""
        me = who_asks(context)
        now = context.now
        waiting = request_store.unshown_knocks(context.connection, me, now)[:_SHOWN_AT_ONCE]
        waiting += request_store.unanswered_requests(context.connection, me, now)
        if not waiting:
            raise UserError(_NOBODY_WAITS)
        for id, request in reversed(waiting[:_SHOWN_AT_ONCE]):
            self._send_card(context, id, request, me, rings=False)

    def answer(self, context: Context, number: int | None, *, yes: bool) -> None:
        """One side says yes or no to a request; without a number, to the newest that waits for an answer."""
        connection, now = context.connection, context.now
        me = who_asks(context)
        found = self._newest(context, me) if number is None else request_store.request_numbered(connection, me, number)
        if found is None:
            raise UserError(_("There is no request {number} for you."), number=str(number))
        id, request = found
        other = request.other(me)
        tie = store.tie(connection, me, other)
        are_friends = request.state(now) is RequestState.FRIENDS
        if are_friends and not tie.friends:  # they were, and one of them ended it
            raise UserError(Refusal(RefusalCause.REQUEST_EXPIRED).sentence)
        answered = rules.confirm(request, me, tie, now) if yes else rules.decline(request, me, now)
        if isinstance(answered, Refusal):
            raise UserError(answered.sentence)
        request_store.update_request(connection, id, answered)
        become_friends = not are_friends and answered.state(now) is RequestState.FRIENDS
        if become_friends:
            store.befriend(connection, me, other, now)
        self._show(context, id, answered, me, answers=True)
        if become_friends:
            self._bring(context.unit, id, answered, other)
            self._ties.tell(context.unit, me, other)

    def end_between(self, context: Context, me: PersonId, other: PersonId) -> None:
        """A block ends what was being asked; the other side is not told."""
        standing = request_store.newest_request(context.connection, me, other)
        if standing is None:
            return
        id, request = standing
        declined = rules.decline(request, me, context.now)
        if isinstance(declined, FriendRequest):
            request_store.update_request(context.connection, id, declined)

    def _newest(self, context: Context, me: PersonId) -> tuple[int, FriendRequest]:
        waiting = request_store.unanswered_requests(context.connection, me, context.now)
        if not waiting:
            raise UserError(_NOBODY_WAITS)
        return waiting[0]

    def _settle(self, unit: Unit, id: int, request: FriendRequest, asker: PersonId) -> None:
        """The asker's yes has gone into a request that stood already."""
        request_store.update_request(unit.connection, id, request)
        owner = request.other(asker)
        if request.state(unit.now) is RequestState.FRIENDS:
            store.befriend(unit.connection, asker, owner, unit.now)
            self._bring(unit, id, request, owner)
            self._bring(unit, id, request, asker)
            self._ties.tell(unit, asker, owner)
        else:
            self._mend(self._mail.at_hand(unit, asker), id, request, asker)

    def _ask_owner(self, unit: Unit, id: int, request: FriendRequest) -> None:
        if request.origin is Origin.KNOCK:
            self._digests.ask(unit, request.owner)
        else:
            rings = self._digests.may_ring(unit.connection, request.owner, unit.now)
            self._bring(unit, id, request, request.owner, rings=rings)

    def _ask_owner_later(self, unit: Unit, context: Mapping[str, Any]) -> None:
        """The owner's turn has come; unless he was forgotten, has blocked the asker, or knows already."""
        id = context["request"]
        request = request_store.find_request(unit.connection, id)
        if request is not None and rules.still_asks(request, unit.now):
            self._ask_owner(unit, id, request)

    def may_knock(self, unit: Unit, asker: PersonId) -> bool:
        """Whether somebody may knock now, this time counted; the same for everybody at whom he knocks."""
        who = f"knocks:{store.mark_of(unit.connection, store.user_ids(unit.connection, asker)[0])}"
        drains_at = store.guesses_drain_at(unit.connection, who)
        if rates.wait(KNOCKS, drains_at, unit.now):
            return False
        store.note_guess(unit.connection, who, rates.pour(KNOCKS, drains_at, unit.now))
        return True

    def _wait_of(self, unit: Unit, asker: PersonId) -> int:
        """How long a proposal waits until the asker has made few enough of them, this one counted."""
        who = f"proposals:{store.mark_of(unit.connection, store.user_ids(unit.connection, asker)[0])}"
        drains_at = store.guesses_drain_at(unit.connection, who)
        store.note_guess(unit.connection, who, rates.pour(PROPOSALS, drains_at, unit.now))
        return rates.wait(PROPOSALS, drains_at, unit.now)

    def _show(self, context: Context, id: int, request: FriendRequest, me: PersonId, *, answers: bool = False) -> None:
        """Show the person who just did something how the request stands, in the card there is if it is in this room.

        What he typed gets an answer below it: the sentence, or a nod where he `answers` what the card asks.
        """
        message, buttons = self._card(context, id, request, me, context.sender)
        values = self._values(context, request, me)
        card = request_store.request_card(context.connection, id, me)
        if card is not None and is_here(context, card):
            context.edit(card, message, buttons=buttons, **values)
            if context.event.type == "m.reaction":
                return
            if answers:
                context.agree()
            else:
                context.reply(message, **values)
            return
        sent = context.reply(message, buttons=buttons, **values)
        request_store.put_request_card(context.connection, id, me, sent)

    def _bring(self, unit: Unit, id: int, request: FriendRequest, person: PersonId, *, rings: bool = True) -> None:
        """Bring one side how the request stands: a new message, and the old card put right."""
        voice = self._mail.to(unit, person)
        if voice is not None:
            self._send_card(voice, id, request, person, rings=rings)

    def _send_card(self, voice: Voice, id: int, request: FriendRequest, person: PersonId, *, rings: bool) -> None:
        user = store.user_ids(voice.connection, person)[0]
        message, buttons = self._card(voice, id, request, person, user)
        values = self._values(voice, request, person)
        self._mend(voice, id, request, person)
        sent = voice.send(message, buttons=buttons, rings=rings, **values)
        request_store.put_request_card(voice.connection, id, person, sent)

    def _mend(self, voice: Voice | None, id: int, request: FriendRequest, person: PersonId) -> None:
        """Put the card right that somebody has; without buttons, since nothing there waits for him any more."""
        card = request_store.request_card(voice.connection, id, person) if voice is not None else None
        if voice is None or card is None or not is_here(voice, card):
            return
        user = store.user_ids(voice.connection, person)[0]
        message, _buttons = self._card(voice, id, request, person, user)
        voice.edit(card, message, **self._values(voice, request, person))

    def _values(self, voice: Voice, request: FriendRequest, me: PersonId) -> dict[str, Any]:
        """Names can be chosen at will, so the id stands beside them."""
        other = request.other(me)
        user = store.user_ids(voice.connection, other)[0]
        name = self._names.for_viewer(voice.connection, me, other)
        return {"name": name, "user": user, "words": request.words}

    def _card(
        self, voice: Voice, id: int, request: FriendRequest, me: PersonId, user: UserID
    ) -> tuple[Message, list[Button]]:
        assert self._buttons is not None
        yes, no = self._buttons
        mine = request.answer_of(me)
        match request.seen_by(me, voice.unit.now):
            case RequestState.FRIENDS:
                return _("You and **{name}** ({user}) are friends now."), []
            case RequestState.DECLINED:
                return _("You said no to **{name}** ({user}). Nobody is told."), []
            case RequestState.EXPIRED:
                return _("The request between you and **{name}** ({user}) is over."), []
            case RequestState.WAITING if mine is rules.Answer.YES:
                return _("You said yes. Now **{name}** ({user}) has to say yes too."), []
        number = request_store.number_for(voice.connection, id, me)
        buttons = [
            button(YES, _("yes"), yes, number).only_for(user),
            button(NO, _("no"), no, number).only_for(user),
        ]
        if request.owner != me:
            return _("This code is from **{name}** ({user}). Shall the two of you be friends?"), buttons
        return _question(request), buttons


def _question(request: FriendRequest) -> Message:
    """What the owner is asked."""
    match request.origin:
        case Origin.CODE:
            return _("**{name}** ({user}) typed your code. Shall the two of you be friends?")
        case Origin.CONTACTS:
            return _("**{name}** ({user}) knows you and has found you here. Shall the two of you be friends?")
    if request.words:
        return _(
            "**{name}** ({user}), a friend of a friend of yours, knocks and says: “{words}” "
            "Shall the two of you be friends?"
        )
    return _("**{name}** ({user}), a friend of a friend of yours, knocks. Shall the two of you be friends?")

"""Becoming friends: a code is typed, both sides are asked, both say yes. Cards show each side how it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mautrix.types import UserID

from appservice.bots import Button, Context, UserError, Voice, button
from appservice.language import Message, _
from laiwang_bridge.people import request_store, rules, store
from laiwang_bridge.people.guesses import count_guess, guesses_too_much
from laiwang_bridge.people.mail import Mail, is_here
from laiwang_bridge.people.names import Names, who_asks
from laiwang_bridge.people.rules import FriendRequest, PersonId, Refusal, RefusalCause, RequestState
from laiwang_bridge.people.ties import Ties

Answering = Callable[[Context, int], None]

YES, NO = "✅", "❌"


class Requests:
    """Friend requests and their cards. `yes` and `no` are the commands behind the buttons."""

    def __init__(self, names: Names, mail: Mail, ties: Ties) -> None:
        self._names = names
        self._mail = mail
        self._ties = ties
        self._buttons: tuple[Answering, Answering] | None = None

    def answered_by(self, yes: Answering, no: Answering) -> None:
        self._buttons = (yes, no)

    def redeem(self, context: Context, value: int) -> None:
        """Somebody typed a code."""
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
            number = standing[0]
            request_store.update_request(connection, number, step.request)
        else:
            number = request_store.add_request(connection, step.request)
        self._show(context, number, step.request, me)
        if step.asks_owner:
            self._bring(context, number, step.request, step.code.owner)

    def answer(self, context: Context, number: int | None, *, yes: bool) -> None:
        """One side says yes or no to a request; without a number, to the newest that waits for an answer."""
        connection, now = context.connection, context.now
        me = who_asks(context)
        number = number or self._newest(context, me)
        request = request_store.find_request(connection, number)
        if request is None or me not in (request.owner, request.asker):
            raise UserError(_("There is no request {number} for you."), number=str(number))
        other = request.other(me)
        tie = store.tie(connection, me, other)
        are_friends = request.state(now) is RequestState.FRIENDS
        if are_friends and not tie.friends:  # they were, and one of them ended it
            raise UserError(Refusal(RefusalCause.REQUEST_EXPIRED).sentence)
        answered = rules.confirm(request, me, tie, now) if yes else rules.decline(request, me, now)
        if isinstance(answered, Refusal):
            raise UserError(answered.sentence)
        request_store.update_request(connection, number, answered)
        become_friends = not are_friends and answered.state(now) is RequestState.FRIENDS
        if become_friends:
            store.befriend(connection, me, other, now)
        self._show(context, number, answered, me)
        if become_friends:
            self._bring(context, number, answered, other)
            self._ties.tell(context.unit, me, other)

    def end_between(self, context: Context, me: PersonId, other: PersonId) -> None:
        """A block ends what was being asked; the other side is not told."""
        standing = request_store.newest_request(context.connection, me, other)
        if standing is None:
            return
        number, request = standing
        declined = rules.decline(request, me, context.now)
        if isinstance(declined, FriendRequest):
            request_store.update_request(context.connection, number, declined)

    def _newest(self, context: Context, me: PersonId) -> int:
        waiting = request_store.unanswered_requests(context.connection, me, context.now)
        if not waiting:
            raise UserError(_("Nobody is waiting for an answer from you."))
        return waiting[0][0]

    def _show(self, context: Context, number: int, request: FriendRequest, me: PersonId) -> None:
        """Show the person who just did something how the request stands, in the card there is if it is in this room."""
        message, buttons = self._card(context, number, request, me, context.sender)
        values = self._values(context, request, me)
        card = request_store.request_card(context.connection, number, me)
        if card is not None and is_here(context, card):
            context.edit(card, message, buttons=buttons, **values)
            if context.event.type != "m.reaction":
                context.reply(message, **values)
            return
        sent = context.reply(message, buttons=buttons, **values)
        request_store.put_request_card(context.connection, number, me, sent)

    def _bring(self, context: Context, number: int, request: FriendRequest, person: PersonId) -> None:
        """Bring the other side how the request stands: a new message, and the old card put right."""
        connection = context.connection
        voice = self._mail.to(context.unit, person)
        if voice is None:
            return
        user = store.user_ids(connection, person)[0]
        message, buttons = self._card(voice, number, request, person, user)
        values = self._values(voice, request, person)
        card = request_store.request_card(connection, number, person)
        if card is not None and is_here(voice, card):
            voice.edit(card, message, **values)
        sent = voice.send(message, buttons=buttons, rings=True, **values)
        request_store.put_request_card(connection, number, person, sent)

    def _values(self, voice: Voice, request: FriendRequest, me: PersonId) -> dict[str, Any]:
        """Names can be chosen at will, so the id stands beside them."""
        other = store.user_ids(voice.connection, request.other(me))[0]
        return {"name": self._names.of_user(voice.connection, other), "user": other}

    def _card(
        self, voice: Voice, number: int, request: FriendRequest, me: PersonId, user: UserID
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
        buttons = [
            button(YES, _("yes"), yes, number).only_for(user),
            button(NO, _("no"), no, number).only_for(user),
        ]
        if request.owner == me:
            return _("**{name}** ({user}) typed your code. Shall the two of you be friends?"), buttons
        return _("This code is from **{name}** ({user}). Shall the two of you be friends?"), buttons

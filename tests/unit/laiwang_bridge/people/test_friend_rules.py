"""How two persons become friends, and what each of them may learn on the way."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from laiwang_bridge.people.rules import (
    CODE_LIFETIME_MS,
    CODE_NOT_VALID,
    PROPOSAL_LIFETIME_MS,
    REQUEST_LIFETIME_MS,
    Answer,
    CodeState,
    FriendCode,
    FriendRequest,
    Origin,
    Pair,
    PersonId,
    Proposal,
    Redemption,
    Refusal,
    RefusalCause,
    RequestState,
    Tie,
    confirm,
    decline,
    make_code,
    pair,
    propose,
    redeem,
    still_asks,
    withdraw,
)

OWNER, ASKER, THIRD = (PersonId(number) for number in (7, 3, 5))
NOW = 1_700_000_000_000
CODE = make_code(OWNER, 42, NOW)
STRANGERS = Tie()
PERSONS = st.integers(1, 50).map(PersonId)


def asked(code: FriendCode = CODE, now: int = NOW) -> FriendRequest:
    answer = redeem(code, ASKER, STRANGERS, None, now)
    assert isinstance(answer, Redemption)
    return answer.request


def yes(request: FriendRequest, person: PersonId, now: int = NOW, tie: Tie = STRANGERS) -> FriendRequest:
    answer = confirm(request, person, tie, now)
    assert isinstance(answer, FriendRequest)
    return answer


def no(request: FriendRequest, person: PersonId, now: int = NOW) -> FriendRequest:
    answer = decline(request, person, now)
    assert isinstance(answer, FriendRequest)
    return answer


def refusal(code: FriendCode | None, tie: Tie = STRANGERS, now: int = NOW) -> RefusalCause:
    answer = redeem(code, ASKER, tie, None, now)
    assert isinstance(answer, Refusal)
    return answer.cause


def test_a_code_typed_and_confirmed_by_both_makes_friends() -> None:
    answer = redeem(CODE, ASKER, STRANGERS, None, NOW)
    assert isinstance(answer, Redemption)
    assert answer.changed
    assert answer.asks_owner
    assert not answer.known
    assert answer.code.state is CodeState.USED
    request = answer.request
    assert request.state(NOW) is RequestState.WAITING
    request = yes(request, ASKER)
    assert request.state(NOW) is RequestState.WAITING
    request = yes(request, OWNER)
    assert request.state(NOW) is RequestState.FRIENDS


@pytest.mark.parametrize("order", [(OWNER, ASKER), (ASKER, OWNER), (OWNER, OWNER, ASKER)])
def test_who_confirms_first_or_twice_does_not_matter(order: tuple[PersonId, ...]) -> None:
    request = asked()
    for person in order:
        request = yes(request, person)
    assert request.state(NOW) is RequestState.FRIENDS
    assert yes(request, OWNER, NOW + REQUEST_LIFETIME_MS) == request
    assert no(request, OWNER) == request


def test_one_yes_makes_no_friends() -> None:
    assert yes(yes(asked(), ASKER), ASKER).state(NOW) is RequestState.WAITING


def test_a_code_that_cannot_be_used_always_reads_the_same_and_counts_as_a_guess() -> None:
    expired = NOW + CODE_LIFETIME_MS
    causes = [
        refusal(None),
        refusal(CODE, now=expired),
        refusal(replace(CODE, state=CodeState.USED)),
        refusal(withdraw(CODE)),
        refusal(CODE, Tie(blocked_me=True)),
    ]
    assert causes == [
        RefusalCause.UNKNOWN,
        RefusalCause.EXPIRED,
        RefusalCause.USED,
        RefusalCause.WITHDRAWN,
        RefusalCause.BLOCKED,
    ]
    assert {Refusal(cause).sentence for cause in causes} == {CODE_NOT_VALID}
    assert all(Refusal(cause).counts_as_guess for cause in causes)


def test_a_code_is_good_until_the_moment_it_expires() -> None:
    assert CODE.usable(NOW + CODE_LIFETIME_MS - 1)
    assert not CODE.usable(NOW + CODE_LIFETIME_MS)


def test_my_own_code_an_old_friend_and_somebody_i_blocked_have_sentences_of_their_own() -> None:
    own = redeem(CODE, OWNER, STRANGERS, None, NOW)
    assert own == Refusal(RefusalCause.OWN_CODE)
    causes = [RefusalCause.OWN_CODE, refusal(CODE, Tie(friends=True)), refusal(CODE, Tie(i_blocked=True))]
    assert causes == [RefusalCause.OWN_CODE, RefusalCause.ALREADY_FRIENDS, RefusalCause.YOU_BLOCKED]
    assert len({Refusal(cause).sentence for cause in causes} | {CODE_NOT_VALID}) == 4
    assert not any(Refusal(cause).counts_as_guess for cause in causes)


def test_a_block_by_the_owner_outweighs_all_that_could_give_it_away() -> None:
    for tie in (Tie(friends=True, blocked_me=True), Tie(i_blocked=True, blocked_me=True)):
        assert refusal(CODE, tie) is RefusalCause.BLOCKED


def test_withdrawing_does_not_undo_a_use() -> None:
    used = replace(CODE, state=CodeState.USED)
    assert withdraw(used) is used


@pytest.mark.parametrize("tie", [STRANGERS, Tie(blocked_me=True)])
def test_typing_a_code_again_shows_the_same_request_even_after_a_block(tie: Tie) -> None:
    request = asked()
    used = replace(CODE, state=CodeState.USED)
    answer = redeem(used, ASKER, tie, request, NOW + 5)
    assert answer == Redemption(used, request, known=True, changed=False, asks_owner=False)


def test_two_who_type_each_other_s_codes_have_one_request() -> None:
    request = yes(asked(), ASKER)
    other_way = make_code(ASKER, 43, NOW)
    answer = redeem(other_way, OWNER, STRANGERS, request, NOW)
    assert isinstance(answer, Redemption)
    assert answer.known
    assert answer.request == request
    later = redeem(other_way, OWNER, STRANGERS, request, NOW + 9)
    assert isinstance(later, Redemption)
    assert later.request.expires_at == NOW + 9 + REQUEST_LIFETIME_MS
    assert yes(answer.request, OWNER).state(NOW) is RequestState.FRIENDS


def test_a_new_code_after_a_silent_no_starts_anew_and_does_not_tell() -> None:
    declined = no(yes(asked(), ASKER), OWNER)
    answer = redeem(make_code(OWNER, 44, NOW), ASKER, STRANGERS, declined, NOW + 1)
    assert isinstance(answer, Redemption)
    assert answer.known
    assert answer.asks_owner
    assert answer.request.asker_answer is Answer.YES
    assert answer.request.seen_by(OWNER, NOW + 1) is RequestState.WAITING
    assert yes(answer.request, OWNER, NOW + 2).state(NOW + 2) is RequestState.FRIENDS


def test_a_new_code_from_somebody_who_blocked_me_since_asks_nobody_and_does_not_tell() -> None:
    answer = redeem(make_code(OWNER, 44, NOW), ASKER, Tie(blocked_me=True), asked(), NOW + 1)
    assert isinstance(answer, Redemption)
    assert answer.known
    assert not answer.asks_owner
    assert answer.request.seen_by(ASKER, NOW + 1) is RequestState.WAITING
    assert answer.request.state(NOW + 1) is RequestState.DECLINED


def test_a_no_looks_like_no_answer_to_the_other_side() -> None:
    request = no(asked(), OWNER)
    assert request.state(NOW) is RequestState.DECLINED
    assert request.seen_by(OWNER, NOW) is RequestState.DECLINED
    assert request.seen_by(ASKER, NOW) is RequestState.WAITING
    assert yes(request, ASKER).seen_by(ASKER, NOW) is RequestState.WAITING
    assert request.seen_by(ASKER, NOW + REQUEST_LIFETIME_MS) is RequestState.EXPIRED


def test_a_confirmation_towards_somebody_who_blocked_me_never_makes_friends() -> None:
    request = yes(yes(asked(), OWNER), ASKER, tie=Tie(blocked_me=True))
    assert request.state(NOW) is RequestState.DECLINED
    assert request.seen_by(ASKER, NOW) is RequestState.WAITING


def test_whom_i_blocked_i_must_unblock_first() -> None:
    assert confirm(asked(), OWNER, Tie(i_blocked=True), NOW) == Refusal(RefusalCause.YOU_BLOCKED)


def test_a_mind_may_change_until_the_time_has_run_out() -> None:
    request = yes(yes(no(asked(), OWNER), ASKER), OWNER)
    assert request.state(NOW) is RequestState.FRIENDS


def test_a_request_that_ran_out_or_is_not_mine_cannot_be_answered() -> None:
    over = NOW + REQUEST_LIFETIME_MS
    request = asked()
    assert request.state(over) is RequestState.EXPIRED
    answers = [
        confirm(request, OWNER, STRANGERS, over),
        decline(request, OWNER, over),
        confirm(request, THIRD, STRANGERS, NOW),
        decline(request, THIRD, NOW),
    ]
    assert [answer.cause for answer in answers if isinstance(answer, Refusal)] == [
        RefusalCause.REQUEST_EXPIRED,
        RefusalCause.REQUEST_EXPIRED,
        RefusalCause.NOT_YOURS,
        RefusalCause.NOT_YOURS,
    ]
    assert len({answer.sentence for answer in answers if isinstance(answer, Refusal)}) == 1


@given(one=PERSONS, other=PERSONS)
def test_a_pair_has_no_order(one: PersonId, other: PersonId) -> None:
    if one == other:
        with pytest.raises(ValueError, match="two different persons"):
            pair(one, other)
        return
    both = pair(one, other)
    assert both == pair(other, one)
    assert both.low < both.high
    assert both.other(one) == other
    assert both.other(other) == one


def test_a_pair_is_never_the_wrong_way_round() -> None:
    with pytest.raises(ValueError, match="smaller id first"):
        Pair(PersonId(2), PersonId(1))
    with pytest.raises(ValueError, match="not of this pair"):
        pair(OWNER, ASKER).other(THIRD)


class Indistinguishable(RuleBasedStateMachine):
    """The same steps of the asker, towards an owner who only keeps silent and towards one who says no or blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.silent = asked()
        self.turned_down = asked()
        self.blocked = False

    @rule()
    def the_owner_says_no(self) -> None:
        answer = decline(self.turned_down, OWNER, self.now)
        self.turned_down = answer if isinstance(answer, FriendRequest) else self.turned_down

    @rule()
    def the_owner_blocks(self) -> None:
        self.blocked = True
        self.the_owner_says_no()

    @rule()
    def the_asker_says_yes(self) -> None:
        one = confirm(self.silent, ASKER, STRANGERS, self.now)
        other = confirm(self.turned_down, ASKER, Tie(blocked_me=self.blocked), self.now)
        self.keep(one, other)

    @rule()
    def the_asker_says_no(self) -> None:
        self.keep(decline(self.silent, ASKER, self.now), decline(self.turned_down, ASKER, self.now))

    def keep(self, one: FriendRequest | Refusal, other: FriendRequest | Refusal) -> None:
        if isinstance(one, Refusal) or isinstance(other, Refusal):
            assert one == other
            return
        self.silent, self.turned_down = one, other

    @rule(again=st.booleans())
    def the_asker_types_the_code_again_or_a_new_one(self, again: bool) -> None:
        code = replace(CODE, state=CodeState.USED) if again else make_code(OWNER, 44, self.now)
        one = redeem(code, ASKER, STRANGERS, self.silent, self.now)
        other = redeem(code, ASKER, Tie(blocked_me=self.blocked), self.turned_down, self.now)
        if isinstance(one, Redemption) and isinstance(other, Redemption):
            assert (one.known, one.changed, one.code) == (other.known, other.changed, other.code)
            assert one.request.expires_at == other.request.expires_at
            self.silent, self.turned_down = one.request, other.request
        elif isinstance(one, Refusal) and isinstance(other, Refusal):
            assert (one.sentence, one.counts_as_guess) == (other.sentence, other.counts_as_guess)
        else:
            # A code that came to somebody who was blocked before he ever typed one: it looks expired.
            assert isinstance(one, Redemption)
            assert other == Refusal(RefusalCause.BLOCKED)
            assert not one.known

    @rule(days=st.integers(1, 9))
    def time_goes_by(self, days: int) -> None:
        self.now += days * 24 * 3_600_000

    @invariant()
    def the_asker_sees_the_same(self) -> None:
        assert self.silent.seen_by(ASKER, self.now) is self.turned_down.seen_by(ASKER, self.now)
        assert self.silent.answer_of(ASKER) is self.turned_down.answer_of(ASKER)


TestIndistinguishable = Indistinguishable.TestCase


# -- proposals without a code ---------------------------------------------------------------------------------------

TIES = st.builds(Tie, friends=st.just(False), i_blocked=st.just(False), blocked_me=st.booleans())


def proposed(
    standing: FriendRequest | None = None, tie: Tie = STRANGERS, now: int = NOW, *, may_ask: bool = True
) -> Proposal:
    made = propose(ASKER, OWNER, tie, standing, Origin.KNOCK, now, "hello", may_ask)
    assert made is not None
    return made


def test_a_proposal_is_the_askers_yes() -> None:
    made = proposed()
    assert made.asks_owner
    assert not made.known
    assert made.request.asker_answer is Answer.YES
    assert made.request.state(NOW) is RequestState.WAITING
    assert still_asks(made.request, NOW)
    assert yes(made.request, OWNER).state(NOW) is RequestState.FRIENDS


def test_two_proposals_to_each_other_make_friends() -> None:
    theirs = propose(OWNER, ASKER, STRANGERS, None, Origin.CONTACTS, NOW)
    assert theirs is not None
    mine = proposed(theirs.request)
    assert mine.known
    assert mine.request.state(NOW) is RequestState.FRIENDS


def test_a_proposal_is_a_yes_to_a_code_that_waits() -> None:
    waiting = yes(asked(), OWNER)
    made = proposed(waiting)
    assert made.known
    assert made.request.state(NOW) is RequestState.FRIENDS


def test_there_is_nothing_to_propose_to_a_friend_or_to_somebody_blocked() -> None:
    for tie in (Tie(friends=True), Tie(i_blocked=True)):
        assert propose(ASKER, OWNER, tie, None, Origin.KNOCK, NOW) is None


@given(TIES, st.booleans(), st.sampled_from(Answer), st.integers(0, PROPOSAL_LIFETIME_MS - 1))
def test_the_asker_cannot_tell_a_proposal_turned_down_from_one_that_waits(
    tie: Tie, may_ask: bool, answer: Answer, later: int
) -> None:
    made = proposed(tie=tie, may_ask=may_ask).request
    if answer is Answer.NO:
        made = no(made, OWNER)
    assert made.seen_by(ASKER, NOW + later) is RequestState.WAITING
    again = proposed(made, tie, NOW + later, may_ask=may_ask)
    assert again.known
    assert not again.asks_owner
    assert again.request.seen_by(ASKER, NOW + later) is RequestState.WAITING
    assert again.request.expires_at == made.expires_at
    assert proposed(made, tie, made.expires_at).known is False


def test_a_block_or_no_friend_in_common_keeps_the_owner_from_being_asked() -> None:
    for made in (proposed(tie=Tie(blocked_me=True)), proposed(may_ask=False)):
        assert not made.asks_owner
        assert not still_asks(made.request, NOW)
        assert made.request.answer_of(OWNER) is Answer.NO


def test_a_new_code_opens_a_proposal_that_was_turned_down() -> None:
    turned_down = no(proposed().request, OWNER)
    step = redeem(CODE, ASKER, STRANGERS, turned_down, NOW + 1)
    assert isinstance(step, Redemption)
    assert step.asks_owner
    assert step.request.answer_of(OWNER) is Answer.NONE
    assert step.request.origin is Origin.CODE
    assert step.request.words == ""


def test_who_changes_his_mind_may_propose_after_his_own_no() -> None:
    mine = no(asked(), ASKER)
    made = proposed(mine)
    assert made.request.seen_by(ASKER, NOW) is RequestState.WAITING

"""I1 to I8: what holds for every cluster, whatever people do, on random friendships and random sequences of steps."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from laiwang_bridge.clusters.reach import Mode, Reach, may_narrow
from laiwang_bridge.clusters.rules import NOT_AVAILABLE, Decision, Lifecycle, Stay, View, sponsors
from laiwang_bridge.clusters.rules import visible as visible_to
from laiwang_bridge.people.rules import Exposure, ListId, PersonId
from tests.unit.laiwang_bridge.clusters.world import World

SIZE = 7
PERSONS = st.integers(1, SIZE).map(PersonId)
COUPLES = st.tuples(PERSONS, PERSONS).filter(lambda couple: couple[0] != couple[1])
LINE = [(PersonId(number), PersonId(number + 1)) for number in range(1, SIZE)]
GRAPHS = st.one_of(
    st.lists(COUPLES, min_size=4, max_size=16),
    st.lists(COUPLES, max_size=4).map(lambda couples: LINE + couples),
)
SOME = st.frozensets(PERSONS, max_size=4)
REACHES = st.one_of(
    st.sampled_from([Reach(Mode.CLOSED), Reach(Mode.LIST), Reach(Mode.FRIENDS), Reach(Mode.CHAIN), Reach(Mode.OPEN)]),
    st.integers(2, 3).map(lambda hops: Reach(Mode.HOPS, hops)),
)
EXPOSURES = st.sampled_from(Exposure)


class ClusterLife(RuleBasedStateMachine):
    """People come, go, make friends and fall out around one cluster."""

    world: World

    @initialize(reach=REACHES, graph=GRAPHS, named=SOME, listed=SOME, cap=st.sampled_from([None, 3, 500]))
    def begin(
        self,
        reach: Reach,
        graph: list[tuple[PersonId, PersonId]],
        named: frozenset[PersonId],
        listed: frozenset[PersonId],
        cap: int | None,
    ) -> None:
        self.world = World.of(SIZE, reach, graph, cap=cap, named=named, listed=listed)
        self.furthest: dict[PersonId, int] = {}

    def do(self, step: Callable[[], object]) -> None:
        """One step, a little later, and (I8) once more, which must change nothing."""
        self.world.now += 1
        step()
        after = self.world.snapshot()
        self.world.now += 1
        step()
        assert self.world.snapshot() == after

    @rule(person=PERSONS, exposure=EXPOSURES)
    def join(self, person: PersonId, exposure: Exposure) -> None:
        """I5: what counts is who may come in now, not who once had a card."""
        welcome = self.world.allowed_by_definition(person)
        nearest = self.world.stays.get(person)
        answers: list[Stay | Decision] = []
        self.do(lambda: answers.append(self.world.join(person, exposure)))
        assert isinstance(answers[0], Stay) == welcome
        if nearest is not None:
            assert self.world.stays[person].hop >= nearest.hop

    @rule(choice=st.integers(0, SIZE))
    def somebody_who_may_steps_in(self, choice: int) -> None:
        """So that clusters do grow: left to chance alone most knocks are refused."""
        allowed = sorted(self.world.allowed())
        if allowed:
            self.join(allowed[choice % len(allowed)], Exposure.LOUD)

    @rule(choice=st.integers(0, SIZE))
    def somebody_inside_comes_back(self, choice: int) -> None:
        inside = sorted(self.world.inside())
        if inside:
            person = inside[choice % len(inside)]
            self.leave(person)
            self.join(person, Exposure.LOUD)

    @rule(person=PERSONS)
    def leave(self, person: PersonId) -> None:
        self.lose(person, lambda: self.world.leave(person))

    @rule(person=PERSONS)
    def go_quiet(self, person: PersonId) -> None:
        self.lose(person, lambda: self.world.expose(person, Exposure.QUIET))

    def lose(self, person: PersonId, step: Callable[[], None]) -> None:
        """I3: gone is exactly the sight that rested on this person alone."""
        world = self.world
        before, was_full = world.seers(), world.cluster.full
        rested = {
            other
            for other in before - {world.cluster.initiator}
            if world.spreads_by_friends
            and {name for name in world.sponsors_by_definition(other) if (other, name) not in world.mutes} == {person}
        }
        self.do(step)
        after = world.seers()
        assert before - after - {person} == rested
        assert was_full or after - before <= {person}

    @rule(person=PERSONS)
    def go_loud(self, person: PersonId) -> None:
        self.do(lambda: self.world.expose(person, Exposure.LOUD))

    @rule(couple=COUPLES)
    def befriend(self, couple: tuple[PersonId, PersonId]) -> None:
        self.do(lambda: self.world.befriend(*couple))

    @rule(couple=COUPLES)
    def unfriend(self, couple: tuple[PersonId, PersonId]) -> None:
        self.do(lambda: self.world.unfriend(*couple))

    @rule(couple=COUPLES)
    def block(self, couple: tuple[PersonId, PersonId]) -> None:
        """I4: at once, and the same whoever blocked whom."""
        one, other = couple
        reverse = self.world.copy()
        reverse.block(other, one)
        self.do(lambda: self.world.block(one, other))
        world = self.world
        assert world.seers() == reverse.seers()
        assert world.cards == reverse.cards
        assert world.cluster.initiator not in couple or not {one, other} - {world.cluster.initiator} & world.seers()
        assert other not in {friend.person for friend in sponsors(world.cluster, world.view(one))}
        assert one not in {friend.person for friend in sponsors(world.cluster, world.view(other))}

    @rule(couple=COUPLES)
    def unblock(self, couple: tuple[PersonId, PersonId]) -> None:
        self.do(lambda: self.world.unblock(*couple))

    @rule(person=PERSONS)
    def ban(self, person: PersonId) -> None:
        self.do(lambda: self.world.ban(person))
        assert person not in self.world.allowed() | set(self.world.inside())

    @rule(person=PERSONS)
    def unban(self, person: PersonId) -> None:
        self.do(lambda: self.world.unban(person))

    @rule(couple=COUPLES)
    def mute(self, couple: tuple[PersonId, PersonId]) -> None:
        self.do(lambda: self.world.mute(*couple))

    @rule(couple=COUPLES)
    def unmute(self, couple: tuple[PersonId, PersonId]) -> None:
        self.do(lambda: self.world.unmute(*couple))

    @rule(person=PERSONS)
    def mute_cluster(self, person: PersonId) -> None:
        self.do(lambda: self.world.mute_cluster(person))

    @rule(person=PERSONS)
    def welcome_new_friends(self, person: PersonId) -> None:
        self.do(lambda: self.world.welcome_new_friends(person))

    @rule(reach=REACHES)
    def narrow(self, reach: Reach) -> None:
        """Nobody whom friends bring in comes within a reach by narrowing it."""
        if not may_narrow(self.world.cluster.reach, reach):
            return
        before, spread = self.world.allowed(), self.world.spreads_by_friends
        self.do(lambda: self.world.change(reach=reach))
        if spread and self.world.spreads_by_friends:
            assert self.world.allowed() <= before

    @rule(lifecycle=st.sampled_from([Lifecycle.OPEN, Lifecycle.SEALED]))
    def seal_or_unseal(self, lifecycle: Lifecycle) -> None:
        self.do(lambda: self.world.change(lifecycle=lifecycle))

    @rule(named=SOME)
    @precondition(lambda self: self.world.cluster.reach.mode is Mode.CLOSED)
    def name(self, named: frozenset[PersonId]) -> None:
        self.do(lambda: self.world.change(named=named))

    @invariant()
    def the_rules_agree_with_the_definitions(self) -> None:
        for person in self.world.people:
            assert self.world.allow(person).allowed == self.world.allowed_by_definition(person)
            assert self.world.visible(person).allowed == self.world.visible_by_definition(person)

    @invariant()
    def nobody_sees_it_without_a_loud_friend_inside(self) -> None:
        """I1. The initiator alone knows of his cluster without one."""
        world = self.world
        if not world.spreads_by_friends:
            return
        for person in world.seers() - {world.cluster.initiator}:
            assert any(world.stays[other].loud for other in world.friends_of(person) if other in world.stays)

    @invariant()
    def a_quiet_member_makes_no_difference(self) -> None:
        """I2."""
        for person in self.world.people:
            view = self.world.view(person)
            loud = tuple(friend for friend in view.friends_inside if friend.exposure is Exposure.LOUD)
            without = View(
                candidate=person,
                friends_inside=loud,
                is_member=view.is_member,
                banned=view.banned,
                blocked=view.blocked,
                on_list=view.on_list,
                muted=view.muted,
            )
            assert visible_to(self.world.cluster, view) == visible_to(self.world.cluster, without)

    @invariant()
    def hops_never_decrease(self) -> None:
        """I7."""
        for person, stay in self.world.stays.items():
            assert stay.hop >= self.furthest.get(person, 0)
            self.furthest[person] = stay.hop

    @invariant()
    def the_cap_is_never_exceeded(self) -> None:
        cap = self.world.cluster.cap
        assert cap is None or len(self.world.inside()) <= cap

    @invariant()
    def cards_kept_step_by_step_are_those_that_everybody_deserves(self) -> None:
        assert self.world.cards == {person for person in self.world.people if self.world.deserves_card(person)}

    @invariant()
    def every_refusal_reads_the_same(self) -> None:
        decisions = [self.world.allow(person) for person in self.world.people]
        decisions += [self.world.visible(person) for person in self.world.people]
        assert {decision.sentence for decision in decisions if not decision.allowed} <= {NOT_AVAILABLE}
        assert {decision.sentence for decision in decisions if decision.allowed} <= {None}


TestClusterLife = ClusterLife.TestCase
TestClusterLife.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@given(
    graph=st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), min_size=60, max_size=240),
    moves=st.lists(st.tuples(st.integers(1, 60), st.sampled_from(["join", "leave", "quiet", "loud"])), max_size=60),
    reach=st.sampled_from([Reach(Mode.FRIENDS), Reach(Mode.HOPS, 2), Reach(Mode.CHAIN)]),
)
@settings(max_examples=40, deadline=None)
def test_one_person_s_step_asks_about_his_friends_only_and_misses_nobody(
    graph: list[tuple[int, int]], moves: list[tuple[int, str]], reach: Reach
) -> None:
    world = World.of(60, reach, [(one, other) for one, other in graph if one != other])
    for number, move in moves:
        person = PersonId(number)
        degree = len(world.friends_of(person))
        world.looked_at = 0
        if move == "join":
            world.join(person)
        elif move == "leave":
            world.leave(person)
        else:
            world.expose(person, Exposure(move))
        assert world.looked_at <= degree + 2
        assert world.cards == {other for other in world.people if world.deserves_card(other)}


@given(graph=GRAPHS, listed=SOME, others=SOME, person=PERSONS)
def test_a_list_shows_nothing_but_whether_i_am_on_it(
    graph: list[tuple[PersonId, PersonId]], listed: frozenset[PersonId], others: frozenset[PersonId], person: PersonId
) -> None:
    """I6: another list with other people on it looks the same to somebody who is on both, or on neither."""
    one = Reach(Mode.LIST, lists=frozenset({ListId(1)}))
    another = Reach(Mode.LIST, lists=frozenset({ListId(2), ListId(3)}))
    same = (others - {person}) | (listed & {person})
    first, second = World.of(SIZE, one, graph, listed=listed), World.of(SIZE, another, graph, listed=same)
    assert first.allow(person) == second.allow(person)
    assert first.visible(person) == second.visible(person)
    assert first.deserves_card(person) == second.deserves_card(person)
    assert str(one) == str(another) == "list"
    assert repr(one) == repr(another)

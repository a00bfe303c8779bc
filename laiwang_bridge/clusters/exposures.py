"""Loud or quiet: how somebody is in a cluster into which he comes, and the one time that he is asked.

His lists decide, if those through whom he came are on any; else what he answered the first time. Until then he is
quiet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Table, Text, delete, insert, select

from appservice.bots import Context, button
from appservice.content import code, lines
from appservice.database import metadata
from appservice.effects import EffectKey
from appservice.language import N_, Message, _
from appservice.sql import Sequence64
from appservice.unit import Unit
from laiwang_bridge.clusters import card_store
from laiwang_bridge.clusters.faces import LOUD, QUIET
from laiwang_bridge.clusters.rules import ClusterId, Stay
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.clusters.tables import column_of_cluster
from laiwang_bridge.people import list_store
from laiwang_bridge.people import store as people
from laiwang_bridge.people.lists import FriendList
from laiwang_bridge.people.mail import Mail
from laiwang_bridge.people.rules import Exposure, ListId, PersonId
from laiwang_bridge.people.store import column_of_person

# Clusters in which somebody is quiet because he has not answered yet; `sent_as` is the question, put in one of them.
undecided = Table(
    "cluster_undecided",
    metadata,
    column_of_person("person", primary_key=True),
    column_of_cluster("cluster", primary_key=True),
    Column("list", Sequence64, ForeignKey("friend_list.id", ondelete="SET NULL")),
    Column("sent_as", Text),
    Index("ix_cluster_undecided_cluster", "cluster"),
    Index("ix_cluster_undecided_list", "list"),
)


@dataclass(frozen=True, slots=True)
class Commands:
    """The commands that answer, for the number of a card."""

    loud: Callable[[Context, int | None], None]
    quiet: Callable[[Context, int | None], None]
    only: Callable[[Context, int | None, str], None]


def of_lists(through: Iterable[FriendList], usual: Exposure | None) -> Exposure | None:
    """How somebody is who came through friends on these lists of his: quiet if one says so, loud if another does, else
    as usual; None if he has never said."""
    exposures = {one.exposure for one in through}
    if Exposure.QUIET in exposures:
        return Exposure.QUIET
    return Exposure.LOUD if Exposure.LOUD in exposures else usual


class Exposures:
    """Knows how people come in, and asks those who have not said."""

    def __init__(self, mail: Mail) -> None:
        self._mail = mail
        self._commands: Commands | None = None

    def buttons_do(self, commands: Commands) -> None:
        self._commands = commands

    def at_arrival(self, connection: Connection, stay: Stay) -> Exposure | None:
        """How the person of a new stay is there; None if he has to be asked."""
        through = list_store.lists_with(connection, stay.person, stay.sponsors)
        return of_lists(through, people.exposure_of(connection, stay.person))

    def ask(self, unit: Unit, named: Named, stay: Stay) -> None:
        """Ask somebody who has come, once and where he talks with us anyway; whoever has no friends need not choose."""
        connection, person = unit.connection, stay.person
        friends = len(people.friends_of(connection, person))
        card = card_store.find_card(connection, person, named.id)
        voice = self._mail.at_hand(unit, person)
        if not friends or card is None or voice is None:
            return
        sent: EffectKey | None = None
        through = list_store.lists_with(connection, person, stay.sponsors)
        if _question_to(connection, person) is None:
            commands = self._commands
            assert commands is not None
            mine = list_store.lists_of(connection, person)
            some = code(voice.line(commands.only, card.number, mine[0].name)) if mine else None
            sent = voice.send(
                lines(
                    voice.say(
                        N_(
                            "You are in “**{title}**”. Let your {count} friend see that?",
                            "You are in “**{title}**”. Let your {count} friends see that?",
                        ),
                        count=friends,
                        title=named.title,
                    ),
                    voice.say(_("Until you say so they do not. I keep to your answer in other clusters, too.")),
                    voice.say(_("Only some of them: {line}"), line=some) if some else "",
                ),
                buttons=[
                    button(LOUD, _("let them see"), commands.loud, card.number),
                    button(QUIET, _("stay quiet"), commands.quiet, card.number),
                ],
                rings=True,
            )
        row = {
            "person": person,
            "cluster": named.id,
            "list": through[0].id if len(through) == 1 else None,
            "sent_as": sent,
        }
        connection.execute(insert(undecided).values(row))

    def answered(
        self, unit: Unit, id: ClusterId, person: PersonId, exposure: Exposure, only: ListId | None
    ) -> list[ClusterId]:
        """Somebody has said how he wants to be in a cluster. If that was asked, it is how he usually is from now on;
        gives the other clusters in which that had to be known."""
        connection = unit.connection
        question = _question_to(connection, person)
        if question is None or question.cluster != id:
            connection.execute(delete(undecided).where(undecided.c.person == person, undecided.c.cluster == id))
            return []
        others = [each for each in self._waiting(connection, person) if each != id]
        if only is None and question.list is not None:
            list_store.set_list_exposure(connection, question.list, exposure)
        else:
            # What holds for one list here says nothing elsewhere.
            exposure = exposure if only is None else Exposure.QUIET
            people.set_exposure(connection, person, exposure)
        self._close(unit, person, EffectKey(question.sent_as), _THANKS[exposure])
        return others if only is None and question.list is None else []

    def _waiting(self, connection: Connection, person: PersonId) -> list[ClusterId]:
        """Where somebody is only quiet because he has not answered."""
        rows = connection.execute(select(undecided.c.cluster).where(undecided.c.person == person))
        return [ClusterId(id) for id in rows.scalars()]

    def left(self, unit: Unit, id: ClusterId, person: PersonId) -> None:
        """Somebody has gone: about that cluster he need not be asked any more."""
        question = _question_to(unit.connection, person)
        if question is not None and question.cluster == id:
            self._close(unit, person, EffectKey(question.sent_as), _("You need not answer that any more."))
        else:
            gone = delete(undecided).where(undecided.c.person == person, undecided.c.cluster == id)
            unit.connection.execute(gone)

    def _close(self, unit: Unit, person: PersonId, question: EffectKey, words: Message) -> None:
        unit.connection.execute(delete(undecided).where(undecided.c.person == person))
        if (voice := self._mail.where(unit, person, question)) is not None:
            voice.edit(question, words)


_THANKS = {
    Exposure.LOUD: _("Your friends may see where you are from now on, unless you are quiet in a cluster."),
    Exposure.QUIET: _("Your friends do not see where you are from now on, unless you are loud in a cluster."),
}


def _question_to(connection: Connection, person: PersonId) -> Any | None:
    return connection.execute(
        select(undecided).where(undecided.c.person == person, undecided.c.sent_as.is_not(None))
    ).first()

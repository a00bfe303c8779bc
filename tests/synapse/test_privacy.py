"""Nothing of the graph leaves the bridge: what third persons and their homeservers can read, on two homeservers."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from laiwang_bridge.clusters.room import CLUSTER_STATE
from laiwang_bridge.clusters.rules import NOT_AVAILABLE
from tests.support.bridges import KNOCK_ANSWER, set_up_bridge, start_bridge
from tests.support.homeservers import FederatedPairFactory, People, SynapseFactory
from tests.support.witness import text_of
from tests.synapse.story_of_secrets import (
    BEYOND,
    BLOCKED,
    EVERYBODY,
    FAR,
    HOST,
    NEAR,
    OTHER_FORMS,
    PASSWORD,
    REMOTE,
    SAID,
    SECRETS,
    SHUT_OUT,
    SILENT,
    UNDER_FOUR_EYES,
    UNKNOWN,
    Playing,
    Story,
)

pytestmark = pytest.mark.synapse

OUTSIDE = (SHUT_OUT, BEYOND, BLOCKED, UNKNOWN)
KNOCKED_IN_VAIN = (BEYOND, BLOCKED, UNKNOWN)
THIRD_PERSONS = tuple(name for name in EVERYBODY if name != HOST)
SAYS = {
    "": "v id seed reach cap history commerce ttl lifecycle",
    "seed": "kind title event_id",
    "reach": "mode k",
    "ttl": "idle hard_ts",
    "lifecycle": "state since",
}
"""All that the state event of a cluster may say."""
UNAVAILABLE = NOT_AVAILABLE.singular
KNOCKED = (NEAR, FAR, SHUT_OUT, BEYOND, BLOCKED, UNKNOWN)
SHOWN_IN_A_PORCH = {
    f"m.room.{name}"
    for name in "create member power_levels join_rules history_visibility guest_access name canonical_alias".split()  # noqa: SIM905
}
ABOUT_PEOPLE = ("m.room.member", "m.room.power_levels", "m.room.create")
"""Events of a room that name people because Matrix wants it: members, the host, the bot."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def story(session_synapse_factory: SynapseFactory, session_folder: Path) -> AsyncIterator[Story]:
    folder = session_folder / "secrets"
    folder.mkdir()
    pair = FederatedPairFactory(folder, session_synapse_factory)(extra={"allow_public_rooms_over_federation": True})
    bridged = await set_up_bridge(pair.first, folder / "bridge")
    people = People()
    try:
        await pair.start()
        warden = await people(pair.first, "warden")
        room = await warden.create_room(alias="wardens", invite=[bridged.bot])
        config = bridged.bridge.config.read_text(encoding="utf-8")
        no_room = '\n  room: ""\n'
        assert no_room in config
        config = config.replace(no_room, f'\n  room: "#wardens:{pair.first.server_name}"\n')
        bridged.bridge.config.write_text(config, encoding="utf-8")
        await start_bridge(bridged)
        await warden.wait_until(lambda: bridged.bot in warden.members(room) or None, 60, "the bot coming")
        playing = Playing(bridged, pair.second, people)
        await playing.play()
        yield playing.story
    finally:
        await people.close()
        bridged.close()
        await pair.first.stop()
        await pair.second.stop()


@pytest.mark.parametrize("name", THIRD_PERSONS)
def test_nobody_reads_the_lists_remarks_and_address_books_of_others(story: Story, name: str) -> None:
    theirs = [secret for owner, secrets in SECRETS.items() if owner != name for secret in secrets]
    assert [
        found for secret in (*theirs, *OTHER_FORMS, PASSWORD) for found in story.seen_by[name].mentioning(secret)
    ] == []


def test_the_witnesses_do_see_what_is_there(story: Story) -> None:
    """Else nothing would be proven."""
    for owner, secrets in SECRETS.items():
        for secret in secrets:
            assert story.seen_by[owner].mentioning(secret), secret
    for name in (NEAR, FAR, SILENT, REMOTE):
        assert story.seen_by[name].mentioning("pineapples")
    assert story.seen_by[UNKNOWN].mentioning("orchard fair"), "it is listed, for everybody"
    assert len(story.remote_homeserver.events()) > 20
    assert b"pineapples" in story.remote_files


def test_a_password_that_was_typed_is_taken_away(story: Story) -> None:
    chat = [text_of(event["content"]) for event in story.seen_by[HOST].events()]
    assert any("your message with the password" in text for text in chat)
    assert [text for text in chat if PASSWORD in text] == []


def test_the_homeserver_of_others_gets_none_of_that(story: Story) -> None:
    """Its own people are Felsing and Gorham, who have no secrets: nothing of the others' may be in its files at all."""
    secrets = [PASSWORD, *OTHER_FORMS, *(secret for secrets in SECRETS.values() for secret in secrets)]
    assert [secret for secret in secrets if secret.encode() in story.remote_files] == []
    assert [secret for secret in secrets if json.dumps(secret)[1:-1].encode() in story.remote_files] == []


@pytest.mark.parametrize("name", EVERYBODY)
def test_whatever_the_bot_says_to_somebody_names_nobody_but_his_friends(story: Story, name: str) -> None:
    known = {name, *story.friends_of(name)} | ({BLOCKED} if name == HOST else set())  # whom he has named himself
    said = [event for event in _of_bot(story, name) if event.get("room_id") not in story.rooms()]
    assert [(found, text_of(event["content"])) for event in said for found in _names(event["content"]) - known] == []


def test_in_the_room_of_a_cluster_the_bot_names_nobody_but_members_and_the_host(story: Story) -> None:
    events = [*story.remote_homeserver.events()]
    for name in EVERYBODY:
        events += [event for event in story.seen_by[name].events() if event.get("room_id") in story.rooms()]
    of_bot = [event for event in events if event.get("sender") == story.bot]
    assert {event["type"] for event in of_bot} > {CLUSTER_STATE, "m.room.message", "m.room.power_levels"}
    assert [text_of(event) for event in of_bot if event["type"] not in ABOUT_PEOPLE and _names(event["content"])] == []
    levels = [event["content"] for event in of_bot if event["type"] == "m.room.power_levels"]
    assert {frozenset(_names(content)) for content in levels} == {frozenset({HOST})}
    members = [event for event in of_bot if event["type"] == "m.room.member"]
    assert [text_of(one) for one in members if _names(one["content"]) - _names(one["state_key"])] == []


def test_the_state_of_a_cluster_says_nothing_about_people(story: Story) -> None:
    states = [event["content"] for event in story.remote_homeserver.events() if event["type"] == CLUSTER_STATE]
    for name in EVERYBODY:
        states += [event["content"] for event in story.seen_by[name].events() if event["type"] == CLUSTER_STATE]
    assert states
    for content in states:
        for part, allowed in SAYS.items():
            inner = content[part] if part else content
            assert set(inner) <= set(allowed.split()), content


@pytest.mark.parametrize("name", [NEAR, FAR, REMOTE])
def test_a_quiet_member_is_a_member_of_the_room_and_nothing_more(story: Story, name: str) -> None:
    said = [text_of(event["content"]) for event in _of_bot(story, name) if event["type"] not in ABOUT_PEOPLE]
    assert [text for text in said if SILENT in text] == []


def test_whose_friends_inside_are_quiet_or_loud_for_others_is_told_of_no_cluster(story: Story) -> None:
    there = story.rooms() | story.porches()
    said = [event for event in _of_bot(story, SHUT_OUT) if event["room_id"] not in there]
    titles = "lantern", "granary", "velvet", "harbour swim", "rowing boat", "chimney talk"
    assert [text_of(event) for event in said for title in titles if title in text_of(event["content"])] == []


def test_who_has_not_knocked_reads_nothing_of_what_was_said(story: Story) -> None:
    for name in (*OUTSIDE, SILENT, REMOTE):
        assert story.seen_by[name].mentioning(UNDER_FOUR_EYES) == []


@pytest.mark.parametrize("name", KNOCKED_IN_VAIN)
def test_who_has_knocked_in_vain_reads_nothing_of_what_was_said(story: Story, name: str) -> None:
    """Synapse takes whoever has knocked and is out again for a former member (element-hq/synapse#13968)."""
    assert [found for word in SAID for found in story.seen_by[name].mentioning(word)] == []


def test_nobody_can_knock_at_the_room_of_a_cluster_itself(story: Story) -> None:
    assert story.refused_by_homeserver == {"lantern": "M_FORBIDDEN", "granary": "M_FORBIDDEN"}


@pytest.mark.parametrize("name", EVERYBODY)
def test_in_a_porch_nobody_reads_who_is_inside_or_what_is_said(story: Story, name: str) -> None:
    """Who else has knocked there can be read on Synapse; not whether he was let in."""
    events = [event for event in story.seen_by[name].events() if event.get("room_id") in story.porches()]
    events += [*story.remote_homeserver.events()] if name == UNKNOWN else []
    events = [event for event in events if event.get("room_id") in story.porches()]
    assert {event["type"] for event in events} <= SHOWN_IN_A_PORCH
    for event in events:
        who = _names(event.get("state_key", ""))
        assert who <= set(KNOCKED), event
        assert _names(event["content"]) <= who, event
    answered = [event["content"] for event in events if event["type"] == "m.room.member" and _is_answer(story, event)]
    assert {text_of(content) for content in answered} <= {text_of({"membership": "leave", "reason": KNOCK_ANSWER})}


def test_the_witnesses_do_see_the_porches_at_which_they_knocked(story: Story) -> None:
    for name in (BEYOND, BLOCKED, SHUT_OUT, FAR, NEAR):
        assert [event for event in story.seen_by[name].events() if event.get("room_id") in story.porches()], name


def test_who_leaves_before_there_is_an_answer_gets_none_and_reads_no_more_than_others(story: Story) -> None:
    """Beyond did so at "ours"."""
    porch = story.places["ours"].porch
    events = [event for event in story.seen_by[BEYOND].events() if event.get("room_id") == porch]
    about_him = [event for event in events if _names(event.get("state_key", "")) == {BEYOND}]
    assert "leave" in {event["content"]["membership"] for event in about_him}
    assert not [event for event in about_him if event["sender"] == story.bot]
    assert {name for event in events for name in _names(event)} <= set(KNOCKED)


def test_a_cluster_for_a_list_or_for_people_named_cannot_be_read_by_those_outside(story: Story) -> None:
    for name in (*OUTSIDE, FAR):
        for title in ("granary supper", "velvet surprise"):
            assert story.seen_by[name].mentioning(title) == []
    assert b"granary supper" not in story.remote_files
    assert b"velvet surprise" not in story.remote_files


def test_only_open_clusters_are_in_directories_and_look_ups(story: Story) -> None:
    for name in EVERYBODY:
        answers = story.seen_by[name].answers
        listed = {
            asked: text_of(answer) for asked, answer in answers.items() if re.search("publicRooms|thirdparty", asked)
        }
        assert any("orchard fair" in text for text in listed.values())
        for title in ("lantern parade", "granary supper", "velvet surprise", "harbour swim", "rowing boat"):
            assert [asked for asked, text in listed.items() if title in text] == []


def test_who_reports_is_not_told_to_those_inside(story: Story) -> None:
    for name in (HOST, NEAR, SILENT, REMOTE):
        assert story.seen_by[name].mentioning("🚩") == []
        assert story.seen_by[name].mentioning("your report") == []


def test_who_is_not_let_in_reads_the_same_whatever_the_cause(story: Story) -> None:
    assert len({turned.cause for turned in story.kicks}) == 8, "one of them is that of somebody who was let in"
    assert {turned.content for turned in story.kicks} == {text_of({"membership": "leave", "reason": KNOCK_ANSWER})}, (
        story.kicks
    )
    assert len({turned.cause for turned in story.sentences}) == 10
    assert len({turned.content for turned in story.sentences}) == 1, story.sentences


def test_who_knocks_in_vain_hears_of_it_once(story: Story) -> None:
    """By the kick, or by the answer to the command: nothing else tells one cause from another."""
    assert story.heard_in_private == [UNAVAILABLE] * len(story.sentences)


def test_of_what_was_said_nothing_stays_with_the_bridge(story: Story) -> None:
    private = "Sekretny", "Verborgen", "verborgen.example", "2345678", "12345679", "3456789", "carddavlogin", PASSWORD
    assert [word for word in (*SAID, *private) if word.encode() in story.bridge_files] == []
    assert [word for word in (*SAID, *private) if word in story.bridge_log] == []


def _is_answer(story: Story, event: Mapping[str, Any]) -> bool:
    return event.get("sender") == story.bot and event.get("state_key") != story.bot


def _of_bot(story: Story, name: str) -> Iterator[Mapping[str, Any]]:
    return (event for event in story.seen_by[name].events() if event.get("sender") == story.bot)


def _names(content: Any) -> set[str]:
    text = text_of(content)
    return {name for name in EVERYBODY if name in text}

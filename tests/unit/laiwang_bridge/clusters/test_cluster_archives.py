"""What a member gets when he saves a cluster: all that he may see, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mautrix.types import UserID

from laiwang_bridge.clusters.archive import Archive, Gathering, Saved, as_json
from laiwang_bridge.clusters.archive_page import Labels, page
from laiwang_bridge.clusters.archiving import file_name

ME, ANN = UserID("@me:town"), UserID("@ann:town")
LABELS = Labels("en", "Saved", "There was more", "encrypted, cannot be read", "edited", "in reply to", "file")


class Room:
    """A room's events in their order, as a homeserver keeps them."""

    def __init__(self, history: str = "shared") -> None:
        self.events: list[dict[str, Any]] = []
        self.now: dict[tuple[str, str], Mapping[str, Any]] = {}
        self.set("m.room.history_visibility", {"history_visibility": history})

    def send(self, sender: str, content: Mapping[str, Any], type: str = "m.room.message") -> str:
        id = f"${len(self.events)}"
        at = 1_700_000_000_000 + 60_000 * len(self.events)
        self.events.append({"event_id": id, "sender": sender, "type": type, "content": content, "origin_server_ts": at})
        return id

    def say(self, sender: str, body: str, **more: Any) -> str:
        return self.send(sender, {"msgtype": "m.text", "body": body, **more})

    def react(self, sender: str, target: str, key: str) -> str:
        return self.send(
            sender, {"m.relates_to": {"rel_type": "m.annotation", "event_id": target, "key": key}}, "m.reaction"
        )

    def edit(self, sender: str, target: str, body: str) -> str:
        relation = {"rel_type": "m.replace", "event_id": target}
        new = {"msgtype": "m.text", "body": body}
        return self.say(sender, f"* {body}", **{"m.new_content": new, "m.relates_to": relation})

    def set(self, type: str, content: Mapping[str, Any], key: str = "") -> None:
        before = self.now.get((type, key))
        self.send("@bot:town", content, type)
        unsigned = {} if before is None else {"prev_content": before, "replaces_state": "$before"}
        self.events[-1] |= {"state_key": key, "unsigned": unsigned}
        self.now[(type, key)] = content

    def member(self, user: str, membership: str, name: str = "") -> None:
        self.set("m.room.member", {"membership": membership} | ({"displayname": name} if name else {}), user)

    def redact(self, id: str) -> None:
        next(event for event in self.events if event["event_id"] == id)["content"] = {}

    def saved_by(self, user: UserID, *, most: int = 100, most_characters: int = 10_000) -> Archive:
        history, membership = self.now[("m.room.history_visibility", "")], self.now.get(("m.room.member", user), {})
        gathering = Gathering(user, history, membership, most=most, most_characters=most_characters)
        gathering.take(reversed(self.events))
        return gathering.done(is_cut=gathering.is_full)


def texts(archive: Archive) -> list[str | None]:
    return [message.text for message in archive.messages]


def test_where_the_past_is_shared_it_goes_back_to_the_beginning() -> None:
    room = Room()
    room.member(ANN, "join", "Ann")
    room.say(ANN, "before")
    room.member(ME, "join", "Me")
    room.say(ME, "after")
    archive = room.saved_by(ME)
    assert texts(archive) == ["before", "after"]
    assert archive.names == {ANN: "Ann", ME: "Me"}


def test_where_it_is_not_it_goes_back_to_the_time_that_one_was_inside() -> None:
    room = Room("joined")
    room.member(ANN, "join", "Ann")
    room.say(ANN, "unseen")
    room.member(ME, "join")
    room.say(ANN, "seen")
    room.member(ME, "leave")
    room.say(ANN, "while away")
    room.member(ME, "invite")
    room.say(ANN, "while invited")
    room.member(ME, "join")
    room.say(ANN, "seen again")
    assert texts(room.saved_by(ME)) == ["seen", "seen again"]


def test_the_visibility_at_the_time_of_a_message_counts() -> None:
    room = Room("shared")
    room.member(ANN, "join")
    room.say(ANN, "for all to come")
    room.set("m.room.history_visibility", {"history_visibility": "joined"})
    room.say(ANN, "for those here")
    room.set("m.room.history_visibility", {"history_visibility": "invited"})
    room.member(ME, "invite")
    room.say(ANN, "for those invited")
    room.member(ME, "join")
    assert texts(room.saved_by(ME)) == ["for all to come", "for those invited"]


def test_a_change_that_does_not_say_what_it_replaced_hides_rather_than_shows() -> None:
    room = Room("joined")
    room.member(ANN, "join")
    room.say(ANN, "unseen")
    room.set("m.room.history_visibility", {"history_visibility": "shared"})
    del room.events[-1]["unsigned"]["prev_content"]
    room.member(ME, "join")
    assert texts(room.saved_by(ME)) == []


def test_edits_are_applied_and_what_was_taken_back_is_left_out() -> None:
    room = Room()
    room.member(ME, "join")
    first, gone = room.say(ANN, "tomorow"), room.say(ANN, "secret")
    room.edit(ANN, first, "tomorrow?")
    room.edit(ME, first, "never")  # nobody edits for another
    room.edit(ANN, first, "tomorrow!")
    room.redact(gone)
    archive = room.saved_by(ME)
    assert texts(archive) == ["tomorrow!"]
    assert archive.messages[0].is_edited


def test_reactions_are_counted_once_a_person_and_answers_point_to_what_they_answer() -> None:
    room = Room()
    room.member(ME, "join")
    first = room.say(ANN, "hike?")
    for sender, key in ((ME, "👍"), (ANN, "👍"), (ME, "👍"), (ME, "🎉")):
        room.react(sender, first, key)
    room.redact(room.react(ANN, first, "👎"))
    fallback = "> <@ann:town> hike?\n\nyes"
    room.say(ME, fallback, **{"m.relates_to": {"m.in_reply_to": {"event_id": first}}})
    room.say(ME, "and", **{"m.relates_to": {"m.in_reply_to": {"event_id": "$elsewhere"}}})
    hike, yes, more = room.saved_by(ME).messages
    assert hike.reactions == {"👍": 2, "🎉": 1}
    assert (yes.text, yes.reply_to) == ("yes", first)
    assert more.reply_to is None


def test_what_is_encrypted_is_marked_and_files_are_named() -> None:
    room = Room()
    room.member(ME, "join")
    room.send(ANN, {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x"}, "m.room.encrypted")
    room.send(ANN, {"msgtype": "m.image", "body": "hill.jpg", "url": "mxc://town/hill", "info": {"size": 5}})
    secret, picture = room.saved_by(ME).messages
    assert secret.text is None
    assert picture.file is not None
    assert (picture.file.name, picture.file.size, picture.file.url) == ("hill.jpg", 5, "mxc://town/hill")
    html = page(room.saved_by(ME), "hike", ZoneInfo("UTC"), LABELS)
    assert "encrypted, cannot be read" in html
    assert "[file: hill.jpg]" in html
    assert "mxc:" not in html


def test_when_there_is_too_much_the_newest_is_kept_and_it_says_so() -> None:
    room = Room()
    room.member(ME, "join")
    for number in range(30):
        room.say(ANN, f"{number:010}")
    few, short = room.saved_by(ME, most=10), room.saved_by(ME, most_characters=100)
    assert texts(few) == texts(short) == [f"{number:010}" for number in range(20, 30)]
    assert few.is_cut
    assert as_json(few, {})["cut"] is True
    assert "There was more" in page(few, "hike", ZoneInfo("UTC"), LABELS)
    assert not room.saved_by(ME).is_cut


class Tags(HTMLParser):
    """What of a page is markup."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


OURS = {
    "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "small", "article", "b", "time", "p", "a",
}  # fmt: skip
anything = st.text(max_size=40) | st.sampled_from(
    ["<script>x</script>", '"><img src=x>', "</title>", "&lt;", "</style>"]
)


@given(st.lists(st.tuples(anything, anything, anything), max_size=4), anything)
def test_nothing_that_was_said_becomes_markup_or_loads_anything(said: list[tuple[str, str, str]], title: str) -> None:
    messages = [
        Saved(f"${number}", f"@{number}:town", number, text, reply_to="$0" if number else None, reactions={key: 1})
        for number, (text, _name, key) in enumerate(said)
    ]
    names = {f"@{number}:town": name for number, (_text, name, _key) in enumerate(said)}
    html = page(Archive(messages, names, False), title, ZoneInfo("UTC"), LABELS)
    tags = Tags()
    tags.feed(html)
    assert {tag for tag, _attributes in tags.seen} <= OURS
    assert not {"src", "onload", "onclick", "style"} & {name for _tag, given in tags.seen for name in given}
    assert all(given["href"].startswith("#m") for tag, given in tags.seen if tag == "a" and given["href"])
    orjson.dumps(as_json(Archive(messages, names, False), {}))


@pytest.mark.parametrize(
    ("title", "name"),
    [("周末爬山？", "周末爬山"), ("a/b: c?", "a-b-c"), ("🎉", ""), ("../..", ""), ("x" * 90, "x" * 40)],
)
def test_a_file_is_called_like_its_cluster(title: str, name: str) -> None:
    assert file_name(title) == name

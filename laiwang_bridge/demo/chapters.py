"""What happens in the story: friends by a code, a cluster that grows through them, a crash that nobody notices."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable

from laiwang_bridge import __version__
from laiwang_bridge.clusters.links import alias_in
from laiwang_bridge.clusters.room import CLUSTER_STATE
from laiwang_bridge.demo.stage import BOT, DOMAIN, Player, Stage
from laiwang_bridge.demo.telling import BOT_NAME, StepFailed, Telling
from laiwang_bridge.demo.timeline import Seen

TITLE = "周末爬山?"
TABLE = "Tea after the hike"

_CODE = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{4}-[0-9A-Z]{4}(?![0-9A-Z])")
_USER_ID = re.compile(rf"@[a-z]+:{DOMAIN}")
_LONGEST_MOMENT = 0.15
"""Seconds within which the bridge is killed: as long as it takes to let somebody in."""

_LINK = "https://matrix.to/"

_YES_NO, _JOIN_HIDE_MUTE, _LOUD_QUIET = "✅❌", "👍🙈🔕", "📣🤫"


class Chapters:
    """林 and Amy are friends, so are Amy and Bo; Dan knows nobody."""

    def __init__(self, stage: Stage, telling: Telling) -> None:
        self._stage = stage
        self._telling = telling
        self._chapter = telling.transcript.chapter
        self._note = telling.transcript.note

    async def play(self) -> None:
        """All of it. Raises `StepFailed`, and what goes wrong with the homeserver or the bridge."""
        await self._set_up()
        await self._people_come()
        await self._lin_and_amy_become_friends()
        await self._amy_and_bo_become_friends()
        await self._lin_opens_a_cluster()
        await self._amy_steps_in()
        await self._bo_sees_it_next()
        await self._the_bridge_is_killed()
        await self._a_stranger_knocks()
        await self._amy_has_paid_for_all()
        await self._everything_is_read_back()

    # -- the chapters -----------------------------------------------------------------------------------------------

    async def _set_up(self) -> None:
        stage, telling = self._stage, self._telling
        self._chapter("The admin sets up the bridge")
        await stage.set_up()
        self._note("laiwang-bridge init: wrote config.yaml and registration.yaml into")
        self._note(str(stage.bridge.folder))
        self._note("laiwang-bridge run, and then Synapse: the bridge waits for its homeserver")
        telling.begins()
        await stage.open(telling.patience)
        self._note(f"Both are up after {telling.elapsed():.1f} s")
        self._note(f"Synapse is at {stage.synapse.client_url}, the bridge at {stage.bridge.address}")

    async def _people_come(self) -> None:
        telling = self._telling
        self._chapter("林 (Lin), Amy, Bo and Dan each begin a chat with the bot")
        self.lin, self.amy, self.bo, self.dan = everybody = [
            await self._stage.enter(login, name)
            for login, name in (("lin", "林"), ("amy", "Amy"), ("bo", "Bo"), ("dan", "Dan"))
        ]
        telling.begins()
        await asyncio.gather(*map(self._begins_a_chat, everybody))
        await telling.answered(self.lin, "林 is greeted")
        for player in everybody[1:]:
            await telling.answered(player, f"{player.name} is greeted", aloud=False)

    async def _begins_a_chat(self, player: Player) -> None:
        player.chat = await player.client.create_direct_chat(BOT, timeout=self._telling.patience)
        self._telling.tally.member(player.chat, player.user_id, "join")
        self._telling.tally.member(player.chat, BOT, "invite", "join")

    async def _lin_and_amy_become_friends(self) -> None:
        lin, amy, telling = self.lin, self.amy, self._telling
        self._chapter("林 and Amy become friends, by a code")
        await telling.says(lin, "语言 中文")
        await telling.answered(lin, "林 is spoken to in Chinese from now on")
        await telling.says(lin, "暗号")
        code = await self._code(lin)
        self._note(f"林 reads the code to Amy on the phone: {code}")
        await telling.says(amy, f"code {code}")
        amys = await telling.card(amy, "Amy is asked whether this is who she means", "林", buttons=_YES_NO)
        lins = await telling.card(lin, "林 is asked too, for nobody becomes a friend unasked", "Amy", buttons=_YES_NO)
        await telling.taps(amy, amys, "✅")
        await telling.changed(amy, amys, "Amy's card shows that 林 has to say yes as well", "林")
        await telling.says(lin, "同意")
        await telling.changed(lin, lins, "林's card says that they are friends", "Amy")
        await telling.answered(amy, "Amy sees it too", "林")

    async def _amy_and_bo_become_friends(self) -> None:
        amy, bo, telling = self.amy, self.bo, self._telling
        self._chapter("Amy and Bo become friends; Bo and 林 do not know each other")
        await telling.says(amy, "code")
        code = await self._code(amy)
        await telling.says(bo, f"!lw code {code}")
        bos = await telling.card(bo, "Bo is asked", "Amy", buttons=_YES_NO)
        amys = await telling.card(amy, "Amy is asked", "Bo", buttons=_YES_NO)
        await telling.says(bo, "yes")
        await telling.changed(bo, bos, "Bo's card shows that Amy has to say yes as well", "Amy")
        await telling.taps(amy, amys, "✅")
        await telling.answered(bo, "Bo sees that they are friends", "Amy")

    async def _lin_opens_a_cluster(self) -> None:
        lin, telling = self.lin, self._telling
        self._chapter("林 starts to talk about something")
        await telling.says(lin, f"!zd {TITLE}")
        preview = await telling.card(lin, "林 sees whom it can reach, before it is open", TITLE, buttons=_YES_NO)
        await telling.taps(lin, preview, "✅")
        await telling.changed(lin, preview, "and after a tap it opens", TITLE)
        invitation = await telling.until(
            lin,
            "林 is invited into the cluster",
            f"林's client shows an invitation from {BOT_NAME}",
            lambda: next((one for one in lin.client.invitations.values() if one.inviter == BOT), None),
            quiet=True,
        )
        self.cluster = invitation.room_id
        telling.name_room(self.cluster, TITLE)
        telling.tally.member(self.cluster, BOT, "join")
        await self._steps_in(lin)
        await telling.answered(lin, "and finds the topic in it", TITLE, room=self.cluster)

    async def _amy_steps_in(self) -> None:
        lin, amy, telling = self.lin, self.amy, self._telling
        self._chapter("Amy sees it, because 林 is there")
        self._note("Her daily digest would bring it in the evening; she looks what there is")
        await telling.says(amy, "!zd")
        self._card_of_amy = await telling.card(
            amy, "Amy has a card that names 林", TITLE, "林", buttons=_JOIN_HIDE_MUTE, without=["Bo", "Dan"]
        )
        await telling.taps(amy, self._card_of_amy, "👍")
        await telling.answered(amy, "Amy is told to come in", TITLE)
        await self._steps_in(amy)
        await telling.changed(amy, self._card_of_amy, "and her card says that she is there", TITLE)
        question = await self._is_asked(amy)
        await telling.taps(amy, question, "📣")
        await telling.changed(amy, question, "Amy does not mind, here and in other clusters")
        await telling.answered(amy, "Bo may see now that she is there", TITLE)
        said = await telling.says(lin, "周六早上八点，香山东门见！", self.cluster)
        await telling.heard([amy], [said], self.cluster, "Amy reads it")
        said = await telling.says(amy, "Count me in, I bring tea 🍵", self.cluster)
        await telling.heard([lin], [said], self.cluster, "林 reads it")

    async def _bo_sees_it_next(self) -> None:
        amy, bo, telling = self.amy, self.bo, self._telling
        self._chapter("Bo sees it next, because Amy is there")
        came = _membership(amy, self.cluster, amy.user_id, "join")
        await telling.says(bo, "!zd")
        self._card_of_bo = await telling.card(
            bo,
            "Bo has a card that names Amy, and not 林, whom he does not know",
            TITLE,
            "Amy",
            buttons=_JOIN_HIDE_MUTE,
            without=["林", self.lin.user_id, "Dan"],
        )
        if came is None or self._card_of_bo.sent_at < came.sent_at:
            raise StepFailed("Bo sees it only now", 0.0, "a card that was sent after Amy came", [str(self._card_of_bo)])

    async def _the_bridge_is_killed(self) -> None:
        lin, amy, bo, telling, stage = self.lin, self.amy, self.bo, self._telling, self._stage
        self._chapter("The bridge is killed while Bo steps in, and nobody has to notice")
        said = [await telling.says(lin, "我带水果，还缺什么？", self.cluster)]
        await telling.taps(bo, self._card_of_bo, "👍")
        # Any moment will do; another one every time finds more.
        await asyncio.sleep(secrets.SystemRandom().uniform(0.0, _LONGEST_MOMENT))
        pid = stage.bridge.pid
        stage.bridge.kill()
        self._note(f"kill -9 {pid}: the bridge is gone")
        said.append(await telling.says(amy, "Sunscreen! ☀️", self.cluster))
        said.append(await telling.says(lin, "好的 👌", self.cluster))
        await telling.says(amy, "!zd list")
        await telling.heard([lin, amy], said, self.cluster, "林 and Amy read each other all the same")
        self._note("laiwang-bridge run: the admin starts it again")
        telling.begins()
        stage.bridge.start()
        await stage.bridge.until_ready(telling.patience)
        await telling.answered(amy, "It is back: Amy has her answer to what she asked meanwhile", TITLE)
        await telling.answered(bo, "Bo is told to come in", TITLE)
        await self._steps_in(bo)
        await telling.changed(bo, self._card_of_bo, "and his card says that he is there", TITLE)
        question = await self._is_asked(bo)
        await telling.taps(bo, question, "🤫")
        await telling.changed(bo, question, "Bo would rather not be seen")
        await telling.answered(bo, "and is told that he is not", TITLE)
        await telling.heard([bo], said, self.cluster, "Bo reads what was said before he came")
        said_by_bo = await telling.says(bo, "算我一个！ I can drive 🚗", self.cluster)
        await telling.heard([lin, amy], [said_by_bo], self.cluster, "林 and Amy read it")

    async def _a_stranger_knocks(self) -> None:
        amy, dan, telling = self.amy, self.dan, self._telling
        self._chapter("Amy hands the link on, and Dan, a stranger, gets hold of it")
        await telling.says(amy, "share 1")
        await telling.answered(amy, "Amy is told who may follow it", without=[_LINK])
        shared = await telling.answered(amy, "and has the link", TITLE, _LINK)
        await telling.answered(amy, "and a picture of it", TITLE, _LINK, aloud=False)
        alias = alias_in(shared.text.split()[-1], DOMAIN)
        telling.transcript.says(dan.name, TITLE, "(knocks)")
        telling.begins()
        porch = await dan.client.knock(f"#{alias}:{DOMAIN}", reason="let me in")
        declined = await telling.until(
            dan,
            "Dan is declined",
            "Dan's client shows that he was declined",
            lambda: _membership(dan, porch, dan.user_id, "leave"),
            room=porch,
            quiet=True,
        )
        reason = str(declined.content.get("reason", ""))
        telling.transcript.says(BOT_NAME, dan.name, reason)
        told = [word for word in ("林", "Amy", "Bo", TITLE, "@") if word in reason]
        if told or not reason:
            raise StepFailed("Dan is declined", 0.0, "a reason that says nothing about anybody", [reason or "none"])
        telling.transcript.seen("Dan is declined, with a sentence that says nothing about anybody", telling.elapsed())
        await telling.says(dan, "!zd list")
        await telling.answered(dan, "and his list knows nothing of it", without=[TITLE, "林", "Amy", "Bo"])

    async def _amy_has_paid_for_all(self) -> None:
        lin, amy, bo, telling = self.lin, self.amy, self.bo, self._telling
        self._chapter("After the hike Amy pays for the tea of all, and the bill is shared")
        others = [lin.user_id, bo.user_id, BOT]
        self.table = table = await amy.client.create_room(name=TABLE, invite=others)
        telling.name_room(table, TABLE)
        telling.tally.member(table, amy.user_id, "join")
        for user in others:
            telling.tally.member(table, user, "invite", "join")
        await telling.answered(amy, "The bot that Amy has invited is there", "AA", room=table, aloud=False)
        await telling.until(
            amy,
            "and so are 林 and Bo",
            f"Amy's client shows all of them in the room {TABLE}",
            lambda: {amy.user_id, *others} <= amy.client.members(table) or None,
            room=table,
            quiet=True,
        )
        await telling.says(amy, "AA €45 tea and cake @lin @bo", table)
        bill = await telling.card(
            bo, "One card says who owes what", "林: €15.00", "Bo: €15.00", "0/2 paid", buttons="✅👍", room=table
        )
        await telling.taps(lin, bill, "✅")
        await telling.changed(amy, bill, "林 has paid, and Amy is to say that it has come", "when it has come from 林")
        await telling.taps(amy, bill, "👍")
        await telling.changed(bo, bill, "It is in the books", "1/2 paid")
        await telling.says(bo, "!aa settle", table)
        plan = await telling.card(bo, "One payment makes all even", "Bo → Amy: €15.00", buttons=("1️⃣",), room=table)
        await telling.taps(bo, plan, "1️⃣")
        await telling.changed(amy, plan, "Amy sees that Bo has paid it", "says Bo")
        await telling.taps(amy, plan, "1️⃣")
        await telling.changed(lin, plan, "All are even", "All is settled.")
        await telling.changed(lin, bill, "and the card of the bill knows it", "2/2 paid")
        await telling.says(lin, "!记账 红包 8.88 2 辛苦了", table)
        packet = await telling.card(amy, "林 puts a red packet into the room", "辛苦了", buttons="🧧", room=table)
        await telling.taps(amy, packet, "🧧")
        await telling.says(bo, "抢", table)
        await telling.changed(lin, packet, "Amy and Bo have a part each, one of them with the best luck", "手气最佳")

    async def _everything_is_read_back(self) -> None:
        lin, amy, bo, dan, telling = self.lin, self.amy, self.bo, self.dan, self._telling
        self._chapter("Everybody looks again: nothing is missing, and nothing is there twice")
        # An answer comes after everything that the bridge had to say before in the same room.
        await telling.says(lin, "!lw status", self.cluster)
        await telling.answered(lin, "The bridge is at work", __version__, room=self.cluster)
        await self._lists_friends(lin, "好友", {amy})
        await self._lists_friends(amy, "friends", {lin, bo})
        await self._lists_friends(bo, "friends", {amy})
        await self._lists_friends(dan, "friends", set())
        self._note("Everybody logs in with a new client and counts")
        for player in (lin, amy, bo):
            await self._reads_back(player, player.chat, self.cluster, self.table)
        await self._reads_back(dan, dan.chat)

    # -- small things -----------------------------------------------------------------------------------------------

    async def _code(self, player: Player) -> str:
        def has_code(seen: Seen) -> bool:
            return _CODE.search(seen.text) is not None

        answer = await self._telling.answered(player, f"{player.name} has a code to give a friend", fits=has_code)
        found = _CODE.search(answer.text)
        assert found is not None
        return found.group()

    async def _steps_in(self, player: Player) -> None:
        """The client accepts the invitation by itself."""
        self._telling.tally.member(self.cluster, player.user_id, "invite", "join")
        await self._telling.until(
            player,
            f"{player.name} is invited and steps in",
            f"{player.name}'s client is in the room of {TITLE}",
            self._is_in(player),
        )

    async def _is_asked(self, player: Player) -> Seen:
        what = f"{player.name} is asked whether friends may see that"
        return await self._telling.card(player, what, TITLE, buttons=_LOUD_QUIET)

    def _is_in(self, player: Player) -> Callable[[], bool | None]:
        def look() -> bool | None:
            state = player.client.state(self.cluster, CLUSTER_STATE)
            return (state is not None and self.cluster in player.client.rooms) or None

        return look

    async def _lists_friends(self, player: Player, command: str, friends: set[Player]) -> None:
        await self._telling.says(player, command)
        names = " and ".join(sorted(friend.name for friend in friends)) or "nobody"
        wanted = {friend.user_id for friend in friends}

        def lists_exactly(seen: Seen) -> bool:
            return set(_USER_ID.findall(seen.text)) == wanted

        await self._telling.answered(player, f"{player.name}'s friends are: {names}", fits=lists_exactly)

    async def _reads_back(self, player: Player, *rooms: str) -> None:
        tally = self._telling.tally
        self._telling.begins()
        client = await self._stage.log_in(player.login)
        what = f"{player.name} finds all {sum(map(tally.count, rooms))} messages, cards, comings and goings, each once"
        wrong = [line for room in rooms for line in tally.differences(room, client.timeline(room))]
        strange = client.rooms - set(rooms)
        wrong.extend(f"a room too many: {room}" for room in strange)
        if wrong:
            raise StepFailed(what, self._telling.elapsed(), "everything once", wrong)
        self._telling.transcript.seen(what, self._telling.elapsed())


def _membership(player: Player, room: str, user_id: str, membership: str) -> Seen | None:
    """The last time that somebody's membership became this one."""
    return next(
        (
            seen
            for seen in reversed(player.client.timeline(room))
            if seen.kind == "m.room.member"
            and seen.state_key == user_id
            and seen.content.get("membership") == membership
        ),
        None,
    )

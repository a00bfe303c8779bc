"""What people type about their address books, and the files they send."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from sqlalchemy import Connection

from appservice.bots import Argument, ArgumentError, Context, Router, UserError
from appservice.content import bullets, code, lines, paragraphs
from appservice.language import _
from appservice.routes import Routes
from laiwang_bridge.contacts import id_store, rules, store, watch_store
from laiwang_bridge.contacts.accounts import Accounts
from laiwang_bridge.contacts.cards import Cards, Commands
from laiwang_bridge.contacts.importing import Imports
from laiwang_bridge.contacts.lookup import LookUps
from laiwang_bridge.contacts.reader import looks_like_contacts
from laiwang_bridge.contacts.rules import Choice
from laiwang_bridge.contacts.summary import Summary
from laiwang_bridge.people import remark_store
from laiwang_bridge.people.codes import BadCode, parse_code
from laiwang_bridge.people.names import who_asks
from laiwang_bridge.people.requests import Requests
from laiwang_bridge.people.rules import Origin, PersonId

PREFIXES = ("!lw", "!来往")

_CONTACTS = _("Address book")
_ADDRESS = re.compile(r"(?:carddavs?|https?)://\S+", re.IGNORECASE)
_ON, _OFF = _("on"), _("off")
_AGAIN = ("again", "再来", "再导入")
_EXAMPLE_ADDRESS = "https://dav.example.org"


def _read_choice(text: str) -> Choice | int:
    """Numbers of the card, or the code of a friend: `add` takes either."""
    choice = rules.read_choice(text)
    if choice is not None:
        return choice
    found = parse_code(text)
    if isinstance(found, BadCode):
        raise ArgumentError(_("Choose from your list like this: `add all` or `add 2 5`."))
    return found


Given = Annotated[str | None, Argument(_("contacts or an address"), example="Mei, +86 138 0013 8000", rest=True)]
Chosen = Annotated[
    Choice | int | None,
    Argument(_("which ones"), example="2 5", rest=True, parse=_read_choice, words={"all": ("全部",)}),
]
Page = Annotated[int, Argument(_("page"), least=1, example="2")]
OnOff = Annotated[
    Literal["on", "off"], Argument(_("on or off"), words={"on": ("开", "yes", "是"), "off": ("关", "no", "否")})
]
Forget = Annotated[Literal["forget"] | None, Argument(_("forget"), words={"forget": ("忘记", "删除", "delete")})]


class ContactsBot:
    """Address books, the people found by them, and those who are waited for.

    `router` is for every bot that does this; `alone` is for the bot that does nothing else, which is sent pictures
    only by mistake.
    """

    def __init__(
        self,
        imports: Imports,
        accounts: Accounts,
        cards: Cards,
        summary: Summary,
        look_ups: LookUps,
        requests: Requests,
    ) -> None:
        self._imports = imports
        self._accounts = accounts
        self._cards = cards
        self._requests = requests
        self._look_ups = look_ups
        self.router = router = Router("contacts", PREFIXES, title=_CONTACTS)
        command = router.command
        command(
            "import", "导入", help=_("Find friends by your contacts"), group=_CONTACTS, where="direct",
            bare=looks_like_contacts,
        )(self.take)  # fmt: skip
        command("matches", "名单", help=_("Whom you have found"), group=_CONTACTS, where="direct")(self.matches)
        command("add", "添加", help=_("Ask them to be friends"), group=_CONTACTS, where="direct")(self.add)
        command("watch", "等他们来", help=_("Be told who comes later"), group=_CONTACTS, where="direct")(self.watch)
        if look_ups.is_offered:
            command("lookup", "查询", help=_("Ask who is on Matrix"), group=_CONTACTS, where="direct")(self.look_up)
        command("contacts", "通讯录", help=_("What I keep of them"), group=_CONTACTS, where="direct")(self.contacts)
        router.receives(lambda file: file.kind == "m.file", imports.take_file)
        accounts.add_to(router)
        self.alone = Router("contacts_alone", PREFIXES)
        self.alone.receives(lambda _file: True, imports.take_file)
        cards.answered_by(Commands(self.add, self.matches))
        self._summary = summary
        summary.answered_by(lambda voice: voice.line(self.watch, "on"))

    def add_to(self, routes: Routes) -> None:
        self._imports.add_to(routes)

    def take(self, context: Context, given: Given = None) -> None:
        if given is None:
            if context.replied_to is not None:
                self._imports.take_message(context)
            else:
                self._explain(context)
        elif given.strip().lower() in _AGAIN:
            self._accounts.again(context, context.line(self.take, _EXAMPLE_ADDRESS))
        elif _ADDRESS.fullmatch(given.strip()):
            self._accounts.begin(context, _as_web_address(given.strip()))
        else:
            self._imports.take_text(context, given)

    def matches(self, context: Context, page: Page = 1) -> None:
        me = who_asks(context)
        if not store.found_by(context.connection, me):
            raise UserError(_("Your list is empty. Send me your address book first."))
        is_tap = context.event.type == "m.reaction"
        if not (is_tap and self._cards.turn_to(context, me, context.sender, page)):
            self._cards.send(context, me, context.sender, page=page)

    def add(self, context: Context, chosen: Chosen = None) -> None:
        if isinstance(chosen, int):
            self._requests.redeem(context, chosen)
            return
        me = who_asks(context)
        found = store.found_by(context.connection, me)
        if not found:
            raise UserError(_("Your list is empty. Send me your address book first."))
        if chosen is None:
            raise UserError(
                _("Whom? All of them, or some by their numbers:"), try_instead=context.line(self.add, Choice())
            )
        by_number = {one.number: one for one in found}
        wanted = tuple(by_number) if chosen.numbers is None else chosen.numbers
        for number in wanted:
            if number not in by_number:
                raise UserError(
                    _("There is no number {number} on your list."),
                    number=str(number),
                    try_instead=context.line(self.matches),
                )
        asked = [by_number[number] for number in wanted if not by_number[number].asked]
        for one in asked:
            self._requests.propose(context.unit, me, one.other, Origin.CONTACTS)
            if one.name and remark_store.remark_about(context.connection, me, one.other) is None:
                remark_store.put_remark(context.connection, me, one.other, one.name)
        store.note_asked(context.connection, me, [one.other for one in asked])
        self._cards.refresh(context, me, context.sender)
        names = [self._cards.name_of(context.connection, me, one) for one in asked]
        if names and context.event.type == "m.reaction":
            return  # the card that was tapped says it
        if not names:
            context.reply(_("You have asked them already."))
        elif len(names) <= rules.PAGE:
            context.reply(_("Asked: {names}. Whoever says yes is your friend."), names=names)
        else:
            context.reply(_("Asked: {count} people. Whoever says yes is your friend."), count=len(names))

    def watch(self, context: Context, wish: OnOff) -> None:
        me = who_asks(context)
        if wish == "on":
            watch_store.start_watching(context.connection, me, context.now)
            context.reply(
                _(
                    "Now send me your address book, again if you did before. For 90 days I wait for those who are not "
                    "here; their numbers I keep in a form that nobody can read. {line} deletes them."
                ),
                line=code(context.line(self.watch, "off")),
            )
        elif watch_store.stop_watching(context.connection, me):
            context.reply(_("I wait for nobody any more; what I kept for that is deleted."))
        else:
            context.reply(_("I was not waiting for anybody."))

    def look_up(self, context: Context, wish: OnOff) -> None:
        me = who_asks(context)
        watch_store.choose_look_up(context.connection, me, wish == "on", context.now)
        if wish == "on":
            said = _(
                "Whatever address book you send from now on, I ask {server} who of it is on Matrix. It gets the "
                "numbers and addresses in a form that it can undo."
            )
        else:
            said = _("I no longer ask {server} about your contacts.")
        context.reply(said, server=self._look_ups.name)

    def contacts(self, context: Context, what: Forget = None) -> None:
        me = who_asks(context)
        if what is not None:
            store.forget(context.connection, me)
            id_store.forget(context.connection, me)
            watch_store.forget(context.connection, me)
            context.reply(
                _(
                    "Done: your list, those you waited for and the login of your address book are deleted, and nobody "
                    "is found through your book any more."
                )
            )
            return
        watching = watch_store.is_watching(context.connection, me)
        kept = watch_store.sealed_account(context.connection, me) is not None
        found = len(store.found_by(context.connection, me))
        context.reply(
            paragraphs(
                lines(
                    context.say(_("People on your list: {count}"), count=found),
                    context.say(_("I tell you who comes later: {wish}"), wish=_ON if watching else _OFF),
                    context.say(_("I remember the login of your address book: {wish}"), wish=_ON if kept else _OFF),
                ),
                context.say(
                    _("Of people who are not here I keep nothing but for whom you wait. {line} deletes all this."),
                    line=code(context.line(self.contacts, "forget")),
                ),
            )
        )

    def export(self, connection: Connection, person: PersonId) -> dict[str, Any]:
        return store.export(connection, person) | watch_store.export(connection, person)

    def _explain(self, context: Context) -> None:
        """How to get an address book here."""
        context.reply(
            paragraphs(
                self._summary.number_first(context, who_asks(context)),
                context.say(_("Send me your address book as a file. You find it here:")),
                bullets(
                    [
                        context.say(_("Android: Contacts › menu › Export (.vcf)")),
                        context.say(_("iPhone: Contacts › Lists › hold one › Export")),
                        context.say(_("Google: contacts.google.com › Export (CSV or vCard)")),
                    ]
                ),
                context.say(
                    _("Or write a name and a number in each line, or {line} for a CardDAV account."),
                    line=code(context.line(self.take, _EXAMPLE_ADDRESS)),
                ),
                context.say(_("I read the file in memory, show you whom you may see, and throw it away.")),
            )
        )


def _as_web_address(written: str) -> str:
    """`carddav://` says how, not where (it is what some programs show)."""
    return re.sub(r"^carddavs?://", "https://", written, flags=re.IGNORECASE)

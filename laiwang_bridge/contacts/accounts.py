"""Logins of CardDAV accounts: asked for when needed, kept only for whoever says so, sealed with the admin's key."""

from __future__ import annotations

from typing import Annotated

import orjson

from appservice.bots import Argument, Context, Router, UserError
from appservice.effects import Redact
from appservice.language import Message, _
from appservice.rooms import Rooms
from laiwang_bridge.contacts import watch_store
from laiwang_bridge.contacts.importing import Imports
from laiwang_bridge.outside.addresses import read_address
from laiwang_bridge.outside.client import Outside
from laiwang_bridge.outside.problems import OutsideProblem
from laiwang_bridge.people.names import who_asks
from laiwang_bridge.seals import NONCE_BITS, Seal

UserName = Annotated[str, Argument(_("user name"), example="mei")]
Password = Annotated[str, Argument(_("password"), example="…")]
Wish = Annotated[bool, Argument(_("yes or no"))]

SEALED_LOGIN = "contacts account"
"""The purpose of the seal under which logins are kept."""

_PASSWORD = _("And the password? Better one made for apps than your main one. I use it once and forget it.")
_PASSWORD_KEPT = _("And the password? Better one made for apps than your main one. I keep it encrypted.")
_TAKEN_AWAY = _("I have removed your message with the password. I am fetching your address book.")
_TAKE_AWAY = _(
    "Please delete your message with the password, for I may not do that here. I am fetching your address book."
)
_NOTHING_KEPT = _("I remember no address book of yours. Give me its address:")


class Accounts:
    """Asks for logins. Without a `seal` nothing can be remembered, and nobody is asked whether it should be."""

    def __init__(self, imports: Imports, rooms: Rooms, outside: Outside, seal: Seal | None) -> None:
        self._imports = imports
        self._rooms = rooms
        self._outside = outside
        self._seal = seal

    def add_to(self, router: Router) -> None:
        router.dialogue(self.account_user)
        router.dialogue(self.account_remember)
        router.dialogue(self.account_password)

    def begin(self, context: Context, url: str) -> None:
        """Somebody gave the address of an account. Raises `UserError` for one that cannot be opened."""
        try:
            address = read_address(url, self._outside.policy)
        except OutsideProblem as problem:
            raise UserError(problem.sentence) from problem
        context.ask(
            self.account_user,
            _("What is your user name at {host}? (`cancel` ends this.)"),
            remember={"url": str(address)},
            host=address.host or "",
        )

    def again(self, context: Context, example: str) -> None:
        """Fetch the address book whose login was kept. Raises `UserError` where none was, or it cannot be read."""
        me = who_asks(context)
        sealed = watch_store.sealed_account(context.connection, me)
        opened = self._seal.open(sealed, str(me)) if sealed is not None and self._seal is not None else None
        if opened is None:
            raise UserError(_NOTHING_KEPT, try_instead=example)
        account = orjson.loads(opened)
        self._imports.take_account(context, account["url"], account["user"], account["password"])
        context.agree()

    def account_user(self, context: Context, name: UserName, *, url: str) -> None:
        if self._seal is None:
            context.ask(self.account_password, _PASSWORD, remember={"url": url, "user": name, "keep": False})
            return
        context.ask(
            self.account_remember,
            _(
                "Shall I remember the login, encrypted, so that `import again` fetches what is new? "
                "`contacts forget` deletes it. Answer yes or no."
            ),
            remember={"url": url, "user": name},
        )

    def account_remember(self, context: Context, wish: Wish, *, url: str, user: str) -> None:
        question: Message = _PASSWORD_KEPT if wish else _PASSWORD
        context.ask(self.account_password, question, remember={"url": url, "user": user, "keep": wish})

    def account_password(self, context: Context, password: Password, *, url: str, user: str, keep: bool) -> None:
        me = who_asks(context)
        if keep and self._seal is not None:
            account = orjson.dumps({"url": url, "user": user, "password": password})
            nonce = context.unit.random_bits("contacts.seal", NONCE_BITS)
            sealed = self._seal.close(account, str(me), nonce)
            watch_store.put_account(context.connection, me, sealed, context.now)
        self._imports.take_account(context, url, user, password)
        bot, event = context.bot.user_id, context.event.event_id
        power = self._rooms.power_of(context.connection, context.room, bot)
        may_redact = power >= self._rooms.required_power(context.connection, context.room, "redact")
        if may_redact:
            context.unit.emit(Redact(sender=bot, room=context.room, target=event))
        context.reply(_TAKEN_AWAY if may_redact else _TAKE_AWAY)

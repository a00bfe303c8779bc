"""How any bot here is written: commands, buttons, dialogues and help, from one declaration each.

A feature's bot reads like its manual page:

    router = Router("shelf", ("!shelf", "!书架"), title=_("Books to lend"))

    @router.command("lend", "借出", help=_("Lend a book to somebody"), where="room")
    def lend(
        context: Context,
        whom: Annotated[UserID, Argument(_("to whom"))],
        book: Annotated[str, Argument(_("which book"), rest=True, most=80, example="Journey to the West")],
    ) -> None:
        number = store.lend(context.connection, context.sender, whom, book)
        context.reply(
            _("**{book}** is for {whom}."), book=book, whom=pill(whom), mentions=[whom],
            buttons=[button("✅", _("Back on the shelf"), give_back, number).only_for(context.sender)],
        )

    @router.command("back", "归还", help=_("A book has come back"))
    def give_back(context: Context, number: Annotated[int, Argument(_("which one"), least=1)]) -> None:
        if not store.is_lent(context.connection, number):
            raise UserError(_("Book {number} is not lent."), number=number, try_instead=context.line(show))
        context.ask(rate, _("Was it a good book?"), remember={"number": number})

    @router.dialogue
    def rate(context: Context, good: Annotated[bool, Argument(_("yes or no"))], *, number: int) -> None:
        store.give_back(context.connection, number, good)
        context.agree()

    @router.command("list", "清单", help=_("What is lent to whom"))
    def show(context: Context) -> None:
        context.reply(bullets(store.titles(context.connection)) or _("All books are here."))

Nothing else is needed: `!shelf lend @ann:example.org 西游记`, `！书架 借出 …`, a mention of the bot, a tap on ✅ (or a
reply saying "back") all arrive at these functions with their arguments; `!shelf help` and the answers to mistakes
come from the declaration, in the language of the question. A handler is a plain function over `context.unit`. What
it did is undone when it raises `UserError`, and done once when it returns. Messages are translated in the `.po` files
of `appservice.language`. `Bots` runs the routers; `appservice.bots.testing.Stage` tries them out in tests.
"""

from appservice.bots.arguments import Argument, DeclarationError
from appservice.bots.buttons import Button, button
from appservice.bots.context import Context, Voice
from appservice.bots.errors import ArgumentError, UserError
from appservice.bots.files import File
from appservice.bots.framework import Bots
from appservice.bots.memory import Rate
from appservice.bots.permissions import Audience, Level, Permissions
from appservice.bots.publishing import Publishing
from appservice.bots.rooms import RoomView
from appservice.bots.router import Bot, Router

__all__ = [
    "Argument",
    "ArgumentError",
    "Audience",
    "Bot",
    "Bots",
    "Button",
    "Context",
    "DeclarationError",
    "File",
    "Level",
    "Permissions",
    "Publishing",
    "Rate",
    "RoomView",
    "Router",
    "UserError",
    "Voice",
    "button",
]

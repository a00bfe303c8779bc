"""The tables of the books. They guard themselves: see `ledger_guards` for what the database refuses."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from appservice.database import metadata
from appservice.sql import Sequence64, guard
from laiwang_bridge.payments.ledger import ledger_guards

pay_ledger = Table(
    "pay_ledger",
    metadata,
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    Column("room_id", Text, nullable=False, unique=True),
    Column("currency", Text, nullable=False),
    Column("who_may_add", Text, nullable=False),
    Column("who_may_change", Text, nullable=False),
    Column("confirmation", Text, nullable=False),
    Column("remind", Boolean, nullable=False),
    Column("remind_days", Text),
    Column("mode", Text, nullable=False),
    Column("treasurer", BigInteger),
    Column("ask_from", BigInteger),
    Column("convert", Boolean, nullable=False),
    Column("decimal_mark", Text),
    Column("created_at", BigInteger, nullable=False),
)
pay_account = Table(
    "pay_account",
    metadata,
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    Column("ledger", Sequence64, ForeignKey("pay_ledger.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    # What makes a name the same: guests are not told apart by capitals.
    Column("known_as", Text, nullable=False),
    Column("weight", Text, nullable=False),
    Column("settles_with", Sequence64, ForeignKey("pay_account.id")),
    Column("since", BigInteger, nullable=False),
    UniqueConstraint("ledger", "kind", "known_as"),
    Index("ix_pay_account_known_as", "known_as"),
)
pay_entry = Table(
    "pay_entry",
    metadata,
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    Column("ledger", Sequence64, ForeignKey("pay_ledger.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("date", Text, nullable=False),
    # An account and no Matrix id: entries stay as they are when somebody is forgotten.
    Column("author", Sequence64, ForeignKey("pay_account.id")),
    Column("event_id", Text),
    Column("reverses", Sequence64, ForeignKey("pay_entry.id"), unique=True),
    Column("exchange_currency", Text),
    Column("exchange_minor", BigInteger),
    Column("exchange_rate", Text),
    Column("exchange_fixed_on", Text),
    Column("exchange_source", Text),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("ledger", "key"),
    Index("ix_pay_entry_ledger_id", "ledger", "id"),
)
pay_posting = Table(
    "pay_posting",
    metadata,
    # Postings come before their entry, which closes them; so this is looked at when all is committed.
    Column(
        "entry",
        Sequence64,
        ForeignKey("pay_entry.id", deferrable=True, initially="DEFERRED"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("account", Sequence64, ForeignKey("pay_account.id"), nullable=False),
    Column("currency", Text, nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("carry", BigInteger, nullable=False),
    # SQLite would keep 0.5 in a column of integers.
    CheckConstraint("minor = cast(minor as bigint) and abs(minor) <= 1000000000000000", name="minor_is_whole"),
    CheckConstraint("carry = cast(carry as bigint)", name="carry_is_whole"),
    # With the amounts, so that balances can be looked at anew without reading all postings in the order of accounts.
    Index("ix_pay_posting_account", "account", "currency", "minor", "carry"),
    sqlite_with_rowid=False,
)
pay_balance = Table(
    "pay_balance",
    metadata,
    Column("account", Sequence64, ForeignKey("pay_account.id"), primary_key=True, autoincrement=False),
    Column("currency", Text, primary_key=True),
    Column("minor", BigInteger, nullable=False),
    Column("carry", BigInteger, nullable=False),
    # The last posting that is in it.
    Column("entry", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    CheckConstraint("minor = cast(minor as bigint)", name="minor_is_whole"),
    CheckConstraint("carry = cast(carry as bigint)", name="carry_is_whole"),
    sqlite_with_rowid=False,
)
# What people wrote is no part of the books: it can be forgotten.
pay_note = Table(
    "pay_note",
    metadata,
    Column("entry", Sequence64, ForeignKey("pay_entry.id"), primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
)
pay_plan = Table(
    "pay_plan",
    metadata,
    Column("ledger", Sequence64, ForeignKey("pay_ledger.id"), primary_key=True, autoincrement=False),
    Column("currency", Text, primary_key=True),
    Column("plan", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
)

guard(pay_posting, sqlite=ledger_guards.SQLITE_POSTINGS, postgres=ledger_guards.POSTGRES_POSTINGS)
guard(pay_entry, sqlite=ledger_guards.SQLITE_ENTRIES, postgres=ledger_guards.POSTGRES_ENTRIES)
guard(pay_balance, sqlite=ledger_guards.SQLITE_BALANCES, postgres=ledger_guards.POSTGRES_BALANCES)
guard(pay_account, sqlite=ledger_guards.SQLITE_ACCOUNTS, postgres=ledger_guards.POSTGRES_ACCOUNTS)

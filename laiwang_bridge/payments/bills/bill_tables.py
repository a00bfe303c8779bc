"""The tables of bills and all their versions.

People are accounts of the ledger here, never Matrix ids; the accounts are the ledger's to make anonymous. What a bill
costs whom is in its entries; a version keeps how it was meant, so that it can be changed and explained.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text, UniqueConstraint

from appservice.database import metadata
from appservice.sql import Sequence64

pay_bill = Table(
    "pay_bill",
    metadata,
    Column("id", Sequence64, primary_key=True, autoincrement=True),
    Column("ledger", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("author", BigInteger, nullable=False),
    Column("event_id", Text, unique=True),
    Column("thread", Text),
    Column("receipt", Text),
    Column("receipt_room", Text),
    Column("card_key", Text, unique=True),
    Column("card_bot", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("is_void", Boolean, nullable=False),
    Column("is_imported", Boolean, nullable=False),
    Column("current", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("ledger", "number", name="uq_pay_bill_number"),
    sqlite_autoincrement=True,
)
pay_bill_version = Table(
    "pay_bill_version",
    metadata,
    Column("bill", BigInteger, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("change", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("searched", Text, nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("date", Text, nullable=False),
    Column("category", Text),
    Column("paid", Text, nullable=False),
    Column("split", Text, nullable=False),
    Column("shares", Text, nullable=False),
    Column("entry", BigInteger),
    Column("by", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_pay_bill_version_entry", "entry"),
)

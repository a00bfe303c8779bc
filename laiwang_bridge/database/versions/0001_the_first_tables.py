"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "bot_bucket",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("mistakes", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_bot_bucket")),
    )
    op.create_index("ix_bot_bucket_at", "bot_bucket", ["at"], unique=False)
    op.create_table(
        "bot_button",
        sa.Column("card_key", sa.Text(), nullable=False),
        sa.Column("reaction", sa.Text(), nullable=False),
        sa.Column("bot", sa.Text(), nullable=False),
        sa.Column("room_id", sa.Text(), nullable=True),
        sa.Column("router", sa.Text(), nullable=False),
        sa.Column("typed", sa.Text(), nullable=False),
        sa.Column("undo", sa.Text(), nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("for_user", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("reaction_key", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("card_key", "reaction", name=op.f("pk_bot_button")),
    )
    op.create_index("ix_bot_button_at", "bot_button", ["at"], unique=False)
    op.create_table(
        "bot_command",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("bot", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("answer_key", sa.Text(), nullable=True),
        sa.Column("replied_to", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_bot_command")),
    )
    op.create_index("ix_bot_command_at", "bot_command", ["at"], unique=False)
    op.create_table(
        "bot_described",
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("bot", sa.Text(), nullable=False),
        sa.Column("described", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("room_id", "bot", name=op.f("pk_bot_described")),
    )
    op.create_table(
        "bot_dialogue",
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("bot", sa.Text(), nullable=False),
        sa.Column("router", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("message_key", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("room_id", "person", name=op.f("pk_bot_dialogue")),
    )
    op.create_index("ix_bot_dialogue_expires_at", "bot_dialogue", ["expires_at"], unique=False)
    op.create_table(
        "bot_press",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("card_key", sa.Text(), nullable=False),
        sa.Column("reaction", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_bot_press")),
    )
    op.create_index("ix_bot_press_at", "bot_press", ["at"], unique=False)
    op.create_index("ix_bot_press_card", "bot_press", ["card_key", "person"], unique=False)
    op.create_table(
        "bot_told",
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("bot", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("room_id", "bot", "subject", name=op.f("pk_bot_told")),
    )
    op.create_table(
        "burning",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("after_ms", sa.BigInteger(), nullable=False),
        sa.Column("latest_ms", sa.BigInteger(), nullable=False),
        sa.Column("readers", sa.Text(), nullable=False),
        sa.Column("burn_at", sa.BigInteger(), nullable=False),
        sa.Column("read", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_burning")),
    )
    op.create_index(op.f("ix_burning_room_id"), "burning", ["room_id"], unique=False)
    op.create_index(op.f("ix_burning_writer"), "burning", ["writer"], unique=False)
    op.create_table(
        "device_list_change",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_device_list_change")),
    )
    op.create_table(
        "direct_chat",
        sa.Column("bot", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("room_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("bot", "user_id", name=op.f("pk_direct_chat")),
    )
    op.create_table(
        "feedback",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_feedback_user_id"), "feedback", ["user_id"], unique=False)
    op.create_table(
        "ghost",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("registered_at", sa.BigInteger(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("avatar_url", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_ghost")),
    )
    op.create_table(
        "guess_bucket",
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("drains_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("who", name=op.f("pk_guess_bucket")),
    )
    op.create_table(
        "inbox",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_inbox")),
        sa.UniqueConstraint("key", name=op.f("uq_inbox_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_inbox_received_at", "inbox", ["received_at"], unique=False)
    op.create_index(
        "ix_inbox_troubled",
        "inbox",
        ["state"],
        unique=False,
        sqlite_where=sa.text("state > 1"),
        postgresql_where=sa.text("state > 1"),
    )
    op.create_index(
        "ix_inbox_waiting",
        "inbox",
        ["lane", "seq"],
        unique=False,
        sqlite_where=sa.text("state = 0"),
        postgresql_where=sa.text("state = 0"),
    )
    op.create_table(
        "inbox_timer",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("context", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_inbox_timer")),
    )
    op.create_index(op.f("ix_inbox_timer_due_at"), "inbox_timer", ["due_at"], unique=False)
    op.create_table(
        "inbox_transaction",
        sa.Column("txn_id", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("txn_id", "fingerprint", name=op.f("pk_inbox_transaction")),
    )
    op.create_table(
        "instance",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_instance")),
    )
    op.create_table(
        "one_time_key_count",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("counts", sa.LargeBinary(), nullable=False),
        sa.Column("unused_fallback_types", sa.LargeBinary(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "device_id", name=op.f("pk_one_time_key_count")),
    )
    op.create_table(
        "outbox",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("notify", sa.Text(), nullable=True),
        sa.Column("context", sa.LargeBinary(), nullable=True),
        sa.Column("asker", sa.Text(), nullable=True),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("room_id", sa.Text(), nullable=True),
        sa.Column("content_uri", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_outbox_dead",
        "outbox",
        ["state"],
        unique=False,
        sqlite_where=sa.text("state = 2"),
        postgresql_where=sa.text("state = 2"),
    )
    op.create_index("ix_outbox_done_at", "outbox", ["done_at"], unique=False)
    op.create_index("ix_outbox_event_id", "outbox", ["event_id"], unique=False)
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["lane", "seq"],
        unique=False,
        sqlite_where=sa.text("state = 0"),
        postgresql_where=sa.text("state = 0"),
    )
    op.create_table(
        "outbox_lease",
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("lane", name=op.f("pk_outbox_lease")),
    )
    op.create_table(
        "packet_room",
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("points", sa.Boolean(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("room_id", name=op.f("pk_packet_room")),
    )
    op.create_table(
        "pay_bill",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ledger", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("thread", sa.Text(), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("receipt_room", sa.Text(), nullable=True),
        sa.Column("card_key", sa.Text(), nullable=True),
        sa.Column("card_bot", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("is_void", sa.Boolean(), nullable=False),
        sa.Column("is_imported", sa.Boolean(), nullable=False),
        sa.Column("current", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_bill")),
        sa.UniqueConstraint("card_key", name=op.f("uq_pay_bill_card_key")),
        sa.UniqueConstraint("event_id", name=op.f("uq_pay_bill_event_id")),
        sa.UniqueConstraint("ledger", "number", name="uq_pay_bill_number"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "pay_bill_reminders",
        sa.Column("bill", sa.BigInteger(), nullable=False),
        sa.Column("off", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("bill", name=op.f("pk_pay_bill_reminders")),
    )
    op.create_table(
        "pay_bill_version",
        sa.Column("bill", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("searched", sa.Text(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("date", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("paid", sa.Text(), nullable=False),
        sa.Column("split", sa.Text(), nullable=False),
        sa.Column("shares", sa.Text(), nullable=False),
        sa.Column("entry", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bill", "version", name=op.f("pk_pay_bill_version")),
    )
    op.create_index("ix_pay_bill_version_entry", "pay_bill_version", ["entry"], unique=False)
    op.create_table(
        "pay_charge",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("rail", sa.Text(), nullable=False),
        sa.Column("ledger", sa.BigInteger(), nullable=False),
        sa.Column("bill", sa.BigInteger(), nullable=True),
        sa.Column("payer", sa.BigInteger(), nullable=False),
        sa.Column("payee", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("progress", sa.Text(), nullable=False),
        sa.Column("credited", sa.Boolean(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("qr", sa.Text(), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_charge")),
        sa.UniqueConstraint("reference", name=op.f("uq_pay_charge_reference")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pay_charge_payer", "pay_charge", ["payer", "payee"], unique=False)
    op.create_table(
        "pay_claim",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ledger", sa.BigInteger(), nullable=False),
        sa.Column("bill", sa.BigInteger(), nullable=True),
        sa.Column("debtor", sa.BigInteger(), nullable=False),
        sa.Column("payee", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("entry", sa.BigInteger(), nullable=True),
        sa.Column("card_key", sa.Text(), nullable=True),
        sa.Column("card_bot", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_claim")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pay_claim_bill", "pay_claim", ["bill"], unique=False)
    op.create_index("ix_pay_claim_entry", "pay_claim", ["entry"], unique=False)
    op.create_index("ix_pay_claim_ledger", "pay_claim", ["ledger", "state"], unique=False)
    op.create_index("ix_pay_claim_payee", "pay_claim", ["payee", "state"], unique=False)
    op.create_table(
        "pay_claim_notice",
        sa.Column("claim", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("bot", sa.Text(), nullable=True),
        sa.Column("room_id", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("claim", "user_id", "state", name=op.f("pk_pay_claim_notice")),
    )
    op.create_index(op.f("ix_pay_claim_notice_at"), "pay_claim_notice", ["at"], unique=False)
    op.create_index(op.f("ix_pay_claim_notice_key"), "pay_claim_notice", ["key"], unique=False)
    op.create_index("ix_pay_claim_notice_user", "pay_claim_notice", ["user_id", "key"], unique=False)
    op.create_table(
        "pay_dispute",
        sa.Column("bill", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.BigInteger(), nullable=False),
        sa.Column("ledger", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bill", "account", name=op.f("pk_pay_dispute")),
    )
    op.create_index(op.f("ix_pay_dispute_ledger"), "pay_dispute", ["ledger"], unique=False)
    op.create_table(
        "pay_even",
        sa.Column("bill", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.BigInteger(), nullable=False),
        sa.Column("entry", sa.BigInteger(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bill", "account", "entry", name=op.f("pk_pay_even")),
    )
    op.create_index(op.f("ix_pay_even_entry"), "pay_even", ["entry"], unique=False)
    op.create_table(
        "pay_fixing",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("rates", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_pay_fixing")),
    )
    op.create_table(
        "pay_import_done",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ledger", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_import_done")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pay_import_done_ledger", "pay_import_done", ["ledger"], unique=False)
    op.create_table(
        "pay_import_done_entry",
        sa.Column("entry", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_pay_import_done_entry")),
    )
    op.create_index(op.f("ix_pay_import_done_entry_done"), "pay_import_done_entry", ["done"], unique=False)
    op.create_table(
        "pay_ledger",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("who_may_add", sa.Text(), nullable=False),
        sa.Column("who_may_change", sa.Text(), nullable=False),
        sa.Column("confirmation", sa.Text(), nullable=False),
        sa.Column("remind", sa.Boolean(), nullable=False),
        sa.Column("remind_days", sa.Text(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("treasurer", sa.BigInteger(), nullable=True),
        sa.Column("ask_from", sa.BigInteger(), nullable=True),
        sa.Column("convert", sa.Boolean(), nullable=False),
        sa.Column("decimal_mark", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_ledger")),
        sa.UniqueConstraint("room_id", name=op.f("uq_pay_ledger_room_id")),
    )
    op.create_table(
        "pay_notice",
        sa.Column("rail", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rail", "event", name=op.f("pk_pay_notice")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_pay_notice_at"), "pay_notice", ["at"], unique=False)
    op.create_table(
        "pay_open_share",
        sa.Column("bill", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.BigInteger(), nullable=False),
        sa.Column("ledger", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("bill", "account", name=op.f("pk_pay_open_share")),
    )
    op.create_index("ix_pay_open_share_account", "pay_open_share", ["account"], unique=False)
    op.create_index(op.f("ix_pay_open_share_ledger"), "pay_open_share", ["ledger"], unique=False)
    op.create_table(
        "pay_poll",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ledger", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("bot", sa.Text(), nullable=False),
        sa.Column("card_key", sa.Text(), nullable=True),
        sa.Column("poll_key", sa.Text(), nullable=True),
        sa.Column("is_closed", sa.Boolean(), nullable=False),
        sa.Column("bill", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_poll")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_pay_poll_author"), "pay_poll", ["author"], unique=False)
    op.create_index(op.f("ix_pay_poll_card_key"), "pay_poll", ["card_key"], unique=False)
    op.create_index(op.f("ix_pay_poll_ledger"), "pay_poll", ["ledger"], unique=False)
    op.create_index(op.f("ix_pay_poll_poll_key"), "pay_poll", ["poll_key"], unique=False)
    op.create_table(
        "pay_poll_vote",
        sa.Column("poll", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("there", sa.Boolean(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("poll", "user_id", name=op.f("pk_pay_poll_vote")),
    )
    op.create_index(op.f("ix_pay_poll_vote_event_id"), "pay_poll_vote", ["event_id"], unique=False)
    op.create_index(op.f("ix_pay_poll_vote_user_id"), "pay_poll_vote", ["user_id"], unique=False)
    op.create_table(
        "pay_question",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("asker", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("bill", sa.BigInteger(), nullable=True),
        sa.Column("aspect", sa.Text(), nullable=True),
        sa.Column("readings", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("card_key", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_question")),
        sa.UniqueConstraint("event_id", name=op.f("uq_pay_question_event_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_pay_question_asker"), "pay_question", ["asker"], unique=False)
    op.create_index(op.f("ix_pay_question_at"), "pay_question", ["at"], unique=False)
    op.create_table(
        "pay_reminded",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("off", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_pay_reminded")),
    )
    op.create_table(
        "pay_series",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ledger", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("bill", sa.BigInteger(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("every", sa.Integer(), nullable=False),
        sa.Column("until", sa.Text(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=True),
        sa.Column("first", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("next_number", sa.Integer(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("is_over", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_series")),
        sa.UniqueConstraint("bill", name=op.f("uq_pay_series_bill")),
        sa.UniqueConstraint("ledger", "number", name="uq_pay_series_number"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "pay_shown_plan",
        sa.Column("ledger", sa.BigInteger(), nullable=False),
        sa.Column("card_key", sa.Text(), nullable=True),
        sa.Column("card_bot", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("treasurer", sa.BigInteger(), nullable=True),
        sa.Column("is_stale", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("ledger", name=op.f("pk_pay_shown_plan")),
    )
    op.create_table(
        "pay_suggested",
        sa.Column("ledger", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("payer", sa.BigInteger(), nullable=False),
        sa.Column("payee", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("claim", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("ledger", "number", name=op.f("pk_pay_suggested")),
    )
    op.create_index(op.f("ix_pay_suggested_claim"), "pay_suggested", ["claim"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("new_friends_see_old", sa.Boolean(), nullable=False),
        sa.Column("exposure", sa.Text(), nullable=True),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "policy_list",
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("called", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("room_id", name=op.f("pk_policy_list")),
    )
    op.create_table(
        "receipt_watch",
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("room_id", name=op.f("pk_receipt_watch")),
    )
    op.create_table(
        "room",
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("creator", sa.Text(), nullable=True),
        sa.Column("privileged", sa.LargeBinary(), nullable=True),
        sa.Column("predecessor", sa.Text(), nullable=True),
        sa.Column("power_levels", sa.LargeBinary(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("encrypted", sa.Boolean(), nullable=False),
        sa.Column("direct_with", sa.Text(), nullable=True),
        sa.Column("replacement", sa.Text(), nullable=True),
        sa.Column("followed_at", sa.BigInteger(), nullable=True),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("room_id", name=op.f("pk_room")),
    )
    op.create_index(op.f("ix_room_replacement"), "room", ["replacement"], unique=False)
    op.create_table(
        "room_member",
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("membership", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("room_id", "user_id", name=op.f("pk_room_member")),
    )
    op.create_index("ix_room_member_user_id", "room_member", ["user_id", "membership"], unique=False)
    op.create_table(
        "to_device_message",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("to_user", sa.Text(), nullable=False),
        sa.Column("to_device", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_to_device_message")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_to_device_message_to", "to_device_message", ["to_user", "to_device", "seq"], unique=False)
    op.create_table(
        "address",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("proven_at", sa.BigInteger(), nullable=False),
        sa.Column("findable", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_address_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
        sa.UniqueConstraint("mark", name=op.f("uq_address_mark")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_address_person"), "address", ["person"], unique=False)
    op.create_table(
        "address_claim",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=True),
        sa.Column("code", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("witness", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_address_claim_person"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["witness"], ["person.id"], name=op.f("fk_address_claim_witness"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_claim")),
        sa.UniqueConstraint("person", "mark", name="uq_address_claim_person_mark"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_address_claim_expires_at"), "address_claim", ["expires_at"], unique=False)
    op.create_index(op.f("ix_address_claim_witness"), "address_claim", ["witness"], unique=False)
    op.create_table(
        "block",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("blocked", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["blocked"], ["person.id"], name=op.f("fk_block_blocked"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_block_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", "blocked", name=op.f("pk_block")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_block_blocked", "block", ["blocked"], unique=False)
    op.create_table(
        "block_mark",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_block_mark_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", "mark", name=op.f("pk_block_mark")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_block_mark_mark", "block_mark", ["mark"], unique=False)
    op.create_table(
        "burning_edit",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("burning", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["burning"], ["burning.event_id"], name=op.f("fk_burning_edit_burning"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_burning_edit")),
    )
    op.create_index(op.f("ix_burning_edit_burning"), "burning_edit", ["burning"], unique=False)
    op.create_table(
        "burning_later",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("burning", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["burning"], ["burning.event_id"], name=op.f("fk_burning_later_burning"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", "burning", name=op.f("pk_burning_later")),
    )
    op.create_index(op.f("ix_burning_later_burning"), "burning_later", ["burning"], unique=False)
    op.create_table(
        "burning_reader",
        sa.Column("burning", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["burning"], ["burning.event_id"], name=op.f("fk_burning_reader_burning"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("burning", "user_id", name=op.f("pk_burning_reader")),
    )
    op.create_table(
        "cluster",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("room_id", sa.Text(), nullable=True),
        sa.Column("porch", sa.Text(), nullable=True),
        sa.Column("porch_room_id", sa.Text(), nullable=True),
        sa.Column("initiator", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=True),
        sa.Column("reach", sa.Text(), nullable=False),
        sa.Column("cap", sa.Integer(), nullable=True),
        sa.Column("lifecycle", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("let_in", sa.Integer(), nullable=False),
        sa.Column("drains_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=True),
        sa.Column("reopens_as", sa.Text(), nullable=True),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.Column("commerce", sa.Boolean(), nullable=True),
        sa.Column("told_full", sa.Boolean(), nullable=False),
        sa.Column("fast_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["initiator"], ["person.id"], name=op.f("fk_cluster_initiator"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster")),
        sa.UniqueConstraint("porch", name=op.f("uq_cluster_porch")),
        sa.UniqueConstraint("porch_room_id", name=op.f("uq_cluster_porch_room_id")),
        sa.UniqueConstraint("room_id", name=op.f("uq_cluster_room_id")),
    )
    op.create_index(op.f("ix_cluster_initiator"), "cluster", ["initiator"], unique=False)
    op.create_table(
        "cluster_club",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("room_id", sa.Text(), nullable=True),
        sa.Column("owner", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["person.id"], name=op.f("fk_cluster_club_owner"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster_club")),
        sa.UniqueConstraint("room_id", name=op.f("uq_cluster_club_room_id")),
    )
    op.create_index(op.f("ix_cluster_club_owner"), "cluster_club", ["owner"], unique=False)
    op.create_table(
        "cluster_draft",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reach", sa.Text(), nullable=False),
        sa.Column("lists", sa.LargeBinary(), nullable=False),
        sa.Column("named", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("seed_room", sa.Text(), nullable=True),
        sa.Column("seed", sa.Text(), nullable=True),
        sa.Column("guessed", sa.Text(), nullable=True),
        sa.Column("sent_as", sa.Text(), nullable=True),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_cluster_draft_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_cluster_draft")),
    )
    op.create_table(
        "cluster_space",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("room_id", sa.Text(), nullable=True),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_cluster_space_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_cluster_space")),
        sa.UniqueConstraint("room_id", name=op.f("uq_cluster_space_room_id")),
    )
    op.create_table(
        "cluster_space_child",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("suggested", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"], ["person.id"], name=op.f("fk_cluster_space_child_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person", "room_id", name=op.f("pk_cluster_space_child")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_cluster_space_child_room_id"), "cluster_space_child", ["room_id"], unique=False)
    op.create_table(
        "contact_account",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_contact_account_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_contact_account")),
    )
    op.create_table(
        "contact_card",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("card_key", sa.Text(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_contact_card_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_contact_card")),
    )
    op.create_table(
        "contact_found",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("other", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("asked", sa.Boolean(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["other"], ["person.id"], name=op.f("fk_contact_found_other"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_contact_found_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", "other", name=op.f("pk_contact_found")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_contact_found_other", "contact_found", ["other"], unique=False)
    op.create_table(
        "contact_holding_id",
        sa.Column("holder", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("other", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["holder"], ["person.id"], name=op.f("fk_contact_holding_id_holder"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["other"], ["person.id"], name=op.f("fk_contact_holding_id_other"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("holder", "other", name=op.f("pk_contact_holding_id")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_contact_holding_id_other", "contact_holding_id", ["other"], unique=False)
    op.create_table(
        "contact_import",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bot", sa.Text(), nullable=False),
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("progress_key", sa.Text(), nullable=True),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_contact_import_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_contact_import")),
    )
    op.create_index(op.f("ix_contact_import_person"), "contact_import", ["person"], unique=False)
    op.create_table(
        "contact_look_up",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_contact_look_up_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_contact_look_up")),
    )
    op.create_table(
        "contact_rest",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_contact_rest_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_contact_rest")),
    )
    op.create_table(
        "contact_watch",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_contact_watch_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", "mark", name=op.f("pk_contact_watch")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_contact_watch_expires_at"), "contact_watch", ["expires_at"], unique=False)
    op.create_index("ix_contact_watch_mark", "contact_watch", ["mark"], unique=False)
    op.create_table(
        "contact_watcher",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_contact_watcher_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_contact_watcher")),
    )
    op.create_table(
        "friend_code",
        sa.Column("value", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["person.id"], name=op.f("fk_friend_code_owner"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("value", name=op.f("pk_friend_code")),
    )
    op.create_index(op.f("ix_friend_code_owner"), "friend_code", ["owner"], unique=False)
    op.create_table(
        "friend_list",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("owner", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("exposure", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["owner"], ["person.id"], name=op.f("fk_friend_list_owner"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_friend_list")),
        sa.UniqueConstraint("owner", "folded", name=op.f("uq_friend_list_owner_folded")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "friend_request",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("owner", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("asker", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("owner_answer", sa.Text(), nullable=False),
        sa.Column("asker_answer", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("owner_number", sa.BigInteger(), nullable=True),
        sa.Column("asker_number", sa.BigInteger(), nullable=True),
        sa.Column("owner_card", sa.Text(), nullable=True),
        sa.Column("asker_card", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["asker"], ["person.id"], name=op.f("fk_friend_request_asker"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["owner"], ["person.id"], name=op.f("fk_friend_request_owner"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_friend_request")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_friend_request_asker", "friend_request", ["asker"], unique=False)
    op.create_index("ix_friend_request_owner", "friend_request", ["owner", "asker"], unique=False)
    op.create_table(
        "friendship",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("friend", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["friend"], ["person.id"], name=op.f("fk_friendship_friend"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_friendship_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", "friend", name=op.f("pk_friendship")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_friendship_friend", "friendship", ["friend"], unique=False)
    op.create_table(
        "habit",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("mode", sa.Text(), nullable=True),
        sa.Column("digest_at", sa.Integer(), nullable=True),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_until", sa.Integer(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("profile_zone", sa.Text(), nullable=True),
        sa.Column("profile_read_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_habit_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_habit")),
    )
    op.create_table(
        "matrix_id",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_matrix_id_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_matrix_id")),
    )
    op.create_index(op.f("ix_matrix_id_person"), "matrix_id", ["person"], unique=False)
    op.create_table(
        "mute",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("muted", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["muted"], ["person.id"], name=op.f("fk_mute_muted"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_mute_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", "muted", name=op.f("pk_mute")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_mute_muted", "mute", ["muted"], unique=False)
    op.create_table(
        "packet",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("left", sa.BigInteger(), nullable=False),
        sa.Column("parts_left", sa.Integer(), nullable=False),
        sa.Column("returned", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("for_some", sa.Boolean(), nullable=False),
        sa.Column("bot", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("card_key", sa.Text(), nullable=False),
        sa.Column("shown_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("tells_late", sa.Boolean(), nullable=False),
        sa.CheckConstraint("parts_left BETWEEN 0 AND parts", name=op.f("ck_packet_parts")),
        sa.CheckConstraint(
            "state <> 'open' OR (\"left\" BETWEEN parts_left AND total AND returned = 0)", name=op.f("ck_packet_open")
        ),
        sa.CheckConstraint(
            "state NOT IN ('empty', 'expired', 'withdrawn') OR (\"left\" = 0 AND returned BETWEEN 0 AND total)",
            name=op.f("ck_packet_over"),
        ),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_packet_person"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_packet")),
        sa.UniqueConstraint("room_id", "number", name=op.f("uq_packet_room_id_number")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_packet_card_key"), "packet", ["card_key"], unique=False)
    op.create_index(op.f("ix_packet_command"), "packet", ["command"], unique=False)
    op.create_index("ix_packet_open", "packet", ["room_id", "state"], unique=False)
    op.create_index(op.f("ix_packet_person"), "packet", ["person"], unique=False)
    op.create_table(
        "pay_account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ledger", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("known_as", sa.Text(), nullable=False),
        sa.Column("weight", sa.Text(), nullable=False),
        sa.Column("settles_with", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["ledger"], ["pay_ledger.id"], name=op.f("fk_pay_account_ledger")),
        sa.ForeignKeyConstraint(["settles_with"], ["pay_account.id"], name=op.f("fk_pay_account_settles_with")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_account")),
        sa.UniqueConstraint("ledger", "kind", "known_as", name=op.f("uq_pay_account_ledger_kind_known_as")),
    )
    op.create_index("ix_pay_account_known_as", "pay_account", ["known_as"], unique=False)
    op.create_table(
        "pay_import",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("skips_bad", sa.Boolean(), nullable=False),
        sa.Column("card_key", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_pay_import_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", "room_id", name=op.f("pk_pay_import")),
    )
    op.create_index("ix_pay_import_at", "pay_import", ["at"], unique=False)
    op.create_table(
        "pay_import_file",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_pay_import_file_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_pay_import_file")),
    )
    op.create_table(
        "pay_plan",
        sa.Column("ledger", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["ledger"], ["pay_ledger.id"], name=op.f("fk_pay_plan_ledger")),
        sa.PrimaryKeyConstraint("ledger", "currency", name=op.f("pk_pay_plan")),
    )
    op.create_table(
        "pay_rate",
        sa.Column("ledger", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("into", sa.Text(), nullable=False),
        sa.Column("rate", sa.Text(), nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["ledger"], ["pay_ledger.id"], name=op.f("fk_pay_rate_ledger")),
        sa.PrimaryKeyConstraint("ledger", "currency", "into", name=op.f("pk_pay_rate")),
    )
    op.create_table(
        "pay_way",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rail", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_pay_way_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_way")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_pay_way_person"), "pay_way", ["person"], unique=False)
    op.create_table(
        "pay_way_habit",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("asks", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_pay_way_habit_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_pay_way_habit")),
    )
    op.create_table(
        "pay_way_request",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("payee", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("debtor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ledger", sa.BigInteger(), nullable=False),
        sa.Column("bill", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["debtor"], ["person.id"], name=op.f("fk_pay_way_request_debtor"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["payee"], ["person.id"], name=op.f("fk_pay_way_request_payee"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_way_request")),
        sa.UniqueConstraint("payee", "debtor", "ledger", name="uq_pay_way_request"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_pay_way_request_debtor"), "pay_way_request", ["debtor"], unique=False)
    op.create_table(
        "policy_rule",
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("state_key", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("is_pattern", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["policy_list.room_id"], name=op.f("fk_policy_rule_room_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("room_id", "type", "state_key", name=op.f("pk_policy_rule")),
    )
    op.create_index("ix_policy_rule_entity", "policy_rule", ["entity"], unique=False)
    op.create_index("ix_policy_rule_is_pattern", "policy_rule", ["is_pattern"], unique=False)
    op.create_table(
        "remark",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("about", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["about"], ["person.id"], name=op.f("fk_remark_about"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_remark_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", "about", name=op.f("pk_remark")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_remark_about", "remark", ["about"], unique=False)
    op.create_table(
        "cluster_ban",
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["cluster"], ["cluster.id"], name=op.f("fk_cluster_ban_cluster"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_cluster_ban_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("cluster", "person", name=op.f("pk_cluster_ban")),
    )
    op.create_index("ix_cluster_ban_person", "cluster_ban", ["person"], unique=False)
    op.create_table(
        "cluster_bud",
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("of", sa.Text(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("announced", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["cluster"], ["cluster.id"], name=op.f("fk_cluster_bud_cluster"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("cluster", name=op.f("pk_cluster_bud")),
    )
    op.create_index(op.f("ix_cluster_bud_root"), "cluster_bud", ["root"], unique=False)
    op.create_table(
        "cluster_card",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("shown_at", sa.BigInteger(), nullable=False),
        sa.Column("times_shown", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["cluster"], ["cluster.id"], name=op.f("fk_cluster_card_cluster"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_cluster_card_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", "number", name=op.f("pk_cluster_card")),
    )
    op.create_index("ix_cluster_card_cluster", "cluster_card", ["cluster", "person"], unique=True)
    op.create_table(
        "cluster_club_member",
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("club", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["club"], ["cluster_club.id"], name=op.f("fk_cluster_club_member_club"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["cluster"], ["cluster.id"], name=op.f("fk_cluster_club_member_cluster"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("cluster", name=op.f("pk_cluster_club_member")),
    )
    op.create_index(op.f("ix_cluster_club_member_club"), "cluster_club_member", ["club"], unique=False)
    op.create_table(
        "cluster_host_asked",
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("unwilling", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cluster"], ["cluster.id"], name=op.f("fk_cluster_host_asked_cluster"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person"], ["person.id"], name=op.f("fk_cluster_host_asked_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("cluster", "person", name=op.f("pk_cluster_host_asked")),
    )
    op.create_index(op.f("ix_cluster_host_asked_person"), "cluster_host_asked", ["person"], unique=False)
    op.create_table(
        "cluster_invitation",
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("invited_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cluster"], ["cluster.id"], name=op.f("fk_cluster_invitation_cluster"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person"], ["person.id"], name=op.f("fk_cluster_invitation_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("cluster", "person", name=op.f("pk_cluster_invitation")),
    )
    op.create_index("ix_cluster_invitation_person", "cluster_invitation", ["person"], unique=False)
    op.create_table(
        "cluster_line",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("is_list", sa.Boolean(), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["cluster"], ["cluster.id"], name=op.f("fk_cluster_line_cluster"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_cluster_line_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", "page", "cluster", name=op.f("pk_cluster_line")),
    )
    op.create_index("ix_cluster_line_cluster", "cluster_line", ["cluster", "person"], unique=False)
    op.create_table(
        "cluster_list",
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("list", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["cluster"], ["cluster.id"], name=op.f("fk_cluster_list_cluster"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["list"], ["friend_list.id"], name=op.f("fk_cluster_list_list"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("cluster", "list", name=op.f("pk_cluster_list")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_cluster_list_list", "cluster_list", ["list"], unique=False)
    op.create_table(
        "cluster_listed",
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cluster"], ["cluster.id"], name=op.f("fk_cluster_listed_cluster"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("cluster", name=op.f("pk_cluster_listed")),
    )
    op.create_index(op.f("ix_cluster_listed_room_id"), "cluster_listed", ["room_id"], unique=False)
    op.create_table(
        "cluster_named",
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["cluster"], ["cluster.id"], name=op.f("fk_cluster_named_cluster"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_cluster_named_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("cluster", "person", name=op.f("pk_cluster_named")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_cluster_named_person", "cluster_named", ["person"], unique=False)
    op.create_table(
        "cluster_pass",
        sa.Column("value", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("host", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("guest", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["cluster"], ["cluster.id"], name=op.f("fk_cluster_pass_cluster"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["guest"], ["person.id"], name=op.f("fk_cluster_pass_guest"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["host"], ["person.id"], name=op.f("fk_cluster_pass_host"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("value", name=op.f("pk_cluster_pass")),
    )
    op.create_index("ix_cluster_pass_cluster", "cluster_pass", ["cluster", "guest"], unique=False)
    op.create_index(op.f("ix_cluster_pass_guest"), "cluster_pass", ["guest"], unique=False)
    op.create_index(op.f("ix_cluster_pass_host"), "cluster_pass", ["host"], unique=False)
    op.create_table(
        "cluster_pins",
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("events", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["cluster"], ["cluster.id"], name=op.f("fk_cluster_pins_cluster"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("cluster", name=op.f("pk_cluster_pins")),
    )
    op.create_table(
        "cluster_queue",
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["cluster"], ["cluster.id"], name=op.f("fk_cluster_queue_cluster"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_cluster_queue_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("cluster", "person", name=op.f("pk_cluster_queue")),
    )
    op.create_index("ix_cluster_queue_person", "cluster_queue", ["person"], unique=False)
    op.create_table(
        "cluster_report",
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("reporter", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cluster"], ["cluster.id"], name=op.f("fk_cluster_report_cluster"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["reporter"], ["person.id"], name=op.f("fk_cluster_report_reporter"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("cluster", "event_id", "reporter", name=op.f("pk_cluster_report")),
    )
    op.create_index(op.f("ix_cluster_report_reporter"), "cluster_report", ["reporter"], unique=False)
    op.create_table(
        "cluster_talk",
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["cluster"], ["cluster.id"], name=op.f("fk_cluster_talk_cluster"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("cluster", "hour", name=op.f("pk_cluster_talk")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cluster_undecided",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("list", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("sent_as", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["cluster"], ["cluster.id"], name=op.f("fk_cluster_undecided_cluster"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["list"], ["friend_list.id"], name=op.f("fk_cluster_undecided_list"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["person"], ["person.id"], name=op.f("fk_cluster_undecided_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person", "cluster", name=op.f("pk_cluster_undecided")),
    )
    op.create_index("ix_cluster_undecided_cluster", "cluster_undecided", ["cluster"], unique=False)
    op.create_index("ix_cluster_undecided_list", "cluster_undecided", ["list"], unique=False)
    op.create_table(
        "cluster_voucher",
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["by"], ["person.id"], name=op.f("fk_cluster_voucher_by"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["cluster"], ["cluster.id"], name=op.f("fk_cluster_voucher_cluster"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_cluster_voucher_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("cluster", "person", name=op.f("pk_cluster_voucher")),
    )
    op.create_index(op.f("ix_cluster_voucher_by"), "cluster_voucher", ["by"], unique=False)
    op.create_index(op.f("ix_cluster_voucher_person"), "cluster_voucher", ["person"], unique=False)
    op.create_table(
        "contact_holding",
        sa.Column("holder", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("address", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["address"], ["address.id"], name=op.f("fk_contact_holding_address"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["holder"], ["person.id"], name=op.f("fk_contact_holding_holder"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("holder", "address", name=op.f("pk_contact_holding")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_contact_holding_address", "contact_holding", ["address"], unique=False)
    op.create_table(
        "friend_list_member",
        sa.Column("list", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["list"], ["friend_list.id"], name=op.f("fk_friend_list_member_list"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["owner", "person"],
            ["friendship.person", "friendship.friend"],
            name=op.f("fk_friend_list_member_owner_person"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("list", "person", name=op.f("pk_friend_list_member")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_friend_list_member_owner", "friend_list_member", ["owner", "person"], unique=False)
    op.create_table(
        "packet_guest",
        sa.Column("packet", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["packet"], ["packet.id"], name=op.f("fk_packet_guest_packet"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("packet", "user_id", name=op.f("pk_packet_guest")),
    )
    op.create_table(
        "packet_late",
        sa.Column("packet", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["packet"], ["packet.id"], name=op.f("fk_packet_late_packet"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("packet", "user_id", name=op.f("pk_packet_late")),
    )
    op.create_table(
        "packet_mark",
        sa.Column("packet", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["packet"], ["packet.id"], name=op.f("fk_packet_mark_packet"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("packet", "mark", name=op.f("pk_packet_mark")),
    )
    op.create_table(
        "packet_part",
        sa.Column("packet", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_packet_part_amount")),
        sa.ForeignKeyConstraint(["packet"], ["packet.id"], name=op.f("fk_packet_part_packet"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_packet_part_person"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("packet", "number", name=op.f("pk_packet_part")),
        sa.UniqueConstraint("packet", "person", name=op.f("uq_packet_part_packet_person")),
        sa.UniqueConstraint("packet", "user_id", name=op.f("uq_packet_part_packet_user_id")),
    )
    op.create_index(op.f("ix_packet_part_person"), "packet_part", ["person"], unique=False)
    op.create_table(
        "pay_balance",
        sa.Column("account", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("carry", sa.BigInteger(), nullable=False),
        sa.Column("entry", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.CheckConstraint("carry = cast(carry as bigint)", name=op.f("ck_pay_balance_carry_is_whole")),
        sa.CheckConstraint("minor = cast(minor as bigint)", name=op.f("ck_pay_balance_minor_is_whole")),
        sa.ForeignKeyConstraint(["account"], ["pay_account.id"], name=op.f("fk_pay_balance_account")),
        sa.PrimaryKeyConstraint("account", "currency", name=op.f("pk_pay_balance")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pay_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ledger", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("date", sa.Text(), nullable=False),
        sa.Column("author", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("reverses", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("exchange_currency", sa.Text(), nullable=True),
        sa.Column("exchange_minor", sa.BigInteger(), nullable=True),
        sa.Column("exchange_rate", sa.Text(), nullable=True),
        sa.Column("exchange_fixed_on", sa.Text(), nullable=True),
        sa.Column("exchange_source", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["author"], ["pay_account.id"], name=op.f("fk_pay_entry_author")),
        sa.ForeignKeyConstraint(["ledger"], ["pay_ledger.id"], name=op.f("fk_pay_entry_ledger")),
        sa.ForeignKeyConstraint(["reverses"], ["pay_entry.id"], name=op.f("fk_pay_entry_reverses")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_entry")),
        sa.UniqueConstraint("ledger", "key", name=op.f("uq_pay_entry_ledger_key")),
        sa.UniqueConstraint("reverses", name=op.f("uq_pay_entry_reverses")),
    )
    op.create_index("ix_pay_entry_ledger_id", "pay_entry", ["ledger", "id"], unique=False)
    op.create_table(
        "stay",
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hop", sa.Integer(), nullable=False),
        sa.Column("sponsors", sa.LargeBinary(), nullable=False),
        sa.Column("exposure", sa.Text(), nullable=False),
        sa.Column("exposed_to", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["cluster"], ["cluster.id"], name=op.f("fk_stay_cluster"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["exposed_to"], ["friend_list.id"], name=op.f("fk_stay_exposed_to"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_stay_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("cluster", "person", name=op.f("pk_stay")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_stay_exposed_to"), "stay", ["exposed_to"], unique=False)
    op.create_index(
        "ix_stay_inside",
        "stay",
        ["person"],
        unique=False,
        sqlite_where=sa.text("left_at IS NULL"),
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.create_index(
        "ix_stay_seat",
        "stay",
        ["cluster"],
        unique=False,
        sqlite_where=sa.text("left_at IS NULL"),
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.create_table(
        "pay_note",
        sa.Column("entry", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["pay_entry.id"], name=op.f("fk_pay_note_entry")),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_pay_note")),
    )
    op.create_table(
        "pay_posting",
        sa.Column("entry", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("carry", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("carry = cast(carry as bigint)", name=op.f("ck_pay_posting_carry_is_whole")),
        sa.CheckConstraint(
            "minor = cast(minor as bigint) and abs(minor) <= 1000000000000000",
            name=op.f("ck_pay_posting_minor_is_whole"),
        ),
        sa.ForeignKeyConstraint(["account"], ["pay_account.id"], name=op.f("fk_pay_posting_account")),
        sa.ForeignKeyConstraint(
            ["entry"], ["pay_entry.id"], name=op.f("fk_pay_posting_entry"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("entry", "number", name=op.f("pk_pay_posting")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_pay_posting_account", "pay_posting", ["account", "currency", "minor", "carry"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        op.execute("""
CREATE TRIGGER pay_account_no_update BEFORE UPDATE OF id, ledger ON pay_account
BEGIN SELECT RAISE(ABORT, 'an account stays where it is'); END
""")
        op.execute("""
CREATE TRIGGER pay_account_no_delete BEFORE DELETE ON pay_account
WHEN EXISTS (SELECT 1 FROM pay_balance WHERE account = OLD.id)
BEGIN SELECT RAISE(ABORT, 'an account stays where it is'); END
""")
        op.execute("""
CREATE TRIGGER pay_balance_begins BEFORE INSERT ON pay_balance
WHEN NEW.minor <> 0 OR NEW.carry <> 0 OR NEW.entry <> 0 OR NEW.number <> 0
  OR EXISTS (SELECT 1 FROM pay_balance WHERE account = NEW.account AND currency = NEW.currency)
BEGIN SELECT RAISE(ABORT, 'a balance is the sum of its postings'); END
""")
        op.execute("""
CREATE TRIGGER pay_balance_moves BEFORE UPDATE ON pay_balance
WHEN (NEW.entry, NEW.number) <= (OLD.entry, OLD.number) OR NOT EXISTS (
  SELECT 1 FROM pay_posting WHERE entry = NEW.entry AND number = NEW.number
    AND account = NEW.account AND account = OLD.account AND currency = NEW.currency AND currency = OLD.currency
    AND minor = NEW.minor - OLD.minor AND carry = NEW.carry - OLD.carry)
BEGIN SELECT RAISE(ABORT, 'a balance is the sum of its postings'); END
""")
        op.execute("""
CREATE TRIGGER pay_balance_no_delete BEFORE DELETE ON pay_balance
BEGIN SELECT RAISE(ABORT, 'a balance is the sum of its postings'); END
""")
        op.execute("""
CREATE TRIGGER pay_entry_balanced BEFORE INSERT ON pay_entry
BEGIN
  SELECT RAISE(ABORT, 'entries are only added, never changed or removed: reverse it') WHERE EXISTS (
    SELECT 1 FROM pay_entry WHERE id = NEW.id OR (ledger = NEW.ledger AND key = NEW.key) OR reverses = NEW.reverses);
  SELECT RAISE(ABORT, 'the postings of an entry add up to 0 in each currency')
    WHERE NOT EXISTS (SELECT 1 FROM pay_posting WHERE entry = NEW.id)
    OR EXISTS (SELECT 1 FROM pay_posting WHERE entry = NEW.id GROUP BY currency
               HAVING sum(minor) <> 0 OR sum(carry) <> 0);
  SELECT RAISE(ABORT, 'an account of another ledger') WHERE EXISTS (
    SELECT 1 FROM pay_posting JOIN pay_account ON pay_account.id = pay_posting.account
    WHERE pay_posting.entry = NEW.id AND pay_account.ledger <> NEW.ledger)
    OR EXISTS (SELECT 1 FROM pay_account WHERE id = NEW.author AND ledger <> NEW.ledger);
  SELECT RAISE(ABORT, 'a reversal is the exact opposite of an entry of the same ledger')
    WHERE NEW.reverses IS NOT NULL AND (
    NOT EXISTS (SELECT 1 FROM pay_entry WHERE id = NEW.reverses AND ledger = NEW.ledger)
    OR EXISTS (SELECT 1 FROM pay_posting WHERE entry IN (NEW.id, NEW.reverses) GROUP BY account, currency
               HAVING sum(minor) <> 0 OR sum(carry) <> 0));
END
""")
        op.execute("""
CREATE TRIGGER pay_entry_no_update BEFORE UPDATE ON pay_entry
BEGIN SELECT RAISE(ABORT, 'entries are only added, never changed or removed: reverse it'); END
""")
        op.execute("""
CREATE TRIGGER pay_entry_no_delete BEFORE DELETE ON pay_entry
BEGIN SELECT RAISE(ABORT, 'entries are only added, never changed or removed: reverse it'); END
""")
        op.execute("""
CREATE TRIGGER pay_posting_open BEFORE INSERT ON pay_posting
WHEN EXISTS (SELECT 1 FROM pay_entry WHERE id = NEW.entry)
  OR EXISTS (SELECT 1 FROM pay_posting WHERE entry = NEW.entry AND number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'an entry that is there gets no more postings'); END
""")
        op.execute("""
CREATE TRIGGER pay_posting_counts AFTER INSERT ON pay_posting
BEGIN
  INSERT INTO pay_balance (account, currency, minor, carry, entry, number)
    SELECT NEW.account, NEW.currency, 0, 0, 0, 0
    WHERE NOT EXISTS (SELECT 1 FROM pay_balance WHERE account = NEW.account AND currency = NEW.currency);
  UPDATE pay_balance
    SET minor = minor + NEW.minor, carry = carry + NEW.carry, entry = NEW.entry, number = NEW.number
    WHERE account = NEW.account AND currency = NEW.currency;
END
""")
        op.execute("""
CREATE TRIGGER pay_posting_no_update BEFORE UPDATE ON pay_posting
BEGIN SELECT RAISE(ABORT, 'entries are only added, never changed or removed: reverse it'); END
""")
        op.execute("""
CREATE TRIGGER pay_posting_no_delete BEFORE DELETE ON pay_posting
BEGIN SELECT RAISE(ABORT, 'entries are only added, never changed or removed: reverse it'); END
""")
    elif op.get_bind().dialect.name == "postgresql":
        op.execute("""
CREATE OR REPLACE FUNCTION pay_account_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'an account stays where it is'
    USING ERRCODE = 'restrict_violation';
END $$
""")
        op.execute("""
CREATE TRIGGER pay_account_no_update BEFORE UPDATE OF id, ledger ON pay_account
FOR EACH ROW EXECUTE FUNCTION pay_account_stays()
""")
        op.execute("""
CREATE OR REPLACE FUNCTION pay_balance_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.minor <> 0 OR NEW.carry <> 0 OR NEW.entry <> 0 OR NEW.number <> 0 THEN
    RAISE EXCEPTION 'a balance is the sum of its postings'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$
""")
        op.execute("""
CREATE OR REPLACE FUNCTION pay_balance_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.entry, NEW.number) <= (OLD.entry, OLD.number) OR NOT EXISTS (
    SELECT 1 FROM pay_posting WHERE entry = NEW.entry AND number = NEW.number
      AND account = NEW.account AND account = OLD.account
      AND currency = NEW.currency AND currency = OLD.currency
      AND minor = NEW.minor - OLD.minor AND carry = NEW.carry - OLD.carry) THEN
    RAISE EXCEPTION 'a balance is the sum of its postings'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$
""")
        op.execute("""
CREATE OR REPLACE FUNCTION pay_balance_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a balance is the sum of its postings'
    USING ERRCODE = 'restrict_violation';
END $$
""")
        op.execute("""
CREATE TRIGGER pay_balance_begins BEFORE INSERT ON pay_balance
FOR EACH ROW EXECUTE FUNCTION pay_balance_begins()
""")
        op.execute("""
CREATE TRIGGER pay_balance_moves BEFORE UPDATE ON pay_balance
FOR EACH ROW EXECUTE FUNCTION pay_balance_moves()
""")
        op.execute("""
CREATE TRIGGER pay_balance_no_delete BEFORE DELETE ON pay_balance
FOR EACH ROW EXECUTE FUNCTION pay_balance_kept()
""")
        op.execute("""
CREATE TRIGGER pay_balance_no_truncate BEFORE TRUNCATE ON pay_balance
FOR EACH STATEMENT EXECUTE FUNCTION pay_balance_kept()
""")
        op.execute("""
CREATE OR REPLACE FUNCTION pay_entry_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pay_posting WHERE entry = NEW.id)
    OR EXISTS (SELECT 1 FROM pay_posting WHERE entry = NEW.id GROUP BY currency
               HAVING sum(minor) <> 0 OR sum(carry) <> 0) THEN
    RAISE EXCEPTION 'the postings of an entry add up to 0 in each currency'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM pay_posting JOIN pay_account ON pay_account.id = pay_posting.account
            WHERE pay_posting.entry = NEW.id AND pay_account.ledger <> NEW.ledger)
    OR EXISTS (SELECT 1 FROM pay_account WHERE id = NEW.author AND ledger <> NEW.ledger) THEN
    RAISE EXCEPTION 'an account of another ledger'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.reverses IS NOT NULL AND (
    NOT EXISTS (SELECT 1 FROM pay_entry WHERE id = NEW.reverses AND ledger = NEW.ledger)
    OR EXISTS (SELECT 1 FROM pay_posting WHERE entry IN (NEW.id, NEW.reverses)
               GROUP BY account, currency HAVING sum(minor) <> 0 OR sum(carry) <> 0)) THEN
    RAISE EXCEPTION 'a reversal is the exact opposite of an entry of the same ledger'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$
""")
        op.execute("""
CREATE OR REPLACE FUNCTION pay_entry_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'entries are only added, never changed or removed: reverse it'
    USING ERRCODE = 'restrict_violation';
END $$
""")
        op.execute("""
CREATE TRIGGER pay_entry_balanced BEFORE INSERT ON pay_entry
FOR EACH ROW EXECUTE FUNCTION pay_entry_balanced()
""")
        op.execute("""
CREATE TRIGGER pay_entry_no_update BEFORE UPDATE OR DELETE ON pay_entry
FOR EACH ROW EXECUTE FUNCTION pay_entry_kept()
""")
        op.execute("""
CREATE TRIGGER pay_entry_no_truncate BEFORE TRUNCATE ON pay_entry
FOR EACH STATEMENT EXECUTE FUNCTION pay_entry_kept()
""")
        op.execute("""
CREATE OR REPLACE FUNCTION pay_posting_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM pay_entry WHERE id = NEW.entry) THEN
    RAISE EXCEPTION 'an entry that is there gets no more postings'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$
""")
        op.execute("""
CREATE OR REPLACE FUNCTION pay_posting_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO pay_balance (account, currency, minor, carry, entry, number)
    SELECT NEW.account, NEW.currency, 0, 0, 0, 0
    WHERE NOT EXISTS (SELECT 1 FROM pay_balance WHERE account = NEW.account AND currency = NEW.currency);
  UPDATE pay_balance
    SET minor = minor + NEW.minor, carry = carry + NEW.carry, entry = NEW.entry, number = NEW.number
    WHERE account = NEW.account AND currency = NEW.currency;
  RETURN NULL;
END $$
""")
        op.execute("""
CREATE OR REPLACE FUNCTION pay_posting_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'entries are only added, never changed or removed: reverse it'
    USING ERRCODE = 'restrict_violation';
END $$
""")
        op.execute("""
CREATE TRIGGER pay_posting_open BEFORE INSERT ON pay_posting
FOR EACH ROW EXECUTE FUNCTION pay_posting_open()
""")
        op.execute("""
CREATE TRIGGER pay_posting_counts AFTER INSERT ON pay_posting
FOR EACH ROW EXECUTE FUNCTION pay_posting_counts()
""")
        op.execute("""
CREATE TRIGGER pay_posting_no_update BEFORE UPDATE OR DELETE ON pay_posting
FOR EACH ROW EXECUTE FUNCTION pay_posting_kept()
""")
        op.execute("""
CREATE TRIGGER pay_posting_no_truncate BEFORE TRUNCATE ON pay_posting
FOR EACH STATEMENT EXECUTE FUNCTION pay_posting_kept()
""")

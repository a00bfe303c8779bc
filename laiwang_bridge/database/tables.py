"""Everything we keep: importing this defines all tables on `appservice.database.metadata`."""

# ruff: noqa: F401 -- modules are imported for the tables they define

from __future__ import annotations

import appservice.bots.buttons
import appservice.bots.memory
import appservice.bots.publishing
import appservice.bots.questions
import appservice.direct
import appservice.ghosts
import appservice.inbox
import appservice.instance
import appservice.key_exchange
import appservice.leases
import appservice.outbox
import appservice.policies
import appservice.receipts
import appservice.room_tables
import appservice.timers
import laiwang_bridge.burning.store
import laiwang_bridge.clusters.budding
import laiwang_bridge.clusters.card_store
import laiwang_bridge.clusters.clubs
import laiwang_bridge.clusters.drafts
import laiwang_bridge.clusters.exposures
import laiwang_bridge.clusters.listing
import laiwang_bridge.clusters.order_store
import laiwang_bridge.clusters.pass_store
import laiwang_bridge.clusters.pins
import laiwang_bridge.clusters.space_store
import laiwang_bridge.clusters.tables
import laiwang_bridge.clusters.talk
import laiwang_bridge.contacts.id_store
import laiwang_bridge.contacts.store
import laiwang_bridge.contacts.watch_store
import laiwang_bridge.operators.store
import laiwang_bridge.payments.bills.bill_tables
import laiwang_bridge.payments.bills.question_store
import laiwang_bridge.payments.books.import_record
import laiwang_bridge.payments.books.import_store
import laiwang_bridge.payments.ledger.ledger_tables
import laiwang_bridge.payments.ledger.rate_store
import laiwang_bridge.payments.packets.tables
import laiwang_bridge.payments.paying.claim_store
import laiwang_bridge.payments.paying.notice_store
import laiwang_bridge.payments.paying.open_shares
import laiwang_bridge.payments.paying.plan_store
import laiwang_bridge.payments.paying.poll_store
import laiwang_bridge.payments.paying.series_store
import laiwang_bridge.payments.rails.merchant_store
import laiwang_bridge.payments.rails.rail_store
import laiwang_bridge.people.address_store
import laiwang_bridge.people.claim_store
import laiwang_bridge.people.hours_store
import laiwang_bridge.people.list_store
import laiwang_bridge.people.remark_store
import laiwang_bridge.people.request_store
import laiwang_bridge.people.store
from appservice.database import metadata

__all__ = ["metadata"]

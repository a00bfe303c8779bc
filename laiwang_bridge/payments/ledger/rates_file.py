"""The admin's file of rates, read again whenever it has changed."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from appservice.database import Database
from laiwang_bridge.payments.ledger import rate_store
from laiwang_bridge.payments.money.rates import Fixings, UnreadableRates, read_fixings

log = logging.getLogger(__name__)


class RatesFile:
    """`path` is what the bank publishes as eurofxref-hist.csv or .zip, brought there by the admin."""

    def __init__(self, path: Path, database: Database) -> None:
        self._path = path
        self._database = database
        self._seen: tuple[int, int] | None = None

    def _read(self) -> Fixings:
        return read_fixings(self._path.read_bytes())

    async def look(self) -> None:
        """Keep the rates that are new in it. What is wrong with it is logged, once for each state of the file."""
        try:
            status = await asyncio.to_thread(self._path.stat)
            seen = status.st_mtime_ns, status.st_size
            if seen == self._seen:
                return
            self._seen = seen
            fixings = await asyncio.to_thread(self._read)
        except OSError as error:
            log.warning("%s (payments.rates_file) cannot be read: %s", self._path, error.strerror)
        except UnreadableRates as error:
            log.warning("%s (payments.rates_file) has no rates: %s", self._path, error)
        else:
            count = await self._database.write(lambda connection: rate_store.keep_fixings(connection, fixings))
            log.info("rates of %s days are new in %s", count, self._path)

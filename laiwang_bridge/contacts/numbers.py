"""Numbers and e-mail addresses, as `laiwang_bridge.phone_numbers` reads them."""

from __future__ import annotations

from laiwang_bridge.phone_numbers import (
    ALSO_TRIED,
    MOST_ATTEMPTS,
    BadEmail,
    BadNumber,
    EmailProblem,
    Found,
    NumberProblem,
    NumberReader,
    countries_in,
    email_of,
    emails_in,
    is_rounded,
    mask,
    number_of,
    numbers_in,
    plain,
    without_extensions,
)

__all__ = [
    "ALSO_TRIED",
    "MOST_ATTEMPTS",
    "BadEmail",
    "BadNumber",
    "EmailProblem",
    "Found",
    "NumberProblem",
    "NumberReader",
    "countries_in",
    "email_of",
    "emails_in",
    "is_rounded",
    "mask",
    "number_of",
    "numbers_in",
    "plain",
    "without_extensions",
]

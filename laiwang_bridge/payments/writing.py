"""Writing a bill's wording as a line that reads the same again."""

from __future__ import annotations

from laiwang_bridge.payments.wording import BillWording, Habits


def written(wording: BillWording, habits: Habits) -> str:
    """The line, without prefix, in the habits' language; read under these habits it is the same wording."""
    raise NotImplementedError

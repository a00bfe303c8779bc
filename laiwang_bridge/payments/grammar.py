"""Reading a line about a bill: `120 dinner @ann @bo`, `聚餐 360元 @甲 @乙`, `36,50 € Pizza zwischen @ann und @bo`."""

from __future__ import annotations

from appservice.bots.line import Line
from laiwang_bridge.payments.wording import BillWording, Habits, Mistake, Question


def read_bill(line: Line, start: int, habits: Habits) -> BillWording | Mistake | Question:
    """Read the line from `start` on, behind prefix and verb. Without people, it is among everybody."""
    raise NotImplementedError

"""On which day a fact is booked: its own, or the first one that was open when it came."""

from __future__ import annotations

from vouchercli.store import days

open_on = days.open_on  # what a statement with `on` asks for as :open_on


def on(day: str, number: str, last: str) -> str:
    """The SQL of that day (yyyymmdd), of a fact with its own `day` and its `number`, which a seal
    covers up to its `last`; :programme_id and :open_on, the first day that is open. The first
    sealed day that is not before its own and covers it; where there is none, it is open.
    """
    return f"""ifnull((SELECT d.day FROM days d WHERE d.programme_id = :programme_id
        AND d.day >= {day} AND d.{last} >= {number} ORDER BY d.day LIMIT 1),
        max({day}, :open_on))"""

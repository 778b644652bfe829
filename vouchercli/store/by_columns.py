"""Whether there are so many facts that reading them by columns is worth its start."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

MANY = 50_000
FACTS = "SELECT ifnull(max(redemption_id), 0) FROM redemptions"


def are_worth_it(db: sqlite3.Connection) -> bool:
    """Whether there are many facts, and a library for columns (not every machine has one)."""
    return typed.number(db, FACTS) >= MANY and find_spec("numpy") is not None

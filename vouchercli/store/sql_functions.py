"""Functions of the law, made known to SQL."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable


def register(db: sqlite3.Connection, **functions: Callable[..., Any]) -> None:
    """Register each function under its name; all are pure, so SQLite may ask once for equal
    arguments.
    """
    for name, function in functions.items():
        db.create_function(
            name, len(inspect.signature(function).parameters), function, deterministic=True
        )

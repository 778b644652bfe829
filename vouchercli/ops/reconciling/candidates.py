"""What may explain a break, for a person to look at: unmatched rows of the other side with the same
amount, by the minute and by how alike the merchants' names are; merchants whose name is like what a
bill says. Suggested, never taken.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any

from vouchercli.result import JSON, Column, Table, only, say
from vouchercli.rules import breaks as law
from vouchercli.store import break_candidates as store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.ops.reconciling.lookup import Current
    from vouchercli.store.break_candidates import Other
    from vouchercli.store.breaks import Break

    Alike = Callable[[str, str], float]

SHOWN_AT_MOST = 10
MINUTE = 60  # seconds
MERCHANTS_AT_MOST = 5
ALIKE_FROM = 75  # of 100: below, names have little in common
PUNCTUATION = re.compile(r"[\W_]+")
ROWS = (
    Column("break", "No.", "int"),
    Column("transaction_no", "Number"),
    Column("merchant_no", "Merchant", blank="-"),
    Column("name", "Name", blank="-"),
    Column("day", "Day", "date"),
    Column("fen", "amount", "fen"),
    Column("seconds_apart", "Apart", "span"),
    Column("alike", "Names alike", "int"),
    *only(JSON, "is_same_merchant", "is_same_minute"),
)
MERCHANTS = (
    Column("merchant_no", "Merchant"),
    Column("name", "Name"),
    Column("alike", "Names alike", "int"),
)


def tables(db: sqlite3.Connection, current: Current) -> tuple[Table, Table]:
    """Rows that may be the same payment, and merchants that may be meant."""
    zone = current.row["time_zone"]
    rows = Table(
        say("Perhaps the same payment"),
        ROWS,
        _rows(db, current.found),
        key="candidates",
        optional=True,
        zone=zone,
    )
    merchants = Table(
        say("Perhaps this merchant"),
        MERCHANTS,
        _merchants(db, current.found),
        key="merchant_candidates",
        optional=True,
    )
    return rows, merchants


def _rows(db: sqlite3.Connection, found: Break) -> list[dict[str, Any]]:
    others = store.others(db, found.number)
    if not others:
        return []
    at = _moments(db, found, others)
    own_at, alike = at.get((found.transaction_no, found.kind)), comparison()
    rows = [
        _row(each, found, own_at, at.get((each.transaction_no, each.kind)), alike)
        for each in others
    ]
    return sorted(filter(_is_worth_a_look, rows), key=_likely)[:SHOWN_AT_MOST]


def _moments(
    db: sqlite3.Connection, found: Break, others: list[Other]
) -> dict[tuple[str, str], int]:
    """When these rows were paid, as far as it is known: ours stand here, theirs said it."""
    theirs = {
        (each.transaction_no, each.kind): each.their_at
        for each in others
        if each.their_at is not None
    }
    said = law.said_at(found.detail)
    if said is not None:
        theirs[found.transaction_no, found.kind] = said
    is_ours = found.type == law.MISSING_THERE
    ours = (
        [(found.transaction_no, found.kind)]
        if is_ours
        else [(each.transaction_no, each.kind) for each in others]
    )
    return {**store.paid_at(db, ours), **theirs}


def _row(
    each: Other, found: Break, own_at: int | None, at: int | None, alike: Alike | None
) -> dict[str, Any]:
    apart = None if own_at is None or at is None else abs(own_at - at)
    own = found.merchant or found.said_no
    return {
        **each._asdict(),
        "break": each.number,
        "is_same_merchant": bool(each.is_same_merchant),
        "seconds_apart": apart,
        "is_same_minute": None if apart is None else apart <= MINUTE,
        "alike": 100
        if each.is_same_merchant
        else None
        if alike is None
        else round(alike(own, each.name or each.said_no)),
    }


def _is_worth_a_look(row: dict[str, Any]) -> bool:
    """The same amount alone says nothing: all vouchers of a pack have it."""
    is_near = row["is_same_minute"] or row["is_same_minute"] is None
    return is_near or row["is_same_merchant"] or (row["alike"] or 0) >= ALIKE_FROM


def _likely(row: dict[str, Any]) -> tuple[Any, ...]:
    """The same minute first, then the same merchant, then the nearest, then the name most alike."""
    apart = row["seconds_apart"]
    return (
        not row["is_same_minute"],
        not row["is_same_merchant"],
        apart is None,
        apart or 0,
        -(row["alike"] or 0),
        row["break"],
    )


def _merchants(db: sqlite3.Connection, found: Break) -> list[dict[str, Any]]:
    """Merchants whose name is like the one that a bill writes where a number is expected."""
    said = found.said_no
    is_open = found.type == "merchant" or not found.merchant
    if not is_open or said.isascii() or (alike := comparison()) is None:
        return []
    likely = sorted(
        (-round(near), number, name)
        for number, name in store.names(db)
        if (near := alike(said, name)) >= ALIKE_FROM
    )
    return [
        {"merchant_no": number, "name": name, "alike": -minus}
        for minus, number, name in likely[:MERCHANTS_AT_MOST]
    ]


@cache
def comparison() -> Alike | None:
    """How alike two names are, from 0 to 100; None: what compares them is not installed."""
    try:
        from rapidfuzz import fuzz  # only where somebody asks: it takes a while to load
    except ImportError:  # pragma: no cover # where there are no wheels of it
        return None
    return lambda one, other: float(fuzz.WRatio(_folded(one), _folded(other)))


def _folded(name: str) -> str:
    """A name without width, case and punctuation: 知味观（湖滨店） is 知味观湖滨店."""
    return PUNCTUATION.sub("", unicodedata.normalize("NFKC", name)).casefold()

"""For whom and at whose tills: the residents on the list and the merchants of the scope, by
district and industry.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from vouchercli.result import Column, Problem, Table, say
from vouchercli.rules import scope
from vouchercli.rules.merchants import Merchant
from vouchercli.store import plans, rounds

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.ops.rounds.lookup import Found
    from vouchercli.rules.templates import Template


# ---------------------------------------------------------------- residents


def residents(db: sqlite3.Connection, it: Found) -> dict[str, Any]:
    """Who may have a pack: those on the eligibility list where the round is for a group or
    targeted, else anybody.
    """
    row = it.row
    data: dict[str, Any] = {
        "is_limited": bool(row["resident_group"]) or row["mode"] == "targeted",
        "group": row["resident_group"],
        "applications": plans.applications(db, row["round_id"]),
        "eligible": None,
        "districts": [],
    }
    if data["is_limited"]:
        total, districts = plans.residents(db, row["programme_id"], row["resident_group"])
        data |= {"eligible": total, "districts": [dict(each) for each in districts]}
    return data


def unequal(it: Found, data: dict[str, Any]) -> tuple[Problem, ...]:
    """A warning when the list and the packs do not go together."""
    row = it.row
    if not data["is_limited"]:
        return ()
    most = data["eligible"] * (row["per_resident"] if row["mode"] == "fcfs" else 1)
    values = {
        "round": row["round"],
        "residents": data["eligible"],
        "packs": row["packs"],
        "most": most,
    }
    if most < row["packs"]:
        return (
            Problem(
                "fewer_residents",
                "only {residents:,} residents are on the list: at most {most:,} of {packs:,} packs"
                " can go",
                level="warning",
                hint="voucher eligibility import FILE, or fewer packs",
                params=values,
            ),
        )
    if row["mode"] == "targeted" and data["eligible"] > row["packs"]:
        return (
            Problem(
                "fewer_packs",
                "{residents:,} residents are on the list, but there are only {packs:,} packs",
                level="warning",
                hint="more packs: voucher round edit {round} --packs {residents}",
                params=values,
            ),
        )
    return ()


def residents_table(data: dict[str, Any]) -> Table:
    """The list by district."""
    columns = (
        Column("district", "district", blank="(not stated)"),
        Column("residents", "residents", "int"),
    )
    return Table(
        say("Residents on the eligibility list"),
        columns,
        tuple(data["districts"]),
        {"residents": data["eligible"]},
    )


# ---------------------------------------------------------------- merchants


def merchants(db: sqlite3.Connection, template: Template, at: int) -> dict[str, Any]:
    """Merchants that the scope covers and that are not suspended when the round opens: by district,
    by industry, by both.
    """
    standing = (
        Merchant(
            row["merchant_no"],
            row["district"],
            row["industry"],
            row["size"],
            bool(row["is_registered"]),
        )
        for row in rounds.merchants_at(db, at)
    )
    cells = Counter(
        (each.district, each.industry) for each in standing if scope.covers(template.scope, each)
    )
    return {
        "total": sum(cells.values()),
        "districts": [{"district": key, "merchants": count} for key, count in _by(cells, 0)],
        "industries": [{"industry": key, "merchants": count} for key, count in _by(cells, 1)],
        "cells": [
            {"district": key[0], "industry": key[1], "merchants": count}
            for key, count in sorted(cells.items())
        ],
    }


def _by(cells: Counter[tuple[str, str]], place: int) -> list[tuple[str, int]]:
    found: Counter[str] = Counter()
    for key, count in cells.items():
        found[key[place]] += count
    return sorted(found.items())


def merchants_tables(data: dict[str, Any]) -> tuple[Table, ...]:
    """By district and by industry."""
    total = {"merchants": data["total"]}
    count = Column("merchants", "merchants", "int")
    return (
        Table(
            say("Merchants that may take it, not suspended at the opening"),
            (Column("district", "district", blank="(not stated)"), count),
            tuple(data["districts"]),
            total,
        ),
        Table(
            say("The same merchants by industry"),
            (Column("industry", "industry", blank="(not stated)"), count),
            tuple(data["industries"]),
            total,
        ),
    )

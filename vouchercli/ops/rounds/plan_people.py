"""Count who may have a pack and where it may be used: the residents on the list and the
merchants of the scope, by district and industry.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from vouchercli.result import EVERYWHERE, JSON, Column, Problem, Table, say
from vouchercli.store import plans

if TYPE_CHECKING:
    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.result import Message
    from vouchercli.store.plans import District

    Cells = Counter[tuple[str, str]]

MERCHANTS = Column("merchants", "merchants", "int")

# ---------------------------------------------------------------- residents


def count_residents(current: RoundAtHand) -> tuple[dict[str, Any], list[District]]:
    """Count the residents who may have a pack, by district: those on the eligibility list where
    the round is for a group or targeted, else everybody.
    """
    row, group = current.row, current.row["group"]
    is_limited = bool(group) or row["mode"] == "targeted"
    total, districts = (
        plans.residents(current.db, row["programme_id"], group) if is_limited else (None, [])
    )
    applications = plans.applications(current.db, current.round_id)
    data = {
        "is_limited": is_limited,
        "group": group,
        "applications": applications,
        "eligible": total,
    }
    return data, districts


def warn_if_unequal(current: RoundAtHand, data: dict[str, Any]) -> tuple[Problem, ...]:
    """Warn when the list has too few or too many residents for the packs."""
    row = current.row
    if not data["is_limited"]:
        return ()
    most = data["eligible"] * (row["per_resident"] if row["mode"] == "fcfs" else 1)
    values = {
        "round": current.code,
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


def tabulate_residents(data: dict[str, Any], districts: list[District]) -> Table:
    """Tabulate the list by district."""
    columns = (
        Column("district", "district", blank="(not stated)"),
        Column("residents", "residents", "int"),
    )
    return Table(
        say("Residents on the eligibility list"),
        columns,
        districts,
        {"residents": data["eligible"]},
        key="residents.districts",
        where=EVERYWHERE if data["eligible"] else JSON,
    )


# ---------------------------------------------------------------- merchants


def count_merchants(current: RoundAtHand) -> Cells:
    """Count the merchants that the scope covers and that are not suspended when the round opens,
    by (district, industry).
    """
    covered = plans.merchants_at(current.db, current.template.scope, current.row["opens_at"])
    return Counter((each.district, each.industry) for each in covered)


def list_cells(merchants: Cells) -> list[dict[str, Any]]:
    """List how many merchants each district and industry has, for programs."""
    return [
        {"district": district, "industry": industry, "merchants": count}
        for (district, industry), count in sorted(merchants.items())
    ]


def tabulate_merchants(merchants: Cells) -> tuple[Table, ...]:
    """Tabulate the merchants by district and by industry."""
    return (
        _tabulate_merchants_by(
            0,
            Column("district", "district", blank="(not stated)"),
            say("Merchants that may take it, not suspended at the opening"),
            merchants,
        ),
        _tabulate_merchants_by(
            1,
            Column("industry", "industry", blank="(not stated)"),
            say("The same merchants by industry"),
            merchants,
        ),
    )


def _tabulate_merchants_by(place: int, column: Column, title: Message, merchants: Cells) -> Table:
    counts: Counter[str] = Counter()
    for cell, count in merchants.items():
        counts[cell[place]] += count
    rows = tuple({column.key: name, "merchants": count} for name, count in sorted(counts.items()))
    return Table(
        title,
        (column, MERCHANTS),
        rows,
        {"merchants": counts.total()},
        key=f"merchants.{'districts' if place == 0 else 'industries'}",
        where=EVERYWHERE if rows else JSON,
    )

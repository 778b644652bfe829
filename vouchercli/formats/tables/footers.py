"""What a file says about itself: the rows it announces in preamble and footer are counted and
summed against those it has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.formats.tables import cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.formats.configs.profiles import Profile
    from vouchercli.formats.tables.columns import Plan

MAX_ROWS = 40  # a footer is a few lines; more means that rows follow it


@dataclass
class Tally:
    """Counts and sums of the rows as they stream by, by pay and refund."""

    counts: dict[str, int] = field(default_factory=dict)
    sums: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    unread: list[int] = field(default_factory=list)  # lines whose amounts could not be read

    def add(self, line: int, kind: str, row: Sequence[str], watched: dict[str, int]) -> None:
        """Count one row; `watched` are the columns that are summed."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        for column, position in watched.items():
            try:
                amount = Decimal(cells.amount_text(row[position]) or "0")
            except (InvalidOperation, IndexError):
                self.unread.append(line)
                continue
            self.sums[column, kind] = self.sums.get((column, kind), Decimal(0)) + amount

    def add_many(self, kind: str, rows: int, sums: dict[str, Decimal]) -> None:
        """Count rows of one kind that were summed elsewhere."""
        self.counts[kind] = self.counts.get(kind, 0) + rows
        for column, amount in sums.items():
            self.sums[column, kind] = self.sums.get((column, kind), Decimal(0)) + amount

    def count(self, of: str) -> int:
        """Rows of that kind, or all."""
        return sum(self.counts.values()) if of == "all" else self.counts.get(of, 0)

    def total(self, column: str, of: str) -> Decimal:
        """The sum of a column over the rows of that kind, or all."""
        return sum(
            (
                amount
                for (name, kind), amount in self.sums.items()
                if name == column and of in ("all", kind)
            ),
            Decimal(0),
        )


def watched(profile: Profile, plan: Plan) -> dict[str, int]:
    """The columns that some check sums, and where they stand."""
    names = {column for check in profile.checks for column in check.sums.values()}
    return {name: position for name in names if (position := plan.position(name)) is not None}


def compare(profile: Profile, tally: Tally, said: str, name: str) -> None:
    """Raises `VoucherError` footer_mismatch when the preamble and footer (`said`) announce other
    counts or totals.
    """
    for check in profile.checks:
        found = re.search(check.find, said, re.MULTILINE)
        for group, text in (found.groupdict() if found else {}).items():
            if text is None:
                continue
            column = check.sums.get(group, "")
            announced = Decimal(cells.amount_text(text))
            counted = tally.total(column, check.of) if column else Decimal(tally.count(check.of))
            if announced != counted:
                raise _mismatch(
                    name, found[0] if found else "", str(announced), str(counted), tally
                )


def _mismatch(name: str, said: str, announced: str, counted: str, tally: Tally) -> VoucherError:
    where = f"{name}:{tally.unread[0]}" if tally.unread else name
    return VoucherError(
        "footer_mismatch",
        "{file} states {announced} ({said}), but its rows give {counted}: it is damaged or"
        " incomplete",
        where=where,
        hint="ask for the file again; nothing was imported",
        file=name,
        said=said,
        announced=announced,
        counted=counted,
    )

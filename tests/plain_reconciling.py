"""How a bill is held against what stands here, told plainly, row by row: it shares no code with the
program. One file, held for the first time, no tolerances.
"""

from __future__ import annotations

from typing import Any, NamedTuple

GOOD = ("", "SUCCESS", "成功")


class Row(NamedTuple):
    """A row of either side: yuan as fen, never negative; `of`: the payment of a refund."""

    number: str
    kind: str
    merchant: str
    day: int
    fen: int
    of: str = ""
    status: str = ""

    @property
    def signed(self) -> int:
        if self.status not in GOOD:
            return 0
        return -self.fen if self.kind == "refund" else self.fen


def breaks(theirs: list[Row], ours: list[Row]) -> tuple[list[tuple[Any, ...]], int]:  # noqa: PLR0912 # told in one piece
    """((type, ours, theirs) of every break, sorted; rows of theirs that agree)."""
    days = [row.day for row in theirs]
    found: list[tuple[Any, ...]] = []
    agreed = 0
    left_there: list[Row] = []
    left_here = [row for row in ours if min(days) <= row.day <= max(days)]
    seen = set()
    for row in theirs:
        if (row.number, row.kind) in seen:
            found.append(("duplicate", 0, row.signed))
            continue
        seen.add((row.number, row.kind))
        same = None
        for mine in ours:
            is_near = min(days) - 1 <= mine.day <= max(days) + 1
            if is_near and (mine.number, mine.kind) == (row.number, row.kind):
                same = mine
        if same is None:
            if row.status not in GOOD:
                agreed += 1
            else:
                left_there.append(row)
            continue
        if row.status not in GOOD:
            found.append(("status", same.signed, 0))
        elif row.signed != same.signed and row.kind == "refund" and same in left_here:
            left_there.append(row._replace(of=same.of))
            continue
        elif row.signed != same.signed:
            found.append(("amount", same.signed, row.signed))
        elif row.merchant not in ("", same.merchant):
            found.append(("merchant", same.signed, row.signed))
        elif row.day != same.day:
            found.append(("date", same.signed, row.signed))
        else:
            agreed += 1
        if same in left_here:
            left_here.remove(same)
    for payment in {
        row.of or row.number for row in (*left_there, *left_here) if row.kind == "refund"
    }:
        there = [r for r in left_there if r.kind == "refund" and (r.of or r.number) == payment]
        here = [r for r in left_here if r.kind == "refund" and r.of == payment]
        if not there or not here:
            continue
        their, our = sum(r.signed for r in there), sum(r.signed for r in here)
        is_pair = len(there) == len(here) == 1 and there[0].number == here[0].number
        if their == our:
            agreed += len(there)
        else:
            found.append(("amount" if is_pair else "split", our, their))
        left_there = [row for row in left_there if row not in there]
        left_here = [row for row in left_here if row not in here]
    found += [("missing_here", 0, row.signed) for row in left_there]
    found += [("missing_there", row.signed, 0) for row in left_here]
    return sorted(found), agreed

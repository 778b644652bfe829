"""Which cells of a published table are not shown, so that nobody can be found behind one.

Source: A. Hundepool et al., Statistical Disclosure Control (2012), chapter 4: the threshold rule,
and secondary suppression within a table that adds up to a published total.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

USUAL = 10  # so many residents stand behind a cell at least, where nobody says otherwise
Cell = tuple[int | None, ...]  # who stands behind it, counted in several ways; None: nobody does


def residents(packs: int, per_resident: int) -> int:
    """How many residents have these packs at least, where one may have so many."""
    return packs // max(per_resident, 1)


def hidden(cells: Sequence[Cell], least: Cell, also: Collection[int] = ()) -> set[int]:
    """The places of cells that are not shown: those that are too small (a count below its `least`)
    and `also` some others; and, since all cells add up to a total that is published, the next
    smallest ones, until two are hidden and together they are large enough. Cells without anybody
    are always shown.
    """
    places = [place for place, cell in enumerate(cells) if any(each is not None for each in cell)]
    gone = {place for place in places if place in also or not _is_enough([cells[place]], least)}
    left = sorted(set(places) - gone, key=lambda place: (_size(cells[place]), place))
    while gone and left and (len(gone) == 1 or not _is_enough([cells[at] for at in gone], least)):
        gone.add(left.pop(0))
    return gone


def _is_enough(cells: Sequence[Cell], least: Cell) -> bool:
    """Whether the cells together have enough behind them, in every way that counts."""
    return all(
        sum(max(each, 0) for each in counts if each is not None) >= bound
        for counts, bound in zip(zip(*cells, strict=True), least, strict=True)
        if bound is not None and any(each is not None for each in counts)
    )


def _size(cell: Cell) -> tuple[int, ...]:
    return tuple(each or 0 for each in cell)

"""How a profile makes our fields of whole columns of cells, for large files. `columns.Plan` makes
them of one row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.formats.configs.fields import ABSENT, FIELDS, type_of
from vouchercli.formats.tables import readers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vouchercli.formats.configs.fields import Type
    from vouchercli.formats.configs.profiles import Spec
    from vouchercli.formats.tables.columns import Plan
    from vouchercli.formats.tables.records import Reading


class Cell(NamedTuple):
    """A field that is one column's cell: `default` where it is blank, other `words` for some, fen
    for yuan, and of refunds the amount with its sign turned.
    """

    place: int
    default: str = ""
    words: dict[str, str] = {}  # noqa: RUF012 - of the profile, never changed
    is_fen: bool = False
    is_turned: bool = False


class ByKind(NamedTuple):
    """A field that payments and refunds have in different columns."""

    pay: str | Cell
    refund: str | Cell


class Made(NamedTuple):
    """A field that is made of the cell at `place` of a row, once `read` has cleaned it as a cell of
    that `sort`.
    """

    place: int
    sort: Type
    read: Callable[[str], str]
    make: Callable[[Sequence[str], str], str]


Way = str | Cell | ByKind | Made  # a text is the same for every row


def of(reading: Reading) -> dict[str, Way] | None:
    """field -> how it is made of whole columns; None when the file cannot be read by columns."""
    plan = reading.plan
    if plan.downward or plan.profile.kind == "merchants":
        return None
    ways: dict[str, Way] = {}
    for field in FIELDS[plan.profile.kind]:
        is_kind = field == "kind" and plan.profile.kind == "redemptions"
        way = _kind(plan) if is_kind else _way(plan, field, plan.profile.fields.get(field))
        if way is None:
            return None
        ways[field] = way
    return ways


def _kind(plan: Plan) -> Way:
    rule = plan.profile.kind_rule
    position = None if rule.value else plan.position(*(rule.columns or (rule.sign,)))
    return rule.value or rule.otherwise or "pay" if position is None else Cell(position)


def _way(plan: Plan, field: str, spec: Spec | None) -> Way | None:
    if spec is None:
        return None if field == "merchant_no" and plan.profile.key else ABSENT.get(field, "")
    if spec.value is not None:
        return spec.value
    if spec.pay and spec.refund:
        pay, refund = _way(plan, field, spec.pay), _way(plan, field, spec.refund)
        return (
            ByKind(pay, refund)
            if isinstance(pay, str | Cell) and isinstance(refund, str | Cell)
            else None
        )
    if spec.join or spec.down:
        return None
    position = plan.position(*spec.columns)
    if position is None:
        return spec.default if spec.default is not None else ABSENT.get(field, "")
    return _of_column(plan, field, spec, position)


def _of_column(plan: Plan, field: str, spec: Spec, position: int) -> Way | None:
    profile, is_amount = plan.profile, type_of(field) == "amount"
    if spec.pattern:
        return (
            None
            if is_amount and plan.turns_amounts
            else Made(
                position,
                type_of(field),
                readers.reader(field, plan.header[position]),
                plan.finisher(field, spec),
            )
        )
    return Cell(
        position,
        spec.default or "",
        spec.words,
        is_amount and profile.is_fen,
        is_amount and profile.refunds_are_negative,
    )

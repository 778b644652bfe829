"""Where a figure says little: of few payments, of few packs, of one merchant, of percentages off.

A part of a spec names its cautions; the engine gives each row their codes, and says in a sentence
below the table of which rows they hold. The figures are shown all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.result import DATA, Column, Message, Word, say
from vouchercli.rules.leverage import FEW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from vouchercli.ops.reports.dimensions import By
    from vouchercli.ops.reports.measures import Found
    from vouchercli.ops.reports.scope import Scope

Row = dict[str, Any]
NAMED = 5  # rows that are named; of more their number
NO_TOTAL: Row = {"says_little": []}  # beside it each row is named, and none are "all of these"
SAYS_LITTLE = Column(
    "says_little",
    "Says little",
    where=DATA,
    meaning=Word("why the figures of the row say little, as codes"),
)


class Caution(NamedTuple):
    """Why figures say little: its code, when it holds of a key, and the sentences that name such
    {rows}, or say that all are such; by what dimensions it is asked (`fits`).
    """

    code: Word
    holds: Callable[[Found], bool]
    of_some: Message
    of_all: Message
    fits: Callable[[By], bool] = lambda by: True


FEW_PAYMENTS = Caution(
    Word("few_payments"),
    lambda found: 0 < found.sums.vouchers < FEW,
    say("Ratios of fewer than {least} payments say little: {rows}.", least=FEW, rows=""),
    say("Ratios of fewer than {least} payments say little: all of these.", least=FEW),
)
# Of a coupon with few orders no share says much, of whatever distance.
FEW_ORDERS = Caution(
    FEW_PAYMENTS.code,
    lambda found: 0 < found.whole.vouchers < FEW,
    say("Shares and averages of fewer than {least} orders say little: {rows}.", least=FEW, rows=""),
    say("Shares and averages of fewer than {least} orders say little: all of these.", least=FEW),
)
FEW_PACKS = Caution(
    Word("few_packs"),
    lambda found: found.claimed is not None and 0 < found.claimed.packs < FEW,
    say("Rates of fewer than {least} packs claimed say little: {rows}.", least=FEW, rows=""),
    say("Rates of fewer than {least} packs claimed say little: all of these.", least=FEW),
)
ONE_MERCHANT = Caution(
    Word("one_merchant"),
    lambda found: found.merchants.paid == 1,
    say("Of one merchant alone, so no figure of its kind: {rows}.", rows=""),
    say("Of one merchant alone, so no figure of its kind: all of these."),
    lambda by: "merchant" not in by,
)


def codes(cautions: Iterable[Caution], found: Found) -> list[Word]:
    """The codes of those that hold of a key."""
    return [each.code for each in cautions if each.holds(found)]


def sentences(
    cautions: Iterable[Caution], columns: Sequence[Column], rows: Sequence[Row], total: Row | None
) -> Iterator[Message]:
    """What is said below a table of these rows, whose keys stand in `columns`. A row that has been
    named is not named a second time.
    """
    named: set[int] = set()
    for caution in cautions:
        such = [at for at, row in enumerate(rows) if caution.code in row["says_little"]]
        if caution.code in total["says_little"] if total else len(such) == len(rows) > 0:
            yield caution.of_all
        elif fresh := [_name(columns, rows[at]) for at in such if at not in named]:
            params = caution.of_some.params | {"rows": _listed(fresh)}
            yield Message(caution.of_some.text, params)
        named.update(such)


def percentages(scope: Scope) -> Iterator[Message]:
    """What is said of ratios beside coupons whose subsidy is a share of the order."""
    if scope.percentages:
        yield say(
            "A percentage off fixes G until its cap is reached, whatever buyers do: {coupons}.",
            coupons=", ".join(scope.percentages),
        )


def _name(columns: Sequence[Column], row: Row) -> str:
    parts = (str(row[each.source or each.key] or each.blank) for each in columns)
    return " / ".join(part for part in parts if part)


def _listed(names: list[str]) -> Word:
    """Several names; what is a word of ours among them is translated."""
    rest = len(names) - NAMED
    return Word(", ".join((*names[:NAMED], *((f"(+{rest})",) if rest > 0 else ()))))

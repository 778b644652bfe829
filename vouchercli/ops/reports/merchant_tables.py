"""How the report on merchants reads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.ops.reports.dimensions import key_column
from vouchercli.ops.reports.measures import columns
from vouchercli.ops.reports.spans import Title, span_notes, titled
from vouchercli.result import JSON, Column, Table, only, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vouchercli.ops.reports.scope import Scope

    Rows = Sequence[dict[str, Any]]

TITLE = Title("Merchants: {programme}, all known at {now}", "Merchants: {programme}, as of {as_of}")
CUTS = ("size", "district", "industry")
SUMMARY = (
    Column("registered", "Merchants of the registry", "int"),
    *columns("with_payments"),
    Column("not_registered", "Of these not in the registry", "int"),
    Column("share_with_payments", "Of the registry", "rate"),
    *columns("subsidy_fen"),
    Column("share_of_first_hundredth", "Share of the first 1 %", "rate"),
    Column("share_of_first_tenth", "Share of the first 10 %", "rate"),
    *columns("gini"),
)
MEASURED = ("redemptions", "base_fen", "subsidy_fen", "share", "gross")
FIGURES = columns(*MEASURED)
MERCHANT = (Column("merchant_no", "Merchant"), Column("name", "Name"))
LORENZ = (
    Column("tenths", "Of the smallest", "rate"),
    *columns("share"),
)
SILENT = (
    *MERCHANT,
    *map(key_column, CUTS),
)


def merchants(
    scope: Scope,
    summary: dict[str, Any],
    cuts: Mapping[str, Rows],
    first: Rows,
    curve: Sequence[tuple[int, str | None]],
    silent: Rows,
) -> tuple[Table, ...]:
    """The tables: how many, which sizes, districts and industries, who got most, how evenly."""
    titles = {
        "size": say("By size"),
        "district": say("By district"),
        "industry": say("By industry"),
    }
    return (
        Table(
            titled(scope, TITLE),
            SUMMARY,
            (summary,),
            notes=(*span_notes(scope), *NOTES),
            key="summary",
            is_record=True,
        ),
        *(
            Table(
                titles[by],
                (
                    replace(key_column(by, "key"), shown="shown_key"),
                    *only(JSON, "is_registered"),
                    Column("registered", "Merchants", "int"),
                    *columns("with_payments"),
                    *FIGURES,
                ),
                rows,
                key=f"by_{by}",
                bars="with_payments",
            )
            for by, rows in cuts.items()
        ),
        Table(say("Who got most"), (*MERCHANT, *FIGURES), first, key="first", bars="subsidy_fen"),
        Table(
            say("How evenly it is spread (Lorenz curve)"),
            LORENZ,
            [{"tenths": f"{tenth / 10:.4f}", "share": share} for tenth, share in curve],
            key="lorenz",
            optional=True,
            bars="share",
        ),
        Table(say("Without a payment"), SILENT, silent, key="without_payments", optional=True),
    )


NOTES = (
    say(
        "Counted as with payments: whoever has a payment that stands. Size, district and industry"
        " are those of the registry now."
    ),
    say(
        "Gini: 0 where all with payments got the same, near 1 where one got all. Refunds are taken"
        " off."
    ),
)

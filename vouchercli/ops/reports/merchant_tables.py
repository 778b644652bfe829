"""How the report on merchants reads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.ops.reports.tables import KEYS, moment, span_notes
from vouchercli.result import JSON, Column, Table, only, say
from vouchercli.rules import times

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vouchercli.ops.reports.scope import Scope
    from vouchercli.result import Message

    Rows = Sequence[dict[str, Any]]

CUTS = ("size", "district", "industry")
SUMMARY = (
    Column("registered", "Merchants of the registry", "int"),
    Column("with_payments", "With payments", "int"),
    Column("not_registered", "Of these not in the registry", "int"),
    Column("share_with_payments", "Of the registry", "rate"),
    Column("subsidy_fen", "Subsidy", "fen"),
    Column("share_of_first_hundredth", "Share of the first 1 %", "rate"),
    Column("share_of_first_tenth", "Share of the first 10 %", "rate"),
    Column("gini", "Gini", "ratio"),
)
FIGURES = (
    Column("redemptions", "Redemptions", "int"),
    Column("base_fen", "Base spend", "fen"),
    Column("subsidy_fen", "Subsidy", "fen"),
    Column("share", "Share of subsidy", "rate"),
    Column("gross", "G", "ratio"),
)
MERCHANT = (Column("merchant_no", "Merchant"), Column("name", "Name"))
LORENZ = (
    Column("tenths", "Of the smallest", "rate"),
    Column("share", "Share of subsidy", "rate"),
)
SILENT = (
    *MERCHANT,
    *(replace(KEYS[each], key=each) for each in CUTS),
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
            _title(scope),
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
                    replace(KEYS[by], shown="shown_key"),
                    *only(JSON, "is_registered"),
                    Column("registered", "Merchants", "int"),
                    Column("with_payments", "With payments", "int"),
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


def _title(scope: Scope) -> Message:
    if scope.as_of is None:
        now = times.shown(scope.now, scope.zone)[:16]
        return say("Merchants: {programme}, all known at {now}", programme=scope.code, now=now)
    as_of = moment(scope.as_of, scope.zone)
    return say("Merchants: {programme}, as of {as_of}", programme=scope.code, as_of=as_of)

"""voucher report compare | nation | fairness | series | districts | industries: rounds, cities,
groups and weeks side by side.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from vouchercli.cli.lake_options import OF_LAKES, asked_of_lake, is_of_lake
from vouchercli.cli.options import Call, Since, Until, command, split_codes, verbs
from vouchercli.cli.report_options import Rounds, paid_in
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()


@command(
    app,
    "compare",
    epilog="Example: voucher report compare hz-1 hz-2 -O compare.html",
    looks_back=True,
    options=OF_LAKES,
)
def compare(
    call: Call,
    session: Session,
    subjects: Annotated[
        list[str],
        typer.Argument(metavar="NAME...", help="Rounds, families of rounds, or programmes."),
    ],
    **more: Any,
) -> Outcome:
    """Rounds, families or programmes side by side."""
    if is_of_lake(more):
        from vouchercli.ops.lake.others import report_compare as of_lake

        return of_lake(asked_of_lake(call, more), subjects)
    from vouchercli.ops.reports.compare import report_compare

    return report_compare(session, subjects, as_of=call.as_of(session))


@command(
    app,
    "nation",
    epilog="Example: voucher report nation 330100.json 420100.json --expect 330100,420100,110000",
)
def nation(
    call: Call,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="What programme export --figures wrote anywhere."),
    ],
    *,
    expect: Annotated[
        Optional[list[str]],
        typer.Option(
            "--expect", metavar="CODE[,CODE...]", help="Cities that should be there, by their code."
        ),
    ] = None,
    allow_partial: Annotated[
        bool,
        typer.Option("--allow-partial", help="Exit 0 also where a file or a city is left out."),
    ] = False,
) -> Outcome:
    """Figures of many cities together, in fen, with what is covered and what does not match."""
    from vouchercli.ops.reports.nation import report_nation

    expected = split_codes(expect)
    return report_nation(files, expected, call.present(), allow_partial=allow_partial)


@command(
    app,
    "fairness",
    epilog="Example: voucher report fairness --round lot-1 -O fairness.html",
    looks_back=True,
    options=OF_LAKES,
)
def fairness(call: Call, session: Session, rounds: Rounds = None, **more: Any) -> Outcome:
    """Who claimed, won and was paid, by group and district, for each eligible resident."""
    if is_of_lake(more):
        from vouchercli.ops.lake.others import report_fairness as of_lake

        return of_lake(asked_of_lake(call, more, round=rounds))
    from vouchercli.ops.reports.fairness import report_fairness

    return report_fairness(session, only=split_codes(rounds), as_of=call.as_of(session))


@command(
    app,
    "series",
    epilog="Example: voucher report series --by industry --against taxi,energy -O compared.xlsx",
    looks_back=True,
)
def series(
    call: Call,
    session: Session,
    by: Annotated[
        str, typer.Option("--by", metavar="WHAT", help="industry, district, brand or all.")
    ] = "industry",
    rounds: Rounds = None,
    since: Since = None,
    until: Until = None,
    against: Annotated[
        Optional[list[str]],
        typer.Option(
            "--against",
            metavar="NAME[,NAME...]",
            help="What to compare with (unless given: all that cannot take vouchers).",
        ),
    ] = None,
) -> Outcome:
    """Turnover, orders and open shops beside the year before, the weeks before, and what cannot
    take vouchers: a comparison, not an effect.
    """
    from vouchercli.ops.reports.series import report_series

    return report_series(
        session,
        by=by,
        only_rounds=split_codes(rounds),
        **call.span(session, since, until),
        as_of=call.as_of(session),
        against=split_codes(against),
    )


Only = Annotated[
    Optional[str],
    typer.Argument(metavar="NAME", help="Only this one (else all side by side); '': not stated."),
]


@command(
    app,
    "districts",
    epilog="Example: voucher report districts --since 2020-04-01 -O districts.html",
    looks_back=True,
)
def districts(
    call: Call,
    session: Session,
    name: Only = None,
    rounds: Rounds = None,
    since: Since = None,
    until: Until = None,
) -> Outcome:
    """What merchants of each district were paid; one alone by round, week and merchant."""
    return _groups(call, session, "district", name, rounds, since, until)


@command(
    app,
    "industries",
    epilog="Example: voucher report industries catering -O catering.html",
    looks_back=True,
)
def industries(
    call: Call,
    session: Session,
    name: Only = None,
    rounds: Rounds = None,
    since: Since = None,
    until: Until = None,
) -> Outcome:
    """What merchants of each industry were paid; one alone by round, week and merchant."""
    return _groups(call, session, "industry", name, rounds, since, until)


def _groups(
    call: Call,
    session: Session,
    by: str,
    name: str | None,
    rounds: list[str] | None,
    since: str | None,
    until: str | None,
) -> Outcome:
    from vouchercli.ops.reports.groups import report_groups

    span = paid_in(call, session, since, until)
    return report_groups(session, by, name, only=split_codes(rounds), **span)

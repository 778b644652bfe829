"""voucher effect plan | import | estimate | report | survey-size | blank"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from vouchercli.cli.blanks import give_blank
from vouchercli.cli.import_options import READING, File, watch_import
from vouchercli.cli.options import Call, To, command, split_codes, verbs
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()

Code = Annotated[str, typer.Argument(metavar="ROUND", help="The round.")]
OutcomeOption = Annotated[
    Optional[str],
    typer.Option(
        "--outcome", metavar="WHAT", help="spending (all, vouchers included), or own money alone."
    ),
]
Windows = Annotated[
    Optional[str],
    typer.Option(
        "--window",
        metavar="N[,N...]",
        help="Weeks from the opening: 1,4,16. Spending that was only pulled forward shows later.",
    ),
]
Method = Annotated[
    Optional[str],
    typer.Option(
        "--method",
        metavar="WHAT",
        help="lottery, arrival, score, waves or none (unless given, by the round's issuance).",
    ),
]
Bandwidth = Annotated[
    Optional[int],
    typer.Option(
        "--bandwidth",
        min=1,
        metavar="N",
        help="How far from the limit is looked: milliseconds, or thousandths of a point.",
    ),
]
Donut = Annotated[
    Optional[int],
    typer.Option(
        "--donut", min=0, metavar="N", help="What lies nearer to the limit is left out, likewise."
    ),
]
Widths = Annotated[
    Optional[str],
    typer.Option(
        "--widths",
        metavar="WHAT",
        help="planned: the estimate goes by that bandwidth; cells: by one that the cells ask for.",
    ),
]


@command(
    app,
    "plan",
    epilog="Example: voucher effect plan r1 --window 1,4,16 --to cells.csv --actor chen",
    has_workbook=True,
    has_pages=True,
)
def plan(
    session: Session,
    round_: Code,
    *,
    outcome: OutcomeOption = None,
    window: Windows = None,
    method: Method = None,
    population: Annotated[
        Optional[str],
        typer.Option("--population", metavar="TEXT", help="Of whom it will be said, in words."),
    ] = None,
    strata: Annotated[
        Optional[str],
        typer.Option("--strata", metavar="TEXT", help="What the column stratum will hold."),
    ] = None,
    smallest: Annotated[
        Optional[int],
        typer.Option("--smallest", min=5, metavar="N", help="People of a cell, at least (20)."),
    ] = None,
    before: Annotated[
        Optional[int],
        typer.Option(
            "--before", min=1, max=104, metavar="N", help="Weeks of earlier spending (4)."
        ),
    ] = None,
    bandwidth: Bandwidth = None,
    donut: Donut = None,
    widths: Widths = None,
    districts: Annotated[
        Optional[int],
        typer.Option(
            "--districts",
            min=2,
            metavar="N",
            help="In waves: how many districts there are; fewer in the cells give no point.",
        ),
    ] = None,
    to: Annotated[
        Optional[Path],
        typer.Option("--to", metavar="FILE", help="Write the header for the platform into FILE."),
    ] = None,
) -> Outcome:
    """Seal, before a round opens, how its effect will be estimated, and say what its platform is
    asked for.
    """
    from vouchercli.ops.effect import plans

    terms = (outcome, window, method, population, strata, smallest, before, bandwidth, donut)
    wanted = plans.Wanted(*terms, widths, districts)
    return plans.seal(session, round_, wanted, to)


@command(
    app,
    "import",
    epilog='Example: voucher effect import cells.csv --source "the platform" --actor chen',
    options=READING,
)
def import_(
    session: Session,
    file: File,
    *,
    source: Annotated[
        str, typer.Option("--source", metavar="TEXT", help="Who sent it: it stands beside figures.")
    ],
    **reading: Any,
) -> Outcome:
    """Take in what a platform says of groups of people (cells), or what people answered."""
    from vouchercli.ops.intake import effects

    with watch_import() as watch:
        return effects.import_effects(session, file, source=source, watch=watch, **reading)


@command(
    app,
    "estimate",
    epilog="Example: voucher effect estimate r1 -o json",
    has_workbook=True,
    has_pages=True,
)
def estimate(
    session: Session,
    round_: Code,
    *,
    window: Windows = None,
    method: Method = None,
    bandwidth: Bandwidth = None,
    donut: Donut = None,
    widths: Widths = None,
) -> Outcome:
    """What a round's vouchers did, with an interval and the checks it rests on; or bounds, and why
    no point is given.
    """
    from vouchercli.ops.effect import estimating, plans

    wanted = plans.Wanted(
        windows=window, method=method, bandwidth=bandwidth, donut=donut, widths=widths
    )
    return estimating.estimate(session, round_, wanted)


@command(
    app,
    "report",
    epilog="Example: voucher effect report -O effect.xlsx",
    has_workbook=True,
    has_pages=True,
    looks_back=True,
)
def report(
    call: Call,
    session: Session,
    *,
    rounds: Annotated[
        Optional[list[str]],
        typer.Option(
            "--round", metavar="R[,R...]", help="Only these rounds; may be given several times."
        ),
    ] = None,
) -> Outcome:
    """Each round in one row: G, N, floor, and the effect I with its interval, window and method;
    beside it what papers found elsewhere.
    """
    from vouchercli.ops.effect import reports

    return reports.report(session, split_codes(rounds), call.as_of(session))


@command(
    app,
    "survey-size",
    epilog="Example: voucher effect survey-size r1 --margin 5 --answering 50",
    has_workbook=True,
    has_pages=True,
)
def survey_size(
    session: Session,
    round_: Code,
    *,
    margin: Annotated[
        str,
        typer.Option("--margin", metavar="PERCENT", help="How far off it may be, in points."),
    ] = "5",
    answering: Annotated[
        str,
        typer.Option("--answering", metavar="PERCENT", help="How many of those asked answer."),
    ] = "100",
) -> Outcome:
    """How many people a survey on a round must ask, so that what it says is sure enough."""
    from vouchercli.ops.effect import survey_sizes

    return survey_sizes.size(session, round_, margin, answering)


@command(app, "blank", epilog="Example: voucher effect blank -o xlsx", has_workbook=True)
def blank(
    call: Call,
    survey: Annotated[
        bool, typer.Option("--survey", help="Of answers of a survey, not of cells.")
    ] = False,
    to: To = None,
) -> Outcome:
    """Show the columns of a file of cells; with -o xlsx or csv, give an empty one to fill in."""
    return give_blank(call, "survey" if survey else "cells", to)

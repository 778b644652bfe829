"""voucher report list | leverage | rounds | bulletin | merchants | orders | timeline | rejects |
brief | funds | settlement | operations | forecasts | explain | site, and what stands side by side
(`cli.report_comparisons`)
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from vouchercli.cli import report_comparisons
from vouchercli.cli.lake_options import OF_LAKES, asked_of_lake, is_of_lake
from vouchercli.cli.options import Call, Since, Until, command, split_codes, verbs
from vouchercli.cli.report_options import KnownOn, Limit, Rounds, paid_in
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()
IN_A_TABLE = 100  # merchants


@command(
    app,
    "leverage",
    epilog='Example: voucher report leverage --by round --as-of "2020-04-02 16:00"',
    looks_back=True,
    options=OF_LAKES,
)
def leverage(
    call: Call,
    session: Session,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="WHAT",
            help=(
                "round, family, template, coupon, day, week, month, district, industry, size,"
                " brand, designated_size, merchant, platform or channel; or two of them:"
                " district,industry."
            ),
        ),
    ] = "round",
    rounds: Rounds = None,
    since: Since = None,
    until: Until = None,
    funders: Annotated[
        bool, typer.Option("--funders", help="Show the public funders one by one.")
    ] = False,
    sort: Annotated[
        Optional[str],
        typer.Option(
            "--sort",
            metavar="WHAT",
            help=(
                "The largest first by redemptions, base, subsidy, own, gross, own_spend or floor."
            ),
        ),
    ] = None,
    top: Annotated[
        Optional[int],
        typer.Option(
            "--top", min=1, metavar="N", help="Only the N largest (by subsidy, or by --sort)."
        ),
    ] = None,
    cumulative: Annotated[
        bool,
        typer.Option("--cumulative", help="By day, week or month: what all came to so far."),
    ] = False,
    limit: Limit = None,
    known_on: KnownOn = None,
    **more: Any,
) -> Outcome:
    """What each public yuan did: gross, own-spend and floor, net of refunds."""
    most = top or (_most(call, by) if limit is None else limit)
    order = sort or (None if top is None else "subsidy")
    if is_of_lake(more):
        from vouchercli.ops.lake import reports as of_lake
        from vouchercli.ops.reports.specs import Question

        question = Question(sort=order, limit=most, with_funders=funders, cumulative=cumulative)
        asked = asked_of_lake(
            call, more, rounds=rounds, since=since, until=until, known_on=known_on
        )
        question = question._replace(since=asked.since, as_of=asked.as_of)
        return of_lake.report_leverage(asked, by, question)
    # each report loads its own module alone: a start is measured in milliseconds
    from vouchercli.ops.reports.leverage import report_leverage

    return report_leverage(
        session,
        by=by,
        only=split_codes(rounds),
        **paid_in(call, session, since, until),
        with_funders=funders,
        cumulative=cumulative,
        limit=most,
        sort=order,
        known_on=_day(call, session, known_on),
    )


@command(
    app,
    "rounds",
    epilog="Example: voucher report rounds --as-of 2020-04-06",
    looks_back=True,
    options=OF_LAKES,
)
def rounds(
    call: Call, session: Session, rounds: Rounds = None, known_on: KnownOn = None, **more: Any
) -> Outcome:
    """Each round: claimed, sold out to the second, the four redemption rates, outstanding, expired,
    breaches.
    """
    if is_of_lake(more):
        from vouchercli.ops.lake import reports as of_lake

        return of_lake.report_rounds(asked_of_lake(call, more, rounds=rounds, known_on=known_on))
    from vouchercli.ops.reports.rounds import report_rounds

    return report_rounds(
        session,
        only=split_codes(rounds),
        as_of=call.as_of(session),
        known_on=_day(call, session, known_on),
    )


@command(
    app,
    "bulletin",
    epilog="Example: voucher report bulletin --day 2020-03-27 -O bulletin.docx",
)
def bulletin(
    call: Call,
    session: Session,
    day: Annotated[
        Optional[str],
        typer.Option("--day", metavar="DAY", help="The local day (else yesterday)."),
    ] = None,
    rounds: Rounds = None,
) -> Outcome:
    """A day and all before it: by round, industry and district, money left, what is odd."""
    from vouchercli.ops.reports.bulletin import report_bulletin

    return report_bulletin(session, day=_day(call, session, day), only=split_codes(rounds))


@command(
    app,
    "merchants",
    epilog="Example: voucher report merchants --top 50 -O merchants.xlsx",
    looks_back=True,
    options=OF_LAKES,
)
def merchants(
    call: Call,
    session: Session,
    rounds: Rounds = None,
    since: Since = None,
    until: Until = None,
    top: Annotated[
        int, typer.Option("--top", min=0, metavar="N", help="How many of the first (0: all).")
    ] = 20,
    inactive: Annotated[
        int,
        typer.Option(
            "--inactive", min=0, metavar="N", help="List so many merchants without a payment."
        ),
    ] = 0,
    **more: Any,
) -> Outcome:
    """Merchants: how many are paid, by size, district and industry, who got most, how evenly."""
    if is_of_lake(more):
        from vouchercli.ops.lake.others import report_merchants as of_lake

        about: dict[str, Any] = {"rounds": rounds, "since": since, "until": until}
        return of_lake(asked_of_lake(call, more, **about, inactive=inactive), top=top)
    from vouchercli.ops.reports.merchants import report_merchants

    return report_merchants(
        session,
        only=split_codes(rounds),
        **paid_in(call, session, since, until),
        top=top,
        inactive=inactive,
    )


@command(
    app,
    "orders",
    epilog="Example: voucher report orders --round hz-1 -O orders.html",
    looks_back=True,
)
def orders(
    call: Call,
    session: Session,
    rounds: Rounds = None,
    since: Since = None,
    until: Until = None,
) -> Outcome:
    """Order amounts against the voucher's threshold; the average order with and without one."""
    from vouchercli.ops.reports.orders import report_orders

    return report_orders(session, only=split_codes(rounds), **paid_in(call, session, since, until))


@command(app, "timeline", epilog="Example: voucher report timeline --round hz-1")
def timeline(call: Call, session: Session, rounds: Rounds = None) -> Outcome:
    """From the draft of each round to its first redemption: when, and how long it took."""
    from vouchercli.ops.reports.timeline import report_timeline

    return report_timeline(session, only=split_codes(rounds))


@command(app, "rejects", epilog="Example: voucher report rejects --since 2020-04-01")
def rejects(call: Call, session: Session, since: Since = None, until: Until = None) -> Outcome:
    """Rejected rows over all files: by kind, profile and reason."""
    from vouchercli.ops.reports.rejects import report_rejects

    return report_rejects(session, **call.span(session, since, until))


@command(
    app,
    "brief",
    epilog="Example: voucher report brief --round hz-1 -O brief.docx --lang zh",
    looks_back=True,
)
def brief(call: Call, session: Session, rounds: Rounds = None) -> Outcome:
    """One page of sentences: issued, used, what it drove, where it went, money, what to know."""
    from vouchercli.ops.reports.brief import report_brief

    return report_brief(session, only=split_codes(rounds), as_of=call.as_of(session))


@command(
    app,
    "funds",
    epilog="Example: voucher report funds --as-of 2020-03-31 -O funds.xlsx",
    looks_back=True,
    options=OF_LAKES,
)
def funds(
    call: Call,
    session: Session,
    *,
    final: Annotated[
        bool,
        typer.Option("--final", help="The final statement: what was given, paid and returned."),
    ] = False,
    **more: Any,
) -> Outcome:
    """The money of each funder by what has become of it, in all and by round."""
    if is_of_lake(more):
        from vouchercli.ops.lake.others import report_funds as of_lake

        return of_lake(asked_of_lake(call, more, final=final))
    if final:
        from vouchercli.ops.reports.final_statement import report_final

        return report_final(session, as_of=call.as_of(session))
    from vouchercli.ops.reports.funds import report_funds

    return report_funds(session, as_of=call.as_of(session))


@command(
    app,
    "settlement",
    epilog="Example: voucher report settlement --since 2020-04-01 -O settlement.xlsx",
)
def settlement(
    call: Call,
    session: Session,
    rounds: Rounds = None,
    funder: Annotated[
        Optional[str],
        typer.Option("--funder", metavar="CODE", help="Only the money of this funder."),
    ] = None,
    since: Annotated[
        Optional[str],
        typer.Option(
            "--since", metavar="DAY", help="Days to payment: of what was paid on DAY or later."
        ),
    ] = None,
    until: Annotated[
        Optional[str],
        typer.Option("--until", metavar="DAY", help="Days to payment: of what was paid up to DAY."),
    ] = None,
) -> Outcome:
    """How far merchants are paid: days to payment, what is held and why, debts by age."""
    from vouchercli.ops.settlements.reports import report_settlement

    return report_settlement(
        session,
        only=split_codes(rounds),
        funder=funder,
        since=_day(call, session, since),
        until=_day(call, session, until),
    )


@command(app, "operations", epilog="Example: voucher report operations --since 2020-04-01")
def operations(call: Call, session: Session, since: Since = None, until: Until = None) -> Outcome:
    """What the clock did late, and files that did not come in as they should."""
    from vouchercli.ops.reports.operations import report_operations

    return report_operations(session, **call.span(session, since, until))


@command(app, "forecasts", epilog="Example: voucher report forecasts -O forecasts.xlsx")
def forecasts(session: Session, rounds: Rounds = None) -> Outcome:
    """What was said of rounds before they opened (round rehearse), what came, and how often it came
    so.
    """
    from vouchercli.ops.forecasting.reports import report_forecasts

    return report_forecasts(session, only=split_codes(rounds))


@command(
    app,
    "explain",
    epilog="Example: voucher report explain leverage --round hz-1 --as-of 2020-04-06",
    looks_back=True,
)
def explain(
    call: Call,
    session: Session,
    figure: Annotated[
        str,
        typer.Argument(
            metavar="WHAT", help="What to explain: leverage, used, merchant, claimed or funds."
        ),
    ],
    rounds: Rounds = None,
    since: Since = None,
    until: Until = None,
    merchant: Annotated[
        Optional[str], typer.Option("--merchant", metavar="NO", help="Whose sums are explained.")
    ] = None,
) -> Outcome:
    """Break a figure down to files, ways of paying, ledger and rules; prove that they add up."""
    from vouchercli.ops.reports.explain import report_explain

    return report_explain(
        session,
        figure,
        merchant=merchant,
        only=split_codes(rounds),
        **paid_in(call, session, since, until),
    )


@command(
    app,
    "site",
    epilog='Example: voucher report site public --as-of "2020-04-16" --lang zh',
    looks_back=True,
)
def site(
    call: Call,
    session: Session,
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="The folder: a new or empty one, or one that this command wrote."
        ),
    ],
    rounds: Rounds = None,
) -> Outcome:
    """Write a folder of pages that needs no server: each round, district, industry, size of
    merchants, and every merchant, with a search.
    """
    from vouchercli.cli.paper import reads_of
    from vouchercli.ops.reports.site import report_site

    as_of = call.as_of(session)
    return report_site(session, folder, reads_of(session), only=split_codes(rounds), as_of=as_of)


@command(app, "list", epilog="Example: voucher report list")
def list_(call: Call) -> Outcome:
    """The reports there are, what their figures mean, and what these can be grouped by."""
    from vouchercli.ops.reports.catalogue import list_reports

    return list_reports()


def _day(call: Call, session: Session, text: str | None) -> int | None:
    return None if text is None else call.local_day(session, text)


def _most(call: Call, by: str) -> int:
    """How many groups are shown where nothing is said (0: all)."""
    is_long = "merchant" in by or "brand" in by
    return IN_A_TABLE if is_long and call.output in ("table", "html", "md", "docx") else 0


app.registered_commands += report_comparisons.app.registered_commands

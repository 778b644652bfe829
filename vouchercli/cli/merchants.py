"""voucher merchant import | list | show | suspend | reinstate | blank"""

from __future__ import annotations

from typing import Annotated, Any, Optional

import typer

from vouchercli.cli.blanks import add_blank
from vouchercli.cli.import_options import READING, File, watch_import
from vouchercli.cli.options import Call, Why, command, verbs
from vouchercli.ops.intake import merchant_corrections, registries
from vouchercli.ops.setup import merchants, suspensions
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()

Missing = Annotated[
    str,
    typer.Option(
        "--missing",
        metavar="report|suspend",
        help="What to do with merchants of this registry that the file does not list.",
    ),
]
District = Annotated[
    Optional[str], typer.Option("--district", metavar="TEXT", help="Only this district.")
]
Industry = Annotated[
    Optional[str], typer.Option("--industry", metavar="TEXT", help="Only this industry.")
]
Size = Annotated[Optional[str], typer.Option("--size", metavar="TEXT", help="Only this size.")]
Brand = Annotated[Optional[str], typer.Option("--brand", metavar="TEXT", help="Only this brand.")]
DesignatedSize = Annotated[
    Optional[str],
    typer.Option(
        "--designated-size",
        metavar="above|below",
        help="Only above or below designated size (or 限上, 限下).",
    ),
]
Search = Annotated[
    Optional[str],
    typer.Option(
        "--search", metavar="TEXT", help="A part of number, name, address or unified code."
    ),
]
Suspended = Annotated[bool, typer.Option("--suspended", help="Only those suspended now.")]
Unregistered = Annotated[
    bool, typer.Option("--unregistered", help="Only those that no registry lists.")
]
Number = Annotated[
    str, typer.Argument(metavar="NO", help="The merchant's number, ours or a platform's.")
]
Reason = Annotated[
    str, typer.Option("--note", "--reason", metavar="TEXT", help="Why: it is kept and shown.")
]
HoldsFrom = Annotated[
    Optional[str],
    typer.Option(
        "--from",
        metavar="TIME",
        help="Its changes hold from then on (now unless given); before now it is a correction.",
    ),
]
WhyFrom = Annotated[
    str,
    typer.Option("--note", metavar="TEXT", help="Why it holds from before now: it is kept."),
]
Batch = Annotated[int, typer.Argument(metavar="NO", help="The batch, as its import said.")]
SuspendedFrom = Annotated[
    Optional[str],
    typer.Option(
        "--from", metavar="TIME", help="Payments from then on are refused (now unless given)."
    ),
]
ReinstatedFrom = Annotated[
    Optional[str],
    typer.Option(
        "--from",
        metavar="TIME",
        help="Payments from then on are accepted again (now unless given).",
    ),
]


@command(
    app,
    "import",
    epilog="Example: voucher merchant import registry.csv --missing suspend",
    options=READING,
)
def import_(
    call: Call,
    session: Session,
    file: File,
    missing: Missing = "report",
    from_: HoldsFrom = None,
    note: WhyFrom = "",
    **reading: Any,
) -> Outcome:
    """Update the registry from a file: who is new, who changed, who is missing. Its changes hold
    from now, or from the moment of --from.
    """
    with watch_import() as watch:
        return registries.import_merchants(
            session,
            file,
            **reading,
            from_at=call.moment(session, from_),
            note=note,
            missing=missing,
            is_sure=call.yes,
            watch=watch,
        )


@command(app, "approve", epilog="Example: voucher merchant approve 7 --actor lin")
def approve(session: Session, batch: Batch) -> Outcome:
    """Approve, as a second person, that a registry file holds from before it came."""
    return merchant_corrections.approve(session, batch)


@command(
    app,
    "reject",
    epilog='Example: voucher merchant reject 7 --note "moved on 12 June" --actor lin',
)
def reject(session: Session, batch: Batch, *, note: Why) -> Outcome:
    """Turn down that a registry file holds from before it came, with the reason."""
    return merchant_corrections.reject(session, batch, note)


@command(
    app,
    "list",
    epilog="Example: voucher merchant list --district 上城区 --search 面馆",
    is_list=True,
)
def list_(
    session: Session,
    *,
    limit: int | None,
    district: District = None,
    industry: Industry = None,
    size: Size = None,
    brand: Brand = None,
    designated_size: DesignatedSize = None,
    search: Search = None,
    suspended: Suspended = False,
    unregistered: Unregistered = False,
) -> Outcome:
    """List merchants, by number."""
    return merchants.list_merchants(
        session,
        district=district,
        industry=industry,
        size=size,
        brand=brand,
        designated_size=designated_size,
        search=search,
        suspended=suspended,
        unregistered=unregistered,
        limit=limit,
    )


@command(app, "show", epilog="Example: voucher merchant show M001")
def show(session: Session, no: Number) -> Outcome:
    """Show a merchant: itself, what was redeemed there, its suspensions and changes."""
    return merchants.show_merchant(session, no)


@command(
    app,
    "suspend",
    epilog=(
        'Example: voucher merchant suspend M001 --from "2020-04-03 10:00" --note "cash-out under'
        ' inquiry"'
    ),
)
def suspend(
    call: Call, session: Session, no: Number, reason: Reason, from_: SuspendedFrom = None
) -> Outcome:
    """Refuse a merchant's redemptions from a moment on, until it is reinstated."""
    return suspensions.suspend_merchant(session, no, reason, call.moment(session, from_))


@command(app, "reinstate", epilog="Example: voucher merchant reinstate M001")
def reinstate(call: Call, session: Session, no: Number, from_: ReinstatedFrom = None) -> Outcome:
    """Accept a suspended merchant's redemptions again."""
    return suspensions.reinstate_merchant(session, no, call.moment(session, from_))


add_blank(app, "merchant", "merchants")

"""voucher round create | list | show | plan | rehearse | edit | submit | approve | reject | open |
order | draw | allocate | close | copy | settle, and its changes (`cli.round_changes`)
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from vouchercli.cli import round_changes
from vouchercli.cli.asking import is_asked, show_and_ask
from vouchercli.cli.options import Call, command, split_codes, verbs
from vouchercli.cli.round_terms import (
    CHANGED_TERMS,
    CREATED_TERMS,
    TERMS,
    Code,
    NewCode,
    Note,
    PublicRandomness,
    Why,
)
from vouchercli.ops import amounts
from vouchercli.ops.granting import allocations
from vouchercli.ops.lottery import draws
from vouchercli.ops.rounds import (
    amendments,
    approvals,
    drafts,
    families,
    rounds,
)
from vouchercli.result import Outcome, say
from vouchercli.session import Session

app = verbs()


def _in_seconds(call: Call, session: Session, terms: dict[str, Any]) -> dict[str, Any]:
    """The options of a round, its times as UTC seconds, its money in fen."""
    budget = terms["budget"]
    return terms | {
        "budget": None if budget is None else amounts.read_yuan("--budget", budget, least_fen=1),
        "opens_at": call.moment(session, terms["opens_at"]),
        "closes_at": call.moment(session, terms["closes_at"], end_of_day=True),
        "registration_opens_at": call.moment(session, terms["registration_opens_at"]),
    }


@command(
    app,
    "create",
    epilog=(
        "Example: voucher round create hz-1 --template universal-5x10 --packs 2000000 --opens-at"
        ' "2020-03-27 08:00"'
    ),
    options=CREATED_TERMS,
    required=("template", "opens_at"),
)
def create(call: Call, session: Session, code: Code, **terms: Any) -> Outcome:
    """Draft a round, or a family of rounds: which pack, how many, when, for whom."""
    return families.create(session, code, _in_seconds(call, session, terms))


@command(
    app,
    "edit",
    epilog="Example: voucher round edit hz-1 --packs 1500000",
    options=CHANGED_TERMS,
)
def edit(call: Call, session: Session, code: Code, **terms: Any) -> Outcome:
    """Change a round before it opens: it becomes a draft again and its approvals are void."""
    return drafts.edit_round(session, code, _in_seconds(call, session, terms))


@command(
    app,
    "copy",
    epilog='Example: voucher round copy hz-1 hz-5 --packs 1500000 --opens-at "2020-04-20 20:00"',
    options={name: TERMS[name] for name in ("opens_at", "closes_at")} | CHANGED_TERMS,
    required=("opens_at",),
)
def copy(call: Call, session: Session, code: Code, new: NewCode, **terms: Any) -> Outcome:
    """Draft the next round from this one; options given here replace what it had."""
    return drafts.copy_round(session, code, new, _in_seconds(call, session, terms))


@command(app, "list", epilog="Example: voucher round list --state open", is_list=True)
def list_(
    session: Session,
    *,
    limit: int | None,
    state: Annotated[
        Optional[str],
        typer.Option(
            "--state", metavar="STATE", help="Only rounds in this state, for example open."
        ),
    ] = None,
) -> Outcome:
    """List the rounds by their opening."""
    return rounds.list_rounds(session, state, limit)


@command(app, "show", epilog="Example: voucher round show hz-1")
def show(session: Session, code: Code) -> Outcome:
    """Show a round: its terms, its money, its approvals, what was claimed; or a family of them."""
    return families.show(session, code)


@command(app, "plan", epilog="Example: voucher round plan hz-1")
def plan(session: Session, code: Code) -> Outcome:
    """Estimate a round: largest liability, money left, dates, merchants, results of past rounds."""
    return families.plan(session, code)


@command(
    app,
    "rehearse",
    epilog=(
        "Examples: voucher round rehearse hz-5; voucher round rehearse hz-5 --face 10 --face 20"
        " --packs 1000000"
    ),
    has_workbook=True,
    has_pages=True,
)
def rehearse(
    session: Session,
    code: Code,
    *,
    like: Annotated[
        Optional[list[str]],
        typer.Option(
            "--like",
            metavar="CODE[,CODE...]",
            help="The past rounds that it is like (else all that were granted so).",
        ),
    ] = None,
    packs: Annotated[
        Optional[list[int]],
        typer.Option(
            "--packs",
            metavar="N",
            min=1,
            max=10**9,
            help="What if: so many packs; may be given several times.",
        ),
    ] = None,
    face: Annotated[
        Optional[list[str]],
        typer.Option(
            "--face",
            metavar="YUAN",
            help="What if: each voucher is worth so much; may be given several times.",
        ),
    ] = None,
    threshold: Annotated[
        Optional[list[str]],
        typer.Option(
            "--threshold",
            metavar="YUAN",
            help="What if: each voucher needs an order of so much; may be given several times.",
        ),
    ] = None,
    mode: Annotated[
        Optional[list[str]],
        typer.Option(
            "--mode",
            metavar="fcfs|lottery|targeted",
            help="What if: packs are granted so; may be given several times.",
        ),
    ] = None,
) -> Outcome:
    """Replay past rounds in the place of this one: claims, sell-out, use, money by day, with the
    chance of each range. The forecast is kept in the log before the round opens, and scored when it
    has closed (report forecasts). With --packs, --face, --threshold or --mode: what if.
    """
    # only for this command
    from vouchercli.ops.forecasting.rehearse import rehearse_round
    from vouchercli.ops.forecasting.variants import WhatIf

    what_if = WhatIf(packs or (), face or (), threshold or (), mode or ())
    return rehearse_round(session, code, like=split_codes(like), what_if=what_if)


@command(app, "submit", epilog="Example: voucher round submit hz-1 --actor chen")
def submit(session: Session, code: Code) -> Outcome:
    """Submit a draft for approval."""
    return families.each(session, code, approvals.submit_round)


@command(app, "approve", epilog="Example: voucher round approve hz-1 --actor lin")
def approve(call: Call, session: Session, code: Code) -> Outcome:
    """Approve a round, or an amendment of it, as a second person; the last approval needed commits
    its money. At a terminal it shows what waits, and asks (or --yes).
    """
    waiting = families.describe_waiting(session, code) if is_asked(call) else None
    if waiting is not None:
        show_and_ask(waiting, say("Approve it?"))
    return families.each(session, code, approvals.approve_round)


@command(
    app,
    "reject",
    epilog='Example: voucher round reject hz-1 --note "opens on a public holiday" --actor lin',
)
def reject(session: Session, code: Code, note: Note) -> Outcome:
    """Send a round, or an amendment of it, back to its maker, with the reason."""
    return families.each(session, code, lambda inner, one: approvals.reject_round(inner, one, note))


@command(app, "open", epilog="Example: voucher round open hz-1")
def open_(call: Call, session: Session, code: Code) -> Outcome:
    """Open an approved round for claims (--yes: although its time has not come)."""
    return families.each(
        session, code, lambda inner, one: rounds.open_round(inner, one, is_sure=call.yes)
    )


@command(app, "order", epilog="Example: voucher round order hz-1 --actor chen")
def order(
    session: Session,
    code: Code,
    *,
    outbox: Annotated[
        Optional[Path],
        typer.Option(
            "--outbox",
            metavar="DIR",
            help="Where orders are written (else outbox beside the database).",
        ),
    ] = None,
) -> Outcome:
    """Order a round from its platform now, as the tick does at its time; an order that stands is
    written again.
    """
    from vouchercli.ops.rounds import issuance_orders  # reads YAML: only where there is a platform

    return issuance_orders.order_by_hand(session, code, outbox)


@command(app, "draw", epilog='Example: voucher round draw hz-1 --public-randomness "4 1 7"')
def draw(
    call: Call, session: Session, code: Code, *, public_randomness: PublicRandomness = None
) -> Outcome:
    """Take the next step of a lottery: commit to a seed before registration closes (asked, or
    --yes), draw after it (voucher draw has each step).
    """
    is_sure = call.yes
    fixed = draws.describe_commitment(session, code) if is_asked(call) else None
    if fixed is not None:
        show_and_ask(fixed, say("Fix it now?"))
        is_sure = True
    return draws.next_step(session, code, public_randomness, is_sure=is_sure)


@command(app, "allocate", epilog="Example: voucher round allocate hz-1")
def allocate(
    session: Session,
    code: Code,
    *,
    group: Annotated[
        Optional[str],
        typer.Option(
            "--group",
            metavar="NAME",
            help="Targeted rounds: only the residents of this group, this time.",
        ),
    ] = None,
) -> Outcome:
    """Grant the packs of a round that is issued here: by arrival, or to everyone on its list; run
    again it grants only what is new.
    """
    return allocations.allocate(session, code, group=group)


@command(app, "close", epilog="Example: voucher round close hz-1")
def close(call: Call, session: Session, code: Code, *, note: Why = "") -> Outcome:
    """Close a round (--yes: propose it before its time; claiming ends when a second person approves
    it).
    """
    return families.each(
        session,
        code,
        lambda inner, one: amendments.close_round(inner, one, is_sure=call.yes, note=note),
    )


@command(app, "settle", epilog="Example: voucher round settle hz-1 --actor wu")
def settle(
    session: Session,
    code: Annotated[
        Optional[str], typer.Argument(metavar="[CODE]", help="The round, for example hz-1.")
    ] = None,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Every closed round of which nothing is open.")
    ] = False,
) -> Outcome:
    """Settle a closed round: nothing of it can move any more, and it takes nothing more. What is
    open still is said, with the command that goes on.
    """
    from vouchercli.ops.ending import (
        settling,
    )  # asks every part of the program: of this command alone

    return settling.settle(session, code, is_every=every)


app.registered_commands += round_changes.app.registered_commands

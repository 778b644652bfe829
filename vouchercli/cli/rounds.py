"""voucher round create | list | show | plan | rehearse | edit | submit | approve | reject | open |
close | cancel | copy | pause | resume | top-up | reduce | reschedule | extend | replace | settle |
reopen | order
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from vouchercli.cli.asking import is_asked, show_and_ask
from vouchercli.cli.options import Call, command, split_codes, verbs
from vouchercli.ops import amounts
from vouchercli.ops.granting import allocations
from vouchercli.ops.lottery import draws
from vouchercli.ops.rounds import (
    amendments,
    approvals,
    cancellations,
    drafts,
    families,
    replacing,
    rounds,
)
from vouchercli.result import Outcome, say
from vouchercli.session import Session

app = verbs()

Code = Annotated[str, typer.Argument(metavar="CODE", help="The round, for example hz-1.")]
NewCode = Annotated[str, typer.Argument(metavar="NEW", help="The code of the new round.")]
# What a round is made of: one block for create, edit and copy, which differ in what must be given.
TERMS: dict[str, Any] = {
    "template": Annotated[
        Optional[str],
        typer.Option(
            "--template",
            metavar="CODE[@V]",
            help="The card pack (the newest version, unless @V is given).",
        ),
    ],
    "packs": Annotated[
        Optional[int],
        typer.Option(
            "--packs", metavar="N", min=1, max=10**9, help="How many packs may be claimed."
        ),
    ],
    "budget": Annotated[
        Optional[str],
        typer.Option(
            "--budget",
            metavar="YUAN",
            help="As many packs as this money can pay at the most (instead of --packs).",
        ),
    ],
    "opens_at": Annotated[
        Optional[str],
        typer.Option(
            "--opens-at", metavar="TIME", help="When claiming begins, in the programme's zone."
        ),
    ],
    "closes_at": Annotated[
        Optional[str],
        typer.Option(
            "--closes-at",
            metavar="TIME",
            help="When claiming ends (a bare date: its end); else when the first voucher expires.",
        ),
    ],
    "mode": Annotated[
        Optional[str],
        typer.Option(
            "--mode",
            metavar="fcfs|lottery|targeted",
            help="How packs are granted (fcfs unless given).",
        ),
    ],
    "platform": Annotated[
        Optional[str],
        typer.Option(
            "--platform", metavar="NAME", help="The platform that issues it (else issued here)."
        ),
    ],
    "drawn": Annotated[
        Optional[str],
        typer.Option(
            "--drawn",
            metavar="here|platform",
            help="Who draws a platform's lottery (it, unless said); drawn here, it gets the"
            " winners.",
        ),
    ],
    "arm_of": Annotated[
        Optional[str],
        typer.Option(
            "--arm-of",
            metavar="CODE",
            help="The second arm of that lottery: one draw, its winners shared out by the packs.",
        ),
    ],
    "group": Annotated[
        Optional[str],
        typer.Option(
            "--group", metavar="NAME", help="Only residents of this group, by the eligibility list."
        ),
    ],
    "per_resident": Annotated[
        Optional[int],
        typer.Option(
            "--per-resident",
            metavar="N",
            min=1,
            help="Packs for one resident at most (the programme's limit unless given).",
        ),
    ],
    "registration_opens_at": Annotated[
        Optional[str],
        typer.Option(
            "--registration-opens", metavar="TIME", help="When residents may begin to register."
        ),
    ],
}
CHANGED_TERMS = TERMS | {
    "template": Annotated[
        Optional[str],
        typer.Option("--template", metavar="CODE[@V]", help="Another card pack or version."),
    ]
}
CREATED_TERMS = TERMS | {
    "platform": Annotated[
        Optional[str],
        typer.Option(
            "--platform",
            metavar="NAME[:N%,...]",
            help="The platform that issues it (else issued here); with shares a round for each.",
        ),
    ],
    "faces": Annotated[
        Optional[str],
        typer.Option(
            "--faces",
            metavar="YUAN-YUAN:N,...",
            help="A family: a round for each face, for example 90-300:480000,180-500:240000.",
        ),
    ],
    "each": Annotated[
        bool,
        typer.Option(
            "--each", help="A family: a person may have a pack of each round (else of one)."
        ),
    ],
}
Why = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why: the checkers read it.")]
MorePacks = Annotated[
    int, typer.Option("--packs", metavar="N", min=1, max=10**9, help="How many packs more.")
]
FewerPacks = Annotated[
    int, typer.Option("--packs", metavar="N", min=1, max=10**9, help="How many packs fewer.")
]
NewOpening = Annotated[
    Optional[str],
    typer.Option(
        "--opens-at", metavar="TIME", help="The new opening, while the round is not open yet."
    ),
]
NewClosing = Annotated[
    Optional[str],
    typer.Option("--closes-at", metavar="TIME", help="The new closing (a bare date: its end)."),
]
ReopenedUntil = Annotated[
    Optional[str],
    typer.Option(
        "--closes-at",
        metavar="TIME",
        help="When it closes then (a bare date: its end); else when it was to close before.",
    ),
]
NewEnd = Annotated[
    str,
    typer.Option(
        "--until",
        metavar="TIME",
        help="No voucher of the round ends before TIME (a bare date: its end).",
    ),
]
NewPack = Annotated[
    str, typer.Option("--template", metavar="CODE[@V]", help="Another card pack or version.")
]
Sibling = Annotated[
    Optional[str],
    typer.Option("--code", metavar="NEW", help="The sibling's code (else CODE-b, CODE-c ...)."),
]
ReplacedBy = Annotated[
    Optional[int],
    typer.Option(
        "--packs",
        metavar="N",
        min=1,
        max=10**9,
        help="How many packs the sibling has (else what the money that is left buys).",
    ),
]
PublicRandomness = Annotated[
    Optional[str],
    typer.Option(
        "--public-randomness",
        metavar="TEXT",
        help="A text nobody could foresee, mixed into the seed.",
    ),
]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why: the maker reads it.")]


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


@command(
    app,
    "cancel",
    epilog='Example: voucher round cancel hz-1 --note "the budget was withdrawn" --actor chen',
)
def cancel(session: Session, code: Code, *, note: Why = "") -> Outcome:
    """Cancel a round that nobody has claimed from; an approved one takes two people."""
    return families.each(
        session, code, lambda inner, one: cancellations.cancel_round(inner, one, note)
    )


@command(
    app,
    "pause",
    epilog='Example: voucher round pause hz-1 --note "the platform double-counts" --actor chen',
)
def pause(session: Session, code: Code, *, note: Why = "") -> Outcome:
    """Pause an open round at once: no claim made from now on counts."""
    return families.each(session, code, lambda inner, one: amendments.pause_round(inner, one, note))


@command(app, "resume", epilog="Example: voucher round resume hz-1 --actor chen")
def resume(session: Session, code: Code, *, note: Why = "") -> Outcome:
    """Propose to resume a paused round; a second person approves it (round approve)."""
    return families.each(
        session, code, lambda inner, one: amendments.resume_round(inner, one, note)
    )


@command(app, "top-up", epilog="Example: voucher round top-up hz-1 --packs 500000 --actor chen")
def top_up(session: Session, code: Code, *, packs: MorePacks, note: Why = "") -> Outcome:
    """Propose more packs for a round; a second person approves it (round approve), which commits
    the money.
    """
    return amendments.top_up_round(session, code, packs, note)


@command(
    app,
    "reduce",
    epilog='Example: voucher round reduce hz-1 --packs 200000 --note "few come" --actor chen',
)
@command(
    app,
    "lower",  # its name until v0.2.0
    epilog='Example: voucher round lower hz-1 --packs 200000 --note "few come" --actor chen',
    is_hidden=True,
)
def reduce(session: Session, code: Code, *, packs: FewerPacks, note: Why = "") -> Outcome:
    """Propose fewer packs for an open round, of those nobody has claimed; a second person approves
    it (round approve), and their money is free again.
    """
    return amendments.reduce_round(session, code, packs, note)


@command(
    app,
    "replace",
    epilog="Example: voucher round replace hz-1 --template five-x-20 --note WHY --actor chen",
)
def replace(
    session: Session,
    code: Code,
    *,
    template: NewPack,
    sibling: Sibling = None,
    packs: ReplacedBy = None,
    note: Why = "",
) -> Outcome:
    """Propose that another card pack takes the place of what is left of an open round; one approval
    by a second person closes the round and opens its sibling (round approve).
    """
    return replacing.replace_round(session, code, template, sibling=sibling, packs=packs, note=note)


@command(
    app,
    "extend",
    epilog='Example: voucher round extend hz-1 --until 2020-05-10 --note "rain" --actor chen',
)
def extend(call: Call, session: Session, code: Code, *, until: NewEnd, note: Why = "") -> Outcome:
    """Propose a later end for the vouchers of a round that are out; a second person approves it
    (round approve). Vouchers that have expired are valid again, if their money is still there.
    """
    at = call.moment(session, until, end_of_day=True)
    assert at is not None  # it must be given
    return families.each(
        session, code, lambda inner, one: amendments.extend_round(inner, one, at, note)
    )


@command(
    app,
    "reschedule",
    epilog='Example: voucher round reschedule hz-1 --closes-at "2020-04-02 20:00" --actor chen',
)
def reschedule(
    call: Call,
    session: Session,
    code: Code,
    *,
    opens_at: NewOpening = None,
    closes_at: NewClosing = None,
    note: Why = "",
) -> Outcome:
    """Propose another opening or closing, earlier or later; a second person approves it (round
    approve).
    """
    times = {
        "opens_at": call.moment(session, opens_at),
        "closes_at": call.moment(session, closes_at, end_of_day=True),
    }
    return families.each(
        session,
        code,
        lambda inner, one: amendments.reschedule_round(inner, one, **times, note=note),
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


@command(
    app,
    "reopen",
    epilog='Example: voucher round reopen hz-1 --note "closed by mistake" --actor chen',
)
def reopen(
    call: Call,
    session: Session,
    code: Code,
    *,
    closes_at: ReopenedUntil = None,
    note: Why = "",
) -> Outcome:
    """Propose that a round which was closed by mistake goes on, or that a settled one takes late
    files; a second person approves it (round approve).
    """
    until = call.moment(session, closes_at, end_of_day=True)
    return families.each(
        session,
        code,
        lambda inner, one: amendments.reopen_round(inner, one, closes_at=until, note=note),
    )

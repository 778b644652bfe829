"""voucher round cancel | pause | resume | top-up | reduce | replace | extend | reschedule | reopen:
changes of a round that is approved, each decided by a second person.
"""

from __future__ import annotations

from vouchercli.cli.options import Call, command, verbs
from vouchercli.cli.round_terms import (
    Code,
    FewerPacks,
    MorePacks,
    NewClosing,
    NewEnd,
    NewOpening,
    NewPack,
    ReopenedUntil,
    ReplacedBy,
    Sibling,
    Why,
)
from vouchercli.ops.rounds import amendments, cancellations, families, replacing
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()


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

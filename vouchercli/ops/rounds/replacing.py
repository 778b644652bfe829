"""Propose that another card pack takes the place of what is left of a round: for its face value,
its number or its terms, while it runs.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.ops.rounds import amendment_checks as checks
from vouchercli.ops.rounds import amendments, approvals, commitments, drafts, replacements
from vouchercli.ops.rounds.lookup import look_up
from vouchercli.rules import releases
from vouchercli.rules.commitments import pack_parts
from vouchercli.store import rounds, templates
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.result import Outcome, Problem
    from vouchercli.rules.templates import Template
    from vouchercli.session import Session


def replace_round(
    session: Session,
    code: str,
    template: str,
    *,
    sibling: str | None = None,
    packs: int | None = None,
    note: str = "",
) -> Outcome:
    """Propose to close the round and to open `sibling` (None: the next code that is free) with
    this template until the same closing; `packs` None: as many as the money that is left buys.
    Money that is not there by now is a warning here.
    """
    with writing(session):
        current = amendments.look_up_proposable(session, code, "replace")
        again = "voucher round replace {round} --template CODE --note WHY"
        checks.require_note(current, note, hint=again)
        left = replacements.count_left(current)
        pack = templates.value(templates.referenced(current.db, template))
        number = _count_packs(current, pack, left) if packs is None else packs
        later = _hand_in(current, sibling or _choose_code(current), template, number)
        before = {"sibling": code, "template": current.row["pinned"], "sibling_packs": left}
        after = {
            "sibling": later.code,
            "template": later.row["pinned"],
            "sibling_packs": number,
        }
        return amendments.propose(
            current,
            "replace",
            before,
            after,
            note,
            at_stake_fen=later.row["quota_fen"],
            problems=_warn_of_short_funds(current, later, left),
        )


def _count_packs(current: RoundAtHand, pack: Template, left: int) -> int:
    """How many packs the money of those that are left buys, of every funder. Raises `fund_short`
    when it buys none.
    """
    watched = commitments.list_funds(current.db, current.row["programme_id"])
    old, new = (
        {funder: fen for funder, fen in pack_parts(each) if not watched or funder in watched}
        for each in (current.template, pack)
    )
    packs = releases.packs_again(new, {funder: left * fen for funder, fen in old.items()})
    if not packs:
        raise VoucherError(
            "fund_short",
            "what is left of {round} buys no pack of {template}",
            hint="say how many, for which the fund must have the money: --packs N",
            round=current.code,
            template=pack.template,
        )
    return packs


def _choose_code(current: RoundAtHand) -> str:
    """The next code that no round has: hz-1-b, hz-1-c ..."""
    taken = {each.lower() for each in rounds.codes(current.db, current.row["programme_id"])}
    names = (f"{current.code}-{chr(each)}" for each in count(ord("b")) if each <= ord("z"))
    return next((each for each in names if each.lower() not in taken), f"{current.code}-b")


def _hand_in(current: RoundAtHand, code: str, template: str, packs: int) -> RoundAtHand:
    """Draft the sibling on the terms of the round and hand it in."""
    row, inner = current.row, current.session._replace(joins=True)
    terms: dict[str, Any] = {
        "template": template,
        "packs": packs,
        "opens_at": current.now,
        "closes_at": row["closes_at"],
        "mode": row["mode"],
        "platform": row["platform"],
        "group": row["group"],
        "per_resident": row["per_resident"],
        "registration_opens_at": None,
    }
    member = {name: row[name] for name in drafts.ALONE}
    drafts.create_round(inner, code, terms, member)
    approvals.submit_round(inner, code)
    return look_up(current.session, code)


def _warn_of_short_funds(
    current: RoundAtHand, later: RoundAtHand, left: int
) -> tuple[Problem, ...]:
    """Warn of each fund that lacks money for the sibling, with what the round will give back."""
    free = {funder: left * fen for funder, fen in pack_parts(current.template)}
    lacks = {
        funder: fen - free.get(funder, 0)
        for funder, fen in commitments.read_missing(later, later.row["packs"]).items()
    }
    return commitments.warn_of_short_funds({each: fen for each, fen in lacks.items() if fen > 0})

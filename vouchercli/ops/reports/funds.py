"""report funds: where the money of each funder stands, in all and by round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.reports.measures import columns
from vouchercli.ops.reports.scope import note_later, scope_of
from vouchercli.ops.reports.spans import Title, titled
from vouchercli.result import Column, Outcome, Table, say
from vouchercli.rules import leverage
from vouchercli.store import ledger, past_balances, programmes, rounds
from vouchercli.store.db import reading
from vouchercli.store.ledger import ACCOUNTS, Balances

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.ops.reports.scope import Scope
    from vouchercli.session import Session

TITLE = Title("Funds: {programme}", "Funds: {programme}, as of {as_of}")
NOTHING = Balances(**dict.fromkeys(ACCOUNTS, 0))

HELD = (
    Column("committed_fen", "Committed (unclaimed)", "fen"),
    *columns("outstanding_fen"),
    Column("redeemed_fen", "Redeemed", "fen"),
    Column("returned_fen", "Returned", "fen", optional=True),
)
FUNDS = (
    Column("funder", "Funder"),
    Column("kind", "Kind", "word"),
    Column("appropriated_fen", "Appropriated", "fen"),
    Column("uncommitted_fen", "Uncommitted", "fen"),
    *HELD,
    Column("share", "Redeemed of appropriated", "rate"),
)
ROUNDS = (Column("round", "Round"), Column("funder", "Funder"), *HELD)


def report_funds(session: Session, *, as_of: int | None = None) -> Outcome:
    """The money of every funder by what has become of it, as of a moment (UTC seconds; None: as it
    stands); a funder without an amount has none that is watched (None).
    """
    with reading(session):
        scope = scope_of(session, (), None, as_of)
        programme_id = scope.programme["programme_id"]
        funders = programmes.funders(session.db, programme_id)
        stands = stands_of(session, scope)
        funds = [_fund(each, stands(each["funder_id"], None)) for each in funders]
        by_round = [
            {"round": code, "funder": each["funder"], **_held(part)}
            for round_id, code in rounds.codes_by_id(session.db, programme_id).items()
            for each in funders
            if any(part := stands(each["funder_id"], round_id))
        ]
        later = note_later(session, scope) if as_of is not None else ()
    note = say(
        "Appropriated = uncommitted + committed + outstanding + redeemed + returned. Redeemed is"
        " payable to merchants, or paid."
    )
    return Outcome(
        scope.about(),
        (
            Table(
                titled(scope, TITLE), FUNDS, funds, notes=(note,), key="funds", bars="redeemed_fen"
            ),
            Table(say("Money of rounds"), ROUNDS, by_round, key="by_round", optional=True),
        ),
        later,
    )


def stands_of(session: Session, scope: Scope) -> Callable[[int, int | None], Balances]:
    """What stands on a funder's accounts, or on its part of a round; as of a moment what stood."""
    if scope.as_of is None:
        return lambda funder_id, round_id: ledger.balances(session.db, funder_id, round_id)
    then = past_balances.at_moment(
        session.db, scope.programme["programme_id"], scope.as_of, scope.zone
    )

    def stood(funder_id: int, round_id: int | None) -> Balances:
        some = [
            each
            for (whose, of_round), each in then.items()
            if whose == funder_id and round_id in (None, of_round)
        ]
        return Balances(*(sum(amounts) for amounts in zip(NOTHING, *some, strict=True)))

    return stood


def _fund(funder: programmes.Row, stands: Balances) -> dict[str, Any]:
    held, given = _held(stands), -stands.appropriated
    is_watched = funder["amount_fen"] is not None
    return {
        "funder": funder["funder"],
        "kind": funder["kind"],
        "appropriated_fen": given,
        "uncommitted_fen": stands.uncommitted if is_watched else None,
        **held,
        "share": leverage.rate(held["redeemed_fen"], given),
    }


def _held(stands: Balances) -> dict[str, int]:
    """What rounds hold and have used."""
    return {
        "committed_fen": stands.committed,
        "outstanding_fen": stands.outstanding,
        "redeemed_fen": stands.redeemed,
        "returned_fen": stands.returned,
    }

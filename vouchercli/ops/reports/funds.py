"""report funds: where the money of each funder stands, in all and by round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.result import Column, Outcome, Table, say
from vouchercli.rules import leverage
from vouchercli.store import ledger, programmes, rounds
from vouchercli.store.db import reading

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.session import Session
    from vouchercli.store.ledger import Balances

HELD = (
    Column("committed_fen", "Committed (unclaimed)", "fen"),
    Column("outstanding_fen", "Outstanding", "fen"),
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


def report_funds(session: Session) -> Outcome:
    """The money of every funder by what has become of it; a funder without an amount has none that
    is watched (None).
    """
    with reading(session):
        db, programme = session.db, programmes.current(session.db, session.programme)
        funders = programmes.funders(db, programme["programme_id"])
        funds = [_fund(db, each) for each in funders]
        by_round = [
            {"round": code, "funder": each["funder"], **_held(stands)}
            for round_id, code in rounds.codes_by_id(db, programme["programme_id"]).items()
            for each in funders
            if any(stands := ledger.balances(db, each["funder_id"], round_id))
        ]
    about = {"programme": programme["programme"]}
    note = say(
        "Appropriated = uncommitted + committed + outstanding + redeemed + returned. Redeemed is"
        " payable to merchants, or paid."
    )
    return Outcome(
        dict(about),
        (
            Table(
                say("Funds: {programme}", **about),
                FUNDS,
                funds,
                notes=(note,),
                key="funds",
                bars="redeemed_fen",
            ),
            Table(say("Money of rounds"), ROUNDS, by_round, key="by_round", optional=True),
        ),
    )


def _fund(db: sqlite3.Connection, funder: programmes.Row) -> dict[str, Any]:
    stands = ledger.balances(db, funder["funder_id"])
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

"""What stands at the end of a sealed day, as it was known then: rounds, funds, merchants, and who
of the residents took part. Distinct residents are counted here, in the city; few are not told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.reports import rounds as of_rounds
from vouchercli.ops.reports.figures import sums_by_key
from vouchercli.ops.reports.scope import go_back, scope_of
from vouchercli.rules import suppression, times
from vouchercli.rules.leverage import NOTHING
from vouchercli.store import fairness, past_balances, programmes
from vouchercli.store import lake as store
from vouchercli.store import reports as of_reports
from vouchercli.store import rounds as kept_rounds
from vouchercli.store.known_facts import as_known
from vouchercli.store.ledger import Balances

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.ops.reports.scope import Scope
    from vouchercli.session import Session
    from vouchercli.store.days import Day

    Rows = list[Sequence[Any]]


def of_day(
    session: Session, day: Day, since: int, least: int
) -> tuple[dict[str, Rows], dict[str, Any]]:
    """The rows of the tables as of a sealed day, without city and programme; payments count from
    `since` (yyyymmdd) on. And what else a manifest says of it.
    """
    scope = scope_of(session, (), None, None, day.day)
    as_of = day.day
    with as_known(session.db, scope.known):
        stood = go_back(session, scope, day.ends_at - 1)
        tables = {
            "rounds": _rounds(session, stood, since, least),
            "residents": _residents(session, scope, day, least),
        }
    tables |= {"funds": _funds(session, scope, day), "merchants": _merchants(session)}
    return {table: [(as_of, *row) for row in rows] for table, rows in tables.items()}, {
        "percentages": scope.percentages
    }


def _rounds(session: Session, scope: Scope, since: int, least: int) -> Rows:
    """Each round, with its users where they are told; its payments are what the lake must have of
    it.
    """
    told = of_rounds.rows_of(session, scope)
    cut = scope
    if since:
        cut = scope._replace(since=times.day_bounds(since, scope.zone)[0])
    sums = sums_by_key(session, "round", cut)
    few = suppression.hidden(
        [
            _cell((suppression.residents(row["claimed"], row["per_resident"]), row["users"]))
            for row in told
        ],
        (least, least),
    )
    return [
        (
            place,
            *(row[name] for name in ("round", "family", "template", "platform", "mode", "state")),
            *(row[name] for name in ("per_resident", "opens_at", "coupons", "pack_value_fen")),
            *(row[name] for name in ("packs", "claimed", "outstanding_fen", "sold_out_at")),
            *((None, None) if place in few else (row["users"], row["claimers"])),
            *sums.get(row["round"], NOTHING),
        )
        for place, row in enumerate(told)
    ]


def _funds(session: Session, scope: Scope, day: Day) -> Rows:
    """What stands on the accounts of each funder, in all ('') and by round."""
    programme_id = scope.programme["programme_id"]
    stands = past_balances.booked_by(session.db, programme_id, day.day)
    rounds = kept_rounds.codes_by_id(session.db, programme_id)
    rows: Rows = []
    for place, funder in enumerate(programmes.funders(session.db, programme_id)):
        own = {
            round_id: each
            for (funder_id, round_id), each in stands.items()
            if funder_id == funder["funder_id"]
        }
        about = (place, funder["funder"], funder["kind"], int(funder["amount_fen"] is not None))
        none = Balances(*(0,) * len(Balances._fields))
        whole = Balances(*(sum(amounts) for amounts in zip(none, *own.values(), strict=True)))
        rows.append((*about, "", *_accounts(whole)))
        rows += [
            (*about, code, *_accounts(own[round_id]))
            for round_id, code in rounds.items()
            if any(own.get(round_id, ()))
        ]
    return rows


def _accounts(stands: Balances) -> tuple[int, ...]:
    """As `rules.lake.ACCOUNTS` names them."""
    return (
        -stands.appropriated,
        stands.uncommitted,
        stands.committed,
        stands.outstanding,
        stands.redeemed,
        stands.returned,
    )


def _merchants(session: Session) -> Rows:
    """The registry as it stands now, without names; and those who were paid and are not in it."""
    every = of_reports.listed_merchants(session.db).values()
    return [
        (
            each.merchant_no,
            *((each.size, each.district, each.industry) if each.is_registered else ("",) * 3),
            each.is_registered,
        )
        for each in every
    ]


def _residents(session: Session, scope: Scope, day: Day, least: int) -> Rows:
    """Counts of residents by group and district, of applicants and winners, and of those who tried
    often; with few behind them they are left out, and so is the next smallest of a cut.
    """
    until = day.ends_at - 1
    asked = (session.db, scope.programme["programme_id"], [*scope.rounds], until)
    rows: Rows = []
    for cut in store.CUTS:
        found = store.residents(*asked, cut)
        gone = suppression.hidden([_cell(each[1:3]) for each in found], (least, least))
        rows += [
            (cut, "", each.key, *((None,) * 4 if place in gone else each[1:]))
            for place, each in enumerate(found)
        ]
    drawn = fairness.drawn(*asked)
    for code in dict.fromkeys(each.round for each in drawn):
        of_round = [each for each in drawn if each.round == code]
        gone = suppression.hidden([_cell(each[2:4]) for each in of_round], (least, least))
        rows += [
            ("lottery", code, each.district, *_two(each[2:4], is_told=place not in gone))
            for place, each in enumerate(of_round)
        ]
        whole = [sum(counts) for counts in zip(*(each[2:4] for each in of_round), strict=True)]
        rows.append(("drawn", code, "", *_alone(whole, least)))
    return [*rows, ("often", "", "", *_alone(fairness.often(*asked), least))]


def _cell(counts: Sequence[int]) -> tuple[int | None, ...]:
    """Counts as cells; of nobody nothing is told."""
    return tuple(each or None for each in counts)


def _alone(counts: Sequence[int], least: int) -> tuple[int | None, ...]:
    """Counts that add up with no others to a total."""
    return _two(counts, is_told=not suppression.hidden([_cell(counts)], (least, least)))


def _two(counts: Sequence[int], *, is_told: bool) -> tuple[int | None, ...]:
    return (*(counts if is_told else (None, None)), None, None)

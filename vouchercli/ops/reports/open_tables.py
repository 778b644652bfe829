"""The tables that may be published: sums by round, day, coupon, channel and kind of merchant, and
who claimed. No row is a resident, a voucher, a payment or a merchant; what is too small is empty.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from vouchercli.ops.reports import open_fields as told_as
from vouchercli.ops.reports import rounds as report
from vouchercli.ops.reports.open_fields import NOT_SHOWN, NOT_STATED, SHOWN, Draft
from vouchercli.ops.reports.scope import Scope, go_back, scope_of
from vouchercli.publications import Both, Publication
from vouchercli.rules import leverage, suppression, times
from vouchercli.store import fairness, programmes, uptake
from vouchercli.store import reports as store
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from vouchercli.ops.reports.open_fields import InBoth, Row
    from vouchercli.rules.leverage import Sums
    from vouchercli.rules.suppression import Cell
    from vouchercli.session import Session
    from vouchercli.store.reports import Round


FEWEST_MERCHANTS = 3  # of fewer nobody's turnover is told, as in official statistics


def published(
    session: Session, in_both: InBoth, *, min_cell: int, as_of: int | None = None
) -> Publication:
    """The tables of the programme up to a moment (UTC seconds; None: now), where a cell has at
    least `min_cell` residents behind it. `in_both` gives a text of ours in both languages.
    """
    with reading(session):
        moment = session.now if as_of is None else as_of
        scope = go_back(session, scope_of(session, (), None, moment), moment)
        scope = scope._replace(rounds=_public(session, scope))
        drafts = [*_drafts(session, scope, min_cell)]
        name = programmes.value(scope.programme).name
    about: Row = {
        "programme": scope.code,
        "name_zh": name.zh,
        "name_en": name.en,
        "time_zone": scope.zone,
        "as_of": _local(moment, scope.zone),
        "min_cell": min_cell,
    }
    drafts.insert(
        0, Draft("programme", *told_as.PROGRAMME, ("programme",), tuple(about)[1:], [about])
    )
    least = {"least": min_cell, "merchants": FEWEST_MERCHANTS}
    return Publication(
        scope.code,
        Both(name.zh or scope.code, name.en or scope.code),
        in_both(told_as.REHEARSED if session.is_rehearsal else told_as.ABOUT, least),
        tuple(told_as.in_words(each, in_both) for each in drafts),
    )


def _public(session: Session, scope: Scope) -> dict[int, Round]:
    """The rounds that have opened, or of which packs were claimed: plans are nobody's yet."""
    claimed = uptake.claimed_packs(session.db, scope.window, scope.zone)
    return {
        round_id: each
        for round_id, each in scope.rounds.items()
        if each.state in told_as.PUBLIC or claimed.get(round_id)
    }


def _drafts(session: Session, scope: Scope, least: int) -> Iterable[Draft]:
    """Every table but the first. What all rounds come to is known, so they hide each other too; and
    of a round that is not shown no part is.
    """
    told = dict(zip(scope.rounds, report.rows_of(session, scope), strict=True))
    sums, merchants = _sums(session, scope, "round"), _merchants(session, scope)
    least_cell = (least, FEWEST_MERCHANTS)
    unclaimed = _hidden(
        {
            each: (suppression.residents(row["claimed"], row["per_resident"]) or None, None)
            for each, row in told.items()
        },
        least_cell,
    )
    unused = _hidden(
        {
            each: _behind(about, sums[each, ""], merchants[each, "", ""])
            for each, about in scope.rounds.items()
        },
        least_cell,
        unclaimed,
    )
    yield _rounds(scope, told, unclaimed)
    yield _claims(session, scope, least_cell, unclaimed)
    yield _uses(scope, told, sums, unused)
    yield _funders(session, scope, unused)
    for by in told_as.CUTS:
        yield _cut(session, scope, by, least_cell, unused, merchants)
    yield from _residents(session, scope, least)


def _hidden(cells: dict[Any, Cell], least: Cell, also: Collection[Any] = ()) -> set[Any]:
    """The keys of the cells that are not shown."""
    keys = [*cells]
    places = [keys.index(each) for each in also]
    return {keys[at] for at in suppression.hidden([*cells.values()], least, places)}


def _behind(about: Round, sums: Sums, merchants: int | None) -> Cell:
    """Who stands behind sums for sure: residents, of whom one may use all vouchers of his packs,
    and merchants.
    """
    if sums.is_empty:
        return (None, None)
    most = about.coupons * about.per_resident
    return (suppression.residents(max(sums.vouchers, 0), most), merchants)


def _sums(session: Session, scope: Scope, by: str) -> defaultdict[tuple[int, str], Sums]:
    """The sums of each round by one dimension; by round itself the key is blank."""
    found: defaultdict[tuple[int, str], Sums] = defaultdict(leverage.Sums)
    for group in store.redemption_sums(session.db, by, scope.window, scope.zone):
        if group.round_id in scope.rounds:
            found[group.round_id, "" if by == "round" else group.key] += group.sums
    return found


def _merchants(session: Session, scope: Scope) -> Counter[tuple[int, str, str]]:
    """Merchants with anything paid, by (round, dimension, key), as the registry has them now; by
    (round, "", "") all of them.
    """
    listed = store.listed_merchants(session.db)
    counts: Counter[tuple[int, str, str]] = Counter()
    for round_id in scope.rounds:
        for number, _, _ in store.by_merchant(session.db, [round_id], scope.months, scope.zone):
            counts[round_id, "", ""] += 1
            for by in told_as.OF_MERCHANTS:
                counts[round_id, by, getattr(listed[number], by)] += 1
    return counts


def _rounds(scope: Scope, told: dict[int, Row], hidden: Collection[int]) -> Draft:
    claims = ("claimed", "claim_rate", "sold_out_at", "sell_out_seconds")
    rows = []
    for round_id, row in told.items():
        at = {each: _local(row[each], scope.zone) for each in ("opens_at", "sold_out_at")}
        keys = {"round": row["round"], **{name: (row | at)[name] for name in told_as.TERMS}}
        figures = {name: (row | at)[name] for name in claims}
        rows.append(_row(keys, figures, is_shown=round_id not in hidden))
    return Draft("rounds", *told_as.ROUNDS, ("round",), (*told_as.TERMS, *claims, "cell"), rows)


def _claims(session: Session, scope: Scope, least: Cell, hidden: Collection[int]) -> Draft:
    rows: list[Row] = []
    days: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for round_id, day, packs in uptake.claims_by_day(session.db, scope.window, scope.zone):
        days[round_id][day] += packs
    for round_id, about in scope.rounds.items():
        counted = dict(sorted(days[round_id].items()))
        cells: dict[int, Cell] = {
            day: (suppression.residents(packs, about.per_resident), None)
            for day, packs in counted.items()
        }
        gone = counted.keys() if round_id in hidden else _hidden(cells, least)
        for day, packs in counted.items():
            keys = {"round": about.round, "day": times.day_text(day)}
            rows.append(_row(keys, {"claimed": packs}, is_shown=day not in gone))
    return Draft("claims_by_day", *told_as.CLAIMS, ("round", "day"), ("claimed", "cell"), rows)


def _uses(
    scope: Scope,
    told: dict[int, Row],
    sums: dict[tuple[int, str], Sums],
    hidden: Collection[int],
) -> Draft:
    rows = [
        _row(
            {"round": row["round"]},
            _figures(sums[round_id, ""]) | {name: row[name] for name in told_as.USE},
            is_shown=round_id not in hidden,
        )
        for round_id, row in told.items()
    ]
    fields = (*told_as.FIGURES, *told_as.USE, "cell")
    return Draft("redemptions_by_round", *told_as.USES, ("round",), fields, rows)


def _funders(session: Session, scope: Scope, hidden: Collection[int]) -> Draft:
    paid: Counter[tuple[int, str]] = Counter()
    for each in store.funder_shares(session.db, "round", scope.window, scope.zone):
        paid[each.round_id, each.funder] += each.amount_fen
    rows = [
        _row(
            {"round": about.round, "funder": funder},
            {"subsidy_fen": paid[round_id, funder]},
            is_shown=round_id not in hidden,
        )
        for round_id, about in scope.rounds.items()
        for funder in store.public_funders(session.db, scope.programme["programme_id"])
    ]
    return Draft(
        "subsidy_by_funder", *told_as.FUNDERS, ("round", "funder"), ("subsidy_fen", "cell"), rows
    )


def _cut(
    session: Session,
    scope: Scope,
    by: str,
    least: Cell,
    hidden: Collection[int],
    merchants: Counter[tuple[int, str, str]],
) -> Draft:
    """Sums by round and one dimension; the rows of a round add up to what is told of it in all."""
    rows: list[Row] = []
    sums, is_of_merchants = _sums(session, scope, by), by in told_as.OF_MERCHANTS
    for round_id, about in scope.rounds.items():
        cells = {
            key: _behind(
                about,
                sums[round_id, key],
                merchants[round_id, by, key] if is_of_merchants else None,
            )
            for key in sorted(key for each, key in sums if each == round_id)
        }
        gone = cells.keys() if round_id in hidden else _hidden(cells, least)
        for key in cells:
            keys = {"round": about.round, by: times.day_text(int(key)) if by == "day" else key}
            figures = _figures(sums[round_id, key])
            if is_of_merchants:
                figures["merchants"] = merchants[round_id, by, key]
            rows.append(_row(keys, figures, is_shown=key not in gone))
    fields = (*(("merchants",) if is_of_merchants else ()), *told_as.FIGURES, "cell")
    return Draft(f"redemptions_by_{by}", told_as.CUTS[by], told_as.CUT, ("round", by), fields, rows)


def _residents(session: Session, scope: Scope, least: int) -> Iterable[Draft]:
    """Who could have packs and who claimed, by what the eligibility lists say of residents."""
    asked = (session.db, scope.programme["programme_id"], [*scope.rounds], scope.as_of or 0)
    names = ("eligible", "claimers", "subsidy_fen")
    told = {"group": fairness.by_group(*asked), "district": fairness.by_district(*asked)}
    for by, found in told.items():
        gone = _hidden(
            {each.key: (each.eligible, each.claimers or None) for each in found}, (least, least)
        )
        rows = [
            _row(
                {by: each.key},
                {name: getattr(each, name) for name in names},
                is_shown=each.key not in gone,
            )
            for each in found
        ]
        fields = (*names, "cell")
        yield Draft(f"residents_by_{by}", told_as.RESIDENTS[by], told_as.WHO, (by,), fields, rows)


def _figures(sums: Sums) -> Row:
    return {
        "redemptions": sums.vouchers,
        "base_fen": sums.base_fen,
        "subsidy_fen": sums.public_fen,
        "platform_fen": sums.platform_fen,
        "match_fen": sums.match_fen,
        "own_fen": sums.own_fen,
        "gross": sums.gross,
        "own_spend": sums.own_spend,
        "floor": sums.floor,
    }


def _row(keys: Row, figures: Row, *, is_shown: bool) -> Row:
    """A row: its keys and terms, and its figures where these are shown."""
    return {
        **{name: NOT_STATED if value == "" else value for name, value in keys.items()},
        **{name: value if is_shown else None for name, value in figures.items()},
        "cell": SHOWN if is_shown else NOT_SHOWN,
    }


def _local(at: int | None, zone: str) -> str | None:
    return None if at is None else times.iso(at, zone)[:19].replace("T", " ")

"""report leverage: sums and ratios by key, and what others published beside them."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import UsageFault, closest
from vouchercli.ops.reports import tables
from vouchercli.ops.reports.figures import (
    funded,
    merchants_by_key,
    sums_by_key,
    sums_by_pair,
)
from vouchercli.ops.reports.scope import Scope, face_of, note_later, scope_of
from vouchercli.result import Outcome, Word, say
from vouchercli.rules import leverage as law
from vouchercli.rules import money, times
from vouchercli.rules.leverage import Claimed, Sums
from vouchercli.store import programmes
from vouchercli.store import reports as store
from vouchercli.store.db import reading
from vouchercli.store.known_facts import as_known
from vouchercli.store.merchant_counts import Merchants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.ops.reports.figures import By, Key
    from vouchercli.result import Message, Table
    from vouchercli.rules.published import Published
    from vouchercli.session import Session

NO_MERCHANTS = Merchants()


class Answer(NamedTuple):
    """The figures of one leverage report, before they are worded."""

    by: By
    scope: Scope
    groups: dict[Key, Sums]
    total: Sums
    claimed: dict[Key, Claimed] | None
    funders: tuple[str, ...]
    shares: dict[Key, dict[str, int]]
    names: dict[str, str]
    merchants: dict[Key, Merchants]
    all_merchants: Merchants


def report_leverage(
    session: Session,
    *,
    by: str = "round",
    only: Sequence[str] = (),
    since: int | None = None,
    as_of: int | None = None,
    with_funders: bool = False,
    limit: int = 0,
    known_on: int | None = None,
    sort: str | None = None,
    cumulative: bool = False,
) -> Outcome:
    """Sums and ratios of what was paid in `since <= paid_at <= as_of` (UTC seconds, None: open),
    net of refunds, by key; as it was known on a sealed day (yyyymmdd) where one is given.

    At most `limit` keys are told (0: all), the largest by `sort` first (None: in their own order);
    the total is of all. Raises `UsageFault` for a grouping or an order there is not, `VoucherError`
    for an unknown round, and as `scope_of`.
    """
    groupings = _groupings(by)
    if cumulative and (len(groupings) > 1 or by not in law.CALENDAR):
        raise UsageFault(
            "not_by_time",
            "sums so far are of days, weeks or months, not of {by}",
            hint="add --by day",
            by=Word(", ".join(groupings)),
        )
    if sort is not None and sort not in law.SORTS:
        raise UsageFault(
            "unknown_sort",
            "rows cannot be sorted by {sort}",
            hint="choose one of: {known}",
            sort=sort,
            known=", ".join(law.SORTS),
        )
    with reading(session):
        scope = scope_of(session, only, since, as_of, known_on)
        with as_known(session.db, scope.known):
            answer = _make_answer(session, groupings, scope, with_funders)
            so_far = _so_far(answer.groups) if cumulative else {}
            if sort is not None:
                answer = answer._replace(groups=law.by_size(answer.groups, sort))
        figures = _published(session, scope)
        says_later = note_later(session, scope)
    rows = [_row(answer, key, sums) for key, sums in islice(answer.groups.items(), limit or None)]
    total = _row(answer, None, answer.total)
    if cumulative:
        rows = [row | so_far[row["key"]] for row in rows]
    shown_tables = [
        tables.leverage(groupings, scope, rows, total, cumulative=cumulative),
        *([tables.funders(groupings, rows, total)] if rows and answer.funders else ()),
        *([tables.so_far(groupings, rows)] if rows and cumulative else ()),
        *([tables.merchants(groupings, rows, total)] if rows else ()),
        *([tables.rates(groupings, rows, total)] if rows and since is None else ()),
        tables.published(
            scope, figures, has_ours=bool(rows), is_shown=tables.has_claims(groupings)
        ),
    ]
    data = {
        **scope.about(),
        "by": ",".join(groupings),
        "since": None if since is None else times.iso(since, scope.zone),
        "rounds": scope.codes(),
    }
    says = (*_notes(answer, len(rows)), *says_later)
    return Outcome(data, tuple(shown_tables), says)


def table_of(by: str, scope: Scope, groups: dict[str, Sums]) -> Table:
    """The figures of groups that another report has made, with their total; without what sums
    alone do not tell.
    """
    total = law.pooled(groups.values())
    keyed: dict[Key, Sums] = {(key,): sums for key, sums in groups.items()}
    answer = Answer((by,), scope, keyed, total, None, (), {}, {}, {}, NO_MERCHANTS)
    rows = [_row(answer, key, sums) for key, sums in keyed.items()]
    table = tables.leverage((by,), scope, rows, _row(answer, None, total))
    known = tuple(each for each in table.columns if each.key not in tables.BESIDE_SUMS)
    return replace(table, columns=known)


def _so_far(groups: dict[Key, Sums]) -> dict[str, dict[str, Any]]:
    """What all came to from the first day to the end of each day, week or month, by key."""
    so_far: dict[str, dict[str, Any]] = {}
    sums = law.NOTHING
    for (key,), each in groups.items():
        sums += each
        so_far[key] = {
            "redemptions_so_far": sums.vouchers,
            "base_so_far_fen": sums.base_fen,
            "subsidy_so_far_fen": sums.public_fen,
            "gross_so_far": sums.gross,
        }
    return so_far


def _groupings(by: str) -> By:
    """The one or two groupings of `--by`. Raises `UsageFault`."""
    groupings = tuple(part.strip() for part in by.replace("，", ",").split(","))
    for each in groupings:
        if each not in law.GROUPINGS:
            raise _unknown_grouping(each)
    if len(groupings) > 2:
        raise UsageFault(
            "too_many_groupings",
            "a report is grouped by one or two things, not by {count}",
            hint="write --by {by}",
            count=len(groupings),
            by=",".join(groupings[:2]),
        )
    if len({*groupings}) < len(groupings) or len({*groupings} & {*law.CALENDAR}) > 1:
        raise UsageFault(
            "same_grouping",
            "{by} say the same of a payment twice",
            hint="write --by {first}",
            by=Word(", ".join(groupings)),
            first=groupings[0],
        )
    return groupings


def _unknown_grouping(by: str) -> UsageFault:
    near = closest(by, law.GROUPINGS)
    return UsageFault(
        "unknown_grouping",
        "there is no report by {by}; did you mean {near}?"
        if near
        else "there is no report by {by}",
        hint="choose one of: {known}",
        by=by,
        near=near,
        known=", ".join(law.GROUPINGS),
    )


def _make_answer(session: Session, by: By, scope: Scope, with_funders: bool) -> Answer:
    """Ask the store, keep the scope's rounds, and pool by key."""
    claimed = _claims_by_key(session, by, scope)
    groups, names = _groups(session, by, scope)
    if claimed and groups and tables.has_claims(by):
        # a round that was claimed and not yet used is a row of its own
        groups |= {key: Sums() for key in claimed if key not in groups}
    opening: dict[str, int] = {}
    for position, row in enumerate(scope.rounds.values()):
        opening.setdefault(row.round, position)
        opening.setdefault(row.family, position)
    ordered = {key: groups[key] for key in law.all_in_order(by, groups, opening)}
    funders: tuple[str, ...] = ()
    if with_funders:
        known_on = scope.known.day if scope.known else None
        programme_id = scope.programme["programme_id"]
        funders = tuple(store.public_funders(session.db, programme_id, known_on))
    return Answer(
        by,
        scope,
        ordered,
        law.pooled(ordered.values()),
        claimed,
        funders,
        _shares(session, by, scope, funders, ordered),
        names,
        *merchants_by_key(session, by, scope),
    )


def _groups(session: Session, by: By, scope: Scope) -> tuple[dict[Key, Sums], dict[str, str]]:
    """The sums by key, and the names of merchants by number where these are among the keys."""
    if by == ("merchant",):
        span = scope.window[:2] if scope.known else None
        merchants = store.by_merchant(
            session.db, list(scope.rounds), scope.months, scope.zone, span
        )
        groups: dict[Key, Sums] = {(no,): sums for no, _, sums in merchants}
        names = {no: name for no, name, _ in merchants}
    else:
        groups = (
            sums_by_pair(session, by, scope)
            if len(by) > 1
            else {(key,): sums for key, sums in sums_by_key(session, by[0], scope).items()}
        )
        listed = store.listed_merchants(session.db) if "merchant" in by else {}
        names = {no: each.name for no, each in listed.items()}
    if scope.known and names:
        names |= store.names_at(session.db, scope.known.ends_at)
    return groups, names


def _claims_by_key(session: Session, by: By, scope: Scope) -> dict[Key, Claimed] | None:
    """What was claimed up to `as_of`, by key (by round when the key has no claims of its own); None
    beside --since: what is used after a date is no part of what was claimed after it.
    """
    if scope.since is not None:
        return None
    name = by[0] if tables.has_claims(by) else "round"
    claimed: dict[Key, Claimed] = {}
    for round_id, packs in store.claimed_packs(
        session.db, scope.window_of_claims, scope.zone
    ).items():
        if round_id in scope.rounds:
            row = scope.rounds[round_id]
            key = (getattr(row, name),)
            claimed[key] = claimed.get(key, Claimed()) + face_of(row, packs)
    return claimed


def _shares(
    session: Session, by: By, scope: Scope, funders: tuple[str, ...], groups: dict[Key, Sums]
) -> dict[Key, dict[str, int]]:
    """Each public funder's part by key, in fen, in the funders' order; a single one has paid it
    all.
    """
    if not funders:
        return {}
    if len(funders) == 1:
        return {key: {funders[0]: sums.public_fen} for key, sums in groups.items()}
    shares = {key: dict.fromkeys(funders, 0) for key in groups}
    for key, funder, fen in funded(session, by, scope):
        part = shares.setdefault(key, dict.fromkeys(funders, 0))
        part[funder] += fen
    return shares


def _row(answer: Answer, key: Key | None, sums: Sums) -> dict[str, Any]:
    """One row of the report (without a key the total); its names are a tested contract."""
    base = _base(answer, key)
    merchants = answer.all_merchants if key is None else answer.merchants.get(key, NO_MERCHANTS)
    vouchers, base_fen, paid_fen, public_fen, platform_fen, match_fen, _, _, stays_fen = sums
    row: dict[str, Any] = {
        "key": Word("total") if key is None else key[0],
        **({"second_key": None if key is None else key[1]} if len(answer.by) > 1 else {}),
        "redemptions": vouchers,
        "base_fen": base_fen,
        "subsidy_fen": public_fen,
        "platform_fen": platform_fen,
        "match_fen": match_fen,
        "own_fen": sums.own_fen,
        "gross": sums.gross,
        "own_spend": sums.own_spend,
        "floor": sums.floor,
        "all_funders": sums.all_funders,
        "gross_of_floor": sums.gross_of_floor,
        "used_of_claimed": law.used_of_claimed(sums, base) if base else None,
        "claimed_vouchers": base.vouchers if base else None,
        "paid_of_claimed": law.paid_of_claimed(sums, base) if base else None,
        "paid_fen": paid_fen,
        "claimed_face_fen": base.face_fen if base else None,
        "stays_fen": stays_fen,
        "merchants": merchants.paid,
        "sized_merchants": merchants.sized,
        "small_merchants": merchants.small if merchants.sized else None,
        "small_share": law.rate(merchants.small, merchants.sized),
    }
    if "merchant" in answer.by and key is not None:
        row["name"] = answer.names.get(key[answer.by.index("merchant")], "")
    if answer.funders:
        parts = answer.shares.values() if key is None else [answer.shares[key]]
        row["funders"] = {funder: sum(part[funder] for part in parts) for funder in answer.funders}
        row |= {"funder_" + funder: fen for funder, fen in row["funders"].items()}
    return row


def _base(answer: Answer, key: Key | None) -> Claimed | None:
    """What was claimed under a key (None: in all), when the key has claims of its own."""
    if answer.claimed is None or (key is not None and not tables.has_claims(answer.by)):
        return None
    return (
        sum(answer.claimed.values(), Claimed())
        if key is None
        else answer.claimed.get(key, Claimed())
    )


def _notes(answer: Answer, row_count: int) -> tuple[Message, ...]:
    """Remarks beside the figures: that there are none, that more rows exist than are shown, or that
    subsidy stays without a sale.
    """
    if not row_count:
        return (_nothing_yet(answer.scope),)
    return (*_notes_on_rows(answer, row_count), *_notes_on_money(answer))


def _notes_on_money(answer: Answer) -> tuple[Message, ...]:
    if not answer.total.stays_fen:
        return ()
    return (
        say(
            "{amount} yuan of subsidy stay on orders that were refunded, in none of the ratios:"
            " voucher redemption list --without-sale",
            amount=money.grouped(answer.total.stays_fen),
        ),
    )


def _notes_on_rows(answer: Answer, row_count: int) -> tuple[Message, ...]:
    if row_count < len(answer.groups):
        return (
            say(
                "{shown} of {count} rows; --limit 0 shows all",
                shown=row_count,
                count=len(answer.groups),
            ),
        )
    return ()


def _nothing_yet(scope: Scope) -> Message:
    if scope.since is None and scope.as_of is None:
        return say("nothing has been redeemed yet; next: voucher redemption import FILE")
    return say("nothing was redeemed in this span of time; try without --since and --as-of")


# ---------------------------------------- what others published, beside ours


def _published(session: Session, scope: Scope) -> list[dict[str, Any]]:
    """The published figures that fit: of this very moment if there are any, else all up to it; of
    rounds in the scope.
    """
    if scope.since is not None or scope.known is not None:  # what is published changes
        return []
    fitting = [
        figure
        for figure in programmes.published(session.db, scope.programme["programme_id"])
        if (scope.is_all or (figure.rounds and set(figure.rounds) <= {*scope.codes()}))
        and (
            scope.as_of is None
            or (figure.as_of_at is not None and figure.as_of_at - 1 <= scope.as_of)
        )
    ]
    same = [figure for figure in fitting if _is_of(figure, scope.as_of)]
    by_round = sums_by_key(session, "round", scope) if same else {}
    return [_figure(scope, figure, by_round) for figure in same or fitting]


def _is_of(figure: Published, as_of: int | None) -> bool:
    """Whether both are of one moment; a day's 24:00 and its last second are the same."""
    return (
        as_of is not None and figure.as_of_at is not None and as_of <= figure.as_of_at <= as_of + 1
    )


def _figure(scope: Scope, figure: Published, by_round: dict[str, Sums]) -> dict[str, Any]:
    our_figures = None
    if _is_of(figure, scope.as_of) and set(figure.rounds) <= {*scope.codes()}:
        sums = law.pooled(by_round.get(code, Sums()) for code in figure.rounds or by_round)
        our_figures = {
            "subsidy_fen": sums.public_fen,
            "base_fen": sums.base_fen,
            "gross": sums.gross,
            "own_spend": sums.own_spend,
        }
    return {**figure._asdict(), "rounds": list(figure.rounds), "ours": our_figures}

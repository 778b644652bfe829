"""The past rounds that a forecast rests on, as the rules replay them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.result import Word
from vouchercli.rules import settlements, times
from vouchercli.rules.forecasts import Next, Past, weekdays_of
from vouchercli.store import forecasts, plans

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.store.forecasts import Terms
    from vouchercli.store.plans import PastRound

NOBODY = 0  # no round has this number


class Known(NamedTuple):
    """A past round as it is kept, and as it is replayed."""

    row: PastRound
    past: Past


def of_city(db: sqlite3.Connection, at: int, but_round_id: int = NOBODY) -> list[Known]:
    """Every round of the city, of all its programmes, that was closed by `at` and claimed from; by
    opening. One is over when its last voucher had ended by then.
    """
    terms = forecasts.terms(db)
    return [
        Known(row, replayed(db, row, terms[row.round_id], at))
        for row in plans.past(db, but_round_id)
        if terms[row.round_id].closes_at <= at
    ]


def replayed(db: sqlite3.Connection, row: PastRound, terms: Terms, at: int) -> Past:
    """A round as the rules replay it, its days counted from its opening."""
    first = times.day_of(row.opens_at, row.time_zone)
    by_day = [
        (settlements.days_between(first, day), used, paid)
        for day, used, paid in forecasts.by_day(db, row.round_id)
    ]
    return Past(
        row.round,
        row.packs,
        terms.closes_at - row.opens_at,
        forecasts.seconds(db, row.round_id, row.opens_at),
        terms.coupons,
        terms.pack_value_fen,
        {day: used for day, used, _ in by_day},
        {day: paid for day, _, paid in by_day},
        row.last_expires_at <= at,
        times.as_date(first).weekday(),
    )


def place_of(
    current: RoundAtHand, past: Iterable[Past], mode: str, packs: int, face_fen: int
) -> Next:
    """The round in whose place past ones are replayed, with what they say of weekdays."""
    row = current.row
    opens_on = times.as_date(times.day_of(row["opens_at"], current.zone))
    window = row["closes_at"] - row["opens_at"]
    return Next(
        mode, packs, window, row["coupons"], face_fen, opens_on.weekday(), weekdays_of(past)
    )


def choose(current: RoundAtHand, mode: str, named: Sequence[str]) -> list[Known]:
    """The past rounds that stand for a round granted in that mode: those named, else all that were
    granted so and closed before it opens. Raises `no_past_round`.
    """
    known = of_city(current.db, min(current.now, current.row["opens_at"]), current.round_id)
    if not named:
        return [each for each in known if each.row.mode == mode]
    by_code = {each.row.round: each for each in known}
    return [_require(current, by_code.get(code), code, mode) for code in named]


def _require(current: RoundAtHand, known: Known | None, code: str, mode: str) -> Known:
    if known is None:
        raise VoucherError(
            "no_past_round",
            "{like} cannot stand for {round}: no round of that code was claimed from and closed"
            " before {round} opens",
            hint="leave --like out, or see voucher round list --state closed",
            round=current.code,
            like=code,
        )
    if known.row.mode != mode:
        raise VoucherError(
            "no_past_round",
            "{like} cannot stand for {round}: its packs were granted by {mode}, these are by"
            " {other}",
            hint="leave --like out, or see voucher round list --state closed",
            round=current.code,
            like=code,
            mode=Word(known.row.mode),
            other=Word(mode),
        )
    return known

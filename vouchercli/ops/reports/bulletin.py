"""report bulletin (日报): a day and all before it, as platforms and bureaus exchange it the day
after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.ops.reports import bulletin_tables as tables
from vouchercli.ops.reports import cautions
from vouchercli.ops.reports.bulletin_before import beside_before
from vouchercli.ops.reports.cautions import FEW_PAYMENTS
from vouchercli.ops.reports.figures import outstanding, sums_by_key
from vouchercli.ops.reports.measures import Found, figures
from vouchercli.ops.reports.scope import Scope, go_back, note_later, scope_of
from vouchercli.result import Outcome, Word, say
from vouchercli.rules import bulletins as law
from vouchercli.rules import leverage, times
from vouchercli.rules.leverage import Sums
from vouchercli.store import programmes, uptake
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.reports import Round

NONE = Sums()
CUTS = ("industry", "district")


class Day(NamedTuple):
    """A bulletin's day, from its midnight to its end or to now (UTC seconds); what was paid on it,
    and up to its end; the days that its pace is of.
    """

    day: int
    begins_at: int
    ends_at: int
    of_day: Scope
    so_far: Scope
    lately: Scope


def report_bulletin(
    session: Session, *, day: int | None = None, only: Sequence[str] = ()
) -> Outcome:
    """A local day (yyyymmdd; None: yesterday) beside all up to its end, of today up to now: by
    round, industry and district, each round beside the one before it at the same hour, the money
    that is left and how long it lasts, and what is odd. Raises as `scope_of`.
    """
    with reading(session):
        zone = programmes.current(session.db, session.programme)["time_zone"]
        day = law.yesterday(session.now, zone) if day is None else day
        asked = _ask(session, day, only, zone)
        claims = _claims(session, asked)
        by_round = _pairs(session, "round", asked)
        rounds = [_round_row(each, by_round, claims) for each in asked.so_far.rounds.values()]
        cuts = {by: _cut_rows(_pairs(session, by, asked)) for by in CUTS}
        money = _money_rows(session, asked, by_round, claims)
        before = beside_before(session, asked.so_far, asked.begins_at, asked.ends_at)
        rejects = uptake.rejected_on(
            session.db, asked.so_far.programme["programme_id"], *times.day_bounds(day, zone)
        )
        later = note_later(session, asked.so_far)
    total = law.pooled_pair(by_round.values())
    spans = [
        _span_row(Word(name), sums, packs)
        for name, sums, packs in (
            ("on the day", total.of_day, sum(each.of_day for each in claims.values())),
            ("since the beginning", total.so_far, sum(each.so_far for each in claims.values())),
        )
    ]
    odd = tuple(_odd(total, rounds, money, sum(count for _, count in rejects)))
    shown = tables.bulletin(asked.so_far, day, spans, rounds, cuts, money, before, rejects, odd)
    data = {**asked.so_far.about(), "day": times.day_text(day), "rounds": asked.so_far.codes()}
    return Outcome(data, shown, later)


def _ask(session: Session, day: int, only: Sequence[str], zone: str) -> Day:
    """The rounds as they stood at the end of the day (of today: now), over its three spans of
    time.
    """
    first, end = times.day_bounds(day, zone)
    if first <= session.now < end:
        end = session.now + 1
    so_far = go_back(session, scope_of(session, only, None, end - 1), end - 1)
    so_far = so_far._replace(
        rounds={key: each for key, each in so_far.rounds.items() if each.opens_at < end}
    )
    lately = times.add_days(first, 1 - law.PACE_DAYS, zone)
    return Day(day, first, end, so_far._replace(since=first), so_far, so_far._replace(since=lately))


def _pairs(session: Session, by: str, asked: Day) -> dict[str, law.Pair[Sums]]:
    """What was paid on the day and up to its end, by key."""
    of_day, so_far = (sums_by_key(session, by, each) for each in (asked.of_day, asked.so_far))
    return {
        key: law.Pair(of_day.get(key, NONE), sums)
        for key, sums in sorted(so_far.items(), key=lambda each: (each[0] == "", each[0]))
    }


def _claims(session: Session, asked: Day) -> dict[str, law.Pair[int]]:
    """The packs claimed on the day and up to its end, by round."""
    zone = asked.so_far.zone
    of_day, so_far = (
        uptake.claimed_packs(session.db, each.window, zone) for each in (asked.of_day, asked.so_far)
    )
    return {
        each.round: law.Pair(of_day.get(key, 0), so_far.get(key, 0))
        for key, each in asked.so_far.rounds.items()
    }


# ---------------------------------------------------------------- rows


def _figures(sums: Sums, prefix: str = "") -> dict[str, Any]:
    found = figures(Found(sums), tables.MEASURED)
    found["says_little"] = cautions.codes((FEW_PAYMENTS,), Found(sums))
    return {prefix + key: value for key, value in found.items()}


def _span_row(name: Word, sums: Sums, packs: int) -> dict[str, Any]:
    more = figures(Found(sums), ("own_spend", "floor"))
    return {"span": name, "claimed": packs, **_figures(sums), **more}


def _round_row(
    about: Round, by_round: dict[str, law.Pair[Sums]], claims: dict[str, law.Pair[int]]
) -> dict[str, Any]:
    sums, packs = by_round.get(about.round, law.Pair(NONE, NONE)), claims[about.round]
    return {
        "round": about.round,
        "state": about.state,
        "day_claimed": packs.of_day,
        "claimed": packs.so_far,
        "claim_rate": leverage.rate(packs.so_far, about.packs),
        **_figures(sums.of_day, "day_"),
        **_figures(sums.so_far),
    }


def _cut_rows(pairs: dict[str, law.Pair[Sums]]) -> list[dict[str, Any]]:
    return [
        {"key": key, **_figures(sums.of_day, "day_"), **_figures(sums.so_far)}
        for key, sums in pairs.items()
    ]


def _money_rows(
    session: Session,
    asked: Day,
    by_round: dict[str, law.Pair[Sums]],
    claims: dict[str, law.Pair[int]],
) -> list[dict[str, Any]]:
    """What each round can still pay: the face of its claimed vouchers that are neither used nor
    expired, and of the packs that can still be claimed; how long that lasts at the pace of the last
    days.
    """
    lately = sums_by_key(session, "round", asked.lately)
    rows, end = [], asked.so_far.as_of or 0
    for each in asked.so_far.rounds.values():
        sums, packs = by_round.get(each.round, law.Pair(NONE, NONE)).so_far, claims[each.round]
        held = outstanding(session.db, each, packs.so_far, sums.face_fen, (end, end))
        free = max(each.packs - packs.so_far, 0) if each.state in law.CLAIMABLE else 0
        left = held + free * each.pack_value_fen
        if each.state not in law.RUNNING or not left:
            continue
        opened_on = times.day_of(each.opens_at, asked.so_far.zone)
        pace = law.pace_fen(lately.get(each.round, NONE).paid_fen, opened_on, asked.day)
        rows.append(
            {
                "round": each.round,
                "state": each.state,
                "unclaimed_fen": free * each.pack_value_fen,
                "outstanding_fen": held,
                "left_fen": left,
                "pace_fen": pace,
                "days_left": law.days_left(left, pace),
            }
        )
    return rows


# ---------------------------------------------------------------- what is odd


def _odd(
    total: law.Pair[Sums],
    rounds: list[dict[str, Any]],
    money: list[dict[str, Any]],
    rejected: int,
) -> Iterable[Message]:
    """What somebody should look at."""
    running = [row["round"] for row in rounds if row["state"] in law.RUNNING]
    if running and not total.of_day.vouchers:
        yield say(
            "No payment of the day is here, though {rounds} can be used: has every file come?",
            rounds=", ".join(running),
        )
    if law.are_many(rejected, total.of_day.vouchers):
        yield say(
            "{count} rows of the day were rejected beside {accepted} payments that stand.",
            count=rejected,
            accepted=total.of_day.vouchers,
        )
    if law.is_far(total.of_day, total.so_far):
        yield say(
            "G of the day, {day}, is far from that of all days, {so_far}.",
            day=total.of_day.gross,
            so_far=total.so_far.gross,
        )
    if total.of_day.vouchers < 0:
        yield say("More was refunded than paid on the day.")
    for row in money:
        lasts = row["days_left"]
        if row["state"] in law.CLAIMABLE and lasts is not None and lasts < law.SOON_DAYS:
            yield say(
                "{round}: at the pace of the last days its money lasts {days} more days.",
                round=row["round"],
                days=lasts,
            )

"""round rehearse: past rounds replayed in the place of one that has not opened; the forecast is
kept in the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.answers import dated
from vouchercli.ops.forecasting import arms_shown, figures, past_rounds, settling_days, variants
from vouchercli.ops.forecasting.days import tabulate_days, tabulate_minutes
from vouchercli.ops.forecasting.variants import WhatIf
from vouchercli.ops.rounds.lookup import changing, look_up
from vouchercli.result import JSON, SHOWN, Column, Figure, Outcome, Table, Word, say
from vouchercli.rules import forecasts as law
from vouchercli.rules import money
from vouchercli.rules import rounds as round_law
from vouchercli.rules.forecasts import Next, Replay
from vouchercli.store import audit, forecasts
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vouchercli.ops.forecasting.past_rounds import Known
    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.result import Message
    from vouchercli.rules.forecasts import Range
    from vouchercli.session import Session

LINES = (
    Column("what", "what", "word"),
    Column("low", "lowest", "figure"),
    Column("middle", "middle", "figure"),
    Column("high", "highest", "figure"),
    Column("rounds", "past rounds", "int"),
    Column("chance", "chance", "rate"),
)
RANGES = tuple(Column(key) for key in ("figure", "rounds", "low", "middle", "high", "chance"))
PLAIN = WhatIf()


def rehearse_round(
    session: Session, code: str, *, like: Sequence[str] = (), what_if: WhatIf = PLAIN
) -> Outcome:
    """What a round may come to, by the past rounds that it is like (none named: all that were
    granted so); kept in the log while the round has not opened. A what-if is put beside the draft
    and not kept. Raises `unknown_round`, and as `variants.put_side_by_side`.
    """
    if what_if.is_asked:
        with reading(session):
            current = look_up(session, code)
            shown = arms_shown.list_shown(session.db, session.now)
            tables = variants.put_side_by_side(current, what_if, like, shown)
        return Outcome({"round": code}, (*tables, arms_shown.tabulate(shown)))
    with changing(session, code) as current:
        known = past_rounds.choose(current, current.row["mode"], like)
        return _answer(current, known)


def _answer(current: RoundAtHand, known: list[Known]) -> Outcome:
    row = current.row
    past = [each.past for each in known]
    ahead = past_rounds.place_of(current, past, row["mode"], row["packs"], row["pack_value_fen"])
    paid_on = settling_days.of_round(current)
    ranges = figures.ranges(past, ahead, paid_on)
    data = {
        "round": current.code,
        "mode": row["mode"],
        "packs": row["packs"],
        "template": row["pinned"],
        "liability_fen": row["quota_fen"],
        "rests_on": [each.row.round for each in known],
        "weekdays": _factors(ahead),
        **dated({key: row[key] for key in ("opens_at", "closes_at")}, current.zone),
    }
    if not known:
        return Outcome(
            data | {"line": None, "figures": [], "days": [], "minutes": []},
            says=(
                say(
                    "no round that was granted by {mode} has closed in this file: what {round} will"
                    " come to is not known, but that it costs {liability} yuan at most",
                    mode=Word(row["mode"]),
                    round=current.code,
                    liability=money.grouped(row["quota_fen"]),
                ),
                _say_published(),
            ),
        )
    line, said = _keep(current, data, ranges)
    replays = [Replay(each, ahead) for each in past]
    return Outcome(
        data | {"line": line},
        (
            *_tabulate(current, known, ranges, ahead),
            *tabulate_minutes(current, replays),
            *tabulate_days(current, replays, paid_on),
        ),
        says=(said,),
    )


# ---------------------------------------------------------------- what is kept


def _keep(
    current: RoundAtHand, data: dict[str, Any], ranges: dict[str, Range | None]
) -> tuple[int | None, Message]:
    """Keep the forecast as a line of the log, once; gives its number (None: it is not kept)."""
    row, code = current.row, current.code
    if current.now >= row["opens_at"] or row["state"] not in round_law.BEFORE_OPENING:
        return None, say(
            "not kept: {round} opened at {opens_at}, and a forecast is made before",
            round=code,
            opens_at=current.local_time("opens_at"),
        )
    forecast = {key: data[key] for key in ("mode", "packs", "template", "rests_on")} | {
        "opens_at": row["opens_at"],
        "closes_at": row["closes_at"],
        "figures": {key: found and found._asdict() for key, found in ranges.items()},
    }
    if data["weekdays"]:
        forecast["weekdays"] = data["weekdays"]
    last = _last_kept(current)
    if last is not None and last.said == audit.as_logged(forecast):
        return last.line, say("line {line} of the log has this forecast already", line=last.line)
    audit.note(current.session, forecasts.DEED, code, forecast=forecast)
    kept = _last_kept(current)
    assert kept is not None  # it was just written
    return kept.line, say(
        "kept as line {line} of the log; when {round} has closed: voucher report forecasts",
        line=kept.line,
        round=code,
    )


def _last_kept(current: RoundAtHand) -> forecasts.Kept | None:
    every = forecasts.kept(current.db, current.row["programme_id"])
    return next((each for each in reversed(every) if each.round == current.code), None)


# ---------------------------------------------------------------- tables


def _tabulate(
    current: RoundAtHand, known: list[Known], ranges: dict[str, Range | None], ahead: Next
) -> tuple[Table, Table]:
    rows = [{"figure": key, **(figures.kept(found) or _nothing())} for key, found in ranges.items()]
    shown = [
        row
        | {"what": figures.BY_KEY[row["figure"]].label}
        | {
            side: Figure(figures.BY_KEY[row["figure"]].kind, row[side])
            for side in ("low", "middle", "high")
        }
        for row in rows
    ]
    title = say(
        "What {round} may come to: {packs:,} packs, {liability} yuan at most",
        round=current.code,
        packs=current.row["packs"],
        liability=money.grouped(current.row["quota_fen"]),
    )
    notes = (
        *_say_chances(ranges),
        *_say_basis(current, known),
        _say_weekdays(known, ahead),
        _say_published(),
    )
    return (
        Table(title, LINES, shown, notes=notes, where=SHOWN),
        Table(title, RANGES, rows, key="figures", where=JSON),
    )


def _nothing() -> dict[str, Any]:
    return {"rounds": 0, "low": None, "middle": None, "high": None, "chance": None}


def _say_chances(ranges: dict[str, Range | None]) -> Iterator[Message]:
    """What the ranges promise, in words, for each number of rounds that they rest on."""
    for rounds in sorted({found.rounds if found else 0 for found in ranges.values()}, reverse=True):
        promised = law.chance(rounds)
        if promised is not None:
            yield say(
                "Lowest to highest of {rounds} past rounds: the next one lies there with"
                " probability ({rounds} - 1) / ({rounds} + 1) = {percent} %, if it is like them.",
                rounds=rounds,
                percent=money.half_up(100 * promised.numerator, promised.denominator),
            )
        elif rounds:
            yield say("Of one past round: what came once. How far the next is off is not known.")
        else:
            yield say("Without a number: no past round whose vouchers have all ended.")


def _say_basis(current: RoundAtHand, known: list[Known]) -> Iterator[Message]:
    yield say(
        "Rests on {rounds}; {same} of {count} had this card pack. No chance is drawn: the same"
        " rounds give the same ranges.",
        rounds=", ".join(each.row.round for each in known),
        same=sum(each.row.pinned == current.row["pinned"] for each in known),
        count=len(known),
    )
    if current.row["mode"] == law.RACE:
        yield say(
            "As many come as came then, at the same seconds; who got nothing is in no file of"
            " claims: the platform must bear more requests than these claims a second."
        )
        yield say("A time until the closing means that packs may be left then.")
    if current.programme.settlement is None:
        yield say(
            "The programme does not say when merchants are paid: every working day is assumed."
        )


def _factors(ahead: Next) -> list[str] | None:
    """How weekdays differ, Monday first, as decimals."""
    factors = ahead.weekdays
    return None if factors is None else [f"{float(each):.2f}" for each in factors]


def _say_weekdays(known: list[Known], ahead: Next) -> Message:
    """Whether use by day is moved to the weekdays of the new round."""
    if all(each.past.weekday == ahead.weekday for each in known):
        return say("All of them opened on the same weekday as this one.")
    factors = _factors(ahead)
    if factors is None:
        return say(
            "Days are counted from the opening, whatever the weekday: past rounds have too few"
            " weeks to tell how weekdays differ."
        )
    return say(
        "Use by day is moved to the weekdays of this round; Monday to Sunday, 1 being a day like"
        " the others: {factors}.",
        factors=", ".join(factors),
    )


def _say_published() -> Message:
    return say(
        "The programmes that are shipped publish sums, no claims by day: only rounds of this file"
        " count."
    )

"""`settlement run`: what was redeemed on signed days is put together by payee and funder. The same
run again finds nothing more; a run that was killed left nothing behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.rounds import holidays
from vouchercli.ops.settlements import closed
from vouchercli.ops.setup import staff
from vouchercli.ops.setup.merchants import the_merchant
from vouchercli.result import Outcome, Problem, say
from vouchercli.rules import doors, money, times
from vouchercli.rules import settlements as law
from vouchercli.store import audit, days, dues, endings, merchants, programmes, rounds
from vouchercli.store import settlements as store
from vouchercli.store.db import writing
from vouchercli.store.settlements import Asked

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from vouchercli.rules.programmes import Programme
    from vouchercli.session import Session

PUBLIC = "public"


class Wanted(NamedTuple):
    """What a run is cut down to; None: everything of the public funders. `first_fen`: what a new
    account is tried with (None: as the programme says).
    """

    round: str | None = None
    funder: str | None = None
    merchant: str | None = None
    first_fen: int | None = None

    @property
    def is_cut(self) -> bool:
        """Whether it leaves what others are owed, for the clock to settle."""
        return (self.round, self.funder, self.merchant) != (None, None, None)


ALL = Wanted()


class Made(NamedTuple):
    """One settlement, or what stood in its way: what was not paid, by reason, as (count, fen)."""

    settlement: int | None
    funder: str
    transfers: int
    amount_fen: int
    left: dict[str, tuple[int, int]]


def run(session: Session, up_to: int, wanted: Wanted = ALL) -> Outcome:
    """Settle what was booked on signed days up to one (yyyymmdd) and is not settled yet, for each
    funder. Raises `no_signed_day`, `too_warm`, `unknown_funder`, `unknown_round`,
    `unknown_merchant`, `unknown_payee`.
    """
    row = programmes.current(session.db, session.programme)
    staff.require(session, programmes.value(row), doors.DOOR["settlement run"])
    return _run(session, up_to, wanted)


def _run(session: Session, up_to: int, wanted: Wanted) -> Outcome:
    with writing(session) as db:
        row = programmes.current(db, session.programme)
        programme = programmes.value(row)
        terms = terms_of(programme, wanted)
        seal = dues.signed(db, row["programme_id"], up_to)
        if seal is None or seal.day < up_to:
            raise _unsigned(row, up_to, seal)
        _require_cool(session, row, terms, up_to)
        taken = dues.take_up(db, row["programme_id"], seal, session.now)
        made = [*_settle_all(session, row, programme, terms, up_to, wanted)]
        store.post_held(db, row["programme_id"], "settlement.run", session.now)
        if not wanted.is_cut:
            dues.note_settled(db, row["programme_id"], up_to, session.now)
        done = [each for each in made if each.settlement is not None]
        if taken or done:
            audit.note(
                session,
                "settlement.run",
                ", ".join(str(each.settlement) for each in done) or "-",
                programme=row["programme"],
                up_to=up_to,
                taken=taken,
                settlements=[
                    {"settlement": each.settlement, "funder": each.funder}
                    | {"transfers": each.transfers, "amount_fen": each.amount_fen}
                    for each in done
                ],
            )
        closed.close_explained(session, row["programme_id"])
    return _answer(row, up_to, made)


def run_due(session: Session, row: sqlite3.Row, up_to: int) -> Outcome | None:
    """What the clock settles of a programme; None: another command has done it, or nothing is
    owed.
    """
    inner = session._replace(programme=row["programme"])
    outcome = _run(inner, up_to, ALL)
    return outcome if outcome.data["settlements"] else None


def list_due(session: Session) -> Iterator[tuple[sqlite3.Row, int]]:
    """Programmes that say how they pay and have signed days of a period that is over, each with the
    last of these days; on working days only.
    """
    db = session.db
    for row in programmes.all_loaded(db):
        if session.programme not in (None, row["programme"]):
            continue
        if endings.closing(db, row["programme_id"]) is not None:
            continue
        programme = programmes.value(row)
        today = times.day_of(session.now, row["time_zone"])
        if programme.settlement is None or not _is_workday(programme, today):
            continue
        seal = dues.signed(db, row["programme_id"], law.last_cool(programme.settlement, today))
        first = days.first_day(db, row["programme_id"])
        if seal is None or first is None:
            continue
        last = law.last_of_period(programme.settlement, first, seal.day)
        if last is not None and last > dues.settled(db, row["programme_id"]):
            yield row, last


def _is_workday(programme: Programme, day: int) -> bool:
    return holidays.judge_day(programme, day).is_workday


def next_workday(programme: Programme, day: int) -> int:
    """The day (yyyymmdd) itself, or the first working day behind it."""
    return law.next_workday(day, lambda each: _is_workday(programme, each))


def terms_of(programme: Programme, wanted: Wanted = ALL) -> law.Terms:
    """How the programme pays; where it says nothing, merchants are paid on every working day."""
    terms = programme.settlement or law.Terms()
    return terms if wanted.first_fen is None else terms._replace(first_payment_fen=wanted.first_fen)


def _require_cool(session: Session, row: sqlite3.Row, terms: law.Terms, up_to: int) -> None:
    last = law.last_cool(terms, times.day_of(session.now, row["time_zone"]))
    if up_to > last:
        raise VoucherError(
            "too_warm",
            "{day} cannot be settled yet: what is booked on a day waits {days} days behind its end",
            hint="voucher settlement run --up-to {last}",
            day=times.day_text(up_to),
            days=terms.cooling_off_days,
            last=times.day_text(last),
        )


def _unsigned(row: sqlite3.Row, up_to: int, seal: dues.Seal | None) -> VoucherError:
    if seal is None:
        return VoucherError(
            "no_signed_day",
            "no day of {programme} up to {day} is signed: only signed days are paid",
            hint="voucher day close {day}, then voucher day sign {day} --actor NAME, by finance",
            programme=row["programme"],
            day=times.day_text(up_to),
        )
    return VoucherError(
        "no_signed_day",
        "{day} is not signed; the last day that is, with all before it, is {last}",
        hint="voucher settlement run --up-to {last}, or voucher day sign {day} --actor NAME first",
        day=times.day_text(up_to),
        last=times.day_text(seal.day),
    )


def _settle_all(
    session: Session,
    row: sqlite3.Row,
    programme: Programme,
    terms: law.Terms,
    up_to: int,
    wanted: Wanted,
) -> Iterator[Made]:
    """A settlement for each funder that owes something."""
    db, programme_id = session.db, row["programme_id"]
    _name_payees(session, programme_id, terms)
    round_id = _round_id(db, programme_id, wanted.round)
    merchant_id = _merchant_id(session, wanted.merchant)
    ids = {each["funder"]: each["funder_id"] for each in programmes.funders(db, programme_id)}
    for funder in funders_asked(programme, wanted.funder):
        asked = Asked(ids[funder], up_to, round_id, merchant_id)
        yield _settle(session, programme_id, funder, asked, terms)


def _settle(
    session: Session, programme_id: int, funder: str, asked: Asked, terms: law.Terms
) -> Made:
    planned: list[tuple[int, int, bool]] = []
    left: dict[str, tuple[int, int]] = {}
    knows_all = not terms.first_payment_fen
    for owed in store.owed(session.db, asked, knows_all=knows_all):
        if why := law.why_not(owed):
            count, fen = left.get(why, (0, 0))
            left[why] = count + 1, fen + owed.amount_fen
            continue
        part = law.first_part(terms, owed)
        planned.append((owed.payee_id, part, part < owed.amount_fen))
    left.pop("even", None)
    if not planned:
        return Made(None, funder, 0, 0, left)
    settlement = store.add(session, programme_id, asked, terms, planned)
    return Made(settlement, funder, len(planned), sum(fen for _, fen, _ in planned), left)


def funders_asked(programme: Programme, code: str | None) -> list[str]:
    """The funders whose money is paid here: the public ones, or the one that is named."""
    kinds = {each: kind for each, kind in programme.kinds.items() if kind != "merchant"}
    if code is None:
        return [each for each, kind in kinds.items() if kind == PUBLIC]
    if code not in kinds:
        raise UsageFault(
            "unknown_funder",
            "no funder {funder} of this programme pays merchants (these do: {known})",
            funder=code,
            known=", ".join(kinds),
        )
    return [code]


def _round_id(db: sqlite3.Connection, programme_id: int, code: str | None) -> int | None:
    if code is None:
        return None
    return int(rounds.named(db, programme_id, code)["round_id"])


def _merchant_id(session: Session, number: str | None) -> int | None:
    return None if number is None else the_merchant(session, number).merchant_id


def _name_payees(session: Session, programme_id: int, terms: law.Terms) -> None:
    """Raises `unknown_payee` where the registry does not know whom a platform's dues go to."""
    for platform, number in terms.payees:
        if merchants.named(session.db, number, session.now) is None:
            raise VoucherError(
                "unknown_payee",
                "the payee {merchant_no} of platform {platform} is not in the registry",
                hint="voucher merchant import FILE, with a row for {merchant_no} and its account",
                merchant_no=number,
                platform=platform,
            )
    store.name_payees(session.db, programme_id, terms.payees)


# ---------------------------------------------------------------- answered


def _say_left(why: str, funder: str, count: int, fen: int) -> Problem:
    """What was not paid, and where to look."""
    about = {"funder": funder, "count": count, "amount": money.grouped(abs(fen))}
    told = {
        "held": Problem(
            "left_held",
            "{count} payees, {amount} yuan of {funder}, are held: voucher settlement holds",
            level="warning",
            params=about,
        ),
        "owes": Problem(
            "left_owes",
            "{count} merchants owe {amount} yuan to {funder}: voucher settlement debts",
            level="warning",
            params=about,
        ),
        "no_account": Problem(
            "left_no_account",
            "{count} payees, {amount} yuan of {funder}, have no account: voucher settlement unpaid",
            level="warning",
            params=about,
        ),
        "first_waits": Problem(
            "left_first_waits",
            "{count} payees, {amount} yuan of {funder}, wait for their first small payment: voucher"
            " settlement list",
            level="warning",
            params=about,
        ),
    }
    return told[why]


def _answer(row: sqlite3.Row, up_to: int, made: list[Made]) -> Outcome:
    done = [each for each in made if each.settlement is not None]
    data = {
        "programme": row["programme"],
        "up_to": times.day_text(up_to),
        "settlements": [
            {
                "settlement": each.settlement,
                "funder": each.funder,
                "transfers": each.transfers,
                "amount_fen": each.amount_fen,
            }
            for each in done
        ],
        "left": [
            {"funder": each.funder, "reason": why, "payees": count, "amount_fen": fen}
            for each in made
            for why, (count, fen) in each.left.items()
        ],
    }
    says = [
        say(
            "settlement {settlement}: {amount} yuan of {funder} to {transfers} payees; next:"
            " voucher settlement verify {settlement} --note WHAT --actor NAME",
            settlement=each.settlement,
            amount=money.grouped(each.amount_fen),
            funder=each.funder,
            transfers=each.transfers,
        )
        for each in done
    ] or [say("nothing is left to settle up to {day}", day=times.day_text(up_to))]
    problems = [
        _say_left(why, each.funder, count, fen)
        for each in made
        for why, (count, fen) in each.left.items()
    ]
    return Outcome(data, says=tuple(says), problems=tuple(problems))

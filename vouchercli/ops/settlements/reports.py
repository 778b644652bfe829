"""report settlement: what of the money that was booked is paid, how many days that took, what is
held and why, how old the rest is, and what merchants owe.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.ops.reports.scope import scope_of
from vouchercli.ops.reports.spans import span_notes
from vouchercli.ops.rounds import holidays
from vouchercli.ops.settlements import runs
from vouchercli.ops.settlements.tables import WHY_WORDS
from vouchercli.result import DATA, Column, Outcome, Table, Word, only, say
from vouchercli.rules import payment_days, times
from vouchercli.rules import settlements as law
from vouchercli.rules.payment_days import Waited
from vouchercli.store import dues, programmes
from vouchercli.store import settlement_reports as store
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vouchercli.ops.reports.scope import Scope
    from vouchercli.result import Message
    from vouchercli.rules.programmes import Programme
    from vouchercli.session import Session
    from vouchercli.store.settlement_reports import Held, Paid, Sums, Unpaid

SUMS = (
    Column("funder", "Funder"),
    Column("round", "Round"),
    Column("booked_fen", "Booked", "fen"),
    Column("paid_fen", "Paid out", "fen"),
    Column("held_fen", "Held back", "fen"),
    Column("in_settlement_fen", "In settlement", "fen"),
    Column("not_settled_fen", "Not settled", "fen"),
    Column("debts_fen", "Debts", "fen", optional=True),
    Column("repaid_fen", "Paid back", "fen", optional=True),
    Column("written_off_fen", "Given up", "fen", optional=True),
)
DAYS = (
    Column("size", "Size", blank="(not stated)"),
    Column("merchants", "Merchants", "int"),
    Column("dues", "Dues", "int"),
    Column("amount_fen", "Paid out", "fen"),
    Column("taken_back_fen", "Less taken back", "fen", optional=True),
    Column("mean_days", "Days, mean", "ratio"),
    Column("median_days", "Median", "int"),
    Column("least_days", "Shortest", "int"),
    Column("most_days", "Longest", "int"),
    Column("next_day", "By the next working day", "rate"),
    Column("week", "Within 7 days", "rate"),
    *only(
        DATA,
        Column("mean_days_of_dues", "Days, mean by dues", "ratio"),
        Column("median_days_of_dues", "Median by dues", "int"),
        Column("next_day_of_dues", "Dues by the next working day", "rate"),
        Column("week_of_dues", "Dues within 7 days", "rate"),
    ),
)
HELD = (
    Column("reason", "Reason", "word", shown="reason_word"),
    Column("holds", "Holds that stand", "int"),
    Column("merchants", "Merchants", "int"),
    Column("payments", "Single payments", "int"),
    Column("amount_fen", "Held back", "fen"),
    Column("oldest_on", "Oldest evidence", "date"),
    Column("days", "Days", "int"),
)
AGES = (
    Column("days_7_fen", "0-7 days", "fen"),
    Column("days_30_fen", "8-30 days", "fen"),
    Column("days_90_fen", "31-90 days", "fen"),
    Column("older_fen", "Over 90 days", "fen"),
)
UNPAID = (
    Column("reason", "Not paid because", "word", shown="reason_word"),
    Column("merchants", "Merchants", "int"),
    Column("amount_fen", "Owed", "fen"),
    *AGES,
    Column("since_on", "Oldest of", "date"),
)
DEBTS = (
    Column("age", "Age of the debt", "word", shown="age_word"),
    Column("merchants", "Merchants", "int"),
    Column("amount_fen", "Owes", "fen"),
    Column("since_on", "Oldest of", "date"),
)
BANDS = tuple(zip(("0-7", "8-30", "31-90", "91+"), AGES, strict=True))
OWES, HELD_BACK = "owes", "held"


class Part(NamedTuple):
    """What is not paid to a merchant by a funder for one reason: `path` says where it stands
    (`held`, `in_settlement`, `not_settled`, `debts`), `by_round` in fen (negative: it owes).
    """

    funder_id: int
    merchant_id: int
    path: str
    reason: str
    by_round: dict[int, int]
    by_hold: dict[int, int]
    since_on: int

    @property
    def amount_fen(self) -> int:
        """All of it."""
        return sum(self.by_round.values())


def report_settlement(
    session: Session,
    *,
    only: Sequence[str] = (),
    funder: str | None = None,
    since: int | None = None,
    until: int | None = None,
) -> Outcome:
    """Settlements of the public funders or of one, in rounds (none: all): what became of what was
    booked on days that were settled; days to payment of what was paid on local days `since` to
    `until` (yyyymmdd; None: open); what is held, not paid and owed now. Raises `unknown_funder`,
    and as `scope_of`.
    """
    with reading(session) as db:
        scope = scope_of(session, only, None, None)
        programme = programmes.value(scope.programme)
        programme_id = scope.programme["programme_id"]
        codes = runs.funders_asked(programme, funder)
        funders = {
            row["funder_id"]: row["funder"]
            for row in programmes.funders(db, programme_id)
            if row["funder"] in codes
        }
        asked = store.Asked(programme_id, (*funders,), (*scope.rounds,))
        span = asked._replace(since=since or asked.since, until=until or asked.until)
        sums = [each for each in store.sums(db, asked) if each.round_id in scope.rounds]
        holds = store.standing_holds(db, programme_id)
        parts = _parts(store.unpaid(db, asked), holds, scope)
        paid, merchants = store.paid(db, span), store.merchants_paid(db, span)
        up_to = dues.taken(db, programme_id).day
        first = store.first_day(db, programme_id) or up_to
    today = times.day_of(scope.now, scope.zone)
    is_cut = not scope.is_all or funder is not None
    tables = (
        _sums_table(scope, funders, sums, parts, up_to),
        _days_table(programme, paid, merchants, (since, until), first),
        _held_table(holds, parts, today, is_cut=is_cut),
        _unpaid_table(parts, today),
        _debts_table(parts, today),
    )
    data = {
        "programme": scope.code,
        "known_at": times.iso(scope.now, scope.zone),
        "settled_up_to": times.day_text(up_to) if up_to else None,
        "since": None if since is None else times.day_text(since),
        "until": None if until is None else times.day_text(until),
        "funders": [*funders.values()],
        "rounds": scope.codes(),
    }
    return Outcome(data, tables, () if up_to else (NOTHING_YET,))


NOTHING_YET = say("nothing is settled yet; next: voucher settlement run --up-to DAY")


# ---------------------------------------------------------------- what is not paid


def _parts(unpaid: Iterable[Unpaid], holds: Iterable[Held], scope: Scope) -> list[Part]:
    """What is not paid, by funder, merchant and reason: of what is neither held nor on its way, a
    merchant that owes more than it is owed has nothing coming.
    """
    reasons = {each.hold_id: each.reason for each in holds}
    together: dict[tuple[int, int, str], list[Unpaid]] = defaultdict(list)
    for each in unpaid:
        together[each.funder_id, each.merchant_id, _state(each, reasons)].append(each)
    parts = (_part(*key, rows, scope) for key, rows in together.items())
    return [each for each in parts if any(each.by_round.values())]


def _state(each: Unpaid, reasons: dict[int, str]) -> str:
    if each.is_sent:
        return "in_settlement"
    return "" if each.hold_id is None else reasons[each.hold_id]


def _part(funder_id: int, merchant_id: int, state: str, rows: list[Unpaid], scope: Scope) -> Part:
    path, reason = _judge(state, rows)
    by_round: dict[int, int] = defaultdict(int)
    by_hold: dict[int, int] = defaultdict(int)
    shown = [each for each in rows if each.round_id in scope.rounds]
    for each in shown:
        by_round[each.round_id] += each.amount_fen
        if each.hold_id is not None:
            by_hold[each.hold_id] += each.amount_fen
    since = [each.taken_back_on if path == "debts" else each.since_on for each in shown]
    known = [each for each in since if each is not None]
    since_on = min(known, default=min((each.since_on for each in shown), default=0))
    return Part(funder_id, merchant_id, path, reason, by_round, by_hold, since_on)


def _judge(state: str, rows: list[Unpaid]) -> tuple[str, str]:
    """(where it stands, why it is not paid)."""
    if state == "in_settlement":
        return state, state
    if state:
        return HELD_BACK, state
    if sum(each.amount_fen for each in rows) < 0:
        return "debts", OWES
    return "not_settled", "not_settled" if rows[0].has_account else "no_account"


# ---------------------------------------------------------------- tables


def _sums_table(
    scope: Scope, funders: dict[int, str], sums: list[Sums], parts: list[Part], up_to: int
) -> Table:
    open_: dict[tuple[int, int, str], int] = defaultdict(int)
    for part in parts:
        for round_id, fen in part.by_round.items():
            open_[part.funder_id, round_id, part.path] += fen
    order = {round_id: place for place, round_id in enumerate(scope.rounds)}
    ids = {funder_id: place for place, funder_id in enumerate(funders)}
    rows = [
        _sums_row(each, funders[each.funder_id], scope.rounds[each.round_id].round, open_)
        for each in sorted(sums, key=lambda each: (order[each.round_id], ids[each.funder_id]))
    ]
    total: dict[str, Any] = {"funder": Word("total"), "round": ""}
    keys = [column.key for column in SUMS if column.kind == "fen"]
    total |= {key: sum(row[key] for row in rows) for key in keys}
    notes = [
        *span_notes(scope),
        say(
            "Booked = paid out + held back + in settlement + not settled - debts - paid back -"
            " given up, of signed days up to {day}.",
            day=times.day_text(up_to) if up_to else "–",
        ),
    ]
    title = say("Settlement: {programme}, all known at {now}", **_about(scope))
    return Table(title, SUMS, rows, total, notes=(*notes,), key="by_round", total_key="total")


def _about(scope: Scope) -> dict[str, str]:
    return {"programme": scope.code, "now": times.shown(scope.now, scope.zone)[:16]}


def _sums_row(
    each: Sums, funder: str, code: str, open_: dict[tuple[int, int, str], int]
) -> dict[str, Any]:
    def stands(path: str) -> int:
        return open_.get((each.funder_id, each.round_id, path), 0)

    return {
        "funder": funder,
        "round": code,
        "booked_fen": each.booked_fen,
        "paid_fen": each.paid_fen,
        "held_fen": stands("held"),
        "in_settlement_fen": stands("in_settlement"),
        "not_settled_fen": stands("not_settled"),
        "debts_fen": -stands("debts"),
        "repaid_fen": each.repaid_fen,
        "written_off_fen": each.written_off_fen,
    }


def _days_table(
    programme: Programme,
    paid: list[Paid],
    merchants: dict[str, int],
    span: tuple[int | None, int | None],
    first: int,
) -> Table:
    """Days to payment by the size of merchants."""
    prompt: dict[int, int] = {}
    by_size: dict[str, list[Waited]] = defaultdict(list)
    taken_back: dict[str, int] = defaultdict(int)
    for each in paid:
        if each.up_to not in prompt:
            prompt[each.up_to] = _next_workday(programme, each.up_to)
        lasted = law.days_between(each.up_to, each.paid_on)
        is_prompt = each.paid_on <= prompt[each.up_to]
        by_size[each.size].append(Waited(lasted, each.dues, each.amount_fen, is_prompt))
        taken_back[each.size] += each.taken_back_fen
    rows = [
        _days_row(size, merchants[size], by_size[size], taken_back[size])
        for size in sorted(by_size, key=lambda size: (not size, size))
    ]
    every = [each for waited in by_size.values() for each in waited]
    whole = _days_row(Word("total"), sum(merchants.values()), every, sum(taken_back.values()))
    return Table(
        say("Days to payment"),
        DAYS,
        rows,
        whole,
        notes=(*_days_notes(span), *_widest_note(paid, first)),
        key="days_to_payment",
        total_key="days_to_payment_in_all",
        optional=True,
        bars="mean_days",
    )


def _next_workday(programme: Programme, day: int) -> int:
    """The first working day behind a day (yyyymmdd)."""
    after = times.as_day(times.as_date(day) + timedelta(days=1))
    return law.next_workday(after, lambda each: holidays.judge_day(programme, each).is_workday)


def _days_row(
    size: str, merchants: int, waited: list[Waited], taken_back_fen: int
) -> dict[str, Any]:
    by_amount = payment_days.add_up(waited)
    by_dues = payment_days.add_up(waited, lambda each: each.dues)
    lasted = [each.days for each in waited if each.dues]
    return {
        "size": size,
        "merchants": merchants,
        "dues": sum(each.dues for each in waited),
        "amount_fen": sum(each.amount_fen for each in waited),
        "taken_back_fen": taken_back_fen,
        "mean_days": by_amount.mean,
        "median_days": by_amount.median,
        "least_days": min(lasted, default=None),
        "most_days": max(lasted, default=None),
        "next_day": by_amount.next_day,
        "week": by_amount.week,
        "mean_days_of_dues": by_dues.mean,
        "median_days_of_dues": by_dues.median,
        "next_day_of_dues": by_dues.next_day,
        "week_of_dues": by_dues.week,
    }


def _days_notes(span: tuple[int | None, int | None]) -> Iterable[Message]:
    yield say(
        "From the day on which it was booked to the day on which the bank paid it, each yuan"
        " weighing the same; only of what is paid: what is not stands below with its age."
    )
    since, until = (each and times.day_text(each) for each in span)
    if since:
        yield say("Only what the bank paid on {day} or later.", day=since)
    if until:
        yield say("Only what the bank paid up to {day}.", day=until)


def _widest_note(paid: list[Paid], first: int) -> Iterable[Message]:
    """Where several days were settled together, their days count from the last of them."""
    before = times.as_day(times.as_date(first) - timedelta(days=1)) if first else 0
    wide = [
        law.days_between(max(each.after_day, before), each.up_to) - 1
        for each in paid
        if each.up_to > before
    ]
    if max(wide, default=0) > 0:
        yield say(
            "Days that were settled together count from the last of them: the first waited up to"
            " {days:,} days longer.",
            days=max(wide),
        )


def _held_table(holds: list[Held], parts: list[Part], today: int, *, is_cut: bool) -> Table:
    """Holds that stand, by reason; of some rounds or of one funder those that hold its money."""
    held: dict[int, int] = defaultdict(int)
    for part in parts:
        for hold_id, fen in part.by_hold.items():
            held[hold_id] += fen
    by_reason: dict[str, list[Held]] = defaultdict(list)
    for each in holds:
        if not is_cut or each.hold_id in held:
            by_reason[each.reason].append(each)
    rows = [
        {"reason": code, "reason_word": WHY_WORDS[code], **_held_row(some, held, today)}
        for code in law.HOLD_REASONS
        if (some := by_reason.get(code))
    ]
    every = [each for some in by_reason.values() for each in some]
    total = {"reason": Word("total"), "reason_word": Word("total")}
    total |= _held_row(every, held, today) if every else {}
    return Table(
        say("Held back, by reason"),
        HELD,
        rows,
        total,
        key="held",
        total_key="held_in_all",
        optional=True,
        bars="amount_fen",
    )


def _held_row(holds: list[Held], held: dict[int, int], today: int) -> dict[str, Any]:
    oldest = min(each.held_on for each in holds)
    return {
        "holds": len(holds),
        "merchants": len({each.merchant_id for each in holds}),
        "payments": sum(each.is_payment for each in holds),
        "amount_fen": sum(held.get(each.hold_id, 0) for each in holds),
        "oldest_on": oldest,
        "days": law.days_between(oldest, today),
    }


def _unpaid_table(parts: list[Part], today: int) -> Table:
    by_reason: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        if part.reason != OWES:
            by_reason[part.reason].append(part)
    rows = [
        {"reason": code, "reason_word": WHY_WORDS[code], **_aged(by_reason[code], today)}
        for code in sorted(by_reason, key=[*WHY_WORDS].index)
    ]
    every = [part for some in by_reason.values() for part in some]
    total = {"reason": Word("total"), "reason_word": Word("total"), **_aged(every, today)}
    return Table(
        say("Not paid, by reason and age"),
        UNPAID,
        rows,
        total,
        key="unpaid",
        total_key="unpaid_in_all",
        optional=True,
    )


def _aged(parts: list[Part], today: int) -> dict[str, Any]:
    """What is not paid, by how long the first of it has waited."""
    by_age = [0] * len(AGES)
    for part in parts:
        by_age[payment_days.age_band(law.days_between(part.since_on, today))] += part.amount_fen
    return {
        **_counted(parts),
        **{column.key: fen for column, fen in zip(AGES, by_age, strict=True)},
    }


def _counted(parts: list[Part], sign: int = 1) -> dict[str, Any]:
    return {
        "merchants": len({part.merchant_id for part in parts}),
        "amount_fen": sign * sum(part.amount_fen for part in parts),
        "since_on": min((part.since_on for part in parts), default=None),
    }


def _debts_table(parts: list[Part], today: int) -> Table:
    """What merchants owe, by the age of the debt."""
    debts = [part for part in parts if part.reason == OWES]
    by_band: dict[int, list[Part]] = defaultdict(list)
    for part in debts:
        by_band[payment_days.age_band(law.days_between(part.since_on, today))].append(part)
    rows = [
        {"age": age, "age_word": column.label, **_counted(by_band[place], -1)}
        for place, (age, column) in enumerate(BANDS)
        if by_band[place]
    ]
    total = {"age": Word("total"), "age_word": Word("total"), **_counted(debts, -1)}
    return Table(
        say("Debts of merchants, by age"),
        DEBTS,
        rows,
        total,
        key="debts",
        total_key="debts_in_all",
        optional=True,
        bars="amount_fen",
    )

"""What stands between a round, or a programme, and its end: each thing with its count or amount and
the command that goes on.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.ops.rounds import commitments
from vouchercli.ops.schedule import inbox as inboxes
from vouchercli.ops.setup import staff
from vouchercli.result import Problem, Word
from vouchercli.rules import money, releases, times
from vouchercli.store import ledger, programmes, todo
from vouchercli.store import open_things as store
from vouchercli.store.open_things import Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from vouchercli.rules.programmes import Programme
    from vouchercli.session import Session


class Subject(NamedTuple):
    """What is to end: a programme, or one `round` of it. `own`: the proposal that says so; `inbox`:
    where files land (None: beside the database).
    """

    session: Session
    row: programmes.Row
    programme: Programme
    round: str | None = None
    round_id: int | None = None
    own: int | None = None
    inbox: Path | None = None

    @property
    def asked(self) -> Asked:
        """As the store asks."""
        return Asked(self.row["programme_id"], self.round_id)

    @property
    def zone(self) -> str:
        """The programme's time zone."""
        return str(self.row["time_zone"])


# ---------------------------------------------------------------- what people and files have to do


def proposals_wait(of: Subject) -> Iterator[Problem]:
    """What waits for a second person."""
    db, asked = of.session.db, of.asked
    waiting = (
        store.all_proposed(db, asked.programme_id, of.own)
        if of.round_id is None
        else store.proposed(db, asked)
    )
    for each in waiting:
        about = {"proposal": each.proposal, "subject": Word(each.subject), "name": each.name}
        if each.waiting > 1:
            yield Problem(
                "proposal_waits",
                "{count} resolutions of breaks wait for a second person",
                hint=staff.APPROVE[each.subject],
                params=about | {"count": each.waiting, "name": ("--with", str(each.name))},
            )
            continue
        yield Problem(
            "proposal_waits",
            "proposal {proposal} on {subject} {name} waits for a second person",
            hint=staff.APPROVE[each.subject],
            params=about,
        )


def imports_are_open(of: Subject) -> Iterator[Problem]:
    """Files that are read in part."""
    for batch in store.batches(of.session.db, of.asked.programme_id):
        yield Problem(
            "import_unfinished",
            "the import of batch {batch} is not done",
            hint="voucher batch resume {batch}, or voucher batch undo {batch}",
            params={"batch": batch},
        )


def files_wait(of: Subject) -> Iterator[Problem]:
    """Files that have landed and nobody has read."""
    folder = of.inbox or of.session.path.parent / "inbox"
    inner = of.session._replace(programme=of.row["programme"])
    for landed in inboxes.list_waiting(inner, folder):
        yield Problem(
            "file_waits",
            "{file} is in the inbox and not imported",
            hint="voucher schedule tick",
            params={"file": str(landed.path.relative_to(folder))},
        )


# ---------------------------------------------------------------- vouchers and days


def vouchers_are_out(of: Subject) -> Iterator[Problem]:
    """Packs whose vouchers can still be used, or whose late files are waited for."""
    assert of.round_id is not None
    days = of.programme.unused_after_days
    at = releases.lagged(of.session.now, days, of.zone)
    packs, last = store.alive(of.session.db, of.round_id, at)
    if packs:
        over = times.add_days(last, days, of.zone)
        yield Problem(
            "vouchers_out",
            "{packs:,} packs of round {round} have vouchers that end, with the days for late files,"
            " at {ends_at}",
            hint="wait until then; next: voucher round settle {round}",
            params={
                "packs": packs,
                "round": of.round,
                "ends_at": times.shown_end(over, of.zone),
            },
        )


def days_are_open(of: Subject) -> Iterator[Problem]:
    """Claims and redemptions on days that nobody has sealed, or nobody has signed."""
    db, asked = of.session.db, of.asked
    sealed = store.sealed(db, asked.programme_id, signed=False)
    rows, day = _booked_after(of, sealed)
    if rows:
        yield Problem(
            "days_not_sealed",
            "{rows:,} claims, payments and refunds are booked on days that nobody has sealed, the"
            " last {day}",
            hint="voucher day close {day}",
            params={"rows": rows, "day": times.day_text(max(day, _day_after(sealed.day)))},
        )
    signed = store.sealed(db, asked.programme_id, signed=True)
    is_unsigned = (
        bool(todo.unsigned_days(db, asked.programme_id))
        if of.round_id is None
        else signed.day < sealed.day and _booked_after(of, signed)[0] > rows
    )
    if is_unsigned:
        yield Problem(
            "days_not_signed",
            "days up to {day} are sealed and not signed",
            hint="voucher day sign {day} --actor NAME, by finance",
            params={"day": times.day_text(sealed.day)},
        )


def _day_after(day: int) -> int:
    """The day (yyyymmdd) behind one; 0 stays."""
    return times.as_day(times.as_date(day) + timedelta(days=1)) if day else 0


def _booked_after(of: Subject, seal: store.Seal) -> tuple[int, int]:
    """How many facts are not booked by a sealed day, and the last of their days (yyyymmdd)."""
    db, asked = of.session.db, of.asked
    redeemed, day = store.redeemed_after(db, asked, seal)
    claimed, at = store.claimed_after(db, asked, seal)
    return redeemed + claimed, max(day, times.day_of(at, of.zone) if at is not None else 0)


# ---------------------------------------------------------------- money


def payments_are_open(of: Subject) -> Iterator[Problem]:
    """What is on its way to the bank."""
    for each in store.under_way(of.session.db, of.asked):
        key = "notice" if each.state == "approved" and each.needs_notice else each.state
        yield Problem(
            "settlement_under_way",
            "settlement {settlement}, {amount} yuan, is {state}",
            hint=GO_ON.get(key, GO_ON["exported"]),
            params={
                "settlement": each.settlement,
                "amount": money.grouped(each.amount_fen),
                "state": Word(each.state),
            },
        )


GO_ON = {
    "draft": "voucher settlement verify {settlement} --note WHAT --actor NAME",
    "verified": "voucher settlement approve {settlement} --actor NAME",
    "notice": "voucher settlement notice {settlement} -O LIST.html --actor NAME",
    "approved": "voucher settlement export {settlement} --bank PROFILE --to FILE --actor NAME",
    "exported": "voucher settlement paid FILE --actor NAME, or voucher settlement paid --settlement"
    " {settlement} --reference NO --actor NAME",
}


def days_are_not_settled(of: Subject) -> Iterator[Problem]:
    """What is booked on signed days and not taken up by a settlement."""
    db, asked = of.session.db, of.asked
    if all(kind != "public" for kind in of.programme.kinds.values()):
        return
    signed = store.sealed(db, asked.programme_id, signed=True)
    taken = store.taken(db, asked.programme_id)
    unsigned, _ = store.redeemed_after(db, asked, signed)
    rows, _ = store.redeemed_after(db, asked, taken)
    if rows > unsigned:
        yield Problem(
            "days_not_settled",
            "{rows:,} payments and refunds on signed days are not settled",
            hint="voucher settlement run --up-to {day}",
            params={"rows": rows - unsigned, "day": times.day_text(signed.day)},
        )


def dues_are_open(of: Subject) -> Iterator[Problem]:
    """What merchants are owed, and owe; each sort once for each funder, the debts one by one."""
    unpaid: dict[tuple[str, bool], list[store.Owed]] = {}
    for each in store.owed(of.session.db, of.asked):
        if each.is_held:
            continue  # said with its hold
        if each.amount_fen < 0:
            yield _debt(each)
        else:
            unpaid.setdefault((each.funder, bool(each.has_account)), []).append(each)
    for (funder, has_account), some in unpaid.items():
        about = {
            "merchants": len(some),
            "amount": money.grouped(sum(each.amount_fen for each in some)),
            "funder": funder,
            "merchant": some[0].merchant_no,
            "day": times.day_text(max(each.up_to for each in some)),
        }
        yield (
            Problem(
                "dues_unpaid",
                "{merchants} merchants are owed {amount} yuan of {funder}",
                hint="voucher settlement run --up-to {day}",
                params=about,
            )
            if has_account
            else Problem(
                "dues_without_account",
                "{merchants} merchants without an account are owed {amount} yuan of {funder}, the"
                " first is {merchant}",
                hint="voucher merchant import FILE, with their accounts; or, of one that can never"
                " be paid: voucher settlement write-off {merchant} --unpaid --funder {funder}"
                " --note WHY --evidence TEXT",
                params=about,
            )
        )


def _debt(each: store.Owed) -> Problem:
    return Problem(
        "debt_open",
        "merchant {merchant} owes {funder} {amount} yuan",
        hint="voucher settlement repaid {merchant} {yuan} --funder {funder} --reference NO --actor"
        " NAME, or voucher settlement write-off {merchant} --funder {funder} --note WHY --evidence"
        " TEXT",
        params={
            "merchant": each.merchant_no,
            "funder": each.funder,
            "amount": money.grouped(-each.amount_fen),
            "yuan": money.yuan(-each.amount_fen),
        },
    )


def holds_stand(of: Subject) -> Iterator[Problem]:
    """What is held back."""
    for hold, merchant in store.holds(of.session.db, of.asked):
        yield Problem(
            "hold_stands",
            "merchant {merchant} is held by hold {hold}",
            hint="voucher settlement release {hold} --note WHY --actor NAME, by another person",
            params={"hold": hold, "merchant": merchant},
        )


# ---------------------------------------------------------------- of a whole programme


def rounds_go_on(of: Subject) -> Iterator[Problem]:
    """Rounds that are neither settled nor cancelled."""
    for each in store.rounds(of.session.db, of.asked.programme_id):
        if each.state == "closed":
            hint = "voucher round settle {round}"
        elif each.state in ("open", "paused"):
            hint = "voucher round close {round}"
        else:
            hint = "voucher round cancel {round} --note WHY"
        yield Problem(
            "round_goes_on",
            "round {round} is {state}",
            hint=hint,
            params={"round": each.round, "state": Word(each.state)},
        )


def breaks_are_open(of: Subject) -> Iterator[Problem]:
    """What did not agree when bills and statements were held against the books."""
    count, first, fen = store.open_breaks(of.session.db, of.asked.programme_id)
    if count:
        yield Problem(
            "breaks_open",
            "{count} breaks are open, {amount} yuan apart; the first is {number}",
            hint="voucher reconcile show {number}, then voucher reconcile resolve {number}"
            " --explained --note WHY --evidence WHAT; all of them:"
            " voucher reconcile breaks --state open",
            params={"count": count, "amount": money.grouped(fen), "number": first},
        )


def cases_are_open(of: Subject) -> Iterator[Problem]:
    """Cases that nobody has closed: what they hold or claw back is not certain yet."""
    for number, merchant_no in store.open_cases(of.session.db, of.asked.programme_id):
        yield Problem(
            "case_open",
            "case {case} on merchant {merchant} is not closed"
            if merchant_no
            else "case {case} on residents is not closed",
            hint="voucher case show {case}",
            params={"case": number, "merchant": merchant_no},
        )


def losses_are_uncovered(of: Subject) -> Iterator[Problem]:
    """What merchants were let off is money that is gone: where a fund has not so much left, its
    funder must give it.
    """
    db = of.session.db
    for funder, fund in commitments.list_funds(db, of.asked.programme_id).items():
        stands = ledger.balances(db, fund)
        left = stands.uncommitted + stands.committed + stands.outstanding + stands.written_off
        if left < 0:
            yield Problem(
                "loss_uncovered",
                "{funder} has {amount} yuan less than was paid: merchants were let off so much",
                hint="voucher fund appropriate {funder} {yuan} --note WHY --actor NAME",
                params={
                    "funder": funder,
                    "amount": money.grouped(-left),
                    "yuan": money.yuan(-left),
                },
            )


# What may be open of a round, and of a programme, in the order in which it is said.
OF_ROUNDS: tuple[Callable[[Subject], Iterator[Problem]], ...] = (
    proposals_wait,
    imports_are_open,
    vouchers_are_out,
    days_are_open,
    days_are_not_settled,
    payments_are_open,
    dues_are_open,
    holds_stand,
)
OPEN_THINGS: tuple[Callable[[Subject], Iterator[Problem]], ...] = (
    files_wait,
    proposals_wait,
    imports_are_open,
    days_are_open,
    rounds_go_on,
    days_are_not_settled,
    payments_are_open,
    dues_are_open,
    holds_stand,
    breaks_are_open,
    cases_are_open,
    losses_are_uncovered,
)


def list_open(of: Subject) -> tuple[Problem, ...]:
    """All that is open of a round, or of a programme."""
    every = OPEN_THINGS if of.round_id is None else OF_ROUNDS
    return tuple(problem for look in every for problem in look(of))

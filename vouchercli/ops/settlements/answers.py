"""What the bank says of transfers: accepted, paid, rejected, returned later. Every answer of a file
is kept; one that cannot be true is refused with its line and changes nothing.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.formats.banks import answers as formats
from vouchercli.formats.configs import banks, payers
from vouchercli.ops.rounds.lookup import look_up as look_up_round
from vouchercli.ops.settlements import closed
from vouchercli.ops.settlements.exports import order_no
from vouchercli.ops.settlements.judged_answers import Heard, as_answer
from vouchercli.ops.settlements.lookup import look_up, require_state
from vouchercli.ops.setup import staff
from vouchercli.result import Outcome, say
from vouchercli.rules import doors, times
from vouchercli.rules import settlements as law
from vouchercli.store import audit, open_things, programmes
from vouchercli.store import bank_answers as store
from vouchercli.store import settlements as paying
from vouchercli.store.db import writing
from vouchercli.transfers import STATUSES, Answer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from vouchercli.session import Session
    from vouchercli.store.bank_answers import Sent
    from vouchercli.transfers import AnswerFile, OrderAnswer, Status

SHOWN = 20
# Of an order's transfers those that its answer is about: what came back was paid, or we have not
# heard that yet.
WAITING = ("sent", "accepted")
MEANT = {**dict.fromkeys(STATUSES, WAITING), "returned": (*WAITING, "paid")}


# ---------------------------------------------------------------- a file


def hear(session: Session, path: Path, bank_name: str | None = None) -> Outcome:
    """Take in what a bank answered. The same file again changes nothing. Raises as `answers.read`
    and `banks.load`.
    """
    file = formats.read(path, None if bank_name is None else banks.load(bank_name))
    with writing(session) as db:
        row = programmes.current(db, session.programme)
        staff.require(session, programmes.value(row), doors.DOOR["settlement paid"])
        known = store.is_known(db, row["programme_id"], file.sha256)
        if known is not None:
            message = say(
                "{file} was read before, as {name}, at {at}; nothing was changed",
                file=str(path),
                name=known[0],
                at=times.shown(known[1], row["time_zone"]),
            )
            return Outcome(
                {"file": str(path), "sha256": file.sha256, "again": True}, says=(message,)
            )
        numbers = [each.transfer_no for each in file.answers]
        today = times.day_of(session.now, row["time_zone"])
        heard = Heard(
            row["programme"],
            row["time_zone"],
            today,
            store.transfers(db, row["programme_id"], numbers),
            _marks(session, row) if file.kind.startswith("camt.") else None,
            store.booked(db, numbers),
            payers.of_database(session.path) if file.kind.startswith("camt.") else {},
        )
        said_on = times.day_of(file.made_at, row["time_zone"]) if file.made_at else today
        for answer in _every(session, row, file, heard):
            heard.take(answer, said_on)
        _take_early(session, heard, said_on)
        store.keep(
            session,
            row["programme_id"],
            path.name,
            file.sha256,
            file.kind,
            file.message_no,
            heard.kept,
        )
        outcome = _carry_out(session, row, heard)
    data = {"file": str(path), "sha256": file.sha256, "kind": file.kind, "again": False}
    return Outcome(
        data | outcome.data,
        says=outcome.says,
        problems=(*file.problems, *outcome.problems),
        status=outcome.status,
    )


def _marks(session: Session, row: sqlite3.Row) -> frozenset[str]:
    return frozenset({"", *store.marks(session.db, row["programme_id"])})


def _every(session: Session, row: sqlite3.Row, file: AnswerFile, heard: Heard) -> Iterator[Answer]:
    """Every answer of a file; what is said of an order is said of each of its transfers that has no
    answer of its own.
    """
    yield from file.answers
    own = {each.transfer_no for each in file.answers}
    for of_order in file.of_orders:
        for sent in _of_order(session, row, of_order, heard):
            if sent.transfer_no not in own and sent.state in MEANT[of_order.status]:
                heard.sent.setdefault(sent.transfer_no, sent)
                yield as_answer(of_order, sent.transfer_no)


def _take_early(session: Session, heard: Heard, said_on: int) -> None:
    """Transfers that are paid by now may have come back in a file that was heard before."""
    paid = [change[0] for change in heard.changes if change[1] == "paid"]
    for answer in store.too_early(session.db, paid):
        heard.take(answer, said_on)


def _of_order(session: Session, row: sqlite3.Row, said: OrderAnswer, heard: Heard) -> list[Sent]:
    """The transfers of the order that is meant; none where there is no such order, or it is another
    one than the bank has read: that is refused.
    """
    if heard.leave_order_of_others(said):
        return []
    number = law.ORDER_NO.fullmatch(said.order_no)  # files in parts have P1 ... and no such answers
    found = number and paying.named(session.db, row["programme_id"], int(number["settlement"]))
    if not found or order_no(session, found) != said.order_no:
        heard.refuse_order(said, "unknown_order")
        return []
    sent = [
        each
        for each in store.of_settlement(session.db, found.settlement)
        if each.state not in ("planned", "dropped")
    ]
    if not sent:
        heard.refuse_order(said, "never_sent")
        return []
    total_fen = sum(each.amount_fen for each in sent)
    if said.transfers not in (None, len(sent)) or said.sum_fen not in (None, total_fen):
        heard.refuse_order(said, "order_differs")
        return []
    if said.is_repeat:
        heard.refuse_order(said, "repeated")
        return []
    return sent


# ---------------------------------------------------------------- by hand


def is_by_file(file: Path | None, settlement: int | None) -> bool:
    """Whether a file says it, or a person. Raises `file_or_settlement`."""
    if (file is None) == (settlement is None):
        raise UsageFault(
            "file_or_settlement",
            "name the bank's file, or --settlement N of what was paid without one",
        )
    return file is not None


def note_paid(
    session: Session,
    number: int,
    reference: str,
    paid_on: int | None = None,
    transfer: str | None = None,
) -> Outcome:
    """Note by hand that the bank has paid all that waits of a settlement, or one transfer of it, by
    a receipt. Raises `settlement_is`, `reference_needed`, `unknown_transfer`, `no_transfer_waits`.
    """
    if not reference.strip():
        raise UsageFault("reference_needed", "name the bank's reference: --reference")
    with writing(session) as db:
        current = look_up(session, number)
        staff.require(session, current.programme, doors.DOOR["settlement paid"])
        require_state(current, "exported")
        waiting = [
            each
            for each in store.of_settlement(db, number)
            if each.state in ("sent", "accepted")
            and transfer in (None, each.own_no, each.transfer_no)
        ]
        if not waiting:
            raise VoucherError(
                "no_transfer_waits",
                "no transfer of settlement {settlement} waits for the bank"
                if transfer is None
                else "{transfer} is no transfer of settlement {settlement} that waits for the bank",
                hint="voucher settlement show {settlement}",
                settlement=number,
                transfer=transfer,
            )
        zone = current.row["time_zone"]
        today = times.day_of(session.now, zone)
        by_number = {each.transfer_no: each for each in waiting}
        heard = Heard(current.row["programme"], zone, today, by_number)
        day = paid_on or today
        for each in waiting:
            heard.take(_by_hand(each, reference, day), day)
        _take_early(session, heard, day)
        said = f"{number} {transfer} {reference} {day} {session.now}"
        sha256 = hashlib.sha256(said.encode()).hexdigest()
        store.keep(
            session, current.settlement.programme_id, "-", sha256, "hand", reference, heard.kept
        )
        return _carry_out(session, current.row, heard)


def _by_hand(sent: Sent, reference: str, paid_on: int) -> Answer:
    status: Status = "paid"
    return Answer(
        "-", sent.transfer_no, status, sent.amount_fen, paid_on, reference, "", "", "", status
    )


# ---------------------------------------------------------------- carried out


def _carry_out(session: Session, row: sqlite3.Row, heard: Heard) -> Outcome:
    """Set what changes, post it, and say what it came to."""
    db, counts = session.db, dict.fromkeys(law.NEXT, 0)
    store.come_to(db, heard.changes, session.now)
    paid = [change[0] for change in heard.changes if change[1] == "paid"]
    back = [change[0] for change in heard.changes if change[1] == "returned"]
    again = _take_up_again(session, row, back)
    paying.post_paid(db, paid, "settlement.paid", session.now)
    paying.post_paid(db, back, "settlement.returned", session.now, is_back=True)
    changed = {change[0] for change in heard.changes}
    settlements = {each.settlement for each in heard.sent.values() if each.transfer_id in changed}
    states = {}
    for settlement in sorted(settlements):
        paying.free(db, settlement)
        states[settlement] = law.state_of(paying.states(db, settlement))
        paying.set_state(db, settlement, states[settlement])
    paying.post_held(db, row["programme_id"], "settlement.paid", session.now)
    for change in heard.changes:
        counts[change[1]] += 1
    before = sum(each.outcome == "heard_before" for each in heard.kept)
    others = sum(each.outcome == "of_others" for each in heard.kept)
    refused = len(heard.kept) - len(heard.changes) - before - others
    told = {**counts, "heard_before": before, "refused": refused}
    audit.note(
        session,
        "settlement.paid",
        ", ".join(map(str, states)) or "-",
        programme=row["programme"],
        **told,
        states={str(settlement): state for settlement, state in states.items()},
    )
    states |= dict.fromkeys(closed.close_explained(session, row["programme_id"]), "closed")
    message = say(
        "{paid} transfers paid, {accepted} accepted, {rejected} rejected, {returned} returned;"
        " {heard_before} answers were heard before, {refused} are refused",
        **told,
    )
    says = [message]
    if counts["rejected"] or counts["returned"]:
        says.append(say("what came back is owed again: voucher settlement unpaid"))
    if again:
        says.append(
            say(
                "{rounds} are settled no more: once it is paid, voucher round settle --all",
                rounds=", ".join(again),
            )
        )
    refusals = [each for each in heard.problems if each.level == "error"]
    if len(refusals) > SHOWN:
        says.append(
            say(
                "the first {shown} of {count} are named here; all: voucher settlement answers"
                " --refused",
                shown=SHOWN,
                count=len(refusals),
            )
        )
    data = {**told, "settlements": [{"settlement": n, "state": s} for n, s in states.items()]}
    warnings = [each for each in heard.problems if each.level != "error"]
    return Outcome(
        data,
        says=tuple(says),
        problems=(*refusals[:SHOWN], *warnings[:SHOWN]),
        status="partial" if refusals else "ok",
    )


def _take_up_again(session: Session, row: sqlite3.Row, back: list[int]) -> list[str]:
    """Settled rounds of which money came back from the bank are closed again: something is owed."""
    codes = open_things.settled_of(session.db, back)
    inner = session._replace(programme=row["programme"])
    for code in codes:
        look_up_round(inner, code).become("closed", "round.unsettle", transfers=len(back))
    return codes

"""The payment file: what an approved settlement pays goes to the bank, in the form of the bank's
profile. The file is written first, whole or not at all; then the settlement is noted as exported.
A run that was killed between the two finds its own file and goes on.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.formats import whole_files
from vouchercli.formats.banks import payment_files
from vouchercli.formats.configs import banks, payers
from vouchercli.ops.settlements import accounts, notices
from vouchercli.ops.settlements.lookup import look_up, require_state
from vouchercli.ops.settlements.runs import next_workday
from vouchercli.ops.setup import staff
from vouchercli.result import Outcome, Problem, say
from vouchercli.rules import doors, money, times
from vouchercli.store import audit, proposals
from vouchercli.store import settlements as store
from vouchercli.store.db import writing
from vouchercli.transfers import PaymentOrder, Transfer

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.formats.banks.payment_files import PaymentFile
    from vouchercli.formats.configs.banks import Bank
    from vouchercli.ops.settlements.lookup import Current
    from vouchercli.session import Session
    from vouchercli.store.settlements import ToSend
    from vouchercli.transfers import Payer

PIECE = 1 << 20  # bytes


def export(session: Session, number: int, bank_name: str, path: Path) -> Outcome:
    """Write the payment file of an approved settlement, and note that it is sent; of one that was
    exported, the same file once more. Raises `settlement_is`, `notice_needed`, `notice_stands`,
    `payer_missing`, `nothing_to_pay`, `file_differs`, `answers_came`, and as
    `banks.load`, `payment_files.write` and `accounts.open_all`.
    """
    bank = banks.load(bank_name)
    with writing(session) as db:
        current = look_up(session, number)
        staff.require(session, current.programme, doors.DOOR["settlement export"])
        require_state(current, "approved", "exported")
        is_again = current.settlement.state == "exported"
        dropped = 0
        if not is_again:
            notices.require_stood(session, current)
            dropped = store.drop_unpayable(db, number, session.now)
        order, pay_on = _order(session, current)
        if session.dry_run:
            payment_files.check(order, bank)
            return _answer(current, order, pay_on, dropped, path, "")
        if is_again:
            _require_unanswered(session, current)
        file = _write(path, order, bank, current.settlement.file_sha256)
        if not is_again:
            store.send(db, number, session.now, bank.bank, pay_on, file.sha256)
            audit.note(
                session,
                "settlement.export",
                str(number),
                bank=bank.bank,
                transfers=file.written.transfers,
                amount_fen=file.written.sum_fen,
                sha256=file.sha256,
                pay_on=times.day_text(pay_on),
            )
    return _answer(current, order, pay_on, dropped, path, file.sha256)


def _order(session: Session, current: Current) -> tuple[PaymentOrder, int]:
    """What the bank is told, and the day (yyyymmdd) on which it is to pay. It is dated by its
    approval: the same settlement gives the same file, also after a kill.
    """
    to_send = store.to_send(session.db, current.number)
    if not to_send:
        raise VoucherError(
            "nothing_to_pay",
            "nothing is left in settlement {settlement}: its payees have no account or are held",
            hint="voucher settlement reject {settlement} --note WHY",
            settlement=current.number,
        )
    today = times.day_of(session.now, current.row["time_zone"])
    pay_on = current.settlement.pay_on or next_workday(current.programme, today)
    approved = proposals.history(session.db, current.subject)[-1].ended_at
    assert approved is not None, current.number
    opened = accounts.open_all(session, [each.payee_id for each in to_send])
    purpose = f"{current.programme.name.zh} 结算{current.number}"
    order = PaymentOrder(
        order_no(session, current.number),
        approved,
        pay_on,
        _payer(session, current),
        [_transfer(each, opened[each.payee_id], purpose) for each in to_send],
    )
    return order, pay_on


def order_no(session: Session, number: int) -> str:
    """What the bank calls the order of a settlement."""
    return f"{'R' if session.is_rehearsal else ''}S{number}"


def _transfer(each: ToSend, account: accounts.Account, purpose: str) -> Transfer:
    return Transfer(
        each.transfer_no,
        each.account_name or each.name,
        account.number,
        each.bank,
        account.bank_no,
        each.amount_fen,
        purpose,
    )


def _payer(session: Session, current: Current) -> Payer:
    funder = current.settlement.funder
    known = payers.of_database(session.path)
    if funder not in known:
        raise VoucherError(
            "payer_missing",
            "nobody says from which account {funder} pays: {file} beside the database has no entry",
            hint='write into {file}: {funder}: {{name: NAME, account_no: "NUMBER", bank: BANK}}',
            funder=funder,
            file=payers.FILE,
        )
    return known[funder]


def _require_unanswered(session: Session, current: Current) -> None:
    """Raise `answers_came` once the bank has said something: its file is in use."""
    if {*store.states(session.db, current.number)} - {"sent", "dropped"}:
        raise VoucherError(
            "answers_came",
            "the bank has answered settlement {settlement}: its file is not written again",
            hint="voucher settlement show {settlement}",
            settlement=current.number,
        )


def _write(path: Path, order: PaymentOrder, bank: Bank, sha256: str) -> PaymentFile:
    """Write the file; one of that name stays only where it is the same. `sha256`: of the file that
    was exported before ('': none was).
    """
    is_there = path.exists()
    written_to = path.with_name(f"{path.name}.new") if is_there else path
    file = payment_files.write(written_to, order, bank)
    try:
        if sha256 not in ("", file.sha256):
            raise VoucherError(
                "file_differs",
                "this is not the file that was exported: an account or the profile has changed"
                " since",
                hint="use the file that was exported (SHA-256 {sha256}), or ask the bank to refuse"
                " its lines",
                sha256=sha256,
            )
        if is_there and _digest(path) != file.sha256:
            raise whole_files.in_the_way(path)
    except VoucherError:
        written_to.unlink()
        raise
    if is_there:
        written_to.unlink()
    return file


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _answer(
    current: Current, order: PaymentOrder, pay_on: int, dropped: int, path: Path, sha256: str
) -> Outcome:
    transfers = [*order.transfers]
    amount_fen = sum(each.amount_fen for each in transfers)
    data = {
        "settlement": current.number,
        "state": "exported",
        "order_no": order.order_no,
        "transfers": len(transfers),
        "amount_fen": amount_fen,
        "pay_on": times.day_text(pay_on),
        "file": str(path),
        "sha256": sha256 or None,
    }
    message = say(
        "{file}: {transfers} transfers, {amount} yuan, to be paid on {pay_on}; next: voucher"
        " settlement paid FILE, with what the bank answers",
        file=str(path),
        transfers=len(transfers),
        amount=money.grouped(amount_fen),
        pay_on=times.day_text(pay_on),
    )
    problems = (
        Problem(
            "left_no_account",
            "{count} payees of settlement {settlement} have no account any more: they are taken out"
            " of it",
            level="warning",
            params={"count": dropped, "settlement": current.number},
        ),
    )
    return Outcome(data, says=(message,), problems=problems if dropped else ())

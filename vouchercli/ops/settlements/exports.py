"""The payment file: what an approved settlement pays goes to the bank, in the form of the bank's
profile. The file is written first, whole or not at all; then the settlement is noted as exported.
A run that was killed between the two finds its own file and goes on.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
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

    from vouchercli.formats.configs.banks import Bank
    from vouchercli.ops.settlements.lookup import Current
    from vouchercli.session import Session
    from vouchercli.store.settlements import Settlement, ToSend
    from vouchercli.transfers import Payer

PIECE = 1 << 20  # bytes
MOST_NAMED = 5  # payees
LONGEST_AGO = 31  # days since a file was written by a run that was killed


def export(session: Session, number: int, bank_name: str, path: Path) -> Outcome:
    """Write the payment file of an approved settlement, and note that it is sent; of one that was
    exported, the same file once more. Raises `settlement_is`, `notice_needed`, `notice_stands`,
    `payer_missing`, `nothing_to_pay`, `bank_no_missing`, `file_differs`, `answers_came`, and as
    `banks.load`, `payment_files.write` and `accounts.open_all`.
    """
    bank = banks.load(bank_name)
    with writing(session) as db:
        current = look_up(session, number)
        staff.require(session, current.programme, doors.DOOR["settlement export"])
        require_state(current, "approved", "exported")
        is_again = current.settlement.state == "exported"
        dropped = 0, 0
        if not is_again:
            notices.require_stood(session, current)
            dropped = store.drop_unpayable(db, number, session.now)
        order = _order(session, current, bank)
        if not is_again:
            order = _as_written(order, bank, path, _days_to_pay(session, current))
        pay_on = order.pay_on
        parts = _in_parts(order, bank, path)
        files = [str(each) for each, _ in parts]
        if session.dry_run:
            for _, part in parts:
                payment_files.check(part, bank)
            return _answer(current, order, dropped, files, "")
        if is_again:
            _require_unanswered(session, current)
        sha256 = _write_all(parts, bank, current.settlement.file_sha256)
        if not is_again:
            store.send(db, number, session.now, bank.bank, pay_on, sha256)
            audit.note(
                session,
                "settlement.export",
                str(number),
                bank=bank.bank,
                transfers=len([*order.transfers]),
                amount_fen=sum(each.amount_fen for each in order.transfers),
                sha256=sha256,
                pay_on=times.day_text(pay_on),
            )
    return _answer(current, order, dropped, files, sha256)


def _order(session: Session, current: Current, bank: Bank) -> PaymentOrder:
    """What the bank is told. It is dated by its approval: the same settlement gives the same file,
    also after a kill.
    """
    to_send = store.to_send(session.db, current.number)
    if not to_send:
        raise VoucherError(
            "nothing_to_pay",
            "nothing is left in settlement {settlement}: its payees have no account or are held",
            hint="voucher settlement reject {settlement} --note WHY",
            settlement=current.number,
        )
    _require_bank_nos(to_send, bank)
    pay_on = current.settlement.pay_on or _days_to_pay(session, current)[0]
    opened = accounts.open_all(session, [each.payee_id for each in to_send])
    purpose = f"{current.programme.name.zh} 结算{current.number}"
    return PaymentOrder(
        order_no(session, current.settlement),
        _approved_at(session, current),
        pay_on,
        _payer(session, current),
        [_transfer(each, opened[each.payee_id], purpose) for each in to_send],
    )


def _require_bank_nos(to_send: list[ToSend], bank: Bank) -> None:
    """Raise `bank_no_missing` where the bank's file cannot be without the numbers of the payees'
    banks.
    """
    without = [each.merchant_no for each in to_send if not each.bank_no]
    if without and bank.needs_bank_no:
        raise VoucherError(
            "bank_no_missing",
            "{count} payees have no number of their bank (bank_no), which the payment file of"
            " {bank} demands: {merchants}; nothing was exported",
            hint="import a registry that has it; or, for each: voucher settlement hold --merchant"
            " {first} --reason account_missing --evidence WHAT, then export again",
            count=len(without),
            bank=bank.bank,
            merchants=", ".join(without[:MOST_NAMED]) + (" ..." if without[MOST_NAMED:] else ""),
            first=without[0],
        )


def _approved_at(session: Session, current: Current) -> int:
    approved = proposals.history(session.db, current.subject)[-1].ended_at
    assert approved is not None, current.number
    return approved


def _days_to_pay(session: Session, current: Current) -> list[int]:
    """The working days (yyyymmdd) on which a file of this settlement that was written by now may
    ask the bank to pay, the last first: what is written now has the first of them.
    """
    zone = current.row["time_zone"]
    first = times.as_date(times.day_of(_approved_at(session, current), zone))
    last = times.as_date(times.day_of(session.now, zone))
    first = max(min(first, last), last - timedelta(days=LONGEST_AGO))
    written_on = [times.as_day(first + timedelta(days=n)) for n in range((last - first).days + 1)]
    days = {next_workday(current.programme, day) for day in written_on}
    return sorted(days, reverse=True)


def _as_written(order: PaymentOrder, bank: Bank, path: Path, days: list[int]) -> PaymentOrder:
    """The order with the day that a run which was killed has written into its file, if the file is
    there: the bank may have it already.
    """
    for day in days:
        dated = order._replace(pay_on=day)
        first, part = _in_parts(dated, bank, path)[0]
        if not first.is_file():
            break
        payment_files.check(part, bank)
        if payment_files.digest_of(part, bank) == _digest(first):
            return dated
    return order


def order_no(session: Session, settlement: Settlement) -> str:
    """What the bank calls the order of a settlement."""
    rehearsed = "R" if session.is_rehearsal else ""
    return f"{settlement.order_mark}{rehearsed}S{settlement.settlement}"


def _transfer(each: ToSend, account_no: str, purpose: str) -> Transfer:
    return Transfer(
        each.transfer_no,
        each.account_name or each.name,
        account_no,
        each.bank,
        each.bank_no,
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


def _in_parts(order: PaymentOrder, bank: Bank, path: Path) -> list[tuple[Path, PaymentOrder]]:
    """The files of an order: one, or as many as the bank's rows ask for, each an order of its
    own.
    """
    transfers = [*order.transfers]
    most = bank.table.most_rows if bank.table else 0
    if not most or len(transfers) <= most:
        return [(path, order)]
    return [
        (
            path.with_name(f"{path.stem}-{part}{path.suffix}"),
            order._replace(
                order_no=f"{order.order_no}P{part}", transfers=transfers[start : start + most]
            ),
        )
        for part, start in enumerate(range(0, len(transfers), most), start=1)
    ]


def _write_all(parts: list[tuple[Path, PaymentOrder]], bank: Bank, sha256: str) -> str:
    """Write the files; one that is there stays where it is the same. Gives the digest of the file,
    or of the digests of several. `sha256`: what it was when it was exported before ('': it was
    not). Raises `file_differs`, and nothing new stays.
    """
    for _, order in parts:
        payment_files.check(order, bank)
    made: list[Path] = []
    try:
        digests = [_write(path, order, bank, made) for path, order in parts]
        digest = digests[0]
        if len(digests) > 1:
            digest = hashlib.sha256("\n".join(digests).encode()).hexdigest()
        if sha256 not in ("", digest):
            raise VoucherError(
                "file_differs",
                "this is not the file that was exported: an account or the profile has changed"
                " since",
                hint="use the file that was exported (SHA-256 {sha256}), or ask the bank to refuse"
                " its lines",
                sha256=sha256,
            )
    except VoucherError:
        for path in made:
            path.unlink()
        raise
    return digest


def _write(path: Path, order: PaymentOrder, bank: Bank, made: list[Path]) -> str:
    """Write one file, unless the same is there; gives its digest."""
    if not path.exists():
        digest = payment_files.write(path, order, bank).sha256
        made.append(path)
        return digest
    digest = payment_files.digest_of(order, bank)
    if _digest(path) != digest:
        raise whole_files.in_the_way(path)
    return digest


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _answer(
    current: Current,
    order: PaymentOrder,
    dropped: tuple[int, int],
    files: list[str],
    sha256: str,
) -> Outcome:
    transfers = [*order.transfers]
    amount_fen = sum(each.amount_fen for each in transfers)
    data = {
        "settlement": current.number,
        "state": "exported",
        "order_no": order.order_no,
        "transfers": len(transfers),
        "amount_fen": amount_fen,
        "pay_on": times.day_text(order.pay_on),
        "files": files,
        "sha256": sha256 or None,
    }
    message = say(
        "{file}: {transfers} transfers, {amount} yuan, to be paid on {pay_on}; next: voucher"
        " settlement paid FILE, with what the bank answers",
        file=files[0] if not files[1:] else f"{files[0]} ... {files[-1]}",
        transfers=len(transfers),
        amount=money.grouped(amount_fen),
        pay_on=times.day_text(order.pay_on),
    )
    return Outcome(data, says=(message,), problems=_left(current.number, *dropped))


def _left(number: int, without: int, untried: int) -> tuple[Problem, ...]:
    """Who was taken out of it: `without` an account, with another one that is `untried`."""
    problems = (
        Problem(
            "left_no_account",
            "{count} payees of settlement {settlement} have no account any more: they are taken out"
            " of it",
            level="warning",
            params={"count": without, "settlement": number},
        ),
        Problem(
            "left_account_changed",
            "{count} payees of settlement {settlement} have another account now, which is tried"
            " first: they are taken out of it",
            level="warning",
            params={"count": untried, "settlement": number},
        ),
    )
    return tuple(each for each in problems if each.params["count"])

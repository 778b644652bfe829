"""voucher settlement run | list | show | verify | approve | reject | notice | export | paid |
answers | hold | release | holds | unpaid | debts | repaid | write-off | statement
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from vouchercli.cli.options import Call, Evidence, OnlyRound, Why, command, verbs
from vouchercli.ops import amounts
from vouchercli.ops.settlements import (
    answer_lists,
    answers,
    debts,
    exports,
    hold_lists,
    holds,
    notices,
    release_lists,
    runs,
    statement_files,
    statements,
    tables,
    verdicts,
)
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()

Number = Annotated[int, typer.Argument(metavar="N", help="The settlement's number.")]
OneNumber = Annotated[Optional[int], typer.Argument(metavar="[N]", help="The settlement's number.")]
WriteOff = Annotated[
    Optional[int],
    typer.Option("--write-off", metavar="N", help="The write-off with this number instead."),
]
Merchant = Annotated[
    Optional[str], typer.Option("--merchant", metavar="NO", help="Only this merchant.")
]
Funder = Annotated[
    Optional[str], typer.Option("--funder", metavar="CODE", help="Only the money of this funder.")
]
Of = Annotated[str, typer.Argument(metavar="MERCHANT", help="The merchant's number.")]


@command(app, "run", epilog="Example: voucher settlement run --up-to 2020-03-29")
def run(
    call: Call,
    session: Session,
    *,
    up_to: Annotated[
        str,
        typer.Option("--up-to", metavar="DAY", help="The last signed day that is paid."),
    ],
    round_: OnlyRound = None,
    funder: Funder = None,
    merchant: Merchant = None,
    first_payment: Annotated[
        Optional[str],
        typer.Option(
            "--first-payment",
            metavar="YUAN",
            help="Try accounts that were never paid with so much first.",
        ),
    ] = None,
) -> Outcome:
    """Put together what was redeemed on signed days and is not settled, by payee and funder."""
    first_fen = None
    if first_payment is not None:
        first_fen = amounts.read_yuan("--first-payment", first_payment, least_fen=1)
    wanted = runs.Wanted(round_, funder, merchant, first_fen)
    return runs.run(session, call.local_day(session, up_to), wanted)


@command(app, "list", epilog="Example: voucher settlement list", is_list=True)
def list_(
    session: Session,
    *,
    limit: int | None,
    state: Annotated[
        Optional[str], typer.Option("--state", metavar="STATE", help="Only in this state.")
    ] = None,
) -> Outcome:
    """List the settlements, the newest first."""
    return tables.list_settlements(session, limit, state)


@command(app, "show", epilog="Example: voucher settlement show 1", is_list=True)
def show(
    session: Session,
    number: Number,
    *,
    limit: int | None,
    state: Annotated[
        Optional[str],
        typer.Option("--state", metavar="STATE", help="Only transfers in this state."),
    ] = None,
) -> Outcome:
    """Show a settlement: who made and approved it, and its transfers."""
    return tables.show_settlement(session, number, limit, state)


@command(
    app,
    "verify",
    epilog='Example: voucher settlement verify 1 --note "agrees with the bill" --actor chen',
)
def verify(
    session: Session,
    number: Number,
    *,
    note: Annotated[
        str, typer.Option("--note", metavar="TEXT", help="What was looked at: it is kept.")
    ] = "",
    evidence: Evidence = "",
    reconciled: Annotated[
        bool,
        typer.Option(
            "--reconciled", help="Its days were held against the platform's bill, and agree."
        ),
    ] = False,
) -> Outcome:
    """Say what a draft was held against, and hand it in for approval."""
    return verdicts.verify(session, number, note, evidence, is_reconciled=reconciled)


@command(app, "approve", epilog="Example: voucher settlement approve 1 --actor lin")
def approve(session: Session, number: OneNumber = None, *, write_off: WriteOff = None) -> Outcome:
    """Approve a settlement that is verified, or a write-off."""
    chosen, is_write_off = verdicts.choose(number, write_off)
    deed = debts.approve_write_off if is_write_off else verdicts.approve
    return deed(session, chosen)


@command(
    app,
    "reject",
    epilog='Example: voucher settlement reject 1 --note "M1001 is under inquiry" --actor lin',
)
def reject(
    session: Session, number: OneNumber = None, *, note: Why, write_off: WriteOff = None
) -> Outcome:
    """Turn down a settlement before the bank has it, or a write-off."""
    chosen, is_write_off = verdicts.choose(number, write_off)
    deed = debts.reject_write_off if is_write_off else verdicts.reject
    return deed(session, chosen, note)


@command(
    app,
    "notice",
    epilog="Example: voucher settlement notice 1 -O list.html --actor chen",
    has_pages=True,
)
def notice(session: Session, number: Number) -> Outcome:
    """Put up the public list of who is paid how much; it must stand before the payment."""
    return notices.put_up(session, number)


@command(
    app,
    "export",
    epilog="Example: voucher settlement export 1 --bank voucher --to pay-1.csv --actor wu",
)
def export(
    session: Session,
    number: Number,
    *,
    bank: Annotated[
        str,
        typer.Option("--bank", metavar="NAME|FILE", help="The profile of the bank."),
    ],
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="Write the payment file here.")],
) -> Outcome:
    """Write the payment file of an approved settlement for the bank."""
    return exports.export(session, number, bank, to)


@command(
    app,
    "paid",
    epilog="Examples: voucher settlement paid answer.xml --actor wu; "
    "voucher settlement paid --settlement 1 --reference B88 --on 2020-04-01 --actor wu",
)
def paid(
    call: Call,
    session: Session,
    file: Annotated[
        Optional[Path], typer.Argument(metavar="[FILE]", help="What the bank answered.")
    ] = None,
    *,
    bank: Annotated[
        Optional[str],
        typer.Option("--bank", metavar="NAME|FILE", help="The bank's profile, for a CSV or XLSX."),
    ] = None,
    settlement: Annotated[
        Optional[int],
        typer.Option("--settlement", metavar="N", help="Without a file: this one was paid."),
    ] = None,
    transfer: Annotated[
        Optional[str],
        typer.Option("--transfer", metavar="NO", help="Without a file: only this transfer."),
    ] = None,
    reference: Annotated[
        str, typer.Option("--reference", metavar="TEXT", help="The bank's reference.")
    ] = "",
    on: Annotated[
        Optional[str],
        typer.Option("--on", metavar="DAY", help="When it was paid (else today)."),
    ] = None,
) -> Outcome:
    """Take in what the bank says of transfers: accepted, paid, rejected, returned."""
    if answers.is_by_file(file, settlement):
        assert file is not None
        return answers.hear(session, file, bank)
    assert settlement is not None
    day = None if on is None else call.local_day(session, on)
    return answers.note_paid(session, settlement, reference, day, transfer)


@command(app, "answers", epilog="Example: voucher settlement answers --refused", is_list=True)
def list_answers(
    session: Session,
    *,
    limit: int | None,
    refused: Annotated[
        bool, typer.Option("--refused", help="Only those that were refused.")
    ] = False,
    settlement: Annotated[
        Optional[int],
        typer.Option("--settlement", metavar="N", help="Only of this settlement."),
    ] = None,
    file: Annotated[
        Optional[str], typer.Option("--file", metavar="FILE", help="Only of this file.")
    ] = None,
) -> Outcome:
    """List what banks said of transfers, and what became of each answer."""
    return answer_lists.list_answers(
        session, limit, settlement=settlement, file=file, refused=refused
    )


@command(
    app,
    "hold",
    epilog="Examples: voucher settlement hold --merchant M1001 --reason under_inquiry --evidence"
    ' "letter 2020-17" --actor chen; '
    "voucher settlement hold --file holds.csv --actor chen",
)
def hold(
    call: Call,
    session: Session,
    *,
    reason: Annotated[
        Optional[str],
        typer.Option("--reason", metavar="CODE", help="Why: a code of docs/finance.md."),
    ] = None,
    evidence: Evidence = "",
    merchant: Annotated[
        Optional[str],
        typer.Option("--merchant", metavar="NO", help="Hold all that this merchant is owed."),
    ] = None,
    transaction: Annotated[
        Optional[str],
        typer.Option("--transaction", metavar="NO", help="Hold this one payment."),
    ] = None,
    note: Why = "",
    on: Annotated[
        Optional[str],
        typer.Option("--on", metavar="DAY", help="The date of the evidence (else today)."),
    ] = None,
    file: Annotated[
        Optional[Path],
        typer.Option(
            "--file",
            metavar="FILE",
            help=(
                "Hold all that a list names: transaction_no or merchant_no, reason, evidence, note,"
                " date."
            ),
        ),
    ] = None,
) -> Outcome:
    """Hold back a merchant or one payment, for a reason and on evidence; disputes likewise."""
    if hold_lists.require_alone(file, reason, evidence, merchant, transaction, note, on):
        assert file is not None
        return hold_lists.hold(session, file)
    assert reason is not None
    return holds.hold(
        session,
        reason=reason,
        evidence=evidence,
        merchant=merchant,
        transaction=transaction,
        note=note,
        held_on=None if on is None else call.local_day(session, on),
    )


@command(
    app,
    "release",
    epilog='Examples: voucher settlement release 1 --note "inquiry closed" --actor lin; '
    "voucher settlement release --file releases.csv --actor lin",
)
def release(
    session: Session,
    hold: Annotated[
        Optional[int], typer.Argument(metavar="[HOLD]", help="The hold's number.")
    ] = None,
    *,
    note: Why = "",
    file: Annotated[
        Optional[Path],
        typer.Option(
            "--file",
            metavar="FILE",
            help="Let all go that a list names: hold, note (else that of --note).",
        ),
    ] = None,
) -> Outcome:
    """Let a hold go, as a second person: it is paid by the next settlement."""
    if release_lists.choose(hold, file):
        assert file is not None
        return release_lists.release(session, file, note)
    assert hold is not None
    return holds.release(session, hold, note)


@command(app, "holds", epilog="Example: voucher settlement holds", is_list=True)
def list_holds(
    session: Session,
    *,
    limit: int | None,
    merchant: Merchant = None,
    reason: Annotated[
        Optional[str], typer.Option("--reason", metavar="CODE", help="Only for this reason.")
    ] = None,
    also_released: Annotated[
        bool, typer.Option("--all", help="Those that were released too.")
    ] = False,
) -> Outcome:
    """List the holds that stand, the newest first."""
    return holds.list_holds(
        session, limit, merchant=merchant, reason=reason, also_released=also_released
    )


@command(app, "unpaid", epilog="Example: voucher settlement unpaid", is_list=True)
def list_unpaid(session: Session, *, limit: int | None, merchant: Merchant = None) -> Outcome:
    """List who is owed money of days that were settled and has not got it, and why."""
    return tables.list_unpaid(session, limit, merchant)


@command(app, "debts", epilog="Example: voucher settlement debts", is_list=True)
def list_debts(session: Session, *, limit: int | None, merchant: Merchant = None) -> Outcome:
    """List what merchants owe after refunds, the oldest debt first."""
    return debts.list_debts(session, limit, merchant)


@command(
    app,
    "repaid",
    epilog="Example: voucher settlement repaid M1001 40.00 --reference B2020-88 --actor wu",
)
def repaid(
    session: Session,
    merchant: Of,
    amount: Annotated[str, typer.Argument(metavar="YUAN", help="How much came in.")],
    *,
    reference: Annotated[
        str, typer.Option("--reference", metavar="TEXT", help="The bank's reference.")
    ],
    funder: Funder = None,
) -> Outcome:
    """Note that a merchant has paid back what it owes, or a part of it."""
    fen = amounts.read_yuan("YUAN", amount, least_fen=1)
    return debts.note_repaid(session, merchant, fen, reference, funder)


@command(
    app,
    "write-off",
    epilog='Example: voucher settlement write-off M1001 --note "closed down" --evidence "register"',
)
def write_off(
    session: Session,
    merchant: Of,
    *,
    note: Why,
    evidence: Evidence,
    funder: Funder = None,
    unpaid: Annotated[
        bool,
        typer.Option("--unpaid", help="Instead: what it is owed and can never be paid."),
    ] = False,
) -> Outcome:
    """Propose that a merchant's debt is given up; a second person approves it."""
    return debts.propose_write_off(session, merchant, note, evidence, funder, is_unpaid=unpaid)


@command(
    app,
    "statement",
    epilog="Examples: voucher settlement statement M1001 -O M1001.xlsx; "
    "voucher settlement statement --all --to statements --form xlsx --actor wu",
    has_pages=True,
)
def statement(
    call: Call,
    session: Session,
    merchant: Annotated[
        Optional[str], typer.Argument(metavar="[MERCHANT]", help="The merchant's number.")
    ] = None,
    *,
    since: Annotated[
        Optional[str], typer.Option("--since", metavar="DAY", help="From this day on.")
    ] = None,
    until: Annotated[
        Optional[str],
        typer.Option("--until", metavar="DAY", help="Up to this day (else today)."),
    ] = None,
    all_: Annotated[
        bool, typer.Option("--all", help="A file for each merchant that has anything.")
    ] = False,
    to: Annotated[
        Optional[Path], typer.Option("--to", metavar="DIR", help="The folder of these files.")
    ] = None,
    form: Annotated[
        Optional[str],
        typer.Option("--form", metavar="FORMAT", help="Their form: xlsx, csv or html."),
    ] = None,
    settlement: Annotated[
        Optional[int],
        typer.Option("--settlement", metavar="N", help="Only merchants of this settlement."),
    ] = None,
) -> Outcome:
    """Draw up what was redeemed at a merchant, settled, paid and held, and what it owes."""
    first = None if since is None else call.local_day(session, since)
    last = None if until is None else call.local_day(session, until)
    wanted = statement_files.choose(merchant, to, form, settlement, is_all=all_)
    if wanted is None:
        assert merchant is not None
        return statements.show_statement(session, merchant, first, last)
    from vouchercli.cli import statement_writers

    wanted = wanted._replace(since=first, until=last)
    return statement_files.write_all(session, wanted, statement_writers.of(call, wanted.form))

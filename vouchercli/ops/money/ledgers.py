"""The ledger to look at and to take elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault
from vouchercli.formats import whole_files
from vouchercli.formats.written import plain_text_accounts
from vouchercli.ops import lists
from vouchercli.ops.posting_words import WHY, WORDS
from vouchercli.result import DATA, JSON, SCREEN, Column, Message, Outcome, Table, Word, say
from vouchercli.rules import money, times
from vouchercli.store import ledger_lists, programmes
from vouchercli.store.ledger import ACCOUNTS, OF_FUNDERS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from vouchercli.formats.written.plain_text_accounts import Account, Entry
    from vouchercli.session import Session
    from vouchercli.store.ledger_lists import Posting, Standing

STANDING = (
    Column("funder", "funder"),
    Column("round", "round", blank="-"),
    Column("account", "account", "word", shown="account_word"),
    Column("amount_fen", "amount", "fen"),
)
POSTINGS = (
    Column("posting", "No.", "int"),
    Column("booked_on", "booked on", "date"),
    Column("day", "day", "date", where=DATA),
    Column("funder", "funder"),
    Column("round", "round", blank="-"),
    Column("from_account", "from", "word", shown="from_word", where=DATA),
    Column("to_account", "to", "word", shown="to_word", where=DATA),
    Column("way", "from, to", "sentence", where=SCREEN),
    Column("amount_fen", "amount", "fen"),
    Column("why", "why", "word", shown="why_word", where=DATA),
    Column("reason", "why", "sentence", where=SCREEN),
    Column("batch", "batch", "int", where=DATA),
    Column("posted_at", kind="time", where=JSON),
)
FIRST_DAY, LAST_DAY = 0, 99_991_231
SHORT = {"committed": Word("committed")}  # where two accounts stand side by side


def list_accounts(session: Session, limit: int | None, **wanted: str | None) -> Outcome:
    """What stands on every account, by `funder` and `round` (None: any)."""

    def read(row: Standing) -> dict[str, Any]:
        return {**row._asdict(), "account_word": WORDS[row.account]}

    row = programmes.current(session.db, session.programme)
    table = Table(
        say("Accounts of {programme}", programme=row["programme"]), STANDING, (), key="accounts"
    )
    listed = ledger_lists.accounts(session.db, row["programme_id"], **wanted)
    return lists.show(table, listed, limit, read)


def list_postings(
    session: Session,
    limit: int | None,
    *,
    account: str | None,
    since: int | None,
    until: int | None,
    **wanted: str | int | None,
) -> Outcome:
    """Postings by `funder`, `round`, `account`, `batch` (None: any), booked on the days from that
    of `since` to that of `until` (UTC seconds). Raises `UsageFault` unknown_account.
    """
    if account is not None and account not in ACCOUNTS:
        raise UsageFault(
            "unknown_account",
            "there is no account {account}",
            hint="one of: {accounts}",
            account=account,
            accounts=", ".join(ACCOUNTS),
        )
    row = programmes.current(session.db, session.programme)
    zone = row["time_zone"]

    def read(posting: Posting) -> dict[str, Any]:
        return {
            **posting._asdict(),
            "from_word": WORDS[posting.from_account],
            "to_word": WORDS[posting.to_account],
            "way": say(
                "{from_account} to {to_account}",
                from_account=SHORT.get(posting.from_account, WORDS[posting.from_account]),
                to_account=SHORT.get(posting.to_account, WORDS[posting.to_account]),
            ),
            "why_word": WHY.get(posting.why, posting.why),
            "reason": _name_reason(posting),
        }

    table = Table(
        say("Ledger of {programme}", programme=row["programme"]),
        POSTINGS,
        (),
        zone=zone,
        key="postings",
    )
    listed = ledger_lists.listed(
        session.db,
        row["programme_id"],
        account=account,
        first=FIRST_DAY if since is None else times.day_of(since, zone),
        last=LAST_DAY if until is None else times.day_of(until, zone),
        **wanted,
    )
    return lists.show(table, listed, limit, read)


def _name_reason(posting: Posting) -> Message:
    """What moved it, with the number of its batch: `batch show N` says the rest."""
    why = WHY.get(posting.why, posting.why)
    if posting.batch is None:
        return say("{why}", why=why)
    return say("{why}, batch {batch}", why=why, batch=posting.batch)


def export(session: Session, form: str, to: Path | None) -> Outcome:
    """The ledger of a programme as a journal of hledger or beancount, which each balances by
    itself, with what every account must come to at its end. Raises `UsageFault` unknown_form,
    `file_exists`.
    """
    if form not in plain_text_accounts.FORMS:
        raise UsageFault(
            "unknown_form",
            "a ledger is not written as {form}",
            hint="--format hledger, or --format beancount",
            form=form,
        )
    row = programmes.current(session.db, session.programme)
    lines = journal(session, row, form)
    if to is None:
        text = "".join(lines)
        return Outcome({"format": form, "file": None, "text": text}, document=text)
    if session.dry_run:
        return Outcome({"format": form, "file": None})
    whole_files.write_lines(to, lines)
    return Outcome(
        {"format": form, "file": str(to)},
        says=(
            say(
                "wrote the ledger of {programme} to {file}",
                programme=row["programme"],
                file=str(to),
            ),
        ),
    )


def journal(session: Session, row: sqlite3.Row, form: str) -> Iterator[str]:
    """The lines of the journal of a programme (`row`), in one of `plain_text_accounts.FORMS`."""
    standing = ledger_lists.accounts(session.db, row["programme_id"], funder=None, round=None)
    told = plain_text_accounts.Journal(
        row["programme"],
        programmes.value(row).currency,
        _entries(session, row["programme_id"]),
        {
            (each.account, each.funder, each.round): money.yuan(each.amount_fen)
            for each in standing.rows(None)
        },
    )
    return plain_text_accounts.FORMS[form](told)


def _account(posting: Posting, account: str) -> Account:
    """The account of a funder, or its part of the round."""
    return account, posting.funder, None if account in OF_FUNDERS else posting.round


def _entries(session: Session, programme_id: int) -> Iterator[Entry]:
    for each in ledger_lists.in_order(session.db, programme_id):
        yield plain_text_accounts.Entry(
            each.posting,
            times.day_text(each.booked_on),
            times.day_text(each.day),
            each.why,
            each.batch,
            _account(each, each.from_account),
            _account(each, each.to_account),
            money.yuan(each.amount_fen),
        )

"""The ledger as a journal that hledger or beancount reads: one transaction a posting, and at its
end what every account must come to, which the program that reads it proves.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Account = tuple[str, str, str | None]  # what stands on it, the funder, the round (None: its own)

# By the roots that beancount asks for. What rounds have promised or owe is still money of the fund.
ROOTS = {
    "appropriated": "Equity:Appropriated",
    "uncommitted": "Assets:Uncommitted",
    "committed": "Assets:Committed",
    "outstanding": "Assets:Outstanding",
    "payable": "Assets:Payable",
    "held": "Assets:Held",
    "paid": "Expenses:Paid",
    "clawed_back": "Assets:Clawed-Back",
    "written_off": "Expenses:Written-Off",
    "returned": "Expenses:Returned",
}
PLAIN = re.compile("(?!x-)[A-Za-z0-9-]+")


class Entry(NamedTuple):
    """A posting: its number, the days (`2020-03-27`) on which it is booked and of which it is, why,
    the batch, and the amount that goes from one account to another, as text in the currency.
    """

    posting: int
    booked_on: str
    day: str
    why: str
    batch: int | None
    from_account: Account
    to_account: Account
    amount: str


class Journal(NamedTuple):
    """A programme's postings, in the order of the days on which they are booked, and what each
    account comes to at the end.
    """

    programme: str
    currency: str
    entries: Iterable[Entry]
    balances: dict[Account, str]


def hledger(journal: Journal) -> Iterator[str]:
    """The lines of a journal of hledger (and of ledger)."""
    unit, last = journal.currency, ""
    yield f"; {journal.programme}\ncommodity 1000.00 {unit}\n"
    for entry in journal.entries:
        last = entry.booked_on
        yield f"\n{last} {entry.why}  ; {_tags(entry)}\n"
        yield f"    {_plain(entry.to_account)}  {entry.amount} {unit}\n"
        yield f"    {_plain(entry.from_account)}  -{entry.amount} {unit}\n"
    if last:
        yield f"\n{last} balances\n"
        for account, amount in journal.balances.items():
            yield f"    {_plain(account)}  0.00 {unit} = {amount} {unit}\n"


def beancount(journal: Journal) -> Iterator[str]:
    """The lines of a ledger of beancount."""
    unit, last = journal.currency, ""
    opened: set[Account] = set()
    yield f'option "title" "{journal.programme}"\noption "operating_currency" "{unit}"\n'
    for entry in journal.entries:
        last = entry.booked_on
        for account in (entry.from_account, entry.to_account):
            if account not in opened:
                opened.add(account)
                yield f"\n{last} open {_rooted(account)} {unit}\n"
        yield f'\n{last} * "{entry.why}"\n  posting: {entry.posting}\n  day: {entry.day}\n'
        if entry.batch is not None:
            yield f"  batch: {entry.batch}\n"
        yield f"  {_rooted(entry.to_account)}  {entry.amount} {unit}\n"
        yield f"  {_rooted(entry.from_account)}  -{entry.amount} {unit}\n"
    if last:
        after = date.fromisoformat(last) + timedelta(days=1)  # of a day it is what it begins with
        for account, amount in journal.balances.items():
            yield f"\n{after} balance {_rooted(account)}  {amount} ~ 0 {unit}\n"


FORMS: dict[str, Callable[[Journal], Iterator[str]]] = {"hledger": hledger, "beancount": beancount}


def _tags(entry: Entry) -> str:
    batch = "" if entry.batch is None else f", batch:{entry.batch}"
    return f"posting:{entry.posting}, day:{entry.day}{batch}"


def _plain(account: Account) -> str:
    return ":".join(part for part in account if part is not None)


def _rooted(account: Account) -> str:
    """The account under a root of beancount, whose names are letters, digits and dashes only."""
    what, funder, round_ = account
    parts = [ROOTS[what], f"F-{_letters(funder)}"]
    return ":".join(parts if round_ is None else [*parts, f"R-{_letters(round_)}"])


def _letters(code: str) -> str:
    return code if PLAIN.fullmatch(code) else f"x-{code.encode().hex()}"

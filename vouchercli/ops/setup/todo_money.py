"""Settlements, samples, breaks and debts that wait for a person, and what can be settled or
closed.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from vouchercli.result import Word, say
from vouchercli.rules import doors, settlements, times
from vouchercli.rules import staff as people
from vouchercli.store import break_work, debts, programmes
from vouchercli.store import todo as store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from vouchercli.session import Session

PATIENCE_DAYS = 30  # a debt that is older is called for
KINDS = {
    "draft": Word("verification"),
    "approved": Word("payment file"),
    "exported": Word("the bank's answer"),
}
NEXT = {
    "draft": "voucher settlement verify {number} --note WHAT --actor {who}",
    "approved": "voucher settlement export {number} --bank PROFILE --to FILE --actor {who}",
    "exported": "voucher settlement paid FILE --actor {who}",
}
NOTICE = "voucher settlement notice {number} -O LIST.html --actor {who}"


def list_money(session: Session, row: sqlite3.Row) -> Iterator[dict[str, Any]]:
    """What waits of a programme's settlements, samples, breaks and debts, as rows of `todo`."""
    for each in store.settlements(session.db, row["programme_id"]):
        yield _settlement(row, each)
    if (changed := store.changed_accounts(session.db, row["programme_id"])) is not None:
        yield _changed_accounts(row, changed)
    for sample in store.samples(session.db, row["programme_id"]):
        yield _sample(row, sample)
    for owned in break_work.owners(session.db, row["programme_id"]):
        yield _breaks(row, owned)
    today = times.day_of(session.now, row["time_zone"])
    for debt in debts.listed(session.db, row["programme_id"]).rows(None):
        if settlements.days_between(debt.since_on, today) >= PATIENCE_DAYS:
            yield _debt(row, debt)


def list_ends(session: Session, row: sqlite3.Row) -> Iterator[dict[str, Any]]:
    """Rounds that can be settled, and the programme when all of them are."""
    may = people.with_roles(programmes.value(row), *doors.TREASURERS)
    who = next(iter(may), "NAME")
    for code, since in store.ended_rounds(session.db, row["programme_id"]):
        yield _describe(row, code, may) | {
            "about": code,
            "kind": Word("settling"),
            "since": since,
            "amount_fen": None,
            "by": "",
            "next": f"voucher round settle {code} --actor {who}",
        }
    since_at = store.ended(session.db, row["programme_id"])
    if since_at is not None:
        yield _describe(row, row["programme"], may) | {
            "about": row["programme"],
            "kind": Word("closing"),
            "since": since_at,
            "amount_fen": None,
            "by": "",
            "next": f"voucher programme close {row['programme']} --actor {who}",
        }


def _settlement(row: sqlite3.Row, each: store.Settlement) -> dict[str, Any]:
    roles = doors.TREASURERS if each.state == "draft" or each.needs_notice else doors.FINANCE
    may = people.with_roles(programmes.value(row), *roles)
    command = NOTICE if each.needs_notice and each.state == "approved" else NEXT[each.state]
    number = str(each.settlement)
    return _describe(row, number, may) | {
        "about": say("settlement {settlement}", settlement=number),
        "kind": KINDS[each.state],
        "since": each.since,
        "amount_fen": each.amount_fen,
        "by": each.made_by,
        "next": command.format(number=number, who=next(iter(may), "NAME")),
    }


def _changed_accounts(row: sqlite3.Row, each: store.ChangedAccounts) -> dict[str, Any]:
    may = people.with_roles(programmes.value(row), *doors.TREASURERS)
    by = each.first_by if each.first_by == each.last_by else ""
    may = [name for name in may if not people.same_person(name, by)]
    command = "voucher settlement holds --reason account_changed"
    if each.merchants == 1:
        who = next(iter(may), "NAME")
        command = f"voucher settlement release {each.hold} --note WHY --actor {who}"
    return _describe(row, "accounts", may) | {
        "about": say("{count} changed accounts", count=each.merchants),
        "kind": Word("a second look"),
        "since": each.since,
        "amount_fen": None,
        "by": by,
        "next": command,
    }


def _sample(row: sqlite3.Row, each: store.Sample) -> dict[str, Any]:
    may = people.with_roles(programmes.value(row), *doors.AUDITORS)
    number, who = str(each.sample), next(iter(may), "NAME")
    return _describe(row, number, may) | {
        "about": say("sample {sample}", sample=number),
        "kind": Word("results of a spot check"),
        "since": each.drawn_at,
        "amount_fen": each.amount_fen,
        "by": each.drawn_by,
        "next": f"voucher audit sample --results FILE --actor {who}",
    }


def _breaks(row: sqlite3.Row, owned: break_work.Owned) -> dict[str, Any]:
    """The open breaks of an owner; of nobody, those that treasurers have to give to somebody."""
    may = people.with_roles(programmes.value(row), *doors.TREASURERS)
    return _describe(
        row, owned.owner or str(owned.first), [owned.owner] if owned.owner else may
    ) | {
        "about": say("{count:,} open breaks", count=owned.breaks)
        if owned.breaks > 1
        else say("break {number}", number=owned.first),
        "kind": Word("resolution") if owned.owner else Word("owner wanted"),
        "since": owned.since,
        "amount_fen": owned.off_fen,
        "by": "",
        "next": _go_on(owned),
    }


def _go_on(owned: break_work.Owned) -> str:
    if owned.numbers and not owned.owner:
        return f"voucher reconcile assign {owned.numbers} --to NAME"
    if owned.breaks == 1:
        return f"voucher reconcile show {owned.first}"
    return f"voucher reconcile breaks --state open --owner {shlex.quote(owned.owner or '-')}"


def _debt(row: sqlite3.Row, debt: debts.Debt) -> dict[str, Any]:
    may = people.with_roles(programmes.value(row), *doors.FINANCE)
    return _describe(row, debt.merchant_no, may) | {
        "about": say("debt of merchant {merchant}", merchant=debt.merchant_no),
        "kind": Word("debt"),
        "since": times.day_bounds(debt.since_on, row["time_zone"])[1],
        "amount_fen": debt.amount_fen,
        "by": "",
        "next": f"voucher settlement statement {debt.merchant_no}",
    }


def _describe(row: sqlite3.Row, name: str, may: list[str]) -> dict[str, Any]:
    return {
        "programme": row["programme"],
        "name": name,
        "note": "",
        "approvals": "",
        "who": ", ".join(may),
        "stuck": None,
    }

"""A wrong row taken out of what is in force and entered anew, with what rests on it: its refunds,
later uses of its voucher, the payments of a claim. All of it is judged once more, by the rules of
its time.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.formats.configs import profiles
from vouchercli.formats.configs.fields import FIELDS
from vouchercli.ops.intake import (
    claims,
    redemptions,
    retries,
    staging,
    summaries,
    take_backs,
)
from vouchercli.result import Problem
from vouchercli.store import batches, days, incoming, ledger, programmes, proposals, reopening
from vouchercli.store import corrections as store
from vouchercli.store.proposals import Subject

if TYPE_CHECKING:
    import sqlite3
    from contextlib import AbstractContextManager

    from vouchercli.ops.intake.kinds import Intake, Kind
    from vouchercli.session import Session
    from vouchercli.store.batches import Refusal
    from vouchercli.store.corrections import Fields, Row

PROFILE = "voucher"  # our own layout


class Wrong(NamedTuple):
    """What is to be corrected: the row (a claim without `row`), its own fields, and what rests on
    it, itself first.
    """

    programme: sqlite3.Row
    subject: Subject
    name: str
    before: Fields
    rest: list[Row]

    @property
    def programme_id(self) -> int:
        """Whose it is."""
        return int(self.programme["programme_id"])


class Made(NamedTuple):
    """What a correction came to: the batches of what was entered anew, how many rows were reversed,
    and what the row's voucher paid by now, in fen.
    """

    batches: list[int]
    reversed: int
    subsidy_fen: int


# ---------------------------------------------------------------- what is wrong


def find_redemption(session: Session, number: str, kind: str) -> Wrong:
    """The payment or refund that stands with that number. Raises `unknown_transaction`."""
    programme = programmes.current(session.db, session.programme)
    row = store.redemption(session.db, programme["programme_id"], number, kind)
    if row is None:
        raise VoucherError(
            "unknown_transaction",
            "no payment {number} stands" if kind == "pay" else "no refund {number} stands",
            hint="voucher redemption list --transaction {number}",
            number=number,
        )
    subject = Subject(proposals.REDEMPTION, row.id)
    return Wrong(programme, subject, number, row.fields, store.behind(session.db, row))


def find_claim(session: Session, claim_no: str) -> Wrong:
    """The claim that stands with that number. Raises `unknown_claim_no`, `claim_granted_here`."""
    programme = programmes.current(session.db, session.programme)
    claim = store.claim(session.db, programme["programme_id"], claim_no)
    if claim is None:
        raise VoucherError(
            "unknown_claim_no",
            "there is no claim {claim_no} here",
            hint="voucher claim list",
            claim_no=claim_no,
        )
    if claim.is_granted:
        raise VoucherError(
            "claim_granted_here",
            "claim {claim} was granted here: its resident was told of it",
            hint="voucher claim list --claim {claim}",
            claim=claim_no,
        )
    subject = Subject(proposals.CLAIM, claim.id)
    rest = store.paid_with(session.db, claim.id)
    return Wrong(programme, subject, claim_no, claim.fields, rest)


# ---------------------------------------------------------------- carried out


def carry_out(session: Session, wrong: Wrong, after: Fields | None, number: int) -> Made:
    """Reverse the row and what rests on it, and enter them anew. `number` 0: it is only tried.
    Raises `import_unfinished`, `rests_on_it`, `correction_refused`, `correction_displaces`.
    """
    db, is_claim = session.db, wrong.subject.subject == proposals.CLAIM
    _require_no_import(db, wrong)
    number = number or proposals.next_number(db)
    store.begin(session, number, wrong.programme_id)
    anew = _renew(wrong, after)
    batch_id = _begin_batch(session, wrong, redemptions.KIND, number, anew) if anew else None
    freed = _reverse(session, wrong, number, batch_id, keeps_first=is_claim or after is not None)
    made = _correct_claim(session, wrong, after, number) if is_claim else []
    if batch_id is not None:
        _enter(session, redemptions.KIND, batch_id, anew, freed)
        made.append(batch_id)
    return Made(sorted(made), len(wrong.rest) + is_claim, store.subsidy_of(db, batch_id))


def _reverse(
    session: Session, wrong: Wrong, number: int, batch_id: int | None, *, keeps_first: bool
) -> store.Freed:
    """Reverse the payments and refunds; gives the money that they leave to vouchers which had given
    up theirs. What their refunds had left there is taken back. Raises `fund_short`.
    """
    db, kind = session.db, redemptions.KIND
    incoming.expect(db, kind.name, kind.create)
    skipped = 0 if keeps_first else 1
    entries = [
        store.Entry(row.id, *((batch_id, place) if place > 0 else (None, None)))
        for place, row in enumerate(wrong.rest, start=1 - skipped)
    ]
    with _booking(session, wrong, kind, batch_id):
        store.reverse(db, number, days.open_on(db, wrong.programme_id), entries)
        purse = take_backs.Purse.of(session, wrong.programme, batch_id)
        freed = [(*key, fen) for key, fen in reopening.freed(db).items()]
        return take_backs.cover_reversals(purse, freed)


def _booking(
    session: Session, wrong: Wrong, kind: Kind, batch_id: int | None
) -> AbstractContextManager[None]:
    why = f"{kind.name}.correct"
    return ledger.booking(session.db, wrong.programme_id, why, session.now, batch_id)


def _require_no_import(db: sqlite3.Connection, wrong: Wrong) -> None:
    """Raise `import_unfinished` while a file comes in: its rows are judged beside what stood."""
    if unfinished := days.importing(db, wrong.programme_id):
        raise VoucherError(
            "import_unfinished",
            "{name} cannot be corrected: the import of batch {batches} is not done",
            hint="voucher batch resume {batch}, or voucher batch undo {batch}",
            name=wrong.name,
            batches=", ".join(map(str, unfinished)),
            batch=unfinished[0],
        )


def _renew(wrong: Wrong, after: Fields | None) -> list[Fields]:
    """The payments and refunds to be entered anew. What names the wrong row names the new one."""
    if wrong.subject.subject == proposals.CLAIM:
        if after is None and wrong.rest:
            raise _rests_on_it(wrong, wrong.rest)
        return [_follow(row.fields, wrong.before, after or {}) for row in wrong.rest]
    first, *rest = wrong.rest
    if after is None:
        own = [row for row in rest if row.refund_of == first.id]
        if own:
            raise _rests_on_it(wrong, own)
        return [_plain(row.fields) for row in rest]
    return [
        after,
        *(
            _follow(row.fields, wrong.before, after)
            if row.refund_of == first.id
            else _plain(row.fields)
            for row in rest
        ),
    ]


def _plain(fields: Fields) -> Fields:
    """Without what follows from the rules."""
    return {key: text for key, text in fields.items() if key != "subsidy"}


AMOUNTS = ("order_amount", "merchant_discount")
FOLLOWED = {  # what a row that rests on the wrong one has of it
    "transaction_no": "refund_of",
    **dict.fromkeys(("claim_no", "coupon_no", "merchant_no", "platform_no"), ""),
}


def _follow(fields: Fields, before: Fields, after: Fields) -> Fields:
    """A row that rests on the wrong one names the claim, voucher, shop and payment of the new one;
    a refund of all of it is one of all of the new one.
    """
    is_full = all(fields.get(key) == before.get(key) for key in AMOUNTS)
    followed = FOLLOWED | (dict.fromkeys(AMOUNTS, "") if is_full else {})
    return _plain(fields) | {
        to or key: after[key]
        for key, to in followed.items()
        if key in after and fields.get(to or key) == before.get(key)
    }


def _rests_on_it(wrong: Wrong, rows: list[Row]) -> VoucherError:
    first = rows[-1].fields
    return VoucherError(
        "rests_on_it",
        "{count} rows rest on {name}: correct or reverse these first, the last one first",
        hint="voucher redemption correct {number} --kind {kind} --reverse --note WHY"
        " --evidence WHAT",
        count=len(rows),
        name=wrong.name,
        number=first["transaction_no"],
        kind=first["kind"],
    )


def _begin_batch(
    session: Session, wrong: Wrong, kind: Kind, number: int, rows: list[Fields]
) -> int:
    """The batch of what is entered anew: all of it waits to be judged."""
    profile = profiles.load(PROFILE, kind.name)
    header = [name for name in FIELDS[kind.name] if name != "subsidy"]
    said = json.dumps([number, rows], ensure_ascii=False, sort_keys=True)
    batch_id = batches.begin(
        session.db,
        kind=kind.name,
        programme_id=wrong.programme_id,
        file=f"correction {number}",
        sha256=hashlib.sha256(said.encode()).hexdigest(),
        profile=profile.profile,
        profile_json=profile.to_json(),
        encoding="utf-8",
        header=json.dumps(header),
        actor=session.actor,
        imported_at=session.now,
        options=json.dumps({"profile": None, "encoding": None}),
    )
    store.add_batch(session.db, number, batch_id)
    counts = {"read": len(rows), "accepted": 0, "duplicate": 0, "rejected": len(rows)}
    batches.add(session.db, batch_id, last_line=len(rows), **counts, warnings=0)
    batches.finish(session.db, batch_id)
    return batch_id


def _correct_claim(session: Session, wrong: Wrong, after: Fields | None, number: int) -> list[int]:
    """Reverse a claim, and enter it anew; gives the batch."""
    db, kind = session.db, claims.KIND
    batch_id = None if after is None else _begin_batch(session, wrong, kind, number, [after])
    entry = store.Entry(wrong.subject.subject_id, batch_id, None if batch_id is None else 1)
    with _booking(session, wrong, kind, batch_id):
        store.reverse_claim(db, number, days.open_on(db, wrong.programme_id), entry)
    if after is None or batch_id is None:
        return []
    _enter(session, kind, batch_id, [after], [])
    return [batch_id]


def _enter(
    session: Session, kind: Kind, batch_id: int, rows: list[Fields], freed: store.Freed
) -> None:
    """Judge rows by the rules of their time and write them. Raises `correction_refused`,
    `correction_displaces`.
    """
    intake = retries.intake_of(session, kind, batches.named(session.db, batch_id))
    staging.expect(intake)
    store.give_freed(session.db, freed)
    records = [
        retries.record_of_fields(kind.name, line, fields)
        for line, fields in enumerate(rows, start=1)
    ]
    staging.stage(intake, records, first_place=1)
    staged = [(batch_id, line) for line in range(1, len(rows) + 1)]
    again = retries.judge_again(intake, staged, None, "correct")
    if again.staged.get(batch_id) != (len(rows), 0, 0):
        raise _refusal(intake, batch_id, rows)
    if again.moved:
        raise VoucherError(
            "correction_displaces",
            "{count} rows that stand would give way to it: correct these first",
            hint="voucher redemption list --transaction {number}",
            count=len(again.moved),
            number=again.moved[0].what,
        )


def _refusal(intake: Intake, batch_id: int, rows: list[Fields]) -> VoucherError:
    """Why new rows are refused, in the words of rejects, each by its number."""
    problems = [
        _explain(rows[row.line - 1], row, intake.zone)
        for row in batches.rejects(intake.db, batch_id, None)
    ]
    return VoucherError(
        "correction_refused",
        "what would be entered anew is refused",
        hint="voucher law show",
        problems=problems or [Problem("stands_already", "the same row stands already")],
    )


def _explain(fields: Fields, row: Refusal, zone: str) -> Problem:
    why = summaries.explain(row, zone)
    number = fields.get("transaction_no") or fields["claim_no"]
    return Problem(row.reason, why.text, number, params=why.params)

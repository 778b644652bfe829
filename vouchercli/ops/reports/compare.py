"""report compare: rounds, families and programmes side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.reports import cautions
from vouchercli.ops.reports.cautions import FEW_PACKS, FEW_PAYMENTS, ONE_MERCHANT, SAYS_LITTLE
from vouchercli.ops.reports.figures import sums_by_key
from vouchercli.ops.reports.measures import Found, columns, figures
from vouchercli.ops.reports.rounds import rows_of
from vouchercli.ops.reports.scope import go_back, scope_of
from vouchercli.result import JSON, SHOWN, Column, Figure, Outcome, Table, Word, say
from vouchercli.rules import leverage, payment_days, settlements, times
from vouchercli.rules.leverage import Claimed
from vouchercli.store import endings, programmes
from vouchercli.store import reports as store
from vouchercli.store import settlement_reports as paying
from vouchercli.store.db import reading
from vouchercli.store.merchant_counts import Merchants

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vouchercli.ops.reports.scope import Scope
    from vouchercli.result import Message
    from vouchercli.session import Session


OF_PAYMENTS = (
    *("redemptions", "used_of_claimed", "paid_of_claimed", "base_fen", "subsidy_fen", "own_fen"),
    *("gross", "own_spend", "floor"),
)
LINES = (
    Column("rounds", "Rounds", "int"),
    Column("packs", "Packs", "int"),
    Column("quota_fen", "Face of all packs", "fen"),
    *columns("claimed", "claim_rate"),
    Column("sell_out_seconds", "Opening to sold out", "span"),
    *columns(*OF_PAYMENTS),
    Column("merchants", "With payments", "int"),
    *columns("outstanding_fen", "expired_fen"),
    Column("lost_fen", "Lost in redeeming", "fen"),
    Column("days_to_payment", "Redemption to payment, days", "ratio"),
)
SUBJECT = Column("subject")
BY_SUBJECT = (SUBJECT, Column("source"), *LINES, SAYS_LITTLE)
CAUTIONS = (FEW_PAYMENTS, ONE_MERCHANT, FEW_PACKS)
PUBLISHED = Word("published by others")
ALWAYS = 99_999_999  # yyyymmdd


class Subject(NamedTuple):
    """One of those that are compared: its figures by key (None: not known), and where they are from
    when they are not ours.
    """

    name: str
    figures: dict[str, Any]
    source: str = ""


def report_compare(session: Session, names: Sequence[str], *, as_of: int | None = None) -> Outcome:
    """Rounds and families of the programme, and programmes, side by side as of a moment (UTC
    seconds; None: all that is known). A programme without rounds has what others published of it.
    Raises `unknown_subject`, `too_few_subjects`, and as `scope_of`.
    """
    if len(names) < 2:
        raise UsageFault(
            "too_few_subjects",
            "at least two are compared",
            hint="voucher report compare hz-1 hz-2",
        )
    with reading(session):
        subjects = [_subject(session, name, as_of) for name in names]
    notes = [
        say("{name}: published by others ({source}).", name=each.name, source=each.source)
        for each in subjects
        if each.source
    ]
    title = say("Side by side: {names}", names=", ".join(names))
    told = [{"subject": each.name, "source": each.source, **each.figures} for each in subjects]
    notes += cautions.sentences(CAUTIONS, (SUBJECT,), told, cautions.NO_TOTAL)
    return Outcome(
        {},
        (
            side_by_side(title, LINES, subjects, notes),
            Table(title, BY_SUBJECT, told, where=JSON, key="subjects"),
        ),
    )


def side_by_side(
    title: Message, lines: Sequence[Column], subjects: Sequence[Subject], notes: Iterable[Message]
) -> Table:
    """What people see of several: a line for each figure that any of them has, a column for each.
    A figure may bring its own kind.
    """
    shown = (
        Column("label", "Figure", "word"),
        *(Column(each.name, each.name, "figure", verbatim=True) for each in subjects),
    )
    rows = [
        {
            "label": Word(line.label),
            **{each.name: _figure(line, each.figures.get(line.key)) for each in subjects},
        }
        for line in lines
        if any(each.figures.get(line.key) is not None for each in subjects)
    ]
    return Table(title, shown, rows, notes=tuple(notes), where=SHOWN)


def _figure(line: Column, value: Any) -> Figure:
    return value if isinstance(value, Figure) else Figure(line.kind, value)


def _subject(session: Session, name: str, as_of: int | None) -> Subject:
    """A round, a family, or else a programme."""
    try:
        return Subject(name, _figures(session, [name], as_of))
    except VoucherError as error:
        if error.code != "unknown_round":
            raise
    row = programmes.find(session.db, name)
    if row is None:
        raise VoucherError(
            "unknown_subject",
            "there is neither a round nor a programme {name}",
            hint="voucher round list, or voucher programme list",
            name=name,
        )
    found = _figures(session._replace(programme=name), [], as_of)
    published = programmes.published(session.db, row["programme_id"])
    if found["rounds"] or not published:
        return Subject(name, found)
    last = published[-1]
    said = {
        "subsidy_fen": last.subsidy_fen,
        "base_fen": last.base_fen,
        "gross": last.gross,
        "own_spend": last.own,
        "quota_fen": last.issued_fen,
        "lost_fen": last.lost_fen,
        "days_to_payment": None if last.days_to_payment is None else str(last.days_to_payment),
    }
    nothing: dict[str, Any] = dict.fromkeys(found)
    nothing["says_little"] = []
    return Subject(name, nothing | said, last.source or PUBLISHED)


def _figures(session: Session, only: Sequence[str], as_of: int | None) -> dict[str, Any]:
    """All figures of some rounds together, or of a whole programme."""
    scope = scope_of(session, only, None, as_of)
    if as_of is not None:
        scope = go_back(session, scope, as_of)
    rows = rows_of(session, scope)
    total = leverage.pooled(sums_by_key(session, "round", scope).values())
    paid = store.paid_to_merchants(session.db, list(scope.rounds), scope.months, scope.zone)

    def add(key: str) -> int:
        return sum(row[key] for row in rows)

    claimed = Claimed(add("claimed"), add("claimed_vouchers"), add("claimed_face_fen"))
    together = Found(total, claimed, Merchants(len(paid)))
    sold_out = [row["sell_out_seconds"] for row in rows]
    return {
        "rounds": len(rows),
        "packs": add("packs"),
        "quota_fen": add("quota_fen"),
        "claimed": claimed.packs,
        "claim_rate": leverage.rate(claimed.packs, add("packs")),
        "sell_out_seconds": sold_out[0] if len(rows) == 1 else None,
        **figures(together, OF_PAYMENTS),
        "merchants": len(paid),
        "outstanding_fen": add("outstanding_fen"),
        "expired_fen": add("expired_fen"),
        **_payment(session, scope, as_of),
        "says_little": cautions.codes(CAUTIONS, together),
    }


def _payment(session: Session, scope: Scope, as_of: int | None) -> dict[str, Any]:
    """What was lost for good (written off, of public money; of a moment nobody knows), and the mean
    days to payment as `report settlement` has them; None where nothing is settled yet.
    """
    db, programme_id = session.db, scope.programme["programme_id"]
    public = [
        row["funder_id"]
        for row in programmes.funders(db, programme_id)
        if row["kind"] == endings.PUBLIC
    ]
    until = ALWAYS if as_of is None else times.day_of(as_of, scope.zone)
    asked = paying.Asked(programme_id, (*public,), (*scope.rounds,), until=until)
    sums = [each for each in paying.sums(db, asked) if each.round_id in scope.rounds]
    waited = [
        payment_days.Waited(
            settlements.days_between(each.up_to, each.paid_on), each.dues, each.amount_fen, False
        )
        for each in paying.paid(db, asked)
    ]
    is_known = sums and as_of is None
    return {
        "lost_fen": sum(each.written_off_fen for each in sums) if is_known else None,
        "days_to_payment": payment_days.add_up(waited).mean,
    }

"""report compare: rounds, families and programmes side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.reports.figures import sums_by_key
from vouchercli.ops.reports.rounds import rows_of
from vouchercli.ops.reports.scope import go_back, scope_of
from vouchercli.result import SHOWN, Column, Figure, Outcome, Table, Word, say
from vouchercli.rules import leverage
from vouchercli.store import programmes
from vouchercli.store import reports as store
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.result import Kind
    from vouchercli.session import Session


class Line(NamedTuple):
    """A figure that subjects are compared by."""

    key: str
    label: str
    kind: Kind


LINES = (
    Line("rounds", Word("Rounds"), "int"),
    Line("packs", Word("Packs"), "int"),
    Line("quota_fen", Word("Face of all packs"), "fen"),
    Line("claimed", Word("Claimed"), "int"),
    Line("claim_rate", Word("Claim rate"), "rate"),
    Line("sell_out_seconds", Word("Opening to sold out"), "span"),
    Line("redemptions", Word("Redemptions"), "int"),
    Line("used_of_claimed", Word("By count"), "rate"),
    Line("paid_of_claimed", Word("By amount"), "rate"),
    Line("base_fen", Word("Base spend"), "fen"),
    Line("subsidy_fen", Word("Subsidy"), "fen"),
    Line("own_fen", Word("Own"), "fen"),
    Line("gross", Word("G"), "ratio"),
    Line("own_spend", Word("N"), "ratio"),
    Line("floor", Word("Floor"), "ratio"),
    Line("merchants", Word("With payments"), "int"),
    Line("outstanding_fen", Word("Outstanding"), "fen"),
    Line("expired_fen", Word("Expired"), "fen"),
)
PUBLISHED = Word("published by others")


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
    columns = (
        Column("label", "Figure", "word"),
        *(Column(each.name, each.name, "figure", verbatim=True) for each in subjects),
    )
    rows = [
        {
            "label": line.label,
            **{each.name: Figure(line.kind, each.figures.get(line.key)) for each in subjects},
        }
        for line in LINES
        if any(each.figures.get(line.key) is not None for each in subjects)
    ]
    notes = [
        say("{name}: published by others ({source}).", name=each.name, source=each.source)
        for each in subjects
        if each.source
    ]
    title = say("Side by side: {names}", names=", ".join(names))
    data = {
        "subjects": [
            {"subject": each.name, "source": each.source, **each.figures} for each in subjects
        ]
    }
    return Outcome(data, (Table(title, columns, rows, notes=tuple(notes), where=SHOWN),))


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
    figures = _figures(session._replace(programme=name), [], as_of)
    published = programmes.published(session.db, row["programme_id"])
    if figures["rounds"] or not published:
        return Subject(name, figures)
    last = published[-1]
    said = {
        "subsidy_fen": last.subsidy_fen,
        "base_fen": last.base_fen,
        "gross": last.gross,
        "own_spend": last.own,
        "quota_fen": last.issued_fen,
    }
    nothing = dict.fromkeys(figures)
    return Subject(name, nothing | said, last.source or PUBLISHED)


def _figures(session: Session, only: Sequence[str], as_of: int | None) -> dict[str, Any]:
    """All figures of some rounds together, or of a whole programme."""
    scope = scope_of(session, only, None, as_of)
    if as_of is not None:
        scope = go_back(session, scope, as_of)
    rows = rows_of(session, scope)
    total = leverage.pooled(sums_by_key(session, "round", scope).values())
    paid = store.by_merchant(session.db, list(scope.rounds), scope.months, scope.zone)

    def add(key: str) -> int:
        return sum(row[key] for row in rows)

    sold_out = [row["sell_out_seconds"] for row in rows]
    return {
        "rounds": len(rows),
        "packs": add("packs"),
        "quota_fen": add("quota_fen"),
        "claimed": add("claimed"),
        "claim_rate": leverage.rate(add("claimed"), add("packs")),
        "sell_out_seconds": sold_out[0] if len(rows) == 1 else None,
        "redemptions": total.vouchers,
        "used_of_claimed": leverage.rate(total.vouchers, add("claimed_vouchers")),
        "paid_of_claimed": leverage.rate(total.paid_fen, add("claimed_face_fen")),
        "base_fen": total.base_fen,
        "subsidy_fen": total.public_fen,
        "own_fen": total.own_fen,
        "gross": total.gross,
        "own_spend": total.own_spend,
        "floor": total.floor,
        "merchants": sum(sums.vouchers > 0 for _, _, sums in paid),
        "outstanding_fen": add("outstanding_fen"),
        "expired_fen": add("expired_fen"),
    }

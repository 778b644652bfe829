"""report explain: a figure of payments down to the files, the ways its subsidy is shared, the
ledger and the rules; and whether the facts add up to it. Of claims and funds: `explain_others`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault
from vouchercli.ops.reports import cautions, explain_others
from vouchercli.ops.reports.cautions import FEW_PACKS, FEW_PAYMENTS
from vouchercli.ops.reports.figures import sums_by_key
from vouchercli.ops.reports.measures import BY_KEY, LINES, Found, columns
from vouchercli.ops.reports.scope import face_of, note_later, scope_of
from vouchercli.ops.reports.spans import span_notes
from vouchercli.ops.setup.merchants import the_merchant
from vouchercli.result import Column, Figure, Outcome, Problem, Table, Word, say
from vouchercli.rules import leverage
from vouchercli.rules.leverage import Claimed
from vouchercli.store import explained, ledger, programmes, reports, uptake
from vouchercli.store.db import reading
from vouchercli.store.explained import Asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vouchercli.ops.reports.measures import Measure
    from vouchercli.ops.reports.scope import Scope
    from vouchercli.result import Message
    from vouchercli.rules.leverage import Sums
    from vouchercli.session import Session
    from vouchercli.store.explained import Part
    from vouchercli.store.merchants import Merchant

FIGURES = ("leverage", "used", "merchant", "claimed", "funds")
USED = ("used_of_claimed", "paid_of_claimed", "paid_of_quota")
LEVERAGE = ("gross", "own_spend", "floor", "all_funders")
MOST_WAYS = 20
RATES = (
    Column("figure", "Figure", "word"),
    Column("formula", "Formula", "word"),
    Column("top", "Above the line", "figure", shown="top_figure"),
    Column("bottom", "Below the line", "figure", shown="bottom_figure"),
    Column("value", "Result", "rate"),
)
MADE = (
    Column("figure", "Figure", "word"),
    Column("formula", "Formula", "word"),
    Column("top_fen", "Above the line", "fen"),
    Column("bottom_fen", "Below the line", "fen"),
    Column("value", "Result", "ratio"),
)
BY_FILE = (
    Column("batch", "Batch", "int"),
    Column("file", "File"),
    Column("payments", "Payments", "int"),
    Column("refunds", "Refunds", "int"),
    *columns("base_fen", "subsidy_fen"),
)
BY_WAY = (
    Column("round", "Round"),
    BY_KEY["paid_fen"].column(Word("Voucher paid")),
    Column("public_fen", "Public", "fen"),
    *(replace(each, optional=False) for each in columns("platform_fen", "match_fen")),
    Column("rows", "Rows", "int"),
    *columns("subsidy_fen"),
)
LEDGER = (
    Column("funder", "Funder"),
    Column("kind", "Kind", "word"),
    Column("redeemed_fen", "Redeemed", "fen"),
)


def report_explain(
    session: Session,
    figure: str,
    *,
    only: Sequence[str] = (),
    since: int | None = None,
    as_of: int | None = None,
    merchant: str | None = None,
) -> Outcome:
    """Where a figure of `since <= paid_at <= as_of` (UTC seconds, None: open) comes from; of
    `merchant` the number of one is given. The facts are read anew: where they, or the ledger, do
    not add up to the kept totals the answer is `failed`. Raises `UsageFault` for a figure there is
    not, or a merchant that is missing or not asked for; `unknown_merchant`, and as `scope_of`.
    """
    _require(figure, merchant)
    with reading(session):
        scope = scope_of(session, only, since, as_of)
        if figure == "claimed":
            return explain_others.claimed(session, scope)
        if figure == "funds":
            return explain_others.funds(session, scope)
        return _payments(session, scope, figure, merchant)


def _require(figure: str, merchant: str | None) -> None:
    if figure not in FIGURES:
        raise UsageFault(
            "unknown_figure",
            "{figure} cannot be explained",
            hint="choose one of: {known}",
            figure=figure,
            known=", ".join(FIGURES),
        )
    if (figure == "merchant") != (merchant is not None):
        raise UsageFault(
            "usage",
            "the sums of a merchant need its number, and only they do",
            hint="voucher report explain merchant --merchant NO",
        )


def _payments(session: Session, scope: Scope, figure: str, merchant: str | None) -> Outcome:
    """A figure of payments: ratios (`leverage`), rates (`used`), or those of one merchant."""
    known = None if merchant is None else the_merchant(session, merchant)
    asked = Asked(
        scope.programme["programme_id"],
        [*scope.rounds],
        scope.is_all,
        scope.since,
        scope.as_of,
        None if known is None else known.merchant_id,
    )
    total = _total(session, scope, known)
    parts, names = explained.parts(session.db, asked), explained.files(session.db)
    has_books = scope.since is None and scope.as_of is None and known is None
    booked = _ledger(session, scope) if has_books else []
    undone = explained.undone(session.db, asked) if figure == "used" else None
    found = _found(session, scope, total)
    made = [_made(BY_KEY[key], found) for key in (USED if figure == "used" else LEVERAGE)]
    ways = _by_way(parts, scope)
    title = say("How the leverage of {programme} is made", programme=scope.code)
    if figure == "used":
        title = say("How the redemption rates of {programme} are made", programme=scope.code)
    if known is not None:
        title = say("How the sums of {merchant} are made", merchant=known.merchant_no)
    doubts = (FEW_PACKS,) if figure == "used" else (FEW_PAYMENTS,)
    little = {"says_little": cautions.codes(doubts, found)}
    notes = (*span_notes(scope), *cautions.sentences(doubts, (), (little,), little))
    tables = (
        Table(title, RATES if figure == "used" else MADE, made, notes=notes, key="figures"),
        Table(say("By file"), BY_FILE, _by_file(parts, names), key="by_file"),
        Table(
            say("By what a voucher paid, and who paid it"),
            BY_WAY,
            ways[:MOST_WAYS],
            notes=_unshown(ways[MOST_WAYS:]),
            key="by_way",
        ),
        Table(say("In the ledger"), LEDGER, booked, key="ledger", optional=True),
        explain_others.rules(session, scope),
    )
    problems = tuple(_differences(total, parts, booked, undone))
    data = {**scope.about(), "figure": figure, "rounds": scope.codes(), **little}
    later = note_later(session, scope)
    return Outcome(data, tables, later, problems, "failed" if problems else "ok")


def _total(session: Session, scope: Scope, merchant: Merchant | None) -> Sums:
    """The kept totals of the scope, or of one merchant in it."""
    if merchant is None:
        return leverage.pooled(sums_by_key(session, "round", scope).values())
    paid = reports.by_merchant(session.db, [*scope.rounds], scope.months, scope.zone)
    return leverage.pooled(sums for no, _, sums in paid if no == merchant.merchant_no)


def _found(session: Session, scope: Scope, total: Sums) -> Found:
    """The total beside what was claimed and issued."""
    packs = uptake.claimed_packs(session.db, scope.window_of_claims, scope.zone)
    claimed = sum(
        (face_of(each, packs.get(round_id, 0)) for round_id, each in scope.rounds.items()),
        Claimed(),
    )
    quota_fen = sum(each.packs * each.pack_value_fen for each in scope.rounds.values())
    return Found(total, claimed, quota_fen=quota_fen)


def _made(measure: Measure, found: Found) -> dict[str, Any]:
    """A ratio with what stands above and below its line."""
    assert measure.of is not None
    line = LINES[measure.key]
    top, bottom = line.top(found), line.bottom(found)
    return {
        "figure": measure.measure,
        "formula": line.formula or measure.meaning,
        "top": top,
        "bottom": bottom,
        "top_fen": top,
        "bottom_fen": bottom,
        "top_figure": Figure(line.kind, top),
        "bottom_figure": Figure(line.kind, bottom),
        "value": measure.of(found),
    }


def _by_file(parts: list[Part], names: dict[int, str]) -> list[dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    for part in parts:
        row = rows.setdefault(
            part.batch,
            {
                "batch": part.batch,
                "file": names.get(part.batch, ""),
                "payments": 0,
                "refunds": 0,
                "base_fen": 0,
                "subsidy_fen": 0,
            },
        )
        row["refunds" if part.is_refund else "payments"] += part.rows
        row["base_fen"] += part.base_fen
        row["subsidy_fen"] += part.rows * part.public_fen
    return [rows[batch] for batch in sorted(rows)]


def _by_way(parts: list[Part], scope: Scope) -> list[dict[str, Any]]:
    """Each way of paying, where most was paid first."""
    ways: defaultdict[tuple[int, ...], int] = defaultdict(int)
    for part in parts:
        amounts = (part.subsidy_fen, part.public_fen, part.platform_fen, part.match_fen)
        ways[(part.round_id, *amounts)] += part.rows
    ordered = sorted(ways.items(), key=lambda way: (-abs(way[1] * way[0][2]), way[0]))
    return [
        {
            "round": scope.rounds[round_id].round,
            "paid_fen": paid,
            "public_fen": public,
            "platform_fen": platform,
            "match_fen": match,
            "rows": rows,
            "subsidy_fen": rows * public,
        }
        for (round_id, paid, public, platform, match), rows in ordered
    ]


def _unshown(ways: list[dict[str, Any]]) -> tuple[Message, ...]:
    """A note on the ways there is no room for, so that the column still adds up."""
    if not ways:
        return ()
    return (
        say(
            "{ways:,} more ways: {rows:,} rows, subsidy {fen} fen",
            ways=len(ways),
            rows=sum(way["rows"] for way in ways),
            fen=sum(way["subsidy_fen"] for way in ways),
        ),
    )


def _ledger(session: Session, scope: Scope) -> list[dict[str, Any]]:
    """What the books say was redeemed of these rounds, by funder."""
    rows = []
    for funder in programmes.funders(session.db, scope.programme["programme_id"]):
        redeemed = sum(
            ledger.balances(session.db, funder["funder_id"], round_id).redeemed
            for round_id in scope.rounds
        )
        rows.append({"funder": funder["funder"], "kind": funder["kind"], "redeemed_fen": redeemed})
    return rows


def _differences(
    total: Sums, parts: list[Part], booked: list[dict[str, Any]], undone: int | None
) -> Iterable[Problem]:
    """Where the facts, or the books (in a span of time there are none), do not add up to the kept
    totals.
    """
    facts = "the facts come to {found} fen of {name}, the totals to {kept}"
    books = "the ledger comes to {found} fen of {name}, the totals to {kept}"
    base_fen = sum(part.base_fen for part in parts)
    public_fen = sum(part.rows * part.public_fen for part in parts)
    compared = [
        (facts, "base", base_fen, total.base_fen),
        (facts, "subsidy", public_fen, total.public_fen),
    ]
    if undone is not None:
        used = sum(part.rows for part in parts if not part.is_refund) + undone
        counts = "the facts come to {found} {name}, the totals to {kept}"
        compared.append((counts, "vouchers used", used, total.vouchers))
    if booked:  # what stays with merchants without a sale was paid too
        redeemed = sum(row["redeemed_fen"] for row in booked if row["kind"] == "public")
        compared.append((books, "subsidy", redeemed, total.public_fen + total.stays_fen))
    for text, name, found, kept in compared:
        if found != kept:
            yield Problem(
                "figures_differ",
                text,
                hint="voucher check",
                params={"name": Word(name), "found": found, "kept": kept},
            )
